"""The command line of the leaderboard: scoring (`metric`, `prefer`, `score`), lists and hosting.

The hosting commands, such as `run-once`, `table`, `submissions` and `decide`, work on the state in `EMER_HOME`.

Exit code 0. If something cannot be scored: exit code 2 with one sentence on stderr, or one line for each problem of a
file.
"""

import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from emer_space.commands.run import CommandLine, JsonTarget, show
from emer_space.errors import EmerError
from emer_space.files.problems import Limits, Problem
from emer_space.files.writing import write_whole
from emer_space.models.chat import Chat
from leaderboard.arena.arena import arena_ids
from leaderboard.board.service import Service
from leaderboard.errors import LeaderboardError
from leaderboard.hosting.arena_commands import add_arena_commands
from leaderboard.hosting.hub_commands import add_hub_commands
from leaderboard.hosting.release_commands import add_release_commands
from leaderboard.hosting.track_commands import add_track_commands
from leaderboard.judge import commands as judge_commands
from leaderboard.judge.commands import Answers, Asking, AtOnce, GrouperOption, JudgeOption, Language, SaveGroups
from leaderboard.judge.judge import chat_model
from leaderboard.metrics.metric import Undecided
from leaderboard.metrics.registry import METRICS
from leaderboard.tracks.rules import track_wheels
from leaderboard.tracks.vocabularies import FIRST_SET, fetch, fetched_folder, metric_wheels, terms, wheel_sets
from submissions.person import LOCAL


def _official_set(name: str | None) -> str | None:
    if name is not None and name not in wheel_sets():
        raise typer.BadParameter(f"{name!r} is not one of {', '.join(wheel_sets())}")
    return name


TrackName = Annotated[str, typer.Option(metavar="T", help="the track's id")]
TrackId = Annotated[str, typer.Argument(metavar="TRACK", help="the id of the track or the blind comparison")]
Predictions = Annotated[Path, typer.Option(metavar="P", help="the file to score")]
References = Annotated[Path, typer.Option(metavar="R", help="the right answers")]
WheelFiles = Annotated[
    Path | None,
    typer.Option("--wheels", metavar="DIR", help="the folder with the official wheel files (default: EMER_WHEELS)"),
]
Id = Annotated[str, typer.Argument(help="the id of a submission, or of a correction")]
Chosen = Literal["hide", "withdraw", "disqualify", "restore", "accept", "dismiss"]

TABLE_ROWS = r"(?:\| `.*\n)+"

commands = CommandLine("python -m leaderboard", "Score prediction files.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return commands.run(arguments)


@commands.command("run-once")
def _run_once(
    json_target: JsonTarget = None,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="score on this machine, or on a Ray cluster")
    ] = "local",
    workers: Annotated[
        int | None, typer.Option(help="how many submissions to score at once (1; ray: one a core)")
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="the Ray cluster, such as auto (default: one on this machine for this run)")
    ] = None,
) -> None:
    """Score everything in the queue, then exit (for cron or a scheduled job)."""
    from leaderboard.board.board import Board
    from leaderboard.hosting.baselines import enter_baselines
    from leaderboard.hosting.publishing import publisher
    from leaderboard.hosting.schedule import compact, sweep
    from leaderboard.hosting.scoring_engines import scoring_by
    from leaderboard.scoring.scoring_process import ScoringLimits
    from leaderboard.tracks import own_folder
    from leaderboard.tracks.hub_references import fetch_tracks
    from submissions.store.folder_store import FolderStore

    limits, chat = ScoringLimits.from_environment(), chat_model()
    with scoring_by(engine, workers, address) as (score, at_once):
        fetch_tracks(own_folder())
        board = Board()
        missing = ""
        try:
            enter_baselines(board, explain)
        except EmerError as problem:  # submissions are scored all the same
            missing = f"The baselines could not be entered: {problem}"
        # Several share the queue by leases; a plain one on a folder is alone, as the app's sweeps are.
        shared = workers is not None or engine == "ray" or not isinstance(board.ledger.store, FolderStore)
        done = sweep(board, limits, score, chat, at_once, shared)
    board.ledger.store.flush()
    if publish := publisher(board):
        publish(at_once=True)
    compact(board)
    if missing:
        print(missing, file=sys.stderr)
    if done.busy:
        lines = ["Another sweep is already scoring the queue."]
    else:
        lines = [f"{done.scored} scored, {done.refused} refused, {done.error} internal errors."]
        lines += [f"Waiting: {reason}" for reason in done.waiting]
        if done.left:
            lines.append(f"{done.left} are left to other scorers; if one was killed, its share is free within minutes.")
    show(asdict(done), json_target, "\n".join(lines))


