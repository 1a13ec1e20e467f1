"""What a ranking reads of a result. The index keeps it beside the records, so that no ranking parses whole reports."""

import math
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from leaderboard.scoring import bootstrap, report
from leaderboard.scoring.report import Report, reports_of
from submissions.store.records import Result

SPLITS = ("public", "private")


class Summary(NamedTuple):
    """The report of a split, as JSON: its primary score, the ends of its interval, who judged it, its other scores."""

    value: float | None
    low: float | None
    high: float | None
    note: str
    samples: int | None
    judges: dict[str, tuple[str, str]]
    scores: dict[str, float]


def summarised(result: Result) -> dict[str, Any]:
    """When a result was `scored`, and the summaries of its splits."""
    reports = reports_of(result)
    return {"scored": result.scored, **{split: [*_summary(reports[split])] for split in SPLITS if split in reports}}


def _summary(told: Report) -> Summary:
    scored, scores = told.samples.get("scored"), flat_scores(told.scores)
    return Summary(told.value, told.low, told.high, told.note, scored, dict(told.judges), scores)


def flat_scores(scores: Mapping[str, Any], prefix: str = "", depth: int = 2) -> dict[str, float]:
    """The scores for a table, by dotted name: levels and parts, but not single wheels, and no counts."""
    flat: dict[str, float] = {}
    for name, value in scores.items():
        if isinstance(value, float):
            if math.isfinite(value):
                flat[f"{prefix}{name}"] = value
        elif depth > 1 and isinstance(value, dict) and name not in ("parts", "confusion"):
            flat |= flat_scores(value, f"{prefix}{name}.", depth - 1)
    return flat


CODE = zlib.crc32(b"".join(Path(file).read_bytes() for file in (__file__, report.__file__, bootstrap.__file__))) >> 1
"""Changes with the code that makes summaries: those of other code are not read."""
