"""The command line for participants: `python -m submissions check | submit | status | withdraw | choose`.

Exit code 0; 1 where a file has problems; 2 with one sentence where nothing could be done. Without `--to` it is about
the leaderboard on this machine.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emer_space.commands.run import run_command
from emer_space.files.formats import read_file
from emer_space.files.notes import counted
from emer_space.files.problems import Limits, SubmissionError, more_problems
from leaderboard.errors import LeaderboardError
from leaderboard.tracks import Track, load_track
from leaderboard.tracks.rules import rules_here
from submissions.checks.validation import Check, check
from submissions.people.identity import LOCAL

if TYPE_CHECKING:
    from submissions.remote import RemoteBoard

STANDARD_OUTPUT = "-"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    return run_command(_parser(), arguments, _run)


def _run(options: argparse.Namespace) -> int:
    _writable(options.json)
    return int(options.run(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m submissions", description="Check and send prediction files.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("check", help="check a prediction file by the rules of a track; nothing is sent")
    command.add_argument("--track", required=True, metavar="T")
    command.add_argument("file", type=Path)
    command.set_defaults(run=_check)

    submit = commands.add_parser("submit", help="send a prediction file to a track and get a receipt")
    submit.add_argument("--track", required=True, metavar="T")
    submit.add_argument("--name", required=True, metavar="NAME", help="under which it is listed")
    submit.add_argument("--method", default="", metavar="TEXT", help="what was done, in one line")
    submit.add_argument("--link", default="", metavar="URL", help="a paper, code, a model")
    submit.add_argument("--anonymous", action="store_true", help="list it without the name")
    submit.add_argument("file", type=Path)
    submit.set_defaults(run=_submit)

    status = commands.add_parser("status", help="what became of your submissions, or of one")
    status.add_argument("id", nargs="?", default="")
    status.set_defaults(run=_status)

    withdraw = commands.add_parser("withdraw", help="take a submission of yours out of the ranking")
    withdraw.set_defaults(run=_withdraw)
    choose = commands.add_parser("choose", help="let this submission of yours count, whichever is best")
    choose.set_defaults(run=_choose)
    for deciding in (withdraw, choose):
        deciding.add_argument("id")

    for each in (command, submit, status, withdraw, choose):
        each.add_argument("--to", metavar="URL", help="the address of a leaderboard; without it, the one here")
    for each in (command, submit, status, withdraw, choose):
        each.add_argument("--json", metavar="FILE|-", help="write the answer as JSON (- for standard output)")
    return parser


def _check(options: argparse.Namespace) -> int:
    if options.to:
        from submissions.remote import RemoteBoard

        answer, title = RemoteBoard(options.to).check(options.track, options.file), options.track
    else:
        track = load_track(options.track)
        answer, title = _checked(options.file, track).to_dict(), track.rules.title
    if answer["ok"]:
        found = "read" if answer.get("warnings") else "right"
        told = f"{counted(answer['rows'], 'row')} {'is' if answer['rows'] == 1 else 'are'} {found} for {title}"
        told += _warned(answer)
    else:
        told = _refused(answer)
    _show(answer, options.json, told)
    return 0 if answer["ok"] else 1


def _checked(file: Path, track: Track) -> Check:
    """What is checked here is what is checked where the file is sent; what cannot be is told."""
    rules, unchecked = rules_here(track)
    try:
        found = check(read_file(file, Limits()), file.name, rules)
    except SubmissionError as error:
        return Check(0, error=error)
    return replace(found, warnings=(*unchecked, *found.warnings))


def _warned(answer: dict[str, Any]) -> str:
    """The end of the sentence on a file without problems: its warnings, a line each, if there are any."""
    warnings = answer.get("warnings", ())
    if not warnings:
        return "."
    return "\n".join([f", with {counted(len(warnings), 'warning')}:", *map(_problem, warnings)])


def _refused(answer: dict[str, Any]) -> str:
    lines = [_problem(problem) for problem in answer["problems"]]
    lines += [more_problems(answer["more"])] if answer["more"] else []
    lines += [f"Warning: {_problem(warning)}" for warning in answer.get("warnings", ())]
    return "\n".join(lines)


def _submit(options: argparse.Namespace) -> int:
    entry = (options.name, options.method, options.link, options.anonymous)
    answer = _board(options).submit(options.track, options.file, *entry)
    if not answer["ok"]:
        _show(answer, options.json, _refused(answer))
        return 1
    again = "\nIt was sent before; this is the receipt that it got then." if answer["again"] else ""
    told = f"Accepted, id {answer['id']} ({counted(answer['rows'], 'row')}){_warned(answer)}{again}"
    left, per_day = answer["quota"]["left"], answer["quota"]["per_day"]
    told += f"\n{left} of {counted(per_day, 'submission')} {'is' if left == 1 else 'are'} left today."
    _show(answer, options.json, told)
    return 0


def _problem(problem: dict[str, Any]) -> str:
    places = [f"row {problem['row']}"] if problem["row"] is not None else []
    places += [f"column {problem['column']!r}"] if problem["column"] is not None else []
    told = f"{problem['message']} {problem['hint']}"
    return f"{', '.join(places)}: {told}" if places else told


def _status(options: argparse.Namespace) -> int:
    answer = _board(options).status(options.id)
    every = answer if isinstance(answer, list) else [answer]
    _show(answer, options.json, "\n".join(map(_line, every)) or "You have no submissions here.")
    return 0


def _withdraw(options: argparse.Namespace) -> int:
    answer = _board(options).withdraw(options.id)
    _show(answer, options.json, f"Withdrawn: {answer['id']}.")
    return 0


def _choose(options: argparse.Namespace) -> int:
    answer = _board(options).choose(options.id)
    _show(answer, options.json, f"{answer['id']} counts for you on {answer['track']}.")
    return 0


def _line(told: dict[str, Any]) -> str:
    parts = [told["id"], told["track"], told["name"], "internal error" if told["state"] == "error" else told["state"]]
    parts += [f"incident {told['incident']}: report this id to the organiser"] if told["incident"] else []
    for split, scores in told["scores"].items():
        primary = scores["primary"]
        if primary["value"] is not None:
            low, high = (primary["interval"] or {}).get("low"), (primary["interval"] or {}).get("high")
            bounds = "" if low is None or high is None else f" ({low:.4f} to {high:.4f})"
            parts.append(f"{split} {primary['name']} {primary['value']:.4f}{bounds}")
    parts += [_problem(problem) for problem in told["problems"]]
    parts += [name for name in ("withdrawn", "hidden", "disqualified") if told[name]]
    return "  ".join(parts)


class _LocalBoard:
    """The leaderboard on this machine, with the answers of the API. Who works here is `local`."""

    def __init__(self) -> None:
        from leaderboard.board.board import Board
        from leaderboard.board.service import Service

        self._desk = Service(Board())

    def submit(self, track: str, file: Path, name: str, method: str, link: str, anonymous: bool) -> dict[str, Any]:
        try:
            content = read_file(file, Limits())
        except SubmissionError as error:
            return Check(0, error=error).to_dict()
        return self._desk.submit(LOCAL, track, content, file.name, name, method, link, anonymous)

    def status(self, name: str = "") -> Any:
        return self._desk.status(LOCAL, name)

    def withdraw(self, name: str) -> dict[str, Any]:
        return self._desk.withdraw(LOCAL, name)

    def choose(self, name: str) -> dict[str, Any]:
        return self._desk.choose(LOCAL, name)


def _board(options: argparse.Namespace) -> "_LocalBoard | RemoteBoard":
    if options.to:
        from submissions.remote import RemoteBoard

        return RemoteBoard(options.to)
    return _LocalBoard()


def _writable(target: str | None) -> None:
    """Raises `LeaderboardError` where the answer could not be written: before anything is sent."""
    if not target or target == STANDARD_OUTPUT:
        return
    try:
        with Path(target).open("ab"):
            pass
    except OSError as problem:
        raise LeaderboardError(f"{target} cannot be written ({problem.strerror}); name another file.") from None


def _show(told: Any, target: str | None, text: str) -> None:
    """The text for a reader; or JSON alone where it goes to standard output."""
    content = json.dumps(told, ensure_ascii=False, indent=2) + "\n"
    if target == STANDARD_OUTPUT:
        sys.stdout.write(content)
        return
    print(text)
    if target:
        try:
            Path(target).write_text(content, encoding="utf-8")
        except OSError as problem:
            raise LeaderboardError(f"{target} cannot be written ({problem.strerror}); name another file.") from None


if __name__ == "__main__":
    sys.exit(main())
