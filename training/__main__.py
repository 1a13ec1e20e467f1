"""`python -m training face|voice|fusion`: fit the witnesses' weights, from the named data or from your own."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from emer_space.commands.run import CommandLine
from emer_space.errors import InputError
from emer_space.models.own import PACKAGED

SEEDS = {"face": 0, "voice": 7, "fusion": 0}
"""Those of the committed weights."""
SHARED = Path(__file__).resolve().parents[2] / "shared"
CORPORA = {
    "face": ["labelled"],
    "voice": ["labelled/emodb"],
    "fusion": ["labelled", "labelled/nemo", "reference/emer"],
}
"""What they were fitted to; the face also had face-api's weights as a teacher (docs/models.md)."""


commands = CommandLine(
    "python -m training", "Fit the witnesses' weights, from the named data or from your own.", single=True
)


def main(arguments: Sequence[str] | None = None) -> int:
    """0, or 2 and one sentence where something is missing or wrong."""
    return commands.run(arguments)


@commands.command("training")
def _run(
    witness: Annotated[Literal["face", "voice", "fusion"], typer.Argument(help="what to fit")],
    corpus: Annotated[
        list[Path] | None,
        typer.Option(
            help="a folder with labelled people: labels.csv (file, label, speaker) and recordings, or ferplus.npz; may "
            "be given several times (default: what the committed weights were fitted to, in shared/ beside the "
            "checkout)"
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="folder for the weights (default: the app's own)", show_default=False)
    ] = PACKAGED,
    seed: Annotated[int | None, typer.Option(help="default: that of the committed weights")] = None,
) -> None:
    """Fit a witness's weights, from the named data or from your own."""
    out.mkdir(parents=True, exist_ok=True)
    os.environ["EMER_WEIGHTS"] = str(out)  # what was fitted there before is what fusion measures
    seed = SEEDS[witness] if seed is None else seed
    try:
        _fit(witness)(corpus or _committed(witness), out, seed, _tell)
    except FileNotFoundError as problem:
        raise InputError(f"{problem.filename} is not there; name another folder with --corpus.") from None
    print(f"Written to {out}. To use it: EMER_WEIGHTS={out} make run")


def _committed(witness: str) -> list[Path]:
    """The corpora of the committed weights; raises `InputError` where they are not beside the checkout."""
    found = [SHARED / name for name in CORPORA[witness]]
    if not all(folder.is_dir() for folder in found):
        raise InputError("There is no folder shared/ beside the checkout; name your corpora with --corpus.")
    return found


def _fit(witness: str) -> Callable[[list[Path], Path, int, Callable[[str], None]], None]:
    """The fit of a witness, imported when it is wanted: torch takes seconds."""
    if witness == "face":
        from training import face

        return face.run
    if witness == "voice":
        from training import voice

        return lambda corpora, out, seed, tell: voice.run(corpora, out / "voice.npz", seed, tell)
    from training import fusion

    return fusion.run


def _tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
