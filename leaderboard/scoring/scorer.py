"""Predictions × references → the report of a track: scores, interval, counts and provenance. Nothing is stored here."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from emer_space.files.tables import Table
from leaderboard.errors import JudgeUnavailable, ReferencesUnavailable
from leaderboard.judge.judge import Judge
from leaderboard.judge.record import Record
from leaderboard.metrics.description import Embed
from leaderboard.metrics.label_sets import plain
from leaderboard.metrics.registry import METRICS, Resources
from leaderboard.metrics.tally import Tally, nested
from leaderboard.metrics.wheels import Wheels
from leaderboard.scoring.bootstrap import Interval, interval, resampled
from leaderboard.tracks import Part, Track
from leaderboard.tracks.references import References

PROJECT = Path(__file__).resolve().parents[2]
CODE = (
    "leaderboard/**/*.py",
    "leaderboard/judge/prompts/*.txt",
    "submissions/tracks.py",
    "submissions/checks/*.py",
    "emer_space/files/*.py",
    "emer_space/files/*.toml",
    "emer_space/vocabulary/*.py",
    "emer_space/models/sentences.py",
    "emer_space/language_model/prompt_files.py",
    "emer_space/language_model/answer_cache.py",
)
"""What a score depends on."""
COUNTS = ("references", "predicted", "missing", "ignored")
JUDGEMENTS = "judgements"
"""In a report: what a language model said, so that a rescoring asks nothing twice. It is shown to nobody."""
MOST_UNREAD = 0.05
"""Of the samples: with more of them unread the mean is over others than of other submissions, and does not rank."""
MOST_UNCOUNTED = 20
"""Labels of the predictions that count on no wheel and are told word by word."""

Shown = Literal["all", "public", "private"]


@dataclass(frozen=True, slots=True)
class Report:
    """What a submission scored. `value` is None where the primary score cannot be had, which `note` explains."""

    track: Track
    split: Shown
    value: float | None
    interval: Interval | None
    scores: Mapping[str, Any]
    samples: Mapping[str, int]
    uncounted: Mapping[str, Any]
    provenance: Mapping[str, Any]
    note: str = ""
    judgements: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        primary = {
            "name": self.track.primary,
            "value": self.value,
            "interval": self.interval.to_dict() if self.interval else None,
        }
        return {
            "track": self.track.id,
            "split": self.split,
            "primary": {**primary, "note": self.note} if self.note else primary,
            "scores": dict(self.scores),
            "samples": dict(self.samples),
            "uncounted": dict(self.uncounted),
            "provenance": dict(self.provenance),
            **({JUDGEMENTS: dict(self.judgements)} if self.judgements else {}),
        }


def score(
    track: Track,
    references: References,
    predictions: Table,
    predictions_sha256: str,
    wheels: Wheels,
    load_embed: Callable[[], Embed],
    split: Shown = "all",
    judgements: Mapping[str, Record] | None = None,
) -> Report:
    """Score every part that the predictions hold. The sentence model is loaded where a metric needs it.

    `judgements` is what the track's language model said of each metric (`judging.submission`): no other is asked here.

    Raises `ReferencesUnavailable` where the references have none of the samples of a part, or of the split.
    """
    asked = references.of(split)
    given = given_parts(track, predictions)
    judges = {name: Judge.again(told, track.judges[name].language) for name, told in (judgements or {}).items()}
    tallies = {name: _tally(track, name, asked, predictions, wheels, load_embed, judges) for name in given}
    scores = {name: _told(tally) for name, tally in tallies.items()}
    primaries = {name: _primary(track.parts[name], tally) for name, tally in tallies.items()}
    complete = len(given) == len(track.parts)
    note = "" if complete else f"a mean is given for all {len(track.parts)} parts only; this file has {len(given)}"
    note = note or _unread_note(tallies)
    complete = not note
    bounds = None
    if complete:
        streams = [
            resampled(tally, track.parts[name].primary, stream) for stream, (name, tally) in enumerate(tallies.items())
        ]
        bounds = interval(streams)
    return Report(
        track=track,
        split=split,
        value=float(np.mean(list(primaries.values()))) if complete else None,
        interval=bounds,
        scores=scores[""] if set(scores) == {""} else {**primaries, "parts": scores},
        samples=_samples(tallies),
        uncounted=_uncounted(track, predictions, wheels, tallies),
        provenance=_provenance(track, references, predictions_sha256, wheels, tallies),
        note=note,
        judgements={name: judge.record.to_dict() for name, judge in judges.items()},
    )


def given_parts(track: Track, predictions: Table) -> tuple[str, ...]:
    if len(track.parts) == 1:
        return tuple(track.parts)
    there = {sample[0] for sample in predictions.samples}
    return tuple(name for name in track.parts if name in there)


def _tally(
    track: Track,
    name: str,
    asked: Table,
    predictions: Table,
    wheels: Wheels,
    load_embed: Callable[[], Embed],
    judges: Mapping[str, Judge],
) -> Tally:
    part = track.parts[name]
    if part.metric in track.judges and part.metric not in judges:
        raise JudgeUnavailable(f"{track.id} is judged by a language model, which was not asked; score it with one.")
    wanted = of_part(asked, name)
    if not wanted.samples:
        where = f"the part {name} of {track.id}" if name else f"this split of {track.id}"
        raise ReferencesUnavailable(f"The references hold no samples for {where}; add them, or leave it out.")
    embed = load_embed() if part.metric == "description" else None
    resources = Resources(wheels, embed=embed, judge=judges.get(part.metric), undecided=part.undecided)
    try:
        tally = METRICS[part.metric].tally(wanted, of_part(predictions, name), resources)
    except ValueError:
        raise ReferencesUnavailable(
            f"The references of {track.id} do not suit the metric {part.metric}; mend the file."
        ) from None
    if not tally.scored.any() and not _unread(tally):
        raise ReferencesUnavailable(
            f"No reference of {track.id} can be scored with this vocabulary, so there is no score; mend the file."
        )
    if missing := set(part.primary) - tally.point().keys():
        raise ReferencesUnavailable(
            f"{track.id} ranks by {', '.join(sorted(missing))}, which {part.metric} does not give with these "
            "references; mend the file, or the track's primary."
        )
    return tally


def of_part(table: Table, name: str) -> Table:
    """The samples of a part, or all of them where the track has none."""
    if not name:
        return table
    return replace(table, samples={sample: values for sample, values in table.samples.items() if sample[0] == name})


def _unread(tally: Tally) -> int:
    """Of how many samples the judge's answer could not be read."""
    return len(tally.facts.get("unread", ()))