def explain(clues: Path, modalities: tuple[str, ...], chat: Chat | None = None, workers: int = 1) -> bytes:
    """Explain a file of clues with the project's composer, or with `chat`; returns predictions as jsonl.

    `enter_baselines` and `benchmark` take it as an argument.
    """
    from emer_space.commands.clue_file import explain_clue_file

    with tempfile.TemporaryDirectory(prefix="emer-baseline-") as folder:
        out = Path(folder) / "predictions.jsonl"
        explain_clue_file(clues, out, modalities, chat, workers)  # type: ignore[arg-type]
        return out.read_bytes()


@commands.command("table")
def _table(
    track: TrackName,
    format: Annotated[Literal["md", "csv", "json"], typer.Option(help="the format of the table")] = "md",
    everything: Annotated[bool, typer.Option("--all", help="every submission, not only each person's best")] = False,
) -> None:
    """Print the ranking of a track."""
    from leaderboard.board.board import Board
    from leaderboard.board.export import PIECES, as_markdown

    ranking = Service(Board()).table(track, everything)
    sys.stdout.writelines(PIECES[format](ranking) if format in PIECES else [as_markdown(ranking)])


@commands.command("decide")
def _decide(
    id: Id,
    action: Annotated[Chosen, typer.Argument(help="what to do with it")],
    reason: Annotated[str, typer.Option(help="kept with the decision")],
) -> None:
    """Hide, withdraw, disqualify or restore a submission; accept or dismiss a correction."""
    from leaderboard.board.board import Board

    decision = Service(Board()).decide(LOCAL, id, action, reason)
    print(f"{id}: {decision['action']} ({decision['reason']})")


@commands.command("rescore")
def _rescore(
    track: TrackName, reason: Annotated[str, typer.Option(help="kept with the decision")] = "by the command line"
) -> None:
    """Rescore a track in a new version; the old scores are kept."""
    from leaderboard.board.board import Board

    version = Board().rescore(LOCAL, track, reason)
    print(f"The next sweep rescores {track} as version {version}: python -m leaderboard run-once")


@commands.command("message")
def _message(id: Id, text: Annotated[str, typer.Argument(help="plain text, at most 1000 characters")]) -> None:
    """Write to the sender of a submission, who sees it under My submissions."""
    from leaderboard.board.board import Board

    print(f"{Board().message(LOCAL, id, text).submission}: the sender sees the message under My submissions.")


@commands.command("close")
def _close(
    track: TrackId,
    reason: Annotated[str, typer.Option(help="kept with the decision")] = "by the command line",
) -> None:
    """Close a track at once: no more files, and private scores rank. A blind comparison: no more votes."""
    from leaderboard.board.board import Board

    name = Board().close(LOCAL, track, reason).track
    takes = "votes, and everybody sees the results" if name in arena_ids() else "files, and its private scores rank"
    print(f"{name} is closed: it takes no more {takes}.")


@commands.command("extend")
def _extend(
    track: TrackId,
    day: Annotated[str, typer.Argument(metavar="YYYY-MM-DD", help="the last day, UTC")],
    reason: Annotated[str, typer.Option(help="kept with the decision")] = "by the command line",
) -> None:
    """Give a track or a blind comparison a new last day. A closed one opens again."""
    from leaderboard.board.board import Board

    made = Board().extend(LOCAL, track, day, reason)
    takes = "votes" if made.track in arena_ids() else "files"
    print(f"{made.track} takes {takes} until the end of {made.closes} (UTC).")


@commands.command("submissions")
def _submissions(
    track: Annotated[str, typer.Option(metavar="T", help="only those to this track")] = "",
    state: Annotated[str, typer.Option(metavar="S", help="only those in this state")] = "",
    flagged: Annotated[bool, typer.Option("--flagged", help="only those with a suspicious pattern")] = False,
    text: Annotated[str, typer.Option(help="words to find in id, name, method, link and person")] = "",
    page: Annotated[int, typer.Option(help="the page; each has 50", min=1)] = 1,
    json_target: JsonTarget = None,
) -> None:
    """List all submissions, latest first, with their exact scores and suspicious patterns."""
    from leaderboard.board.board import Board

    listed = Service(Board()).submissions(LOCAL, track, state, flagged, text, page, wait_s=None)
    lines = [f"{listed['found']} submissions, page {listed['page']} of {listed['pages']}"]
    for row in listed["rows"]:
        public = "" if row["public"] is None else f" {row['public']:.4f}"
        lines.append(f"{row['id']} {row['track']} {row['state']}{public} {row['name']}")
        lines += [f"  {flag['why']} {', '.join(flag['others'])}" for flag in row["flags"]]
    show(listed, json_target, "\n".join(lines))


