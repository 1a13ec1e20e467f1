"""Predictions and references → the report of a track: scores, interval, counts, provenance. Nothing is stored here."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from leaderboard.errors import JudgeUnavailable, MetricError, ReferencesUnavailable
from leaderboard.judge.judge import Judge
from leaderboard.judge.transcript import Transcript
from leaderboard.metrics.label_sets import plain
from leaderboard.metrics.registry import METRICS
from leaderboard.metrics.tally import Tally, nested
from leaderboard.metrics.wheels import Wheels
from leaderboard.scoring.bootstrap import bounds, pooled, resampled
from leaderboard.scoring.comparison import Comparison
from leaderboard.scoring.replicates import Replicates, drawn
from leaderboard.scoring.report import Report, ScoredSplit
from leaderboard.scoring.resources import LoadEmbed, resources_of, sentence_model
from leaderboard.scoring.tallying import tallied
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
"""The files that a score depends on, as patterns."""
COUNTS = ("references", "predicted", "missing", "ignored")
KEPT_BACK = ("vocabulary", "wheels", "unknown", "uncounted", "samples", "judge", "unread", "verdicts", "groups")
"""Facts of a tally that a report holds elsewhere, or must not show because they contain labels of the references."""
MOST_UNREAD = 0.05
"""The share of samples that may be unread. Above it, means over different samples would be compared, so none ranks."""
MOST_UNCOUNTED = 20
"""How many predicted words that count on no wheel are listed."""


def score(
    comparison: Comparison,
    split: ScoredSplit = "all",
    judgements: Mapping[str, Transcript] | None = None,
    load_embed: LoadEmbed = sentence_model,
) -> Report:
    """Score every part that the predictions contain. The sentence model is loaded only if a metric needs it.

    `judgements` are the transcripts of the track's language model (`judge_submission`); no model is asked here.

    Raises `ReferencesUnavailable` if the references have no samples for a part or split, or do not fit the metric, and
    `JudgeUnavailable` if a judged track comes without `judgements`.
    """
    track, given = comparison.track, comparison.parts
    judges = {name: Judge.again(record, track.judges[name].language) for name, record in (judgements or {}).items()}
    tallies = {name: _tally(comparison, name, split, judges, load_embed) for name in given}
    scores = {name: _shown(tally) for name, tally in tallies.items()}
    primaries = {name: _primary(track.parts[name], tally) for name, tally in tallies.items()}
    complete = len(given) == len(track.parts)
    note = "" if complete else f"the mean needs all {len(track.parts)} parts; this file has {len(given)}"
    note = note or _unread_note(tallies)
    values = None
    if not note:
        values = pooled(
            resampled(tally, track.parts[name].primary, stream) for stream, (name, tally) in enumerate(tallies.items())
        )
    samples = _samples(tallies)
    return Report(
        track=track.id,
        split=split,
        primary=track.primary,
        value=None if note else float(np.mean(list(primaries.values()))),
        interval=None if values is None else bounds(values),
        scores=scores[""] if set(scores) == {""} else {**primaries, "parts": scores},
        samples=samples,
        uncounted=_uncounted(comparison, tallies),
        provenance=_provenance(comparison, tallies),
        note=note,
        judgements={name: judge.record.to_dict() for name, judge in judges.items()},
        replicates=None
        if values is None
        else Replicates(values.astype(np.float32), samples["scored"], drawn(tallies, comparison.references.sha256)),
    )


def _tally(
    comparison: Comparison, name: str, split: ScoredSplit, judges: Mapping[str, Judge], load_embed: LoadEmbed
) -> Tally:
    track = comparison.track
    part, metric = track.parts[name], METRICS[track.parts[name].metric]
    if metric.name in track.judges and metric.name not in judges:
        raise JudgeUnavailable(f"A language model judges {track.id}, and none was asked; score it with one.")
    wanted, given = comparison.sides(name, split)
    if not wanted.samples:
        where = f"the part {name} of {track.id}" if name else f"this split of {track.id}"
        raise ReferencesUnavailable(f"The references hold no samples for {where}; add them, or leave it out.")
    resources = resources_of(metric, comparison.wheels, judges.get(metric.name), part.undecided, load_embed=load_embed)
    try:
        tally = tallied(metric, wanted, given, resources)
    except ValueError:
        raise ReferencesUnavailable(
            f"The references of {track.id} do not fit the metric {metric.name}; correct the file."
        ) from None
    counts = tally.facts.get("samples")
    if metric.package and not (isinstance(counts, Mapping) and set(COUNTS) <= counts.keys()):
        raise MetricError(
            f"The metric {metric.name} of the package {metric.package} does not count its samples; "
            "give `coverage` as the fact `samples`."
        )
    if not tally.scored.any() and not _unread(tally):
        raise ReferencesUnavailable(
            f"No reference of {track.id} can be scored with this vocabulary, so there is no score; correct the file."
        )
    if missing := set(part.primary) - tally.point().keys():
        raise ReferencesUnavailable(
            f"{track.id} ranks by {', '.join(sorted(missing))}, which {metric.name} does not give for these "
            "references; correct the file, or the track's primary."
        )
    return tally


def _unread(tally: Tally) -> int:
    """The number of samples for which the judge's answer could not be read."""
    return len(tally.facts.get("unread", ()))


def _unread_note(tallies: Mapping[str, Tally]) -> str:
    """Why a mean does not rank: too few of the samples are in it. Empty if it does rank."""
    for tally in tallies.values():
        unread, scored = _unread(tally), int(tally.scored.sum())
        if unread > MOST_UNREAD * (unread + scored):
            return (
                f"the judge's answers for {unread} of {unread + scored} samples could not be read: too many for a mean"
            )
    return ""


def _primary(part: Part, tally: Tally) -> float:
    point = tally.point()
    return float(np.mean([point[name] for name in part.primary]))


def _shown(tally: Tally) -> dict[str, Any]:
    """The scores, and the facts that a report may show and does not hold elsewhere."""
    point = tally.point() if tally.scored.any() else {}  # a mean over nothing is no score
    return nested({**point, **{name: fact for name, fact in tally.facts.items() if name not in KEPT_BACK}})


def _samples(tallies: Mapping[str, Tally]) -> dict[str, int]:
    """The counts of samples by kind, summed over the scored parts."""
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
    """The labels that count on no wheel: predicted words with their frequency, and only a number for the references.

    Words from all rows are listed, scored or not. Otherwise a file with a unique word in every row would reveal which
    rows are scored.
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
    """A fact of the tallies by part, for the parts that have it."""
    return {name: tally.facts[fact] for name, tally in tallies.items() if fact in tally.facts}


def _vocabulary(wheels: Wheels) -> dict[str, str]:
    about: dict[str, str] = {"name": wheels.vocabulary, "version": wheels.version}
    return {**about, "wheels": wheels.edition} if wheels.edition else about


@cache
def code_version() -> str:
    """The first twelve hex digits of the SHA-256 over the files that a score depends on; the same on every machine."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in CODE for path in PROJECT.glob(pattern)):
        digest.update(path.relative_to(PROJECT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
