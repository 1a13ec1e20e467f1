"""The command line of the leaderboard: scores (`metric`, `score`, `tracks`, `wheels`) and hosting.

Hosting, on the state in `EMER_HOME`: `run-once`, `table`, `decide`, `rescore`, `export`.

Exit code 0; 2 with one sentence on stderr (or the problems of a file, a line each) for what cannot be scored.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from emer_space.commands.run import run_command
from emer_space.errors import EmerError
from emer_space.files.problems import Limits, Problem
from emer_space.models.chat import Chat
from leaderboard.board.service import Service
from leaderboard.errors import LeaderboardError
from leaderboard.hosting import hub_commands
from leaderboard.judge import commands as judge_commands
from leaderboard.metrics.metric import Undecided
from leaderboard.metrics.registry import METRICS
from leaderboard.tracks.rules import track_wheels
from leaderboard.tracks.vocabularies import FIRST_SET, fetch, fetched_folder, metric_wheels, terms, wheel_sets
from submissions.people.identity import LOCAL

STANDARD_OUTPUT = "-"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    return run_command(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m leaderboard", description="Score prediction files.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    metric = commands.add_parser("metric", help="score predictions against references with one metric")
    metric.add_argument("metric", metavar="METRIC", help="its name, as in docs/scoring.md")
    metric.add_argument("--references", type=Path, required=True, metavar="R")
    metric.add_argument("--groups", type=Path, metavar="FILE", help="JSON, sample → groups of synonyms")
    metric.add_argument(
        "--undecided",
        choices=get_args(Undecided),
        help="for a metric of two classes: whether a prediction that decides for neither (neutral, 0, same) counts as "
        "in the official code, as negative or a1 (default), or is wrong",
    )
    judge_commands.add_options(metric)
    metric.set_defaults(run=_metric)

    score = commands.add_parser("score", help="score a prediction file by the rules of a track")
    score.add_argument("--track", required=True, metavar="T")
    score.add_argument("--references", type=Path, metavar="R", help="instead of where the track's references lie")
    score.add_argument("--split", choices=["all", "public", "private"], default="all")
    score.add_argument("--answers", type=Path, metavar="FILE", help="where a judge's answers are kept")
    score.set_defaults(run=_score)

    for command in (metric, score):
        command.add_argument("--predictions", type=Path, required=True, metavar="P")
        command.add_argument(
            "--wheels", type=Path, metavar="DIR", help="folder with the official wheel files (default: EMER_WHEELS)"
        )
        command.add_argument("--json", metavar="FILE|-", help="write everything as JSON (- for standard output)")

    judge_commands.add_prefer(commands).set_defaults(run=_prefer)

    tracks = commands.add_parser("tracks", help="list the tracks")
    tracks.add_argument("--json", metavar="FILE|-", help="write the list as JSON (- for standard output)")
    tracks.set_defaults(run=_tracks)

    wheels = commands.add_parser("wheels", help="download the official wheel files")
    wheels.add_argument("action", choices=["fetch"])
    wheels.add_argument("--set", choices=list(wheel_sets()), help="one of the official sets (default: all)")
    wheels.add_argument(
        "--from", dest="base", metavar="URL", help=f"the address below which the seven files of a set ({FIRST_SET}) lie"
    )
    wheels.set_defaults(run=_wheels)
    _add_hosting(commands)
    hub_commands.add(commands)
    return parser


def _add_hosting(commands: Any) -> None:
    once = commands.add_parser("run-once", help="score what is queued, and end (for cron or a scheduled job)")
    once.add_argument("--json", metavar="FILE|-", help="write what was done as JSON (- for standard output)")
    once.set_defaults(run=_run_once)

    table = commands.add_parser("table", help="print the ranking of a track")
    table.add_argument("--track", required=True, metavar="T")
    table.add_argument("--format", choices=["md", "csv", "json"], default="md")
    table.add_argument("--all", action="store_true", help="every submission, not the best of each person")
    table.set_defaults(run=_table)

    decide = commands.add_parser("decide", help="hide, withdraw, disqualify or restore a submission")
    decide.add_argument("id")
    decide.add_argument("action", choices=["hide", "withdraw", "disqualify", "restore"])
    decide.add_argument("--reason", required=True)
    decide.set_defaults(run=_decide)

    rescore = commands.add_parser("rescore", help="score a track anew, into a new version; old scores are kept")
    rescore.add_argument("--track", required=True, metavar="T")
    rescore.add_argument("--reason", default="by the command line")
    rescore.set_defaults(run=_rescore)

    export = commands.add_parser("export", help="write every ranking as CSV and JSON")
    export.add_argument("folder", type=Path)
    export.set_defaults(run=_export)


def _run_once(options: argparse.Namespace) -> None:
    from leaderboard.board.board import Board
    from leaderboard.hosting.baselines import enter_baselines
    from leaderboard.hosting.publishing import publisher
    from leaderboard.hosting.schedule import sweep
    from leaderboard.scoring.scoring_process import ScoringLimits
    from leaderboard.tracks import own_folder
    from leaderboard.tracks.hub_references import fetch_tracks

    limits, chat = ScoringLimits.from_environment(), chat_model()
    fetch_tracks(own_folder())
    board = Board()
    missing = ""
    try:
        enter_baselines(board, explain)
    except EmerError as problem:  # what people sent is scored all the same
        missing = f"The baselines could not be entered: {problem}"
    done = sweep(board, limits, chat=chat)
    board.ledger.store.flush()
    if publish := publisher(board):
        publish(at_once=True)
    if missing:
        print(missing, file=sys.stderr)
    if done.busy:
        lines = ["Another sweep is under way; it scores what is queued."]
    else:
        lines = [f"{done.scored} scored, {done.refused} refused, {done.error} internal errors."]
        lines += [f"Waiting: {reason}" for reason in done.waiting]
    _show(asdict(done), options.json, lines)


def explain(clues: Path, modalities: tuple[str, ...], chat: Chat | None = None, workers: int = 1) -> bytes:
    """The project's composer, or a language model, as `enter_baselines` and `benchmark` want it."""
    from emer_space.commands.clue_file import explain_clue_file

    with tempfile.TemporaryDirectory(prefix="emer-baseline-") as folder:
        out = Path(folder) / "predictions.jsonl"
        explain_clue_file(clues, out, modalities, chat, workers)  # type: ignore[arg-type]
        return out.read_bytes()


