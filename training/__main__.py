"""`python -m training face|voice|fusion`: fit the witnesses' weights to the default corpora or to your own."""

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from emer_space.commands.run import CommandLine
from emer_space.errors import InputError
from emer_space.models.own import PACKAGED
from training.releases import Taken, as_corpus, card, is_release

SEEDS = {"face": 0, "voice": 7, "fusion": 0}
"""The seeds of the committed weights."""
NEEDS = {"face": "has_video", "voice": "has_audio", "fusion": "has_audio"}
"""What a clip of a released dataset must have for a witness."""
SHARED = Path(__file__).resolve().parents[2] / "shared"
CORPORA = {
    "face": ["labelled"],
    "voice": ["labelled/emodb"],
    "fusion": ["labelled", "labelled/nemo", "reference/emer"],
}
"""The corpora of the committed weights; the face also had face-api's weights as a teacher (docs/models.md)."""


commands = CommandLine(
    "python -m training", "Fit the witnesses' weights to the default corpora or to your own.", single=True
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns 0, or 2 after one sentence about what is missing or wrong."""
    return commands.run(arguments)


@commands.command("training")
def _run(
    witness: Annotated[Literal["face", "voice", "fusion"], typer.Argument(help="what to fit")],
    corpus: Annotated[
        list[Path] | None,
        typer.Option(
            help="a folder with labelled people: labels.csv (file, label, speaker) and recordings, ferplus.npz, or a "
            "dataset of `python -m leaderboard release`; may be given several times (default: what the committed "
            "weights were fitted to, in shared/ beside the checkout)"
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="folder for the weights (default: the app's own)", show_default=False)
    ] = PACKAGED,
    seed: Annotated[int | None, typer.Option(help="default: that of the committed weights")] = None,
    clips: Annotated[
        Path | None,
        typer.Option(help="the folder with a release's clips (default: EMER_HOME, where they were labelled)"),
    ] = None,
) -> None:
    """Fit a witness's weights to the default corpora or to your own."""
    out.mkdir(parents=True, exist_ok=True)
    os.environ["EMER_WEIGHTS"] = str(out)  # fusion measures the witnesses that were fitted there before
    seed = SEEDS[witness] if seed is None else seed
    given, releases = corpus or _committed(witness), dict[Path, Taken]()
    try:
        with tempfile.TemporaryDirectory(prefix="emer-corpora-") as folder:
            for number, place in enumerate(given):
                if is_release(place):
                    read = Path(folder) / str(number) / place.resolve().name
                    releases[read] = as_corpus(place, clips, read, _print, NEEDS[witness])
                    given = [*given[:number], read, *given[number + 1 :]]
            _fit(witness)(given, out, seed, _print)
    except FileNotFoundError as problem:
        raise InputError(f"{problem.filename} does not exist; name another folder with --corpus.") from None
    if releases:
        others = [place.name for place in given if place not in releases]
        written = out / f"{witness}.md"
        written.write_text(card(witness, seed, others, releases.values()), encoding="utf-8")
        _print(f"{written} says what the weights were fitted to.")
    print(f"Written to {out}. To use it: EMER_WEIGHTS={out} make run")


def _committed(witness: str) -> list[Path]:
    """The corpora of the committed weights; raises `InputError` if they are not beside the checkout."""
    folders = [SHARED / name for name in CORPORA[witness]]
    if not all(folder.is_dir() for folder in folders):
        raise InputError("There is no folder shared/ beside the checkout; name your corpora with --corpus.")
    return folders


def _fit(witness: str) -> Callable[[list[Path], Path, int, Callable[[str], None]], None]:
    """The function that fits a witness, imported only when needed, because torch takes seconds to load."""
    if witness == "face":
        from training import face

        return face.run
    if witness == "voice":
        from training import voice

        return lambda corpora, out, seed, progress: voice.run(corpora, out / "voice.npz", seed, progress)
    from training import fusion

    return fusion.run


def _print(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
