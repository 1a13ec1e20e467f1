"""The report of a scored submission, as a type that is stored as JSON and read back."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from leaderboard.scoring.bootstrap import Interval
from leaderboard.scoring.replicates import Replicates
from leaderboard.tracks.judges import Judges
from submissions.store.records import Result

ScoredSplit = Literal["all", "public", "private"]
JUDGEMENTS = "judgements"
"""The field of a stored report with a judge's transcripts, so that a rescoring asks nothing twice. Never shown."""


@dataclass(frozen=True, slots=True)
class Report:
    """`primary` names the score that ranks and `value` holds it; if there is none, it is None and `note` says why.

    `scores` is a tree of all scores, `samples` counts the samples by kind, `uncounted` lists the labels that count on
    no wheel, `provenance` holds the versions of everything that the score depends on, `judgements` the transcripts of a
    language model by metric. `replicates` are never in its JSON: they are kept apart (`scoring.replicates`).
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
    replicates: Replicates | None = field(default=None, repr=False, compare=False)

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
        """The model and prompt that judged, by metric; empty if no language model did."""
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
        """The report as stored JSON."""
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
        """A report from stored JSON that `check_reports` accepts. A value that is not finite becomes None."""
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
    """The reports of a result by split; empty if it was not scored."""
    return {split: Report.from_dict(stored) for split, stored in result.reports.items()}
