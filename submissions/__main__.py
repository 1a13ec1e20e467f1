"""The command line for participants: `python -m submissions check`.

Exit code 0 where the file is right, 1 where it has problems, 2 with one sentence where the command itself is wrong.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from leaderboard.errors import LeaderboardError
from leaderboard.tracks import load_track
from submissions.formats import read_file
from submissions.problems import Limits, SubmissionError
from submissions.validation import Check, check

STANDARD_OUTPUT = "-"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except LeaderboardError as problem:
        print(problem, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m submissions", description="Check prediction files.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("check", help="check a prediction file by the rules of a track; nothing is sent")
    command.add_argument("--track", required=True, metavar="T")
    command.add_argument("file", type=Path)
    command.add_argument("--json", metavar="FILE|-", help="write the problems as JSON (- for standard output)")
    command.set_defaults(run=_check)
    return parser


def _check(options: argparse.Namespace) -> int:
    rules = load_track(options.track).rules
    try:
        found = check(read_file(options.file, Limits()), options.file.name, rules)
    except SubmissionError as error:
        found = Check(0, error=error)
    text = json.dumps(found.to_dict(), ensure_ascii=False, indent=2) + "\n"
    if options.json == STANDARD_OUTPUT:
        sys.stdout.write(text)
    else:
        if options.json:
            _write(Path(options.json), text)
        _show(found, rules.title)
    return 0 if found.ok else 1


def _show(found: Check, title: str) -> None:
    if found.ok:
        print(f"{found.rows} rows are right for {title}.")
    else:
        print(found.error)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise LeaderboardError(f"{path} cannot be written ({problem.strerror}); name another file.") from None


if __name__ == "__main__":
    sys.exit(main())
