"""The command line of EMER Space: `python -m emer_space COMMAND`.

Exit code 0; 2 with one sentence on stderr for input that cannot be analysed.
"""

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from emer_space.analysis import INPUTS, Language
from emer_space.cancellation import CancelToken
from emer_space.commands.run import CommandLine, JsonTarget, show
from emer_space.errors import InputError
from emer_space.files.scratch import delete_abandoned, scratch_folder
from emer_space.settings import Settings, app_home

if TYPE_CHECKING:
    from emer_space.language_model.answer_cache import KeptAnswers
    from emer_space.profiles import Profile

Clip = Annotated[Path, typer.Argument(help="a video or audio file")]
Modalities = Annotated[str, typer.Option(metavar="video,audio,text", help="the parts of a clip to use")]
ProfileName = Annotated[str | None, typer.Option(help="which models to use (default: EMER_PROFILE, else bundled)")]
Predictions = Annotated[Path, typer.Option(metavar="P.jsonl", help="the file to write")]
Answers = Annotated[Path | None, typer.Option(metavar="FILE", help="where to keep a model's answers")]
LanguageName = Annotated[Language, typer.Option(help="the language of the explanation: English or Chinese")]
Workers = Annotated[int, typer.Option(help="how many questions to ask a model at once")]
ALL = ",".join(INPUTS)

commands = CommandLine("python -m emer_space", "Explain the emotion in a clip.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    return commands.run(arguments)


@commands.command("analyze")
def _analyze(
    clip: Clip,
    subtitle: Annotated[str, typer.Option(metavar="TEXT", help="the words of the clip, instead of recognition")] = "",
    json_target: JsonTarget = None,
    modalities: Modalities = ALL,
    profile: ProfileName = None,
    language: LanguageName = "en",
) -> None:
    """Explain one clip."""
    from emer_space.pipeline import Finished, Request, analyze
    from emer_space.takeaway.plain import plain

    request, models = Request(subtitle, _names(modalities), language), _profile(profile)
    settings = Settings.from_environment()
    delete_abandoned()
    with scratch_folder() as folder, _native_logs_hidden():
        for event in analyze(clip, request, models, settings, CancelToken(), folder):
            if isinstance(event, Finished):
                analysis = event.analysis
    show(analysis.to_dict(), json_target, plain(analysis))


@commands.command("report")
def _report(
    file: Annotated[Path, typer.Argument(metavar="ANALYSIS.json", help="what analyze wrote with --json")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="the file to write: .pdf, .png, .srt, .vtt, .bib or .txt")],
    language: Annotated[
        Literal["en", "zh"] | None, typer.Option(help="the language (default: the analysis's own)")
    ] = None,
) -> None:
    """Make a report of one page, subtitles or a citation of an analysis."""
    from emer_space.commands.report import write_report

    write_report(file, out, language)
    print(f"{out} is written.", file=sys.stderr)


@commands.command("batch")
def _batch(
    folder: Annotated[
        str, typer.Argument(help="the folder of clips, a list of them (.txt), or hf://datasets/OWNER/NAME/FOLDER")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE.jsonl", help="the file to write; resumes where it stopped")],
    modalities: Modalities = ALL,
    profile: ProfileName = None,
    language: LanguageName = "en",
    workers: Annotated[
        int | None, typer.Option(help="how many processes load the models and explain clips (1; ray: one a core)")
    ] = None,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="this machine's processes, or a Ray cluster")
    ] = "local",
    address: Annotated[
        str | None, typer.Option(help="the Ray cluster, such as auto (default: one on this machine for this run)")
    ] = None,
) -> None:
    """Explain every clip in a folder, one JSON line per clip."""
    from emer_space.commands.batch import run_batch
    from emer_space.commands.batch_engines import engine_named
    from emer_space.pipeline import Request

    explaining = engine_named(engine, workers, address)
    request, models = Request(modalities=_names(modalities), language=language), _profile(profile)
    with _native_logs_hidden():
        done, broken = run_batch(folder, out, request, models, Settings.from_environment(), explaining)
    print(f"{done} clips written to {out}, {broken} of them with an error.", file=sys.stderr)


@commands.command("labels")
def _labels(
    file: Annotated[Path, typer.Argument(help="csv or jsonl with name and reason, english or description")],
    out: Predictions,
    profile: ProfileName = None,
    answers: Answers = None,
    workers: Workers = 4,
) -> None:
    """Read labels from explanations, one JSON line per row."""
    from emer_space.commands.label_file import write_labels

    done = write_labels(file, out, _chat(profile, answers, workers), workers)
    print(f"{done} lines written to {out}.", file=sys.stderr)


