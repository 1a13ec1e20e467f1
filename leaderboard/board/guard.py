"""What is shown of public scores while a track is open, so that many files cannot feel their way to the answers.

A track's file chooses the guard. Organisers see exact scores always, everybody once the track is closed.

**ladder** (Blum & Hardt 2015, The Ladder: A Reliable Leaderboard for Machine Learning Competitions): a person sees a
new score only for a file that beats what they were last shown by at least a step, rounded to steps. Whatever else they
send tells them one thing: that it did not. A person with several accounts climbs as many ladders.

**noise**: the scale is cut into bins as wide as the standard deviation `sd`. All scores of a bin are shown as the same
number, the bin's middle with a normal error that is drawn from a secret, the track and the bin. Nothing is gained by
sending a file again, in another order or under another name: no average takes the error away, since it is the same
each time. What is left: two files whose scores fall into different bins are shown to differ, but not which of them is
better, as the errors are as large as a bin; and whoever covers many bins averages over them, as over the size of a gap.
The secret is a keyed hash of the references, the same on every machine and after every start; their SHA-256, which
reports tell, does not give it away.

All that would tell a guarded score more exactly is left out: other scores, the ends of intervals, comparisons of rows
and of files.
"""

import hashlib
import math
import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from statistics import NormalDist

import numpy as np

from emer_space.errors import EmerError
from leaderboard.board.board import Board
from leaderboard.board.rows import known
from leaderboard.board.scored import Places, Scored, Split, rounded
from leaderboard.errors import TrackError
from leaderboard.scoring.report import Report, reports_of
from leaderboard.tracks import Track, track_ids
from leaderboard.tracks.references import reference_file
from submissions.store.records import Result, Submission

CLOSE = 1e-9
"""Scores that differ by less differ by rounding alone."""
KEPT = 1_000
"""Of how many persons and tracks reports are kept."""
Told = tuple[float | None, str]
"""What is shown of a score, and why, if there is more to say than the report does."""
_secrets: dict[str, tuple[Hashable, bytes]] = {}
_secret_lock = threading.Lock()


def guarded(board: Board, track: Track) -> bool:
    """Whether public scores of a track are guarded now."""
    return track.guard is not None and not board.closed(track.id)


def shown_reports(
    board: Board, track: Track, version: str, submissions: Iterable[Submission]
) -> dict[str, tuple[Result, dict[str, Report]]]:
    """Submission → its result and the reports in it by split, as anybody may see them; only those that were scored.

    `submissions`: all of a person, or of all persons.

    Hidden and withdrawn files keep their rung of a ladder, or withdrawing would tell each score anew.
    """
    scored = {
        submission.id: (submission.person, result, reports_of(result))
        for submission in submissions
        if (result := board.ledger.results(submission.id).get(version)) and result.state == "scored"
    }
    if not guarded(board, track):
        return {name: (result, own) for name, (_, result, own) in scored.items()}
    public = {name: (person, own["public"]) for name, (person, _, own) in scored.items() if "public" in own}
    assert track.guard is not None
    shown = _ladder(public, track.guard.size) if track.guard.kind == "ladder" else _noisy(public, track, version)
    return {name: (result, {"public": shown[name]} if name in shown else {}) for name, (_, result, _) in scored.items()}


def shown_splits(board: Board, track: Track, version: str, scored: Scored, arrived: Places) -> Mapping[str, Split]:
    """The same as columns, of all that was scored on a track; `arrived` are the places in the order of arrival."""
    if not guarded(board, track):
        return scored.splits
    assert track.guard is not None
    public, size = scored.splits["public"], track.guard.size
    places = arrived[public.has[arrived]].tolist()
    values = known(public.value[places])
    if track.guard.kind == "ladder":
        told = _climbed(zip(scored.people[places].tolist(), values, strict=True), size)
    else:
        told = _noise(values, size, _secret(track), f"{track.id} {version}")
    notes = dict(public.notes)
    value, low, high = (np.full(len(public.has), np.nan) for _ in range(3))
    ends = zip(public.low[places].tolist(), public.high[places].tolist(), strict=True)
    for place, between, (number, note) in zip(places, ends, told, strict=True):
        if note:
            notes[place] = note
        if number is not None:
            value[place] = number
            low[place], high[place] = _bounds(*between, number, size)
    rounds = np.array(list(map(rounded, known(value))), np.float64)
    shown = replace(public, value=value, rounded=rounds, low=low, high=high, notes=notes)
    public = replace(shown, layout=np.zeros_like(public.layout), layouts=[()], scores={})
    return {"public": public, "private": replace(scored.splits["private"], has=np.zeros_like(public.has))}


