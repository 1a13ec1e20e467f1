"""The errors of submissions. A problem in a file is a `SubmissionError` instead.

Every message is one sentence for the sender. It says what to do, and reveals nothing about this machine.
"""

from emer_space.errors import EmerError


class IntakeError(EmerError):
    """Base class of the errors of intake and store."""


class Refusal(IntakeError):
    """Refused for a reason outside the file; `code` names it (identity, quota, closed, …)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class StoreError(IntakeError):
    """Nothing was stored: the store is full, cannot be written, or does not answer."""


class Unreadable(StoreError):
    """One entry cannot be read (permissions, disk); others may be readable."""


class Doubtful(StoreError):
    """It is unknown whether the entry was stored, and it could not be looked up: it may still appear."""


class Overtaken(StoreError):
    """Another process stored a submission that the writer had not seen: read the store again, then decide again."""


class AlreadyStored(StoreError):
    """The entry exists already, and entries are never changed."""
