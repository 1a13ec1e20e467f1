"""Channels over time → spans in which the conditions of a rule hold, with onset, peak and offset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from emer_space.clues.rules import Condition, Rule
from emer_space.errors import RuleError

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

SLACK = 0.3
"""Once begun, a span continues while its channels miss the threshold by no more than this share."""

BRIDGE_S = 0.35


@dataclass(frozen=True, slots=True)
class Span:
    """Indices of the first and last sample (both included) and of the peak."""

    first: int
    last: int
    peak: int


def spans(rule: Rule, channels: Mapping[str, Floats], t: Floats, step: float, breaks: Sequence[int] = ()) -> list[Span]:
    """Spans of at least `rule.min_s` seconds in which the rule holds, by hysteresis.

    `channels` maps names to (n,) values, NaN where unknown; `t` is (n,) seconds, `step` the usual time between two
    samples. No span crosses an index in `breaks` (the first sample after a gap or cut). The peak is that of the rule's
    first channel. Raises `RuleError` for a channel that is not measured.
    """
    for condition in rule.when:
        if condition.channel not in channels:
            raise RuleError(f"rule {rule.cue!r} names the channel {condition.channel!r}, which is not measured")
    strict = _mask(rule.when, channels, len(t), 0.0)
    loose = _mask(rule.when, channels, len(t), SLACK)
    matches = []
    for first, last in _bridged(runs(loose, breaks), t, breaks):
        if strict[first : last + 1].any() and t[last] - t[first] + step >= rule.min_s - 1e-9:
            matches.append(Span(first, last, _peak(rule, channels, first, last)))
    return matches


def runs(mask: Mask, breaks: Sequence[int] = ()) -> list[tuple[int, int]]:
    """First and last index of each run of True, split at `breaks`."""
    stretches: list[tuple[int, int]] = []
    for index in np.flatnonzero(mask):
        if stretches and stretches[-1][1] == index - 1 and index not in breaks:
            stretches[-1] = (stretches[-1][0], int(index))
        else:
            stretches.append((int(index), int(index)))
    return stretches


def _bridged(stretches: Sequence[tuple[int, int]], t: Floats, breaks: Sequence[int]) -> list[tuple[int, int]]:
    """Stretches, joined where the pause between them is short (a blink, for example)."""
    joined: list[tuple[int, int]] = []
    for first, last in stretches:
        near = bool(joined) and t[first] - t[joined[-1][1]] <= BRIDGE_S
        if near and not any(joined[-1][1] < gap <= first for gap in breaks):
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def smoothed(values: Floats, t: Floats, sigma: float, breaks: Sequence[int] = ()) -> Floats:
    """Gaussian mean over time (`sigma` in seconds), not across `breaks`; NaN values are ignored and stay NaN.

    `values` are (n,), or (rows, n) with NaN in the same columns of all rows.
    """
    result = np.full(values.shape, np.nan)
    edges = [0, *breaks, len(t)]
    for first, after in pairwise(edges):
        part, at = values[..., first:after], t[first:after]
        valid = ~np.isnan(part.reshape(-1, after - first)[0])
        if not valid.any():
            continue
        weights = np.exp(-0.5 * ((at[:, None] - at[None, valid]) / sigma) ** 2)
        mean = part[..., valid] @ weights.T / weights.sum(axis=1)
        result[..., first:after] = np.where(valid, mean, np.nan)
    return result


def held(values: Floats, t: Floats, window: float, share: float = 0.25) -> Floats:
    """The value held over a `window` of seconds: a low quantile, which ignores the movements of a speaking mouth."""
    near = np.sort(_windows(values, t, window), axis=1)  # NaN comes last
    last = (~np.isnan(near)).sum(axis=1) - 1
    place = np.maximum(last, 0) * share
    below = np.floor(place).astype(int)
    rows = np.arange(len(near))
    low, high = near[rows, below], near[rows, np.minimum(below + 1, np.maximum(last, 0))]
    return low + (high - low) * (place - below)


def swing(values: Floats, t: Floats, window: float) -> Floats:
    """Standard deviation in a `window` of seconds around each sample."""
    near = _windows(values, t, window)
    known = ~np.isnan(near)
    count = known.sum(axis=1)
    mean = np.sum(near, axis=1, where=known) / np.maximum(count, 1)
    variance = np.sum((near - mean[:, None]) ** 2, axis=1, where=known) / np.maximum(count, 1)
    return np.where(count > 0, np.sqrt(variance), np.nan)


def _windows(values: Floats, t: Floats, window: float) -> Floats:
    """The values within half a `window` of each sample, (n, most in a window), filled up with NaN; `t` rises."""
    near = np.abs(t[:, None] - t) <= window / 2
    columns = near.argmax(axis=1)[:, None] + np.arange(near.sum(axis=1).max(initial=1))
    columns = np.minimum(columns, max(len(t) - 1, 0))
    inside = np.take_along_axis(near, columns, axis=1)
    inside[:, 1:] &= np.diff(columns, axis=1) > 0
    return np.where(inside, values[columns], np.nan)


def _mask(conditions: Sequence[Condition], channels: Mapping[str, Floats], count: int, slack: float) -> Mask:
    mask = np.ones(count, dtype=bool)
    for condition in conditions:
        values = channels[condition.channel]
        with np.errstate(invalid="ignore"):
            if condition.above is not None:
                mask &= values >= condition.above - slack * abs(condition.above)
            if condition.below is not None:
                mask &= values <= condition.below + slack * abs(condition.below)
        mask &= ~np.isnan(values)
    return mask


def _peak(rule: Rule, channels: Mapping[str, Floats], first: int, last: int) -> int:
    if not rule.when:
        return first
    values = channels[rule.when[0].channel][first : last + 1]
    rises = rule.when[0].above is not None
    return first + int(np.nanargmax(values) if rises else np.nanargmin(values))
