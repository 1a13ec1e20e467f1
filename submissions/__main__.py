"""The command line for participants: `python -m submissions check | submit | status | withdraw | choose`.

Exit code 0; 1 if a file has problems; 2 with one sentence for any other error. Without `--to` the commands use the
leaderboard on this machine.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emer_space.commands.run import CommandLine, JsonTarget, check_writable, show
from emer_space.files.formats import read_file
from emer_space.files.problems import Limits, SubmissionError, counted, more_problems
from submissions.checks.validation import Check, check
from submissions.person import LOCAL

if TYPE_CHECKING:
    from leaderboard.tracks import Track
    from submissions.remote import RemoteBoard

TrackName = Annotated[str, typer.Option(metavar="T", help="the track's id")]
File = Annotated[Path, typer.Argument(help="a prediction file")]
Id = Annotated[str, typer.Argument(help="the id on the receipt")]
Address = Annotated[
    str | None, typer.Option("--to", metavar="URL", help="the address of a leaderboard (default: the one here)")
]

commands = CommandLine("python -m submissions", "Check and send prediction files.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return commands.run(arguments)


@commands.command("check")
def _check(file: File, track: TrackName, to: Address = None, json_target: JsonTarget = None) -> int:
    """Check a prediction file by the rules of a track; nothing is sent."""
    check_writable(json_target)
    if to:
        from submissions.remote import RemoteBoard

        answer, title = RemoteBoard(to).check(track, file), track
    else:
        from leaderboard.tracks import load_track

        rules = load_track(track)
        answer, title = _checked(file, rules).to_dict(), rules.rules.title
    if answer["ok"]:
        verdict = "read" if answer.get("warnings") else "right"
        text = f"{counted(answer['rows'], 'row')} {'is' if answer['rows'] == 1 else 'are'} {verdict} for {title}"
        text += _warned(answer)
    else:
        text = _refused(answer)
    show(answer, json_target, text)
    return 0 if answer["ok"] else 1


def _checked(file: Path, track: "Track") -> Check:
    """The same check as when the file is sent. A warning names what cannot be checked here."""
    from leaderboard.tracks.rules import rules_here

    rules, unchecked = rules_here(track)
    try:
        answer = check(read_file(file, Limits()), file.name, rules)
    except SubmissionError as error:
        return Check(0, error=error)
    return replace(answer, warnings=(*unchecked, *answer.warnings))


def _warned(answer: dict[str, Any]) -> str:
    """The end of the sentence about a file without problems: its warnings, if any, one on a line."""
    warnings = answer.get("warnings", ())
    if not warnings:
        return "."
    return "\n".join([f", with {counted(len(warnings), 'warning')}:", *map(_problem, warnings)])


def _refused(answer: dict[str, Any]) -> str:
    lines = [_problem(problem) for problem in answer["problems"]]
    lines += [more_problems(answer["more"])] if answer["more"] else []
    lines += [f"Warning: {_problem(warning)}" for warning in answer.get("warnings", ())]
    return "\n".join(lines)


@commands.command("submit")
def _submit(
    file: File,
    track: TrackName,
    name: Annotated[str, typer.Option(metavar="NAME", help="the name in the ranking")],
    method: Annotated[str, typer.Option(metavar="TEXT", help="the method in one line")] = "",
    link: Annotated[str, typer.Option(metavar="URL", help="a link to a paper, code or a model")] = "",
    anonymous: Annotated[bool, typer.Option("--anonymous", help="list it without the name")] = False,
    inputs: Annotated[str, typer.Option(metavar="AVT", help="what it reads: audio (A), video (V), text (T)")] = "",
    size: Annotated[str, typer.Option(metavar="7B", help="its number of parameters")] = "",
    to: Address = None,
    json_target: JsonTarget = None,
) -> int:
    """Send a prediction file to a track and get a receipt."""
    check_writable(json_target)
    answer = _board(to).submit(track, file, name, method, link, anonymous, inputs, size)
    if not answer["ok"]:
        show(answer, json_target, _refused(answer))
        return 1
    again = "\nThis file was sent before; this is its first receipt." if answer["again"] else ""
    left, per_day = answer["quota"]["left"], answer["quota"]["per_day"]
    receipt = f"Accepted, id {answer['id']} ({counted(answer['rows'], 'row')}){_warned(answer)}{again}"
    quota = f"{left} of {counted(per_day, 'submission')} {'is' if left == 1 else 'are'} left today."
    show(answer, json_target, f"{receipt}\n{quota}")
    return 0


def _problem(problem: dict[str, Any]) -> str:
    places = [f"row {problem['row']}"] if problem["row"] is not None else []
    places += [f"column {problem['column']!r}"] if problem["column"] is not None else []
    sentence = f"{problem['message']} {problem['hint']}"
    return f"{', '.join(places)}: {sentence}" if places else sentence


@commands.command("status")
def _status(id: Id = "", to: Address = None, json_target: JsonTarget = None) -> None:
    """Show the state of your submissions, or of one."""
    check_writable(json_target)
    answer = _board(to).status(id)
    statements = answer if isinstance(answer, list) else [answer]
    show(answer, json_target, "\n".join(map(_line, statements)) or "You have no submissions here.")


@commands.command("withdraw")
def _withdraw(id: Id, to: Address = None, json_target: JsonTarget = None) -> None:
    """Take one of your submissions out of the ranking."""
    check_writable(json_target)
    answer = _board(to).withdraw(id)
    show(answer, json_target, f"Withdrawn: {answer['id']}.")


@commands.command("choose")
def _choose(id: Id, to: Address = None, json_target: JsonTarget = None) -> None:
    """Let this submission count for you, even if another is better."""
    check_writable(json_target)
    answer = _board(to).choose(id)
    show(answer, json_target, f"{answer['id']} counts for you on {answer['track']}.")


def _line(statement: dict[str, Any]) -> str:
    """A submission's state and scores on one line."""
    state, incident = statement["state"], statement["incident"]
    parts = [statement["id"], statement["track"], statement["name"], "internal error" if state == "error" else state]
    parts += [f"incident {incident}: report this id to the organiser"] if incident else []
    for split, scores in statement["scores"].items():
        primary = scores["primary"]
        if primary["value"] is not None:
            low, high = (primary["interval"] or {}).get("low"), (primary["interval"] or {}).get("high")
            bounds = "" if low is None or high is None else f" ({low:.4f} to {high:.4f})"
            title = scores.get("primary_title", {}).get("en", primary["name"])
            parts.append(f"{split} {title} {primary['value']:.4f}{bounds}")
    if stand := statement.get("stand"):
        parts.append(f"rank {stand['rank']} of {stand['of']}")
        parts += [f"may be {stand['rank_low']} to {stand['rank_high']}"] if stand["rank_low"] else []
    parts += [_problem(problem) for problem in statement["problems"]]
    parts += [name for name in ("withdrawn", "hidden", "disqualified") if statement[name]]
    return "  ".join(parts)


class _LocalBoard:
    """The leaderboard on this machine, which answers like the API. The user of this machine is the person `local`."""

    def __init__(self) -> None:
        from leaderboard.board.board import Board
        from leaderboard.board.service import Service

        self._service = Service(Board())

    def submit(
        self, track: str, file: Path, name: str, method: str, link: str, anonymous: bool, inputs: str, size: str
    ) -> dict[str, Any]:
        try:
            content = read_file(file, Limits())
        except SubmissionError as error:
            return Check(0, error=error).to_dict()
        return self._service.submit(
            LOCAL, track, content, file.name, name, method, link, anonymous, inputs=inputs, size=size
        )

    def status(self, name: str = "") -> Any:
        return self._service.status(LOCAL, name)

    def withdraw(self, name: str) -> dict[str, Any]:
        return self._service.withdraw(LOCAL, name)

    def choose(self, name: str) -> dict[str, Any]:
        return self._service.choose(LOCAL, name)


def _board(address: str | None) -> "_LocalBoard | RemoteBoard":
    if address:
        from submissions.remote import RemoteBoard

        return RemoteBoard(address)
    return _LocalBoard()


if __name__ == "__main__":
    sys.exit(main())
