"""What an explanation spends on words, side by side in one run: `python -m benchmarks.words [RECORDING…]`.

CPU seconds (user and system) of the process, since other people's work changes the time by the clock:

- each recording (by default the shared clips and a synthetic minute of German) recognised with its windows encoded anew
  for language, words and translation, and encoded once; both answers must be equal;
- sentences embedded by sentence-transformers and by the app's own graph, with the largest difference;
- the command line on one clip, cold, and `import app` against `import gradio`, here and in another checkout
  (`--before DIR`).
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from emer_space.cancellation import CancelToken
from emer_space.models import store
from emer_space.models.roles import SAMPLE_RATE
from emer_space.models.sentences import SentenceEmbeddings
from emer_space.models.speech import SpeechRecogniser
from emer_space.text.situations import examples

PROJECT = Path(__file__).resolve().parent.parent
SHARED = PROJECT.parent / "shared" / "clips"
KINDS = {".mp4", ".mov", ".wav", ".flac", ".webm"}
CLIP = PROJECT / "examples" / "bitter_words.mp4"
RUNS = 5
GERMAN = (
    "Ich kann es noch gar nicht glauben, dass sie zugesagt haben. Wir haben so lange dafür gearbeitet. "
    "Ich bin so glücklich, dass ich singen könnte, und ich danke euch allen. "
)
ODD = ["Déjà vu… 😀 – I «can't» believe it's №5!", "ÅNGSTRÖM 真的吗 \u200b naïve", "so " * 400, "[MASK] [SEP] x", "?"]
T = TypeVar("T")


def spent(work: Callable[[], T], who: int = resource.RUSAGE_SELF) -> tuple[float, T]:
    """CPU seconds that some work took, of this process or of its children, and its result."""
    before = resource.getrusage(who)
    result = work()
    after = resource.getrusage(who)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, result


def recordings(named: list[Path]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Names and waves (n samples at 16 kHz) of all recordings that have sound."""
    for place in named or [SHARED / "speech", SHARED / "faces"]:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.suffix in KINDS and len(wave := _wave(path)):
                yield path.name, wave
    if not named:
        with tempfile.TemporaryDirectory() as folder:
            spoken = Path(folder) / "minute.wav"
            subprocess.run(["espeak-ng", "-v", "de", "-s", "150", "-w", str(spoken), GERMAN * 5], check=True)
            yield "a minute of German", _wave(spoken)


def _wave(path: Path) -> NDArray[np.float32]:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vn", "-ac", "1", "-ar", str(SAMPLE_RATE), "-f", "f32le", "-"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=False).stdout, np.float32)


def recognition(named: list[Path]) -> None:
    """Recognise each recording both ways; exits if an answer differs."""
    recogniser = SpeechRecogniser()
    model = recogniser._model
    encode = model.encode

    def anew(features: NDArray[np.float32]) -> Any:
        model.forget()
        return encode(features)

    totals = {"anew": 0.0, "once": 0.0}
    for name, wave in recordings(named):
        answers = {}
        for way, chosen in (("anew", anew), ("once", encode)):
            model.encode = chosen  # type: ignore[method-assign]
            seconds, answers[way] = spent(partial(recogniser.recognise, wave, CancelToken()))
            totals[way] += seconds
            print(f"{name}, {len(wave) / SAMPLE_RATE:.1f} s, encoded {way}: {seconds:.2f} CPU s")
        if answers["anew"] != answers["once"]:
            raise SystemExit(f"{name}: the answers differ: {answers}")
    print(f"all, encoded anew: {totals['anew']:.1f} CPU s, encoded once: {totals['once']:.1f} CPU s; all answers equal")


def embedding() -> None:
    """Load and run both ways; the difference is the largest of any number of a vector."""
    some = [*examples(), *ODD]
    loading, own = spent(SentenceEmbeddings)
    each, found = spent(lambda: own.embed(some))
    print(f"sentences by the graph: loading {loading:.2f} CPU s, {len(some)} sentences {each:.2f} CPU s")
    from sentence_transformers import SentenceTransformer

    folder = str(store.locate("sentences").parent)
    loading, library = spent(lambda: SentenceTransformer(folder, device="cpu", local_files_only=True))
    each, wanted = spent(lambda: library.encode(some, normalize_embeddings=True, show_progress_bar=False))
    print(f"by sentence-transformers, imported: loading {loading:.2f} CPU s, the same {each:.2f} CPU s")
    print(f"largest difference {np.abs(found - wanted).max():.1e}")


def cold(checkouts: list[Path]) -> None:
    """Median CPU seconds of processes of their own, in each checkout by turns."""
    commands = {
        "a cold command": ["-m", "emer_space", "analyze", str(CLIP), "--json", "-"],
        "import gradio": ["-c", "import gradio"],
        "import app": ["-c", "import app"],
    }
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for name, command in commands.items():
        seconds: dict[Path, list[float]] = {checkout: [] for checkout in checkouts}
        for _ in range(RUNS + 1):
            for checkout, all_runs in seconds.items():
                whole = [sys.executable, *command]
                run = partial(subprocess.run, whole, cwd=checkout, env=environment, capture_output=True, check=True)
                all_runs.append(spent(run, resource.RUSAGE_CHILDREN)[0])
        for checkout, all_runs in seconds.items():
            kept = all_runs[1:]  # the first compiles
            print(
                f"{name}, {'here' if checkout == PROJECT else 'before'}: {statistics.median(kept):.2f} CPU s "
                f"({min(kept):.2f} to {max(kept):.2f})"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="*", type=Path)
    parser.add_argument("--before", type=Path, help="another checkout of this project")
    options = parser.parse_args()
    cold([PROJECT, *([options.before.resolve()] if options.before else [])])
    recognition(options.recordings)
    embedding()


if __name__ == "__main__":
    main()