@commands.command("publish")
def _publish(
    folder: Annotated[
        Path | None, typer.Argument(help="where to write them (default: the dataset on the Hub, else EMER_HOME)")
    ] = None,
) -> None:
    """Publish every ranking now."""
    from leaderboard.board.board import Board
    from leaderboard.hosting.publishing import publish

    place, files = publish(Board(), LOCAL, folder)
    print(f"Published in {place}: {', '.join(files) or 'nothing has changed'}.")


@commands.command("corrections")
def _corrections(
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="where to write them as a csv with its files")
    ] = None,
    json_target: JsonTarget = None,
) -> None:
    """List visitors' corrections of readings, or write them to a folder."""
    from leaderboard.board.board import Board

    corrections = Board().corrections
    if out:
        print(corrections.export(LOCAL, out))
        return
    listed = corrections.listed(LOCAL)
    lines = [f"{one['id']}: {', '.join(one['labels'])} (read: {', '.join(one['read'])})" for one in listed]
    show(listed, json_target, "\n".join(lines) or "No corrections yet.")


@commands.command("export")
def _export(folder: Annotated[Path, typer.Argument(help="where to write the files")]) -> None:
    """Write every ranking as CSV and JSON."""
    from leaderboard.board.board import Board
    from leaderboard.board.export import export

    for path in export(Board(), folder):
        print(path)


@commands.command("metric")
def _metric(
    metric: Annotated[str, typer.Argument(metavar="METRIC", help="one that `python -m leaderboard metrics` lists")],
    references: References,
    predictions: Predictions,
    groups: Annotated[Path | None, typer.Option(metavar="FILE", help="JSON, sample → groups of synonyms")] = None,
    undecided: Annotated[
        Undecided | None,
        typer.Option(
            help="for a metric with two classes, how to treat a prediction that picks neither (neutral, 0, same): "
            "official counts it as negative or a1, as the official code does (default); strict counts it as wrong"
        ),
    ] = None,
    judge: JudgeOption = None,
    grouper: GrouperOption = None,
    save_groups: SaveGroups = None,
    language: Language = "en",
    answers: Answers = None,
    at_once: AtOnce = None,
    wheel_files: WheelFiles = None,
    json_target: JsonTarget = None,
) -> None:
    """Score predictions against references with one metric."""
    from leaderboard.scoring.measure import measure

    chosen = METRICS.named(metric)
    if groups and "groups" not in chosen.needs:
        names = METRICS.names_where(lambda metric: "groups" in metric.needs)
        raise LeaderboardError(f"--groups goes with {names}, not with {chosen.name}; leave it out.")
    if undecided and "undecided" not in chosen.needs:
        names = METRICS.names_where(lambda metric: "undecided" in metric.needs)
        raise LeaderboardError(
            f"--undecided goes with the metrics of two classes, {names}, not with {chosen.name}; leave it out."
        )
    wheels = metric_wheels(wheel_files)
    asking = Asking(language, answers, at_once)
    model = judge_commands.judge_of(chosen, judge, grouper, groups, save_groups, asking, chat_model)
    tally, warnings = measure(metric, references, predictions, wheels, groups, model, undecided or "official")
    if save_groups:
        judge_commands.save_groups(save_groups, tally)
    lines = [f"{name}: {value:.4f}" for name, value in tally.point().items()]
    lines += judge_commands.asked_lines(chosen, tally)
    show({**tally.to_dict(), "warnings": _warned(warnings)}, json_target, "\n".join(lines))


def _warned(warnings: Sequence[Problem]) -> list[dict[str, Any]]:
    """Print warnings on stderr and return them as JSON."""
    for warning in warnings:
        print(f"Warning: {warning}", file=sys.stderr)
    return [warning.to_dict() for warning in warnings]


@commands.command("prefer")
def _prefer(
    references: Annotated[Path, typer.Option(metavar="R", help="the true descriptions")],
    a1: Annotated[Path, typer.Option(metavar="A", help="one file of descriptions")],
    a2: Annotated[Path, typer.Option(metavar="B", help="the other")],
    out: Annotated[
        Path | None, typer.Option(metavar="P.csv", help="write name, a1, a2, preference, for the metric")
    ] = None,
    language: Language = "en",
    answers: Answers = None,
    at_once: AtOnce = None,
    json_target: JsonTarget = None,
) -> None:
    """Ask a language model which of two files has the better description of each sample."""
    asking = Asking(language, answers, at_once)
    facts = judge_commands.prefer(references, a1, a2, out, asking, chat_model).facts
    about = facts["judge"]
    lines = [f"{name}: {facts[name]}" for name in ("a1", "a2", "same")]
    lines.append(f"{facts['by_order']} of the same changed with the order; {about['unread']} could not be read")
    lines.append(f"asked {about['model']} with {about['prompt']}: {about['asked']} questions, {about['kept']} reused")
    show(facts, json_target, "\n".join(lines))


