"""The log: short lines, few of them, and nothing in them of what anybody sent."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from emer_space.page.logs import MOST_A_MINUTE, MOST_LINE, Few

SECRET = "what-a-stranger-sent"
Said = Callable[[str], list[str]]


@pytest.fixture
def said(project: Path) -> Said:
    """What a process logs that keeps its log brief and then does this."""

    def run(does: str) -> list[str]:
        begin = (
            f"import logging, traceback\nfrom emer_space.page.logs import keep_brief\nkeep_brief()\nS = {SECRET!r}\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", begin + does], cwd=project, capture_output=True, text=True, timeout=60
        )
        assert done.stdout == ""
        return done.stderr.splitlines()

    return run


def test_a_traceback_that_a_library_prints_tells_the_kind_and_the_place(said: Said) -> None:
    does = "def broken(): int(S * 100_000)\ntry: broken()\nexcept ValueError: traceback.print_exc()"
    (line,) = said(does)
    assert "ValueError at" in line and "broken" in line and SECRET not in line


def test_causes_are_told_first(said: Said) -> None:
    does = (
        "def parse(): raise KeyError(S)\ndef read():\n    try: parse()\n"
        "    except KeyError as e: raise OSError(S) from e\n"
        "try: read()\nexcept OSError: logging.getLogger('emer_space').exception('incident %s', 'abc')"
    )
    (line,) = said(does)
    assert "incident abc" in line and line.index("KeyError at") < line.index("then OSError at")
    assert "parse" in line and "read" in line and SECRET not in line


def test_a_task_whose_failure_nobody_awaits(said: Said) -> None:
    does = (
        "import asyncio, gc\nasync def fail(): raise RuntimeError(S)\n"
        "async def main():\n    asyncio.create_task(fail()); await asyncio.sleep(0.01); gc.collect()\n"
        "asyncio.run(main())"
    )
    (line,) = said(does)
    assert "Task exception was never retrieved" in line and "RuntimeError at" in line and SECRET not in line


def test_a_thread_that_fails(said: Said) -> None:
    does = "import threading\ndef fail(): raise RuntimeError(S)\nt = threading.Thread(target=fail); t.start(); t.join()"
    (line,) = said(does)
    assert "a thread failed" in line and "RuntimeError at" in line and SECRET not in line


def test_a_warning_tells_its_kind_and_place(said: Said) -> None:
    (line,) = said("import warnings\nwarnings.warn('no choice: ' + S)")
    assert "UserWarning at" in line and SECRET not in line


def test_a_server_that_fails(said: Said) -> None:
    """As uvicorn logs it, whose own handlers are set before."""
    log = "logging.getLogger('uvicorn.error').exception('Exception in ASGI application\\n')"
    (line,) = said(f"try: raise KeyError(S)\nexcept KeyError: {log}")
    assert "KeyError at" in line and SECRET not in line


def test_a_record_is_one_bounded_line(said: Said) -> None:
    lines = said(
        "log = logging.getLogger('x')\nlog.error('a' * 10**6)\nlog.error('b\\n2026 ERROR forged\\r\\x1b[31m\\u202e')"
    )
    assert len(lines) == 2 and all(len(line) <= MOST_LINE + 1 for line in lines)
    assert "forged" not in lines[1] and "\x1b" not in "".join(lines)
    (deep,) = said(
        "def f(n):\n    try: raise ValueError(S)\n"
        "    except ValueError as e:\n        if n: f(n - 1)\n        else: raise\n"
        "try: f(300)\nexcept ValueError: logging.exception('deep')"
    )
    assert len(deep) <= MOST_LINE + 1 and "ValueError" in deep


def test_quiet_records_stay_quiet(said: Said) -> None:
    assert said("logging.getLogger('x').info('i'); logging.getLogger('uvicorn.access').info('GET /' + S)") == []


def test_a_minute_has_few_records_and_the_next_says_how_many_were_left_out(said: Said) -> None:
    lines = said("for n in range(5000): logging.error('n')")
    assert len(lines) == MOST_A_MINUTE
    import logging

    now = 0.0
    few = Few(lambda: now)
    records = [logging.LogRecord("x", logging.ERROR, "x", 1, "number %d", (n,), None) for n in range(MOST_A_MINUTE + 8)]
    assert sum(few.filter(record) for record in records[:-1]) == MOST_A_MINUTE
    now = 61.0
    assert few.filter(records[-1])
    assert records[-1].getMessage() == f"number {MOST_A_MINUTE + 7} [7 records before it were left out]"
