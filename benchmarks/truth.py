"""Accuracy of the readings on open data: `python -m benchmarks.truth`.

First each witness and the verdict on labelled people, then the reading of texts, then some clips. `--write` puts the
figures of the witnesses into the model cards (docs/models.md). Needs the folder `shared/` with labelled people,
reference data and test clips beside the checkout.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import clue_settings, label_reading, witnesses
from emer_space.analysis import Analysis
from emer_space.cancellation import CancelToken
from emer_space.pipeline import Finished, Request, analyze
from emer_space.profiles import Profile, load_profile
from emer_space.settings import Settings

SHARED = Path(__file__).resolve().parents[2] / "shared"
CLIPS = SHARED / "clips"
CARDS = Path(__file__).resolve().parents[1] / "docs" / "models.md"
AROUSED, CALM = ("angry", "fearful", "happy"), "sad"

EXPECTED: dict[str, tuple[str, Callable[[Analysis], bool]]] = {
    "faces/smile_happy_words.mp4": (
        "consistent, first label positive",
        lambda a: a.explanation.agreement == "consistent" and a.labels[0].wheel[0] == "happy",
    ),
    "faces/distress_positive_words.mp4": (
        "conflicting, first label not positive",
        lambda a: a.explanation.agreement == "conflicting" and a.labels[0].wheel[0] != "happy",
    ),
    "faces/distress_to_smile.mp4": (
        "the explanation names the change",
        lambda a: "at first" in a.explanation.text.lower(),
    ),
    "edge/two_faces.mp4": ("two people distinguished", lambda a: len(a.people) == 2),
}


def explain(clip: Path, profile: Profile) -> Analysis:
    """The analysis of a clip."""
    with tempfile.TemporaryDirectory() as folder:
        for event in analyze(clip, Request(), profile, Settings(), CancelToken(), Path(folder)):
            if isinstance(event, Finished):
                return event.analysis
    raise AssertionError("an analysis ends with its result or an error")


def arousal(analysis: Analysis) -> float:
    """Mean arousal of the acoustic clues, weighted by confidence."""
    rated = [(c.confidence, c.arousal) for c in analysis.clues if c.modality == "acoustic" and c.arousal is not None]
    return sum(weight * value for weight, value in rated) / sum(weight for weight, _ in rated)


def over_black(sound: Path, folder: Path) -> Path:
    """A clip of the sound with a black picture."""
    clip = folder / f"{sound.stem}.mp4"
    picture = ["-f", "lavfi", "-i", "color=black:s=320x240:r=25", "-i", str(sound), "-shortest"]
    coding = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *picture, *coding, str(clip)], check=True)
    return clip


def report_clips() -> None:
    """Print whether the test clips are read as expected, and the arousal of voices."""
    profile = load_profile()
    grounded = sentences = 0
    for name, (wanted, holds) in EXPECTED.items():
        analysis = explain(CLIPS / name, profile)
        ids = {clue.id for clue in analysis.clues}
        sentences += len(analysis.explanation.sentences)
        grounded += sum(bool(s.clues) and set(s.clues) <= ids for s in analysis.explanation.sentences)
        labels = ", ".join(f"{label.label} {label.confidence:.2f}" for label in analysis.labels)
        print(f"{name}: {'holds' if holds(analysis) else 'FAILS'}: {wanted} ({labels})")
        print(f"    {analysis.explanation.text}")
    print(f"sentences that rest on clues: {grounded} of {sentences}")
    with tempfile.TemporaryDirectory() as folder:
        arousals = {
            name: arousal(explain(over_black(CLIPS / "speech" / f"{name}.wav", Path(folder)), profile))
            for name in (*AROUSED, CALM)
        }
    louder = all(arousals[name] > arousals[CALM] for name in AROUSED)
    print(
        f"arousal of voices: {'holds' if louder else 'FAILS'}:", ", ".join(f"{n} {v:.2f}" for n, v in arousals.items())
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.truth", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the figures of the witnesses into docs/models.md")
    chosen = parser.parse_args()
    if not CLIPS.is_dir():
        sys.exit("The folder shared/ with the test clips is not beside this checkout.")
    figures = witnesses.report(SHARED / "labelled", SHARED / "reference")
    if chosen.write:
        witnesses.write_cards(figures, CARDS)
    print()
    for report in (label_reading.report, clue_settings.report, report_clips):
        report()
        print()


if __name__ == "__main__":
    main()
