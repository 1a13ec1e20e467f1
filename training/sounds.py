"""Augments recordings with other rooms, microphones and channels, to train the voice witness.

Mono waves at 16 kHz, −1…1. All random numbers come from one generator, so a seed repeats them.
"""

import subprocess
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve, resample_poly

from emer_space.errors import InputError

RATE = 16_000
Wave = NDArray[np.float32]
Dice = np.random.Generator

CODECS: tuple[tuple[str, str, str], ...] = (
    ("libopus", "ogg", "12k"),
    ("libopus", "ogg", "24k"),
    ("libmp3lame", "mp3", "24k"),
    ("libmp3lame", "mp3", "48k"),
    ("aac", "adts", "24k"),
    ("aac", "adts", "48k"),
)
"""Codec, container and bit rate, for mono speech."""


def load(path: str) -> Wave:
    """A recording, mono at 16 kHz. Raises `InputError` if ffmpeg cannot read it."""
    command = ["ffmpeg", "-v", "error", "-threads", "1", "-i", path]
    done = subprocess.run([*command, "-vn", "-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"], capture_output=True)
    if done.returncode:
        raise InputError(f"ffmpeg cannot read {path}: {done.stderr.decode(errors='replace').strip()[-200:]}")
    return np.frombuffer(done.stdout, np.float32)


def varied(wave: Wave, dice: Dice) -> Wave:
    """The same words and feeling with another voice, room, microphone and channel."""
    steps: tuple[tuple[float, Callable[[Wave, Dice], Wave]], ...] = (
        (0.5, respeeded),
        (0.35, reverberant),
        (0.6, tilted),
        (0.5, banded),
        (0.5, noisy),
        (0.2, squeezed),
        (0.15, clipped),
        (0.35, coded),
    )
    for share, step in steps:
        if dice.random() < share:
            wave = step(wave, dice)
    return level(wave, dice.uniform(-40, -15))


def level(wave: Wave, decibels: float) -> Wave:
    """The wave at a level (root mean square, dB of full scale); peaks beyond full scale are not cut here."""
    rms = float(np.sqrt(np.mean(np.square(wave, dtype=np.float64)) + 1e-12))
    return (wave * (10 ** (decibels / 20) / rms)).astype(np.float32)


def respeeded(wave: Wave, dice: Dice) -> Wave:
    """Played up to 8 % faster or slower, like the voice of a smaller or a larger person."""
    return resample_poly(wave, int(dice.integers(93, 108)), 100).astype(np.float32)


def reverberant(wave: Wave, dice: Dice) -> Wave:
    """In a room: exponentially decaying noise after the direct sound (Moorer 1979), 0.1 to 0.8 s to −60 dB."""
    fade_s = dice.uniform(0.1, 0.8)
    t = np.arange(int(fade_s * RATE)) / RATE
    tail = dice.standard_normal(len(t)) * 10 ** (-3 * t / fade_s)
    tail[: int(0.002 * RATE)] = 0
    tail *= 10 ** (-dice.uniform(0, 15) / 20) / np.sqrt(np.sum(tail**2) + 1e-12)
    tail[0] = 1.0
    return fftconvolve(wave, tail)[: len(wave)].astype(np.float32)


def tilted(wave: Wave, dice: Dice) -> Wave:
    """Through a microphone with an uneven response: a smooth curve over the octaves, standard deviation 5 dB."""
    octaves = np.linspace(0, 7, 8)
    gains = dice.normal(0, 5, len(octaves))
    return _filtered(wave, lambda f: np.interp(np.log2(np.maximum(f, 62.5) / 62.5), octaves, gains))


def banded(wave: Wave, dice: Dice) -> Wave:
    """Through a narrow channel: nothing below 50 to 300 Hz or above 3 to 8 kHz."""
    low, high = dice.uniform(50, 300), dice.uniform(3000, 8000)

    def gains(f: NDArray[np.float64]) -> NDArray[np.float64]:
        below = 24 * np.maximum(np.log2(low / np.maximum(f, 1.0)), 0)
        above = 48 * np.maximum(np.log2(np.maximum(f, 1.0) / high), 0)
        return -np.minimum(below + above, 60)

    return _filtered(wave, gains)


def noisy(wave: Wave, dice: Dice) -> Wave:
    """Over steady noise, white to brown, 5 to 35 dB below the speech."""
    slope = dice.uniform(0, 6)
    noise = _filtered(
        dice.standard_normal(len(wave)).astype(np.float32), lambda f: -slope * np.log2(np.maximum(f, 50) / 50)
    )
    return wave + level(noise, _decibels(wave) - dice.uniform(5, 35))


def squeezed(wave: Wave, dice: Dice) -> Wave:
    """With its loudness compressed over 50 ms, as broadcasters and telephones do."""
    power = fftconvolve(np.square(wave, dtype=np.float64), np.ones(800) / 800, mode="same")
    loudness = np.sqrt(np.maximum(power, 0) + 1e-8)
    return (wave * (loudness / loudness.max()) ** -dice.uniform(0.2, 0.6)).astype(np.float32)


def clipped(wave: Wave, dice: Dice) -> Wave:
    """Recorded too loudly: the highest 0.1 to 3 % of the samples are clipped."""
    most = float(np.quantile(np.abs(wave), 1 - dice.uniform(0.001, 0.03))) + 1e-9
    return np.clip(wave, -most, most)


def coded(wave: Wave, dice: Dice) -> Wave:
    """Encoded and decoded, as in a messenger or a video; a wave that the codec refuses is returned unchanged."""
    coder, container, rate = CODECS[int(dice.integers(len(CODECS)))]
    sound = np.clip(wave / max(float(np.abs(wave).max()), 1e-6) * 0.9, -1, 1).astype(np.float32)
    raw = ["-f", "f32le", "-ar", str(RATE), "-ac", "1"]
    quiet = ["ffmpeg", "-v", "error", "-threads", "1"]
    encode = [*quiet, *raw, "-i", "-", "-c:a", coder, "-b:a", rate, "-f", container, "-"]
    sent = subprocess.run(encode, input=sound.tobytes(), capture_output=True)
    if sent.returncode:
        return wave
    received = subprocess.run([*quiet, "-i", "-", *raw, "-"], input=sent.stdout, capture_output=True)
    heard = np.frombuffer(received.stdout, np.float32)
    return heard if len(heard) >= len(wave) // 2 else wave


def _filtered(wave: Wave, gains: Callable[[NDArray[Any]], NDArray[Any]]) -> Wave:
    """Through a zero-phase filter; `gains` maps frequencies in Hz to dB."""
    spectrum = np.fft.rfft(wave)
    curve = 10 ** (gains(np.fft.rfftfreq(len(wave), 1 / RATE)) / 20)
    return np.fft.irfft(spectrum * curve, len(wave)).astype(np.float32)


def _decibels(wave: Wave) -> float:
    return float(10 * np.log10(np.mean(np.square(wave, dtype=np.float64)) + 1e-12))
