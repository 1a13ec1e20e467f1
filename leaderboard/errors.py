"""What can go wrong with a benchmark, as types a caller can tell apart; a participant's file raises `SubmissionError`.

Every message is one sentence that names the place and the remedy, and never a reference.
"""

from emer_space.errors import EmerError


class LeaderboardError(EmerError):
    """Base of the errors that are not a participant's."""


class TrackError(LeaderboardError):
    """There is no such track, or its file is wrong."""


class MetricError(LeaderboardError):
    """There is no such metric, or the package that adds it is wrong."""


class ReferencesUnavailable(LeaderboardError):
    """The references of a track are not here or cannot be used."""


class WheelsUnavailable(LeaderboardError):
    """The official wheel files are not here, or are not the official ones."""


class JudgeUnavailable(LeaderboardError):
    """The language model that a metric asks does not answer, or is another one than the track demands."""
