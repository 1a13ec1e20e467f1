"""What a submission scored, as a type; the same JSON out and in."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from leaderboard.scoring.bootstrap import Interval
from leaderboard.tracks.judges import Judges
from submissions.store.records import Result

ScoredSplit = Literal["all", "public", "private"]
JUDGEMENTS = "judgements"
"""In a report: what a language model said, so that a rescoring asks nothing twice. It is shown to nobody."""


@dataclass(frozen=True, slots=True)
class Report:
    """`primary` names the score that ranks. `value` is None where it cannot be had, which `note` explains.

    `scores` is a tree of all scores, `samples` how many there are of each kind, `uncounted` the labels that count on no
    wheel, `provenance` the versions of all that the score depends on, `judgements` what a
    language model said, by metric.
    """

    track: str
    split: ScoredSplit
    primary: str
    value: float | None
    interval: Interval | None
    scores: Mapping[str, Any]
    samples: Mapping[str, int]
    uncounted: Mapping[str, Any]
    provenance: Mapping[str, Any]
    note: str = ""
    judgements: Mapping[str, Any] = field(default_factory=dict)

    @property
    def low(self) -> float | None:
        """The lower end of the interval."""
        return self.interval.low if self.interval else None

    @property
    def high(self) -> float | None:
        """The upper end of the interval."""
        return self.interval.high if self.interval else None

    @property
    def judges(self) -> Judges:
        """Who judged, by metric; empty where no language model did."""
        about = self.provenance.get("judges") or {}
        return {metric: (str(judge.get("model")), str(judge.get("prompt"))) for metric, judge in about.items()}

    def primary_dict(self) -> dict[str, Any]:
        """The primary score as JSON."""
        primary = {
            "name": self.primary,
            "value": self.value,
            "interval": self.interval.to_dict() if self.interval else None,
        }
        return {**primary, "note": self.note} if self.note else primary

    def to_dict(self) -> dict[str, Any]:
        """The report as it is stored."""
        return {
            "track": self.track,
            "split": self.split,
            "primary": self.primary_dict(),
            "scores": dict(self.scores),
            "samples": dict(self.samples),
            "uncounted": dict(self.uncounted),
            "provenance": dict(self.provenance),
            **({JUDGEMENTS: dict(self.judgements)} if self.judgements else {}),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Report":
        """A stored report, which `check_reports` has looked through; a value that is no finite number is none."""
        primary, value = stored["primary"], stored["primary"].get("value")
        return cls(
            track=stored.get("track", ""),
            split=stored.get("split", "all"),
            primary=primary["name"],
            value=value if value is not None and math.isfinite(value) else None,
            interval=Interval.from_dict(primary.get("interval") or {}),
            scores=stored["scores"],
            samples=stored["samples"],
            uncounted=stored.get("uncounted", {}),
            provenance=stored["provenance"],
            note=primary.get("note", ""),
            judgements=stored.get(JUDGEMENTS, {}),
        )


def reports_of(result: Result) -> dict[str, Report]:
    """The reports of a result by split; none where it was not scored."""
    return {split: Report.from_dict(stored) for split, stored in result.reports.items()}