def chat_model() -> Chat | None:
    """The language model that judges: the one behind `EMER_CHAT_URL`; None where none is named."""
    from emer_space.models.endpoint import EndpointChat, endpoint_of

    endpoint = endpoint_of("chat")
    return EndpointChat(endpoint) if endpoint else None


def _table(options: argparse.Namespace) -> None:
    from leaderboard.board.board import Board
    from leaderboard.board.export import as_csv, as_markdown, told

    found = Service(Board()).table(options.track, options.all)
    write = {"md": lambda: as_markdown(found), "csv": lambda: as_csv(found), "json": lambda: told(found.to_dict())}
    sys.stdout.write(write[options.format]())


def _decide(options: argparse.Namespace) -> None:
    from leaderboard.board.board import Board

    decision = Board().decide(LOCAL, options.id, options.action, options.reason)
    print(f"{decision.submission}: {decision.action} ({decision.reason})")


def _rescore(options: argparse.Namespace) -> None:
    from leaderboard.board.board import Board

    version = Board().rescore(LOCAL, options.track, options.reason)
    print(f"{options.track} is scored anew as version {version} by the next sweep: python -m leaderboard run-once")


def _export(options: argparse.Namespace) -> None:
    from leaderboard.board.board import Board
    from leaderboard.board.export import export

    for path in export(Board(), options.folder):
        print(path)


