"""What the card of a track says besides its rules: how it scores, what counts, what is missing here."""

import logging
from collections.abc import Hashable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from emer_space.files.tables import Column, Id, Table
from leaderboard.board.board import Board
from leaderboard.errors import MetricError, ReferencesUnavailable, WheelsUnavailable
from leaderboard.metrics.metric import Metric, Resources
from leaderboard.metrics.registry import METRICS
from leaderboard.metrics.wheels import Wheels
from leaderboard.scoring.resources import resources_of
from leaderboard.scoring.tallying import tallied
from leaderboard.tracks import Track
from leaderboard.tracks.references import ReferenceFile, References, read_references, reference_file
from leaderboard.tracks.rules import track_wheels
from leaderboard.tracks.track import LANGUAGES
from leaderboard.tracks.vocabularies import open_wheels

log = logging.getLogger(__name__)
UNKNOWN: dict[str, Any] = {"scored": None, "skipped": None, "private": None}


class Cards:
    """The cards of a board's tracks. Counts of references are kept until their file changes."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._counts: dict[str, tuple[Hashable, dict[str, Any]]] = {}

    def of(self, track: Track, hosted: bool) -> dict[str, Any]:
        """The fields of a card as JSON; `hosted`: it is scored here. Texts of metrics are tables, language → text.

        `scored` counts the references that can be scored and `skipped` those that cannot; both are None where that is
        unknown, or may not be told: for hidden references it would tell the number of decoys. `private` says whether a
        part of them ranks only after the end.
        """
        inputs = track.rules.inputs
        return {
            "primary_title": track.primary_titles,
            "metrics": [_metric(track, name) for name in track.metrics],
            **(self._counted(track) if hosted else UNKNOWN),
            "inputs": inputs.name if isinstance(inputs, Path) else inputs,
            "inputs_note": track.inputs_note,
            "zh": dict(track.zh),
            "cite": track.cite,
            "lacks": [] if hosted else self._lacks(track),
        }

    def _lacks(self, track: Track) -> list[dict[str, str]]:
        try:
            return [{"what": lack.code, "mend": lack.mend} for lack in self.board.lacks(track.id)]
        except OSError:  # `why_not` says so
            return []

    def _counted(self, track: Track) -> dict[str, Any]:
        file, wheels = reference_file(track), track_wheels(track)
        mark = file.mark, wheels.version, track.version, track.tell_counts
        kept = self._counts.get(track.id)
        if kept is None or kept[0] != mark:
            kept = self._counts[track.id] = mark, _counts(track, file, wheels)
        return kept[1]


def _counts(track: Track, file: ReferenceFile, wheels: Wheels) -> dict[str, Any]:
    try:
        references = read_references(track, file)
    except ReferencesUnavailable:  # the scorer tells the organiser
        return UNKNOWN
    private = bool(references.of("private").samples)
    judged = any(METRICS[name].judged for name in track.metrics)
    if judged or not (track.answers == "public" or track.tell_counts):
        return {**UNKNOWN, "private": private}
    try:
        scored = _scored_of(track, references, wheels)
    except ValueError:  # so does it for references that do not fit the metric
        return {**UNKNOWN, "private": private}
    return {"scored": scored, "skipped": len(references.of("all").samples) - scored, "private": private}


def _metric(track: Track, name: str) -> dict[str, Any]:
    """A metric in words, with its example scored by itself."""
    metric = METRICS[name]
    try:
        wheels, vocabulary = track_wheels(track), track.vocabulary
    except WheelsUnavailable:
        wheels, vocabulary = open_wheels(), "open"
    return {
        "name": name,
        "explained": dict(metric.explained),
        "unscored": dict(metric.unscored),
        "example": _example(metric, wheels),
        "vocabulary": vocabulary if "wheels" in metric.needs else "none",
    }


@lru_cache(maxsize=64)
def _scored(name: str, wheels: Hashable) -> dict[str, float]:
    """The scores of a metric for its own example."""
    metric, example = METRICS[name], METRICS[name].example
    if example is None:
        return {}
    sides = (_table(example.references, metric.references[0]), _table(example.predictions, metric.predictions[0]))
    point = tallied(metric, *sides, resources_of(metric, cast(Wheels, wheels))).point()
    return {score: point[score] for score in example.scores if score in point}


def _example(metric: Metric, wheels: Wheels) -> dict[str, Any] | None:
    """The example with the scores that the metric gives it; None if it has none, or asks a model for its scores."""
    example = metric.example
    if example is None or metric.judged or "sentences" in metric.needs:
        return None
    try:
        scored = _scored(metric.name, cast(Hashable, wheels))
    except MetricError as problem:  # an added metric's: its entries say so too
        log.error("%s", problem)
        return None
    return {
        "references": dict(example.references),
        "predictions": dict(example.predictions),
        "scores": [
            {
                "name": name,
                "title": {language: metric.title(name, language, short=True) for language in LANGUAGES},
                "value": value,
            }
            for name, value in scored.items()
        ],
    }


def _table(values: Mapping[str, Any], column: Column) -> Table:
    samples: dict[Id, dict[str, Any]] = {
        (name,): {column.name: tuple(each) if isinstance(each, list) else each} for name, each in values.items()
    }
    return Table(samples, frozenset({column.name}), {sample: row for row, sample in enumerate(samples, 2)})


def _scored_of(track: Track, references: References, wheels: Wheels) -> int:
    """How many references count; all parts together. Raises `ValueError` for references that do not fit the metric."""
    table, count = references.of("all"), 0
    for name, part in track.parts.items():
        metric = METRICS[part.metric]
        nothing = Table({}, frozenset(column.name for column in metric.predictions), {})
        tally = metric.tally(_of_part(table, name), nothing, Resources(wheels, undecided=part.undecided))
        count += int(tally.scored.sum())
    return count


def _of_part(table: Table, part: str) -> Table:
    if not part:
        return table
    return replace(table, samples={sample: values for sample, values in table.samples.items() if sample[0] == part})
