"""The commands for tracks of one's own: `new-track`, exports for other platforms, import of their results."""

import re
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import typer

from emer_space.commands.run import CommandLine, JsonTarget, check_writable, show
from leaderboard.errors import LeaderboardError
from leaderboard.hosting.codabench import IMAGE, export_codabench
from leaderboard.hosting.hub_results import export_hub_results
from leaderboard.hosting.import_results import import_results
from leaderboard.hosting.new_track import Wanted, make_track
from leaderboard.hosting.presets import from_preset, preset_named
from leaderboard.hosting.track_material import Material, guessed_metric, read_material


def add_track_commands(commands: CommandLine) -> None:
    """Add the commands to a command line."""
    commands.command("new-track")(_new_track)
    commands.command("export-codabench")(_export_codabench)
    commands.command("export-hub-results")(_export_hub_results)
    commands.command("import-results")(_import_results)


def _new_track(
    source: Annotated[Path, typer.Argument(help="a folder of clips, or a file of answers (csv, jsonl, json, npz)")],
    benchmark: Annotated[
        str, typer.Option("--from", metavar="NAME", help="one of the field's benchmarks (docs/benchmarks.md)")
    ] = "",
    id: Annotated[str, typer.Option(help="the track's id (default: the source's name)")] = "",
    title: Annotated[str, typer.Option(help="its title")] = "",
    task: Annotated[str, typer.Option(help="what participants are asked to do")] = "",
    references: Annotated[
        Path | None, typer.Option(metavar="FILE", help="the answers, for a folder of clips that does not hold them")
    ] = None,
    metric: Annotated[str, typer.Option(help="the metric (default: guessed from the columns)")] = "",
    primary: Annotated[str, typer.Option(help="the scores that rank, separated by commas")] = "",
    vocabulary: Annotated[str, typer.Option(help="official, open or none")] = "",
    wheels: Annotated[str, typer.Option(help="the official set of wheels, such as mer2026")] = "",
    answers: Annotated[
        Literal["public", "hidden"] | None, typer.Option(help="whether anybody may see the answers (default: hidden)")
    ] = None,
    private: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="the share of the samples that ranks only after the track closes"),
    ] = None,
    decoys: Annotated[
        str, typer.Option(metavar="N|FILE", help="how many samples are never scored, or a file with ids of others")
    ] = "",
    seed: Annotated[
        int | None, typer.Option(help="the seed of the split and the decoys (default: drawn, and told)")
    ] = None,
    opens: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="the first day, UTC")] = "",
    closes: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="the last day, UTC")] = "",
    per_day: Annotated[int, typer.Option(help="scored files per person and day", min=1)] = 5,
    language: Annotated[Literal["en", "zh"], typer.Option(help="of the task and of a judge's prompt")] = "en",
    judge: Annotated[str, typer.Option(metavar="MODEL", help="the language model that scores explanations")] = "",
    inputs: Annotated[
        str, typer.Option(metavar="URL|FILE", help="what predictions are made from: a web address, or a file to offer")
    ] = "",
    cite: Annotated[Path | None, typer.Option(metavar="FILE.bib", help="what an entry should cite")] = None,
    guard: Annotated[
        str, typer.Option(metavar="ladder=STEP|noise=SD", help="guard the public scores (docs/scoring.md)")
    ] = "",
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="where (default: EMER_HOME/tracks)")] = None,
    force: Annotated[bool, typer.Option("--force", help="replace a track of this id, in a new version")] = False,
    json_target: JsonTarget = None,
) -> None:
    """Make a track of your own from clips or answers: its file, manifest, sample file and references with splits."""
    check_writable(json_target)
    number, others = _decoys(decoys)
    preset = preset_named(benchmark) if benchmark else None
    material = read_material(source, references, others) if preset is None else Material(source.name)
    proposed = benchmark or _id_of(source)
    if preset is None and sys.stdin.isatty():
        ask = typer.prompt
        id = id or ask("Id of the track", proposed)
        title = title or ask("Title", id.replace("-", " ").capitalize())
        metric = metric or ask("Metric", _guess(material, judge))
        answers = answers or ask("Answers, public or hidden", "hidden")
        if answers == "hidden" and private is None:
            private = ask("Share of the samples that ranks only after the closing", 0.0)
        closes = closes or ask("Last day (YYYY-MM-DD, or nothing)", "", show_default=False)
    wanted = Wanted(
        id=id or proposed,
        title=title,
        task=task,
        metric=metric,
        primary=tuple(filter(None, re.split(r"[,\s]+", primary))),
        vocabulary=vocabulary,
        wheels=wheels,
        answers=answers or "hidden",
        private=private or 0.0,
        decoys=number,
        seed=seed,
        opens=day("--opens", opens),
        closes=day("--closes", closes),
        per_day=per_day,
        language=language,
        judge=judge,
        inputs=inputs,
        cite=cite,
        guard=guard,
        out=out,
        force=force,
    )
    right = None
    if preset is not None:
        material, wanted, right = from_preset(benchmark, source, wanted, references, others)
    made = make_track(material, wanted, right)
    lines = [*made.said, ", ".join(f"{count} {split}" for split, count in made.splits.items() if count) + "."]
    lines += [f"{purpose}: {path}" for purpose, path in made.files.items()]
    show(made.to_dict(), json_target, "\n".join([*lines, "Next:", *(f"  {line}" for line in made.next)]))


