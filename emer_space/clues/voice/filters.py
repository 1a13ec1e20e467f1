"""Moving means and medians, and peaks, of a series (n,).

They are scipy's, to which a test compares them; importing those takes a sixth of the time that a short clip takes.
"""

import numpy as np
from numpy.typing import NDArray

Series = NDArray[np.float64]


def moving_mean(x: Series, size: int) -> Series:
    """The mean of the `size` (odd) values around each; the first and last value stand for those beyond the ends."""
    mean: Series = _around(x, size).mean(1)
    return mean


def moving_median(x: Series, size: int) -> Series:
    """The median of the `size` (odd) values around each, likewise."""
    median: Series = np.median(_around(x, size), 1)
    return median


def _around(x: Series, size: int) -> Series:
    return np.lib.stride_tricks.sliding_window_view(np.pad(x, size // 2, mode="edge"), size)


def find_peaks(x: Series, height: float, distance: int, prominence: float) -> NDArray[np.intp]:
    """Places of the local maxima of at least a height, of which the lower go where two are nearer than `distance`; a
    peak must rise by `prominence` above the higher of the lowest values between it and a higher place on either side.

    Of a flat top, its middle counts.
    """
    starts = np.flatnonzero(np.diff(x, prepend=np.nan) != 0)  # stretches of equal values
    ends = np.append(starts[1:], len(x)) - 1
    values = x[starts]
    tops = np.flatnonzero((values[1:-1] > values[:-2]) & (values[1:-1] > values[2:])) + 1
    tops = tops[values[tops] >= height]
    peaks = (starts[tops] + ends[tops]) // 2
    kept = np.ones(len(peaks), np.bool_)
    for highest in np.argsort(x[peaks])[::-1]:
        if kept[highest]:
            near = np.abs(peaks - peaks[highest]) < distance
            near[highest] = False
            kept &= ~near
    return np.array([peak for peak in peaks[kept] if _prominence(x, peak) >= prominence], np.intp)


def _prominence(x: Series, peak: int) -> float:
    higher = np.flatnonzero(x > x[peak])
    place = np.searchsorted(higher, peak)
    first = higher[place - 1] + 1 if place else 0
    last = higher[place] if place < len(higher) else len(x)
    return float(x[peak] - max(x[first : peak + 1].min(), x[peak:last].min()))
