"""The errors of a benchmark. A problem in a participant's file is a `SubmissionError` instead.

Every message is one sentence that names the place and the remedy. It never quotes a reference.
"""

from emer_space.errors import EmerError


class LeaderboardError(EmerError):
    """Base class of the errors that are not a participant's fault."""


class TrackError(LeaderboardError):
    """There is no such track, or its file is wrong."""


class MetricError(LeaderboardError):
    """There is no such metric, or the package that adds it is wrong."""


class ReferencesUnavailable(LeaderboardError):
    """The references of a track are missing or cannot be used."""


class WheelsUnavailable(LeaderboardError):
    """The official wheel files are missing, or differ from the official ones."""


class JudgeUnavailable(LeaderboardError):
    """The language model that a metric asks does not answer, or is not the one that the track demands."""
