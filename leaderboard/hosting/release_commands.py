"""The command that makes a dataset of an annotation project, opens its track and sends it to the Hub: `release`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from emer_space.commands.run import CommandLine, JsonTarget, check_writable, show
from leaderboard.hosting.hub_commands import token


def add_release_commands(commands: CommandLine) -> None:
    """Add `release` to a command line."""
    commands.command("release")(_release)


def _release(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="the annotation project")],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="where to write the dataset")],
    private: Annotated[
        float, typer.Option(metavar="SHARE", help="the share of the clips whose answers rank only after the closing")
    ] = 0.0,
    decoys: Annotated[int, typer.Option(metavar="N", help="how many clips are never scored")] = 0,
    seed: Annotated[
        int | None, typer.Option(help="another draw of the split and the decoys (default: the project's own)")
    ] = None,
    group: Annotated[
        str, typer.Option(metavar="PATTERN|FILE", help="who is in a clip: a pattern over names, or a csv name,group")
    ] = "",
    answers: Annotated[
        Literal["public", "all", "none"], typer.Option(help="whose answers the dataset holds: of the public split")
    ] = "public",
    id: Annotated[str, typer.Option(help="the track's id (default: the project's)")] = "",
    metric: Annotated[str, typer.Option(help="the track's metric (default: by the columns)")] = "",
    opened: Annotated[bool, typer.Option("--open", help="open the track of the release")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="replace an open track, in a new version, or other files at --to-hub")
    ] = False,
    to_hub: Annotated[str, typer.Option(metavar="OWNER/NAME", help="send the dataset to the Hub (HF_TOKEN)")] = "",
    json_target: JsonTarget = None,
) -> None:
    """Write an annotation project as a dataset with splits, card and track; open the track; send it to the Hub."""
    from annotation.book import Book
    from annotation.projects import load_project
    from leaderboard.board.board import Board
    from leaderboard.hosting.release import Asked, released
    from leaderboard.hosting.release_folder import send, write_release

    check_writable(json_target)
    access = token() if to_hub else ""
    book = Book(Board().ledger)
    about = load_project(book, project)
    asked = Asked(private, decoys, seed, group, answers, id, metric, force)
    made = released(book, about, asked)
    written = write_release(made, asked, out, opened)
    lines = [*written.said, ", ".join(f"{count} {split}" for split, count in made.counts.items() if count) + "."]
    lines += [f"Left out: {line}." for line in made.missing]
    lines += [f"{written.folder / file}" for file in written.files]
    lines += [f"hidden answers: {written.references}"] if written.references else []
    lines += list(send(written.folder, to_hub, access, force)) if to_hub else []
    lines += ["Next:", *(f"  {line}" for line in written.next)]
    answer = {
        "project": project,
        "folder": str(written.folder),
        "files": list(written.files),
        "splits": made.counts,
        "seed": made.seed,
        "left_out": dict(made.left_out),
        "references": str(written.references) if written.references else None,
        "track": str(written.track) if written.track else None,
        "said": list(written.said),
    }
    show(answer, json_target, "\n".join(lines))
