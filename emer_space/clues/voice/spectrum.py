"""Vocal effort and voice quality from the spectrum of voiced frames, frame by frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emer_space.cancellation import CancelToken
from emer_space.models.pitch import HOP
from emer_space.models.roles import SAMPLE_RATE, PitchTrack

WINDOW = 640
"""Samples (40 ms): two periods of the lowest voices that are measured."""
FFT = 2048
CHUNK = 256
LOWEST_QUALITY_HZ = 90.0
"""Below this pitch the window no longer separates the first harmonic from the second."""
TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Arrays of shape (frames,); NaN for a frame that was not requested or cannot be measured.

    `low` and `high`: power in 50–1000 Hz and 1–5 kHz (their ratio is the alpha ratio of eGeMAPS, Eyben et al.
    2016). `h1_h2_db`: first against second harmonic, uncorrected for formants (Hanson 1997). `hnr_db`:
    harmonics-to-noise ratio from the autocorrelation at the pitch period (Boersma 1993).
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    h1_h2_db: NDArray[np.float64]
    hnr_db: NDArray[np.float64]


def measure_spectrum(
    wave: NDArray[np.float32], track: PitchTrack, frames: NDArray[np.bool_], token: CancelToken
) -> Spectrum:
    """Measure those frames of a 16 kHz wave for which `frames`, shape (frames,), is true. Raises `Cancelled`."""
    low, high, h1_h2, hnr = (np.full(len(track.t), np.nan) for _ in range(4))
    padded = np.pad(wave, (WINDOW // 2, WINDOW + HOP))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    taper = np.hanning(WINDOW).astype(np.float32)
    own = _autocorrelation(taper[None, :])[0]
    grid = np.fft.rfftfreq(FFT, 1 / SAMPLE_RATE)
    below, above = (grid >= 50) & (grid < 1000), (grid >= 1000) & (grid <= 5000)
    for chunk in np.array_split(np.flatnonzero(frames), max(1, int(frames.sum()) // CHUNK)):
        token.check()
        tapered = windows[chunk] * taper
        power = np.abs(np.fft.rfft(tapered, FFT, axis=1)) ** 2
        low[chunk], high[chunk] = power[:, below].sum(axis=1), power[:, above].sum(axis=1)
        hz = track.hz[chunk]
        h1_h2[chunk] = _h1_h2_db(tapered, hz)
        hnr[chunk] = _hnr_db(np.fft.irfft(power, axis=1)[:, :WINDOW], own, hz)
    h1_h2[~(track.hz >= LOWEST_QUALITY_HZ)] = np.nan
    hnr[~(track.hz >= LOWEST_QUALITY_HZ)] = np.nan
    return Spectrum(low, high, h1_h2, hnr)


def alpha_db(voice: NDArray[np.int64], spectrum: Spectrum, background: tuple[float, float] = (0.0, 0.0)) -> float:
    """Alpha ratio in dB of the average spectrum over the frames with these indices, without the background's power.

    `background`: power of both bands, from `background_power`. NaN if it makes up more than half of either band, or
    without frames: then the recording says nothing about effort.
    """
    if not len(voice):
        return float("nan")
    low, high = float(spectrum.low[voice].mean()), float(spectrum.high[voice].mean())
    if background[0] > low / 2 or background[1] > high / 2:
        return float("nan")
    return float(10 * np.log10((high - background[1] + TINY) / (low - background[0] + TINY)))


def background_power(noise: NDArray[np.bool_], spectrum: Spectrum) -> tuple[float, float]:
    """Mean power of the low and the high band over the frames marked by `noise`, shape (frames,); 0 without any."""
    return (float(spectrum.low[noise].mean()), float(spectrum.high[noise].mean())) if noise.any() else (0.0, 0.0)


def _h1_h2_db(tapered: NDArray[np.float32], hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Level of the first against the second harmonic, from each frame's projections on the two sinusoids."""
    turns = np.nan_to_num(np.outer(hz / SAMPLE_RATE, np.arange(WINDOW))) % 1.0
    first = np.exp((-2j * np.pi * turns).astype(np.complex64))
    h1, h2 = (np.abs(np.einsum("ij,ij->i", tapered, wheel)) ** 2 for wheel in (first, first * first))
    return 10 * np.log10((h1 + TINY) / (h2 + TINY))


def _autocorrelation(frames: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.fft.irfft(np.abs(np.fft.rfft(frames, FFT, axis=1)) ** 2, axis=1)[:, :WINDOW]


def _hnr_db(correlation: NDArray[np.float64], own: NDArray[np.float64], hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation at the pitch period (best of ±2 samples), corrected for the window's own, as a ratio in dB."""
    period = np.nan_to_num(SAMPLE_RATE / hz, nan=WINDOW / 2)
    lags = np.clip(np.rint(period).astype(int)[:, None] + np.arange(-2, 3), 1, WINDOW // 2)
    normal = correlation / (correlation[:, :1] + TINY)
    best = (np.take_along_axis(normal, lags, axis=1) / (own[lags] / own[0])).max(axis=1)
    best = np.clip(best, 0.01, 0.9999)
    return 10 * np.log10(best / (1 - best))
