"""The errors of a benchmark. A problem in a participant's file is a `SubmissionError` instead.

Every message is one sentence that names the place and the remedy. It never quotes a reference.
"""

from abc import abstractmethod

from emer_space.errors import EmerError


class LeaderboardError(EmerError):
    """Base class of the errors that are not a participant's fault."""


class TrackError(LeaderboardError):
    """There is no such track, or its file is wrong."""


class MetricError(LeaderboardError):
    """There is no such metric, or the package that adds it is wrong."""


class Unavailable(LeaderboardError):
    """Something is missing without which a track is not scored here. `mend` is the command that mends it, if one does.

    `lack` says in public what is missing: unlike the message, without a place on this machine.
    """

    code = ""

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.mend = mend

    @property
    @abstractmethod
    def lack(self) -> str:
        """What is missing, as a part of a sentence."""


class ReferencesUnavailable(Unavailable):
    """The references of a track are missing or cannot be used."""

    code = "references"

    @property
    def lack(self) -> str:
        """What is missing, as a part of a sentence."""
        return "its references are not here" if self.mend else "its references cannot be used"


class WheelsUnavailable(Unavailable):
    """The official wheel files are missing, or differ from the official ones."""

    code = "wheels"

    @property
    def lack(self) -> str:
        """What is missing, as a part of a sentence."""
        return "the official wheel files are not here"


class JudgeUnavailable(LeaderboardError):
    """The language model that a metric asks does not answer, or is not the one that the track demands."""
