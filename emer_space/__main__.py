"""The command line of EMER Space: `python -m emer_space COMMAND`, one of the paper's steps each.

Exit code 0; 2 with one sentence on stderr for input that cannot be analysed.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emer_space.analysis import INPUTS, Analysis
from emer_space.cancellation import CancelToken
from emer_space.commands.run import run_command
from emer_space.errors import InputError
from emer_space.settings import Settings, app_home

if TYPE_CHECKING:
    from emer_space.language_model.answer_cache import KeptAnswers
    from emer_space.pipeline import Request
    from emer_space.profiles import Profile

STANDARD_OUTPUT = "-"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    return run_command(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m emer_space", description="Explain the emotion in a clip.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    analyze = commands.add_parser("analyze", help="explain one clip")
    analyze.add_argument("clip", type=Path, help="a video or audio file")
    analyze.add_argument("--subtitle", default="", metavar="TEXT", help="the words of the clip, instead of recognition")
    analyze.add_argument("--json", metavar="FILE|-", help="write the whole analysis as JSON (- for standard output)")
    analyze.set_defaults(run=_analyze)

    batch = commands.add_parser("batch", help="explain every clip in a folder, one JSON line each")
    batch.add_argument("folder", type=Path)
    batch.add_argument("--out", type=Path, required=True, metavar="FILE.jsonl", help="goes on where it stopped")
    batch.set_defaults(run=_batch)

    labels = commands.add_parser("labels", help="read labels from explanations, one JSON line each")
    labels.add_argument("file", type=Path, help="csv or jsonl with name and reason, english or description")
    labels.add_argument("--out", type=Path, required=True, metavar="P.jsonl")
    labels.set_defaults(run=_labels)

    clues = commands.add_parser("explain-clues", help="explain clues that are written as text, one JSON line each")
    clues.add_argument("file", type=Path, help="jsonl with name, visual_clue, acoustic_clue, subtitle")
    clues.add_argument("--out", type=Path, required=True, metavar="P.jsonl")
    clues.set_defaults(run=_explain_clues)

    benchmark = commands.add_parser("benchmark", help="score a model on the papers' four settings of clues")
    benchmark.add_argument("--track", default="clue-practice", help="a track whose samples are clues in words")
    benchmark.add_argument("--json", metavar="FILE|-", help="write the report as JSON (- for standard output)")
    benchmark.add_argument("--no-enter", dest="enter", action="store_false", help="leave the ranking as it is")
    benchmark.set_defaults(run=_benchmark)

    translate = commands.add_parser("translate", help="translate explanations and labels by a language model")
    translate.add_argument("file", type=Path, help="csv or jsonl with name, and reason or openset or both")
    translate.add_argument("--to", choices=["en", "zh"], required=True)
    translate.add_argument("--out", type=Path, required=True, metavar="P.jsonl")
    translate.set_defaults(run=_translate)

    for command in (analyze, batch, clues):
        command.add_argument("--modalities", default=",".join(INPUTS), metavar="video,audio,text")
    for command in (analyze, batch, labels, clues, benchmark, translate):
        command.add_argument("--profile", help="which models to use (default: EMER_PROFILE, else bundled)")
    for command in (labels, clues, benchmark, translate):
        command.add_argument("--answers", type=Path, metavar="FILE", help="where a model's answers are kept")
        command.add_argument("--workers", type=int, default=4, help="questions to a model at a time (default 4)")

    models = commands.add_parser("models", help="fetch or list the models of the bundled profile")
    models.add_argument("action", choices=["fetch", "list"])
    models.set_defaults(run=_models)
    return parser


def _analyze(options: argparse.Namespace) -> None:
    from emer_space.pipeline import Finished, analyze

    request, profile, settings = _request(options)
    with tempfile.TemporaryDirectory(prefix="emer-space-") as folder, _native_logs_hidden():
        for event in analyze(options.clip, request, profile, settings, CancelToken(), Path(folder)):
            if isinstance(event, Finished):
                analysis = event.analysis
    _show(analysis, options.json)


def _show(analysis: Analysis, target: str | None) -> None:
    if target:
        _write(json.dumps(analysis.to_dict(), ensure_ascii=False, indent=2) + "\n", target, "analysis")
    if target == STANDARD_OUTPUT:
        return
    print(analysis.explanation.text)
    print("\nLabels:", ", ".join(f"{label.label} ({label.confidence:.2f})" for label in analysis.labels) or "none")
    for warning in analysis.warnings:
        print(f"Note: {warning.message}")


def _write(text: str, target: str, what: str) -> None:
    """To a file, or to standard output for `-`."""
    if target == STANDARD_OUTPUT:
        sys.stdout.write(text)
        return
    try:
        Path(target).write_text(text, encoding="utf-8")
    except OSError as problem:
        raise InputError(
            f"The {what} could not be written to {target} ({problem.strerror}); name another file."
        ) from None


def _batch(options: argparse.Namespace) -> None:
    from emer_space.commands.batch import run_batch

    request, profile, settings = _request(options)
    with _native_logs_hidden():
        done, broken = run_batch(options.folder, options.out, request, profile, settings)
    print(f"{done} clips written to {options.out}, {broken} of them with an error.", file=sys.stderr)


def _labels(options: argparse.Namespace) -> None:
    from emer_space.commands.label_file import write_labels

    done = write_labels(options.file, options.out, _chat(options), options.workers)
    print(f"{done} lines written to {options.out}.", file=sys.stderr)


def _translate(options: argparse.Namespace) -> None:
    from emer_space.language_model.files import translate_file

    chat = _chat(options)
    if chat is None:
        raise InputError("Translating takes a language model; name one, as in --profile endpoint.")
    done = translate_file(options.file, options.out, options.to, chat, options.workers)
    print(f"{done} lines written to {options.out}.", file=sys.stderr)


def _explain_clues(options: argparse.Namespace) -> None:
    from emer_space.commands.clue_file import explain_clue_file
    from emer_space.pipeline import Request

    modalities = Request(modalities=_names(options.modalities)).modalities
    chat = _chat(options)
    with _native_logs_hidden():
        done = explain_clue_file(options.file, options.out, modalities, chat, options.workers)
    print(f"{done} lines written to {options.out}.", file=sys.stderr)


def _benchmark(options: argparse.Namespace) -> None:
    from leaderboard.__main__ import explain
    from leaderboard.hosting.board import Board
    from leaderboard.hosting.schedule import sweep
    from leaderboard.scoring.benchmark import benchmark, enter, lines
    from leaderboard.scoring.scoring_process import ScoringLimits

    chat = _chat(options)
    with _native_logs_hidden():
        board = Board()
        model = chat.name if chat else "the bundled composer"  # whose rows the app enters itself
        keep = enter(board, options.track, model) if options.enter and chat else None
        report = benchmark(options.track, partial(explain, chat=chat, workers=options.workers), keep=keep)
        sweep(board, ScoringLimits.from_environment())
        board.ledger.store.flush()
    report["model"] = model
    if options.json != STANDARD_OUTPUT:
        print(f"{report['model']} on {options.track}:", *lines(report), sep="\n")
    if options.json:
        _write(json.dumps(report, ensure_ascii=False, indent=2) + "\n", options.json, "report")


def _chat(options: argparse.Namespace) -> "KeptAnswers | None":
    """The language model of the profile, asking nothing twice; None where the profile has none."""
    from emer_space.language_model.answer_cache import KeptAnswers
    from emer_space.models.roles import CHAT
    from emer_space.profiles import load_profile

    if not 1 <= options.workers <= 64:
        raise InputError("--workers must be a number from 1 to 64.")
    profile = load_profile(options.profile or os.environ.get("EMER_PROFILE") or "bundled")
    if not profile.has("chat"):
        return None
    return KeptAnswers(profile.get(CHAT), options.answers or app_home() / "answers.jsonl")


def _models(options: argparse.Namespace) -> None:
    from emer_space.models import store

    if options.action == "fetch":
        for line in store.fetch():
            print(line, flush=True)
        print(f"Models are kept in {app_home() / 'models'}.")
        return
    for model in store.bundled_models().values():
        print(f"{model.role:<11} {model.name}; {model.licence}; {model.revision}")


@contextlib.contextmanager
def _native_logs_hidden() -> Iterator[None]:
    """MediaPipe and TFLite chat on file descriptor 2 and know no switch for it; Python's own stderr stays."""
    python_stderr, descriptor = sys.stderr, os.dup(2)
    silence = os.open(os.devnull, os.O_WRONLY)
    try:
        with os.fdopen(os.dup(descriptor), "w", buffering=1) as sys.stderr:
            os.dup2(silence, 2)
            yield
    finally:
        sys.stderr = python_stderr
        os.dup2(descriptor, 2)
        os.close(descriptor)
        os.close(silence)


def _request(options: argparse.Namespace) -> tuple["Request", "Profile", Settings]:
    """The request, profile and settings that the options ask for. Imported here to keep `--help` quick."""
    from emer_space.pipeline import Request
    from emer_space.profiles import load_profile

    request = Request(subtitle=getattr(options, "subtitle", ""), modalities=_names(options.modalities))
    profile = load_profile(options.profile or os.environ.get("EMER_PROFILE") or "bundled")
    return request, profile, Settings.from_environment()


def _names(listed: str) -> tuple[Any, ...]:
    return tuple(name.strip() for name in listed.split(",") if name.strip())


if __name__ == "__main__":
    sys.exit(main())
