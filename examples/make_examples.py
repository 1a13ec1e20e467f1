"""Make the example clips: a public-domain portrait as a still picture, with synthetic speech.

    pip install scikit-image && apt-get install ffmpeg espeak-ng && python examples/make_examples.py

The portrait is `skimage.data.astronaut()`, a NASA photograph in the public domain; the voice is espeak-ng's.
What is said stands in `examples.toml`.
"""

import subprocess
import tempfile
import tomllib
import wave
from pathlib import Path

import skimage.data
import skimage.io

HERE = Path(__file__).parent
PORTRAIT = slice(0, 288)
"""Rows of the 512-pixel picture: head and shoulders, 16:9, above the name on the suit."""


def make(example: dict[str, str], folder: Path) -> None:
    """Write one clip beside this file, as long as its speech plus half a second."""
    picture, speech = folder / "portrait.png", folder / "speech.wav"
    skimage.io.imsave(picture, skimage.data.astronaut()[PORTRAIT], check_contrast=False)
    voice = ["espeak-ng", "-v", example["voice"], "-s", str(example["speed"]), "-p", str(example["pitch"])]
    subprocess.run([*voice, "-w", str(speech), example["says"]], check=True)
    with wave.open(str(speech)) as spoken:
        seconds = spoken.getnframes() / spoken.getframerate() + 0.5
    inputs = ["-loop", "1", "-framerate", "25", "-i", str(picture), "-i", str(speech)]
    picture_options = ["-vf", "scale=640:-2,format=yuv420p", "-c:v", "libx264", "-tune", "stillimage", "-crf", "27"]
    sound_options = ["-af", "adelay=250,apad", "-c:a", "aac", "-b:a", "48k", "-ar", "24000", "-ac", "1"]
    exact = ["-map_metadata", "-1", "-fflags", "+bitexact", "-movflags", "+faststart", "-t", f"{seconds:.2f}"]
    output = HERE / example["file"]
    command = ["ffmpeg", "-v", "error", "-y", *inputs, *picture_options, *sound_options, *exact, str(output)]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    for row in tomllib.loads((HERE / "examples.toml").read_text(encoding="utf-8"))["example"]:
        with tempfile.TemporaryDirectory() as temporary:
            make(row, Path(temporary))
        print(row["file"], (HERE / row["file"]).stat().st_size, "bytes")
