"""How a command line of the project ends: with an exit code, and without a traceback for what a person may do."""

import argparse
import errno
import os
import select
import sys
from collections.abc import Callable, Sequence
from typing import TextIO

from emer_space.errors import EmerError

FAILED, STOPPED, NO_READER = 2, 130, 141
"""One sentence was told on stderr; stopped by the keyboard; who read the output has gone."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
Run = Callable[[argparse.Namespace], int | None]


def run_command(parser: argparse.ArgumentParser, arguments: Sequence[str] | None, run: Run | None = None) -> int:
    """Parse the arguments, `run` them (or what they have as `run`), and answer with the exit code: as returned, or 0.

    An output whose reader has gone (`… | head -1`) ends a command in silence with 141, which is what a shell tells of
    a program that the signal of a closed pipe ended: a script can see that not everything was read. The signal itself
    stays ignored, since it would end a command for a closed connection to a model or to ffmpeg as well.
    """
    try:
        try:
            return _ended(parser, arguments, run)
        finally:
            if sys.stdout:
                sys.stdout.flush()
    except BrokenPipeError:
        gone = [stream for stream in (sys.stdout, sys.stderr) if stream and _reader_gone(stream)]
        if not gone:
            raise
        for stream in gone:
            _silence(stream)
        return NO_READER
    except OSError as problem:
        if problem.errno not in FULL or problem.filename:
            raise
        _silence(sys.stdout)
        print(f"The output cannot be written ({problem.strerror}); make room, or write it elsewhere.", file=sys.stderr)
        return FAILED


def _ended(parser: argparse.ArgumentParser, arguments: Sequence[str] | None, run: Run | None) -> int:
    try:
        options = parser.parse_args(arguments)
        return (run or options.run)(options) or 0
    except EmerError as problem:
        print(problem, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return STOPPED


def _reader_gone(stream: TextIO) -> bool:
    """Whether a stream is a pipe or a connection that nobody reads any more."""
    poll = select.poll()
    poll.register(stream.fileno(), select.POLLOUT)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _silence(stream: TextIO) -> None:
    """What is left in the stream goes nowhere, or the interpreter would tell of it when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