@commands.command("score")
def _score(
    track: TrackName,
    predictions: Predictions,
    references: Annotated[
        Path | None, typer.Option(metavar="R", help="references to use instead of the track's own")
    ] = None,
    split: Annotated[Literal["all", "public", "private"], typer.Option(help="which references to score")] = "all",
    answers: Annotated[Path | None, typer.Option(metavar="FILE", help="where to keep a judge's answers")] = None,
    wheel_files: WheelFiles = None,
    json_target: JsonTarget = None,
) -> None:
    """Score a prediction file by the rules of a track."""
    from emer_space.files.formats import read_file
    from leaderboard.scoring.score_file import score_file
    from leaderboard.tracks import load_track
    from leaderboard.tracks.references import ReferenceFile, reference_file

    about = load_track(track)
    if wheel_files and about.vocabulary != "official":
        raise LeaderboardError(f"{about.id} does not use the official wheel files; leave --wheels out.")
    warnings: list[Problem] = []
    wheels = track_wheels(about, wheel_files)
    file = ReferenceFile.at(references) if references else reference_file(about)
    content, chat = read_file(predictions, Limits()), chat_model() if about.judges else None
    report = score_file(about, content, predictions.name, split, file, wheels, chat, answers, warnings)
    lines = [f"{about.id}, {report.split} samples, by {about.primary_title()}"]
    if report.value is not None and report.interval is not None:
        bounds = f"{report.interval.low:.4f} to {report.interval.high:.4f}"
        lines.append(f"{about.primary}: {report.value:.4f} (95 % interval {bounds})")
    lines += [report.note] if report.note else []
    lines.append(", ".join(f"{count} {name}" for name, count in report.samples.items()))
    show({**report.to_dict(), "warnings": _warned(warnings)}, json_target, "\n".join(lines))


@commands.command("metrics")
def _metrics(
    docs: Annotated[
        Path | None, typer.Option(metavar="PAGE", help="write the table of metrics of this page anew (docs/scoring.md)")
    ] = None,
) -> None:
    """List the metrics, as rows of Markdown: name, column, what it measures."""
    rows = "".join(f"{metric.row}\n" for metric in METRICS.values() if not (docs and metric.package))
    print(rows, end="")
    if docs:
        before, heading, after = docs.read_text(encoding="utf-8").partition("\n## Metrics\n")
        write_whole(docs, f"{before}{heading}{re.sub(TABLE_ROWS, lambda _: rows, after, count=1)}".encode())


@commands.command("tracks")
def _tracks(json_target: JsonTarget = None) -> None:
    """List the tracks."""
    from leaderboard.tracks import load_track, track_ids

    tracks = [load_track(name) for name in track_ids()]
    listed = [
        {
            "id": track.id,
            "title": track.rules.title,
            "version": track.version,
            "metrics": list(track.metrics),
            "primary": track.primary,
            "vocabulary": track.vocabulary,
            "wheels": track.wheels,
            "answers": track.answers,
            "judges": {metric: asdict(choice) for metric, choice in track.judges.items()},
            "columns": [column.name for column in (*track.rules.key, *track.rules.columns)],
            "samples": None if track.rules.manifest is None else len(track.rules.manifest),
            "primary_title": track.primary_titles,
            "inputs": str(track.rules.inputs),
            "inputs_note": track.inputs_note,
            "cite": track.cite,
        }
        for track in tracks
    ]
    lines = [
        f"{track.id:<13} {track.rules.title}: {track.primary_title()}; "
        f"{track.vocabulary} vocabulary, {track.answers} answers"
        for track in tracks
    ]
    show({"tracks": listed}, json_target, "\n".join(lines))


@commands.command("wheels")
def _wheels(
    action: Literal["fetch"],
    chosen: Annotated[
        str | None, typer.Option("--set", callback=_official_set, help="one of the official sets (default: all)")
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="URL", help=f"the address of the folder with the seven files of a set ({FIRST_SET})"
        ),
    ] = None,
) -> None:
    """Download the official wheel files."""
    print(f"The official wheel files: {terms()}.")
    every = [FIRST_SET] if base else wheel_sets()  # one address holds one set
    for name in [chosen] if chosen else every:
        for line in fetch(base, name):
            print(line, flush=True)
        print(f"The files of {name} are kept in {fetched_folder(name)}.")


add_track_commands(commands)
add_arena_commands(commands)
add_hub_commands(commands)
add_release_commands(commands)


if __name__ == "__main__":
    sys.exit(main())