@commands.command("explain-clues")
def _explain_clues(
    file: Annotated[Path, typer.Argument(help="jsonl with name, visual_clue, acoustic_clue, subtitle")],
    out: Predictions,
    modalities: Modalities = ALL,
    profile: ProfileName = None,
    answers: Answers = None,
    workers: Workers = 4,
    language: LanguageName = "en",
) -> None:
    """Explain clues given as text, one JSON line per row."""
    from emer_space.commands.clue_file import explain_clue_file
    from emer_space.pipeline import Request

    inputs = Request(modalities=_names(modalities)).modalities
    chat = _chat(profile, answers, workers)
    with _native_logs_hidden():
        done = explain_clue_file(file, out, inputs, chat, workers, language)
    print(f"{done} lines written to {out}.", file=sys.stderr)


@commands.command("benchmark")
def _benchmark(
    track: Annotated[str, typer.Option(help="a track whose samples are clues given as text")] = "clue-practice",
    json_target: JsonTarget = None,
    no_enter: Annotated[bool, typer.Option("--no-enter", help="leave the ranking as it is")] = False,
    profile: ProfileName = None,
    answers: Answers = None,
    workers: Workers = 4,
) -> None:
    """Score a model on the four clue settings of the papers."""
    from leaderboard.__main__ import explain
    from leaderboard.board.board import Board
    from leaderboard.hosting.benchmark import benchmark, enter, lines
    from leaderboard.hosting.schedule import sweep
    from leaderboard.scoring.scoring_process import ScoringLimits

    chat = _chat(profile, answers, workers)
    with _native_logs_hidden():
        board = Board()
        model = chat.name if chat else "the bundled composer"  # the app enters the composer's rows itself
        keep = None if no_enter or chat is None else enter(board, track, model)
        report = benchmark(track, partial(explain, chat=chat, workers=workers), keep=keep)
        sweep(board, ScoringLimits.from_environment())
        board.ledger.store.flush()
    report["model"] = model
    show(report, json_target, "\n".join([f"{model} on {track}:", *lines(report)]))


@commands.command("translate")
def _translate(
    file: Annotated[Path, typer.Argument(help="csv or jsonl with name, and reason or openset or both")],
    to: Annotated[Literal["en", "zh"], typer.Option(help="the language to translate into")],
    out: Predictions,
    profile: ProfileName = None,
    answers: Answers = None,
    workers: Workers = 4,
) -> None:
    """Translate explanations and labels with a language model."""
    from emer_space.language_model.files import translate_file

    chat = _chat(profile, answers, workers)
    if chat is None:
        raise InputError("Translating needs a language model; name one, as in --profile endpoint.")
    done = translate_file(file, out, to, chat, workers)
    print(f"{done} lines written to {out}.", file=sys.stderr)


@commands.command("models")
def _models(action: Literal["fetch", "list"]) -> None:
    """Fetch or list the models of the bundled profile."""
    from emer_space.models import store

    if action == "fetch":
        for line in store.fetch():
            print(line, flush=True)
        print(f"Models are kept in {app_home() / 'models'}.")
        return
    for model in store.bundled_models().values():
        print(f"{model.role:<11} {model.name}; {model.licence}; {model.revision}")


def _chat(profile: str | None, answers: Path | None, workers: int) -> "KeptAnswers | None":
    """The language model of the profile, which never asks the same thing twice; None if the profile has none."""
    from emer_space.language_model.answer_cache import KeptAnswers
    from emer_space.models.roles import CHAT

    if not 1 <= workers <= 64:
        raise InputError("--workers must be a number from 1 to 64.")
    models = _profile(profile)
    if not models.has(CHAT):
        return None
    return KeptAnswers(models.get(CHAT), answers or app_home() / "answers.jsonl")


def _profile(name: str | None) -> "Profile":
    from emer_space.profiles import load_profile

    return load_profile(name or os.environ.get("EMER_PROFILE") or "bundled")


@contextlib.contextmanager
def _native_logs_hidden() -> Iterator[None]:
    """LiteRT writes logs to file descriptor 2 and cannot be told not to; Python's own stderr is kept."""
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


def _names(listed: str) -> tuple[Any, ...]:
    return tuple(name.strip() for name in listed.split(",") if name.strip())


if __name__ == "__main__":
    sys.exit(main())
