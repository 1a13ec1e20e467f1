"""What can go wrong, as types that a caller can tell apart, with one root for the whole project.

Every message is one sentence for the person who sent the input. It names the place and the remedy, and never reveals
a path or a text from this machine.
"""

import traceback
from pathlib import Path


class EmerError(Exception):
    """Base of all errors that the project raises on purpose, those of submissions and leaderboard among them."""


class InputError(EmerError):
    """The input cannot be analysed: not a clip, over a limit, damaged, an unknown option."""


class NoRoom(InputError):
    """The disk is too full for a copy of the clip. No fault of the clip: there may be room for it later."""


class MissingTool(EmerError):
    """A required system program is not installed (ffmpeg, ffprobe)."""


class ModelUnavailable(EmerError):
    """A model is absent or its file differs from the one that was measured."""


class RuleError(EmerError):
    """A rule table is wrong: an unknown key, channel or placeholder. Our mistake, not the visitor's."""


class Cancelled(EmerError):
    """The person who started the analysis stopped it."""


class Busy(EmerError):
    """The queue is full: `count` requests are waiting; `own` if all of them are the caller's."""

    def __init__(self, count: int, own: bool) -> None:
        own_queue = f"You already have {count} requests waiting; try again when they are done."
        super().__init__(own_queue if own else f"The queue is full ({count} requests); try again in a few minutes.")
        self.count, self.own = count, own


def failure(problem: BaseException, module: str) -> str:
    """How another package's code failed: "KeyError at line 12 of toy.py", the last line of the package of `module`.

    An exception's text may quote references, words of a clip or a path, so it is left out; only the name of a module
    that is not installed is given.
    """
    kind, package = type(problem).__name__, module.partition(".")[0]
    if isinstance(problem, ModuleNotFoundError):
        return f"{kind}: {problem}"
    lines = [
        f"{kind} at line {line} of {Path(frame.f_code.co_filename).name}"
        for frame, line in traceback.walk_tb(problem.__traceback__)
        if str(frame.f_globals.get("__name__")).partition(".")[0] == package
    ]
    return lines[-1] if lines else kind
