"""Make the example clips again: rendered faces that speak in synthetic voices.

    python -m examples.make_examples --material FOLDER [NAME ...]   renders the clips of `scenes.toml` (hours of CPU)
    python -m examples.make_examples --analyse [NAME ...]           analyses the clips and stores what the app says

`README.md` beside this file says which packages FOLDER has to hold, and what else is needed to render. Analysing needs
nothing but the app itself.
"""

import argparse
import subprocess
import tempfile
import tomllib
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
LEAD_S, TAIL_S = 0.35, 0.5
"""Silence before and after what is said."""


def make(clip: Mapping[str, Any], scenes: Mapping[str, Any], material_folder: Path, folder: Path) -> None:
    """Render one clip into this folder: speech, frames, film and poster."""
    from examples.acting import played  # these need packages that the app itself does not
    from examples.heads import Head
    from examples.material import Material
    from examples.studio import Studio
    from examples.voices import RATE, Voices, mouth

    material, fps = Material(material_folder), scenes["fps"]
    spoken = np.zeros(0, np.float32)
    if clip.get("says"):
        voices = Voices(material)
        spoken = voices.say(clip["says"], clip["voice"], clip["speed"], clip.get("language", "en"))
        spoken = spoken * clip.get("loudness", 0.7)
    seconds = clip.get("seconds") or LEAD_S + len(spoken) / RATE + TAIL_S
    frames = round(seconds * fps)
    speech = mouth(spoken, fps, frames, LEAD_S) if len(spoken) else np.zeros((frames, 3))
    heads, plays = [], []
    for number, role in enumerate(clip["cast"]):
        heads.append(Head(material, scenes["people"][role["person"]]))
        plays.append(played(role, scenes["expressions"], speech, fps, 100 * clip["seed"] + number))
    studio = Studio(material, tuple(scenes["size"]), scenes["samples"], clip["wall"])
    eyes = np.mean([head.eyes for head in heads], axis=0)
    studio.aim((0.0, eyes[1] - 0.2, 1.0), 10.2 if len(heads) == 1 else 13.2)
    for frame in range(frames):
        picture = folder / f"{frame:04}.png"
        for role, head, play in zip(clip["cast"], heads, plays, strict=True):
            looks = scenes["people"][role["person"]].get("looks", {})
            studio.place(role["person"], head.posed(*play[frame]), looks, tuple(role.get("at", (0, 0, 0, 0))))
        if not picture.exists():
            studio.shoot(picture)
    sound = folder / "speech.wav"
    with wave.open(str(sound), "wb") as written:
        written.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
        written.writeframes((np.clip(spoken, -1, 1) * 32767).astype("<i2").tobytes())
    encode(folder, HERE / f"{clip['name']}.mp4", fps, frames, bool(len(spoken)))
    show(folder / f"{clip['poster']:04}.png", HERE / f"{clip['name']}.webp")


def encode(folder: Path, output: Path, fps: int, frames: int, sound: bool) -> None:
    """The film from the pictures and the speech."""
    exact = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart"]
    inputs = ["-framerate", str(fps), "-i", str(folder / "%04d.png")]
    if sound:
        inputs += ["-i", str(folder / "speech.wav"), "-filter:a", f"adelay={int(1000 * LEAD_S)}:all=1,apad"]
        inputs += ["-c:a", "aac", "-b:a", "56k", "-ar", "24000", "-ac", "1", "-flags:a", "+bitexact"]
    picture = ["-c:v", "libx264", "-preset", "veryslow", "-crf", "24", "-pix_fmt", "yuv420p"]
    picture += ["-t", f"{frames / fps:.3f}"]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *inputs, *picture, *exact, str(output)], check=True)


def show(picture: Path, poster: Path) -> None:
    """The picture of a clip that the page shows."""
    small = ["-i", str(picture), "-c:v", "libwebp", "-q:v", "75", str(poster)]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *small], check=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Make the example clips, or analyse them.")
    parser.add_argument("names", nargs="*", help="clips to make; without names, all")
    parser.add_argument("--material", type=Path, help="the folder with the packages that examples/README.md names")
    parser.add_argument("--frames", type=Path, help="keep the pictures of each clip here, and go on from them")
    parser.add_argument("--analyse", action="store_true", help="analyse the clips, and do not render them")
    asked = parser.parse_args()
    if not asked.analyse and not asked.material:
        parser.error("to render, name the folder of packages with --material; examples/README.md says what is in it")
    scenes = tomllib.loads((HERE / "scenes.toml").read_text(encoding="utf-8"))
    known = [clip["name"] for clip in scenes["clip"]]
    if unknown := [name for name in asked.names if name not in known]:
        parser.error(f"scenes.toml has no clip named {unknown[0]}; it has {', '.join(known)}")
    for clip in scenes["clip"]:
        if asked.names and clip["name"] not in asked.names:
            continue
        file = HERE / f"{clip['name']}.mp4"
        if asked.analyse:
            from examples.analysing import analyse  # needs the app, which rendering does not

            print(f"{clip['name']}: {analyse(file)}", flush=True)
            continue
        with tempfile.TemporaryDirectory() as temporary:
            folder = asked.frames / clip["name"] if asked.frames else Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            make(clip, scenes, asked.material, folder)
        print(clip["name"], file.stat().st_size, "bytes", flush=True)


if __name__ == "__main__":
    main()
