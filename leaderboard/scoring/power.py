"""How small a difference between two systems a track can show.

Both systems answer the same samples, so what counts is the standard error s of the difference of their scores; it comes
from the paired bootstrap (Efron & Tibshirani 1993), as scores like F are no means. A two-sided test at level α finds a
true difference d with probability 1 − β if d = (z(1 − α/2) + z(1 − β)) · s, z being quantiles of the normal
distribution (Chow, Shao & Wang 2008, Sample Size Calculations in Clinical Research, section 3.1; for comparisons of
systems: Card et al. 2020, With Little Power Comes Great Responsibility). With d so defined s includes the number of
samples: four times as many halve it.

What s is depends on the systems. A track's own figure takes systems that have nothing in common, answering as often as
the references do: it needs no entries. Systems that err on the same samples differ visibly from less.
"""

import threading
from collections.abc import Hashable
from dataclasses import replace
from itertools import combinations
from statistics import NormalDist, median

import numpy as np

from leaderboard.errors import ReferencesUnavailable, WheelsUnavailable
from leaderboard.metrics.metric import Metric
from leaderboard.metrics.registry import METRICS
from leaderboard.metrics.tally import Floats
from leaderboard.scoring.bootstrap import LEVEL, resampled
from leaderboard.scoring.chance import drawn
from leaderboard.scoring.comparison import Comparison
from leaderboard.scoring.resources import resources_of
from leaderboard.scoring.tallying import tallied
from leaderboard.tracks import Track
from leaderboard.tracks.references import read_references, reference_file
from leaderboard.tracks.rules import track_wheels

POWER = 0.8
"""The probability of finding a difference that there is."""
DRAWINGS = 4
_lock = threading.Lock()
_kept: dict[str, tuple[Hashable, float | None]] = {}


def smallest_difference(track: Track) -> float | None:
    """The smallest difference of the primary score that a track shows at `LEVEL` with `POWER`.

    The median over pairs of systems that answer by chance. None if the references or the vocabulary are missing, or if
    a metric reads something that the references do not have: a language model's judgement, a text, other columns. Over
    the public samples, which rank until the end. Of hidden references it is told only where their counts may be:
    whoever guesses answers could check the guess by it.
    """
    if track.answers == "hidden" and not track.tell_counts:
        return None
    if track.judges or not all(_can_be_drawn(METRICS[part.metric]) for part in track.parts.values()):
        return None
    try:
        mark = (track.version, reference_file(track).mark)
        with _lock:  # it takes seconds: whoever asks meanwhile waits for the answer
            if track.id not in _kept or _kept[track.id][0] != mark:
                _kept[track.id] = mark, _of_chance(track)
            return _kept[track.id][1]
    except (ReferencesUnavailable, WheelsUnavailable):
        return None


def smallest_shown(first: Floats, second: Floats) -> float:
    """The same for two systems, from their scores in the same resamples, shape (resamples,) each."""
    normal = NormalDist()
    quantiles = normal.inv_cdf((1 + LEVEL) / 2) + normal.inv_cdf(POWER)
    return float(quantiles * np.std(first - second, ddof=1))


def _can_be_drawn(metric: Metric) -> bool:
    asked = {column.name for column in metric.predictions if column.required}
    model = (metric.asked is not None and metric.asked.required) or "sentences" in metric.needs
    return not model and asked <= {column.name for column in metric.references}


def _of_chance(track: Track) -> float | None:
    references, wheels = read_references(track, reference_file(track)), track_wheels(track)
    parts = Comparison(track, references, references.table, references.sha256, wheels)
    scores = []
    for seed in range(DRAWINGS):
        of_parts = []
        for stream, (name, part) in enumerate(track.parts.items()):
            wanted, own = parts.sides(name, "public")
            own = replace(own, samples={sample: own.samples[sample] for sample in wanted.samples})
            metric = METRICS[part.metric]
            given = replace(own, samples=drawn(own.samples, seed))
            tally = tallied(metric, wanted, given, resources_of(metric, wheels, undecided=part.undecided))
            if tally.scored.sum() < 2:
                return None
            of_parts.append(resampled(tally, part.primary, stream))
        scores.append(np.mean(of_parts, axis=0))
    smallest = round(median(smallest_shown(first, second) for first, second in combinations(scores, 2)), 3)
    return smallest if smallest < 1 else None