def _metric(options: argparse.Namespace) -> None:
    from leaderboard.scoring.measure import measure

    chosen = METRICS.named(options.metric)
    if options.groups and "groups" not in chosen.needs:
        those = METRICS.those(lambda metric: "groups" in metric.needs)
        raise LeaderboardError(f"--groups goes with {those}, not with {chosen.name}; leave it out.")
    if options.undecided and "undecided" not in chosen.needs:
        those = METRICS.those(lambda metric: "undecided" in metric.needs)
        told = f"--undecided goes with the metrics of two classes, {those}"
        raise LeaderboardError(f"{told}, not with {chosen.name}; leave it out.")
    wheels = metric_wheels(options.wheels)
    judge = judge_commands.judge_of(options, chosen, chat_model)
    tally, warnings = measure(
        options.metric,
        options.references,
        options.predictions,
        wheels,
        options.groups,
        judge,
        options.undecided or "official",
    )
    if options.save_groups:
        judge_commands.save_groups(options.save_groups, tally)
    lines = [f"{name}: {value:.4f}" for name, value in tally.point().items()]
    report = {**tally.to_dict(), "warnings": _warned(warnings)}
    _show(report, options.json, [*lines, *judge_commands.asked_lines(chosen, tally)])


def _warned(warnings: Sequence[Problem]) -> list[dict[str, Any]]:
    """Tell warnings on stderr; returns them as JSON."""
    for warning in warnings:
        print(f"Warning: {warning}", file=sys.stderr)
    return [warning.to_dict() for warning in warnings]


def _prefer(options: argparse.Namespace) -> None:
    facts = judge_commands.prefer(options, chat_model).facts
    about = facts["judge"]
    lines = [f"{name}: {facts[name]}" for name in ("a1", "a2", "same")]
    lines.append(f"{facts['by_order']} of same differ by the order; {about['unread']} could not be read")
    lines.append(f"asked {about['model']} with {about['prompt']}: {about['asked']} questions, {about['kept']} kept")
    _show(facts, options.json, lines)


def _score(options: argparse.Namespace) -> None:
    from emer_space.files.formats import read_file
    from leaderboard.scoring.score_file import score_file
    from leaderboard.tracks import load_track
    from leaderboard.tracks.references import ReferenceFile, reference_file

    track = load_track(options.track)
    if options.wheels and track.vocabulary != "official":
        raise LeaderboardError(f"{track.id} is not scored with the official wheel files; leave --wheels out.")
    warnings: list[Problem] = []
    wheels = track_wheels(track, options.wheels)
    file = ReferenceFile.at(options.references) if options.references else reference_file(track)
    content, chat = read_file(options.predictions, Limits()), chat_model() if track.judges else None
    report = score_file(
        track, content, options.predictions.name, options.split, file, wheels, chat, options.answers, warnings
    )
    lines = [f"{track.id}, {report.split} samples"]
    if report.value is not None and report.interval is not None:
        bounds = f"{report.interval.low:.4f} to {report.interval.high:.4f}"
        lines.append(f"{track.primary}: {report.value:.4f} (95 % interval {bounds})")
    lines += [report.note] if report.note else []
    lines.append(", ".join(f"{count} {name}" for name, count in report.samples.items()))
    _show({**report.to_dict(), "warnings": _warned(warnings)}, options.json, lines)


def _tracks(options: argparse.Namespace) -> None:
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
        }
        for track in tracks
    ]
    lines = [
        f"{track.id:<13} {track.rules.title}: {track.primary}; {track.vocabulary} vocabulary, {track.answers} answers"
        for track in tracks
    ]
    _show({"tracks": listed}, options.json, lines)


def _wheels(options: argparse.Namespace) -> None:
    print(f"The official wheel files: {terms()}.")
    every = [FIRST_SET] if options.base else wheel_sets()  # an address has the files of one set
    for name in [options.set] if options.set else every:
        for line in fetch(options.base, name):
            print(line, flush=True)
        print(f"Those of {name} are kept in {fetched_folder(name)}.")


def _show(told: Any, target: str | None, lines: Sequence[str]) -> None:
    """The lines for a reader; or JSON alone where it goes to standard output."""
    text = json.dumps(told, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    if target == STANDARD_OUTPUT:
        sys.stdout.write(text)
        return
    if target:
        try:
            Path(target).write_text(text, encoding="utf-8")
        except OSError as problem:
            raise LeaderboardError(f"{target} cannot be written ({problem.strerror}); name another file.") from None
    print("\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