def _unread_note(tallies: Mapping[str, Tally]) -> str:
    """Why the mean of a submission does not rank, where too few of its samples are in it; empty where it does."""
    for tally in tallies.values():
        unread, scored = _unread(tally), int(tally.scored.sum())
        if unread > MOST_UNREAD * (unread + scored):
            return (
                f"the judge's answers on {unread} of {unread + scored} samples could not be read: too many for a mean"
            )
    return ""


def _primary(part: Part, tally: Tally) -> float:
    point = tally.point()
    return float(np.mean([point[name] for name in part.primary]))


def _told(tally: Tally) -> dict[str, Any]:
    """Scores and facts, but for what the report tells at its top or must not tell (labels of the references)."""
    left_out = ("vocabulary", "wheels", "unknown", "uncounted", "samples", "judge", "unread", "verdicts", "groups")
    point = tally.point() if tally.scored.any() else {}  # a mean over nothing is no score
    return nested({**point, **{name: fact for name, fact in tally.facts.items() if name not in left_out}})


def _samples(tallies: Mapping[str, Tally]) -> dict[str, int]:
    """Sums over the parts that were scored."""
    counts = dict.fromkeys((*COUNTS, "scored", "skipped"), 0)
    for tally in tallies.values():
        told = tally.facts["samples"]
        for name in COUNTS:
            counts[name] += told[name]
        scored = int(tally.scored.sum())
        counts["scored"] += scored
        counts["skipped"] += told["references"] - scored
    return counts


def _uncounted(track: Track, predictions: Table, wheels: Wheels, tallies: Mapping[str, Tally]) -> dict[str, Any]:
    """The labels that count on no wheel: those of the predictions by word, of the references a number.

    Words are told of all rows of the file, whichever are scored: else a word of its own for each row would tell that.
    """
    if not {"ew", "hit"}.intersection(track.metrics):
        return {}
    given = Counter(plain(label) for labels in predictions.column("openset").values() for label in labels)
    outside = {
        word: times
        for word, times in given.most_common()
        if all(wheels.group(word, wheel, 1) is None for wheel in wheels.names)
    }
    in_references = sum(
        sum(tally.facts[fact]["references"].values())
        for tally in tallies.values()
        for fact in ("unknown", "uncounted")
        if fact in tally.facts
    )
    return {
        "predictions": sum(outside.values()),
        "words": dict(list(outside.items())[:MOST_UNCOUNTED]),
        "references": in_references,
    }


def _provenance(
    track: Track, references: References, predictions_sha256: str, wheels: Wheels, tallies: Mapping[str, Tally]
) -> dict[str, Any]:
    metrics = {track.parts[name].metric for name in tallies}
    read_from = _facts("read_from", tallies)
    undecided = {name: fact["rule"] for name, fact in _facts("undecided", tallies).items()}
    judges = {
        track.parts[name].metric: dict(tally.facts.get("judge") or tally.facts["grouping"])
        for name, tally in tallies.items()
        if track.parts[name].metric in track.judges
    }
    return {
        "track": {"id": track.id, "version": track.version},
        "metrics": {name: METRICS[name].version for name in sorted(metrics)},
        "vocabulary": None if track.vocabulary == "none" else _vocabulary(wheels),
        "sha256": {"predictions": predictions_sha256, "references": references.sha256},
        "code": code_version(),
        **({"sentiment": read_from} if read_from else {}),
        **({"undecided": undecided} if undecided else {}),
        **({"judges": judges} if judges else {}),
    }


def _facts(fact: str, tallies: Mapping[str, Tally]) -> dict[str, Any]:
    """Part → a fact of its tally, of the parts that have it."""
    return {name: tally.facts[fact] for name, tally in tallies.items() if fact in tally.facts}


def _vocabulary(wheels: Wheels) -> dict[str, str]:
    told: dict[str, str] = {"name": wheels.vocabulary, "version": wheels.version}
    return {**told, "wheels": wheels.edition} if wheels.edition else told


@cache
def code_version() -> str:
    """The start of the SHA-256 over the modules that a score depends on; it is the same wherever they are the same."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in CODE for path in PROJECT.glob(pattern)):
        digest.update(path.relative_to(PROJECT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