def _guess(material: Material, judge: str) -> str | None:
    try:
        return guessed_metric(material, judge)[0]
    except LeaderboardError:
        return None


def _id_of(source: Path) -> str:
    return re.sub(r"[^a-z0-9]+", "-", source.resolve().stem.lower()).strip("-") or "my-track"


def _decoys(given: str) -> tuple[int, Path | None]:
    """A number of decoys, or a file with their ids."""
    return (int(given), None) if given.isdecimal() else (0, Path(given) if given else None)


def day(option: str, given: str) -> date | None:
    """A day on the command line; None if none is given. Raises `LeaderboardError`."""
    try:
        return date.fromisoformat(given.strip()) if given.strip() else None
    except ValueError:
        raise LeaderboardError(f"{option} {given!r} is not a day; write it as 2026-12-31.") from None


TrackId = Annotated[str, typer.Argument(help="the track's id")]


def _export_codabench(
    track: TrackId,
    out: Annotated[Path, typer.Option(metavar="FILE.zip", help="the bundle to write")],
    with_references: Annotated[bool, typer.Option("--with-references", help="put the answers into it")] = False,
    docker_image: Annotated[str, typer.Option(help="the image in which Codabench scores")] = IMAGE,
    terms: Annotated[Path | None, typer.Option(metavar="FILE.md", help="terms that participants accept")] = None,
) -> None:
    """Write a track as a Codabench bundle, which scores with this project's code."""
    from leaderboard.board.board import Board

    board = Board()
    board.ledger.refresh()  # an organiser may have closed or extended the track
    print("\n".join(export_codabench(board.track(track), out, with_references, docker_image, terms)))


def _export_hub_results(
    track: TrackId,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="where to write the files")],
    dataset: Annotated[str, typer.Option(metavar="ORG/NAME", help="the benchmark's dataset on the Hub")],
    source: Annotated[str, typer.Option(metavar="URL", help="where the results can be looked up")] = "",
) -> None:
    """Write a track's results as the Hub wants them: `eval.yaml` of the dataset, `.eval_results` of each model."""
    from leaderboard.board.board import Board

    print("\n".join(export_hub_results(Board(), track, out, dataset, source)))


def _import_results(
    file: Annotated[Path, typer.Argument(help="a result table of Codabench or EvalAI (csv or json)")],
    track: Annotated[str, typer.Option(metavar="T", help="the id of a track of your own")],
    source: Annotated[str, typer.Option(metavar="TEXT", help="where the results were published")],
    score: Annotated[str, typer.Option(metavar="COLUMN", help="the column with the primary score")] = "",
    name: Annotated[str, typer.Option(metavar="COLUMN", help="the column with the participants' names")] = "",
    scale: Annotated[
        float, typer.Option(metavar="N", min=1e-9, help="the best possible score in the table, such as 100")
    ] = 1.0,
    json_target: JsonTarget = None,
) -> None:
    """Add the results of another platform to a track as published scores, without a rank."""
    check_writable(json_target)
    done = import_results(file, track, source, score, name, scale)
    show(done.to_dict(), json_target, "\n".join(done.lines))
