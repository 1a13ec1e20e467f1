"""A log that strangers cannot fill, and that holds nothing they sent: only the type and place of an error.

An exception's message may quote a file, a subtitle or a value; its type and traceback lines are enough to fix it.
"""

import logging
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

MOST_LINE = 1_000
MOST_FRAMES = 8
MOST_A_MINUTE = 120
"""Most records a minute, which make at most 8 MB an hour."""


def in_one_line(problem: BaseException | None) -> str:
    """An exception in one line: the types in its chain, cause first, each with its last traceback lines."""
    chain: list[BaseException] = []
    while problem is not None and problem not in chain:
        chain.append(problem)
        problem = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)
    return " then ".join(f"{type(cause).__name__} at {_places(cause.__traceback__)}" for cause in reversed(chain))


def _places(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)[-MOST_FRAMES:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames) or "no place"


class Brief(logging.Formatter):
    """Formats a record as one bounded line; later lines of a message are dropped, because they may quote values."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        first = next(iter(record.getMessage().splitlines()), "")
        line = _bounded(f"{self.formatTime(record)} {record.levelname} {record.name}: {first}")
        return (
            _bounded(f"{line} ({in_one_line(record.exc_info[1])})") if record.exc_info and record.exc_info[1] else line
        )


def _bounded(text: str) -> str:
    line = text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
    return line if len(line) <= MOST_LINE else f"{line[:MOST_LINE]}…"


class Few(logging.Filter):
    """Passes `MOST_A_MINUTE` records a minute, and reports in the next minute how many it dropped."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock, self._lock = clock, threading.Lock()
        self._minute, self._seen = 0, 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record passes."""
        with self._lock:
            minute = int(self._clock() // 60)
            if minute != self._minute:
                left_out, self._minute, self._seen = max(0, self._seen - MOST_A_MINUTE), minute, 0
                if left_out:
                    record.msg, record.args = (
                        f"{record.getMessage()} [{left_out} records before it were left out]",
                        None,
                    )
            self._seen += 1
            return self._seen <= MOST_A_MINUTE


def keep_brief() -> None:
    """From now on every log record of the process is one short line, and so is every printed traceback.

    Gradio prints the traceback of any error in a call, with the values that the caller sent; warnings quote them too.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Brief())
    handler.addFilter(Few())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
    printed = logging.getLogger("gradio")
    traceback.print_exc = lambda *_, **__: printed.error("a call failed", exc_info=True)
    warnings.showwarning = _warned
    threading.excepthook = _thread_failed


def _warned(message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: Any, **__: Any) -> None:
    logging.getLogger("warnings").warning("%s at %s:%d", category.__name__, Path(filename).name, lineno)


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None:
        logging.getLogger("threading").error("a thread failed", exc_info=failed.exc_value)
