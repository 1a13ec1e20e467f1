"""Predictions × references → the report of a track: scores, interval, counts and provenance. Nothing is stored here."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from leaderboard.errors import JudgeUnavailable, ReferencesUnavailable
from leaderboard.judge.judge import Judge
from leaderboard.judge.transcript import Transcript
from leaderboard.metrics.label_sets import plain
from leaderboard.metrics.registry import METRICS
from leaderboard.metrics.tally import Tally, nested
from leaderboard.metrics.wheels import Wheels
from leaderboard.scoring.bootstrap import interval, resampled
from leaderboard.scoring.comparison import Comparison
from leaderboard.scoring.report import Report, ScoredSplit
from leaderboard.scoring.resources import LoadEmbed, resources_of, sentence_model
from leaderboard.tracks import Part

PROJECT = Path(__file__).resolve().parents[2]
CODE = (
    "leaderboard/**/*.py",
    "leaderboard/*/prompts/*.txt",
    "submissions/tracks.py",
    "submissions/checks/*.py",
    "emer_space/files/*.py",
    "emer_space/files/*.toml",
    "emer_space/vocabulary/*.py",
    "emer_space/models/sentences.py",
    "emer_space/language_model/prompt_files.py",
    "emer_space/language_model/answer_cache.py",
    "emer_space/language_model/replies.py",
)
"""What a score depends on."""
COUNTS = ("references", "predicted", "missing", "ignored")
KEPT_BACK = ("vocabulary", "wheels", "unknown", "uncounted", "samples", "judge", "unread", "verdicts", "groups")
"""Facts of a tally that a report has elsewhere, or must not show, since labels of the references are in them."""
MOST_UNREAD = 0.05
"""Of the samples: with more of them unread the mean is over others than of other submissions, and does not rank."""
MOST_UNCOUNTED = 20
"""Labels of the predictions that count on no wheel and are listed word by word."""


def score(
    comparison: Comparison,
    split: ScoredSplit = "all",
    judgements: Mapping[str, Transcript] | None = None,
    load_embed: LoadEmbed = sentence_model,
) -> Report:
    """Score every part that the predictions hold. The sentence model is loaded where a metric needs it.

    `judgements` is what the track's language model said of each metric (`judge_submission`): no other is asked here.

    Raises `ReferencesUnavailable` where the references have none of the samples of a part, or of the split.
    """
    track, given = comparison.track, comparison.parts
    judges = {name: Judge.again(record, track.judges[name].language) for name, record in (judgements or {}).items()}
    tallies = {name: _tally(comparison, name, split, judges, load_embed) for name in given}
    scores = {name: _shown(tally) for name, tally in tallies.items()}
    primaries = {name: _primary(track.parts[name], tally) for name, tally in tallies.items()}
    complete = len(given) == len(track.parts)
    note = "" if complete else f"a mean is given for all {len(track.parts)} parts only; this file has {len(given)}"
    note = note or _unread_note(tallies)
    bounds = None
    if not note:
        streams = [
            resampled(tally, track.parts[name].primary, stream) for stream, (name, tally) in enumerate(tallies.items())
        ]
        bounds = interval(streams)
    return Report(
        track=track.id,
        split=split,
        primary=track.primary,
        value=None if note else float(np.mean(list(primaries.values()))),
        interval=bounds,
        scores=scores[""] if set(scores) == {""} else {**primaries, "parts": scores},
        samples=_samples(tallies),
        uncounted=_uncounted(comparison, tallies),
        provenance=_provenance(comparison, tallies),
        note=note,
        judgements={name: judge.record.to_dict() for name, judge in judges.items()},
    )


def _tally(
    comparison: Comparison, name: str, split: ScoredSplit, judges: Mapping[str, Judge], load_embed: LoadEmbed
) -> Tally:
    track = comparison.track
    part, metric = track.parts[name], METRICS[track.parts[name].metric]
    if metric.name in track.judges and metric.name not in judges:
        raise JudgeUnavailable(f"{track.id} is judged by a language model, which was not asked; score it with one.")
    wanted, given = comparison.sides(name, split)
    if not wanted.samples:
        where = f"the part {name} of {track.id}" if name else f"this split of {track.id}"
        raise ReferencesUnavailable(f"The references hold no samples for {where}; add them, or leave it out.")
    resources = resources_of(metric, comparison.wheels, judges.get(metric.name), part.undecided, load_embed=load_embed)
    try:
        tally = metric.tally(wanted, given, resources)
    except ValueError:
        raise ReferencesUnavailable(
            f"The references of {track.id} do not suit the metric {metric.name}; mend the file."
        ) from None
    if not tally.scored.any() and not _unread(tally):
        raise ReferencesUnavailable(
            f"No reference of {track.id} can be scored with this vocabulary, so there is no score; mend the file."
        )
    if missing := set(part.primary) - tally.point().keys():
        raise ReferencesUnavailable(
            f"{track.id} ranks by {', '.join(sorted(missing))}, which {metric.name} does not give with these "
            "references; mend the file, or the track's primary."
        )
    return tally


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


def _shown(tally: Tally) -> dict[str, Any]:
    """Scores and facts, but for those that the report has elsewhere, or must not show."""
    point = tally.point() if tally.scored.any() else {}  # a mean over nothing is no score
    return nested({**point, **{name: fact for name, fact in tally.facts.items() if name not in KEPT_BACK}})


def _samples(tallies: Mapping[str, Tally]) -> dict[str, int]:
    """Sums over the parts that were scored."""
    counts = dict.fromkeys((*COUNTS, "scored", "skipped"), 0)
    for tally in tallies.values():
        samples = tally.facts["samples"]
        for name in COUNTS:
            counts[name] += samples[name]
        scored = int(tally.scored.sum())
        counts["scored"] += scored
        counts["skipped"] += samples["references"] - scored
    return counts


def _uncounted(comparison: Comparison, tallies: Mapping[str, Tally]) -> dict[str, Any]:
    """The labels that count on no wheel: those of the predictions by word, of the references a number.

    Words are listed for all rows of the file, whichever are scored: else a word of its own for each row would give the
    scored ones away.
    """
    columns = dict.fromkeys(column for name in comparison.track.metrics if (column := METRICS[name].on_wheels))
    if not columns:
        return {}
    wheels, predictions = comparison.wheels, comparison.predictions
    lists = (labels for column in columns for labels in predictions.column(column).values())
    given = Counter(plain(label) for labels in lists for label in labels)
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


def _provenance(comparison: Comparison, tallies: Mapping[str, Tally]) -> dict[str, Any]:
    track = comparison.track
    metrics = {name: METRICS[track.parts[name].metric] for name in tallies}
    own: dict[str, dict[str, Any]] = {}
    for metric in metrics.values():
        for entry, fact in metric.provenance.items():
            own[entry] = _facts(fact, tallies)
    undecided = {name: fact["rule"] for name, fact in _facts("undecided", tallies).items()}
    judges = {
        metric.name: dict(tallies[name].facts[metric.asked.fact])
        for name, metric in metrics.items()
        if metric.asked and metric.name in track.judges
    }
    versions = {metric.name: metric.full_version for metric in metrics.values()}
    return {
        "track": {"id": track.id, "version": track.version},
        "metrics": dict(sorted(versions.items())),
        "vocabulary": None if track.vocabulary == "none" else _vocabulary(comparison.wheels),
        "sha256": {"predictions": comparison.sha256, "references": comparison.references.sha256},
        "code": code_version(),
        **own,
        **({"undecided": undecided} if undecided else {}),
        **({"judges": judges} if judges else {}),
    }


def _facts(fact: str, tallies: Mapping[str, Tally]) -> dict[str, Any]:
    """Part → a fact of its tally, of the parts that have it."""
    return {name: tally.facts[fact] for name, tally in tallies.items() if fact in tally.facts}


def _vocabulary(wheels: Wheels) -> dict[str, str]:
    about: dict[str, str] = {"name": wheels.vocabulary, "version": wheels.version}
    return {**about, "wheels": wheels.edition} if wheels.edition else about


@cache
def code_version() -> str:
    """The start of the SHA-256 over the modules that a score depends on; it is the same wherever they are the same."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in CODE for path in PROJECT.glob(pattern)):
        digest.update(path.relative_to(PROJECT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