class Reports:
    """The reports of submissions as their senders may see them. Thread-safe.

    Under a guard each depends on the person's other files, so a person's are kept until something changes.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self._kept: OrderedDict[tuple[str, str, str], tuple[Hashable, dict[str, dict[str, Report]]]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, submission: Submission, version: str) -> dict[str, Report]:
        """The reports of one submission by split.

        All of them if its track is gone; none while the track's file cannot be read, because it may be guarded.
        """
        ledger, person = self._board.ledger, submission.person
        try:
            track = self._board.track(submission.track)
        except TrackError:
            result = ledger.results(submission.id).get(version)
            return reports_of(result) if result and submission.track not in track_ids() else {}
        if not guarded(self._board, track):
            return _reports(shown_reports(self._board, track, version, [submission])).get(submission.id, {})
        mark = ledger.revision_of(track.id), track.guard, _secret(track)
        with self._lock:
            kept = self._kept.get((person, track.id, version))
        if kept is None or kept[0] != mark:
            own = ledger.of_person(person, track.id)
            kept = mark, _reports(shown_reports(self._board, track, version, own))
            with self._lock:
                self._kept[person, track.id, version] = kept
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return kept[1].get(submission.id, {})


def _reports(shown: Mapping[str, tuple[Result, dict[str, Report]]]) -> dict[str, dict[str, Report]]:
    return {name: reports for name, (_, reports) in shown.items()}


def _ladder(public: Mapping[str, tuple[str, Report]], step: float) -> dict[str, Report]:
    """Each person's climb, in the order of arrival. A file that climbs no rung has no shown score."""
    told = _climbed(((person, report.value) for person, report in public.values()), step)
    return _all_told(public, told, step)


def _noisy(public: Mapping[str, tuple[str, Report]], track: Track, version: str) -> dict[str, Report]:
    assert track.guard is not None
    values = [report.value for _, report in public.values()]
    told = _noise(values, track.guard.size, _secret(track), f"{track.id} {version}")
    return _all_told(public, told, track.guard.size)


def _all_told(public: Mapping[str, tuple[str, Report]], told: Iterable[Told], grain: float) -> dict[str, Report]:
    return {
        name: _told(report, value, grain, note or report.note)
        for (name, (_, report)), (value, note) in zip(public.items(), told, strict=True)
    }


def _climbed(sent: Iterable[tuple[Hashable, float | None]], step: float) -> Iterator[Told]:
    """What is shown of the scores of persons, in the order of arrival."""
    rungs: dict[Hashable, float] = {}
    for person, value in sent:
        best = rungs.get(person)
        if value is None:
            yield None, ""
        elif best is not None and value < best + step - CLOSE:
            yield None, f"no new score while the track is open: not better than {best:g} by {step:g}"
        else:
            rungs[person] = rung = round(round(value / step) * step, 6)
            yield rung, ""


def _noise(values: Iterable[float | None], sd: float, secret: bytes | None, about: str) -> Iterator[Told]:
    """What is shown of scores."""
    shown = cache(lambda bin_: _of_bin(bin_, sd, secret or b"", about))
    for value in values:
        if secret is None:
            yield None, "no score is shown: its guard needs the references, which are missing here"
        else:
            yield None if value is None else shown(_bin(value, sd)), ""


def _secret(track: Track) -> bytes | None:
    """What the noise is drawn from; None if the references are missing, or for another guard, which needs none."""
    if track.guard is None or track.guard.kind != "noise":
        return None
    try:
        file = reference_file(track)
        with _secret_lock:
            if track.id not in _secrets or _secrets[track.id][0] != file.mark:
                _secrets[track.id] = file.mark, hashlib.blake2b(file.read(), person=b"guard").digest()
            return _secrets[track.id][1]
    except (EmerError, OSError):
        return None


def _perturbed(value: float, sd: float, secret: bytes, about: str) -> float:
    """The number that is shown for all scores in the bin of `value`."""
    return _of_bin(_bin(value, sd), sd, secret, about)


def _bin(value: float, sd: float) -> int:
    return math.floor(value / sd + CLOSE)


def _of_bin(bin_: int, sd: float, secret: bytes, about: str) -> float:
    drawn = hashlib.blake2b(f"{about} {bin_}".encode(), key=secret, digest_size=8).digest()
    error = NormalDist().inv_cdf((int.from_bytes(drawn) + 0.5) / 2**64)
    return round(min(1.0, max(0.0, (bin_ + 0.5 + error) * sd)), 4)


def _told(report: Report, value: float | None, grain: float, note: str) -> Report:
    """A report with the shown value, and an interval of whole grains around it; no other scores."""
    between = None
    if value is not None and report.interval is not None:
        low, high = _bounds(report.interval.low, report.interval.high, value, grain)
        between = replace(report.interval, low=low, high=high)
    return replace(report, value=value, interval=between, scores={}, note=note, judgements={})


def _bounds(low: float, high: float, value: float, grain: float) -> tuple[float, float]:
    """The ends of an interval that is as wide in whole grains, around a value; NaN stays."""
    if math.isnan(low) or math.isnan(high):
        return math.nan, math.nan
    half = grain * math.ceil((high - low) / 2 / grain - CLOSE)
    return round(max(0.0, value - half), 6), round(min(1.0, value + half), 6)
