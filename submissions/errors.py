"""What can go wrong with a submission, as types a caller can tell apart; a wrong file raises `SubmissionError`.

Every message is one sentence for the person who sent it: it says what to do, and nothing of this machine.
"""

from emer_space.errors import EmerError


class IntakeError(EmerError):
    """Base of the errors of intake and store."""


class Refusal(IntakeError):
    """Not taken, for a reason that is not in the file: `code` tells which (identity, quota, closed, …)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class StoreError(IntakeError):
    """Nothing was stored: the place is full, cannot be written, or does not answer."""


class Unreadable(StoreError):
    """One entry cannot be read (its rights, its medium), whatever becomes of the others."""


class Doubtful(StoreError):
    """No answer told whether it is stored, and it could not be looked up: it may still appear."""


class Overtaken(StoreError):
    """Another process stored a submission that the writer of this one had not seen: look again, then decide anew."""


class AlreadyStored(StoreError):
    """There is an entry of this name, and entries are never changed."""
