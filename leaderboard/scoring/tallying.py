"""The one place where a metric compares two tables, and where what an added metric gives is checked."""

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from emer_space.errors import EmerError, failure
from emer_space.files.tables import Table
from leaderboard.errors import MetricError
from leaderboard.metrics.metric import Metric, Resources
from leaderboard.metrics.tally import Floats, Scores, Tally, nested


def tallied(metric: Metric, references: Table, predictions: Table, resources: Resources) -> Tally:
    """The tally of a metric. One of this project is taken as it is, so that its faults surface.

    Raises what a metric may raise: `SubmissionError` for predictions and `ValueError` for references that it cannot
    use. Raises `MetricError` naming the package where an added metric fails in another way, gives no `Tally`, leaves
    samples out, or gives scores that are not finite.
    """
    if not metric.package:
        return metric.tally(references, predictions, resources)
    try:
        tally = metric.tally(references, predictions, resources)
    except (EmerError, ValueError):
        raise
    except (Exception, SystemExit) as problem:
        raise _failed(metric, problem) from problem
    if wrong := _wrong(metric, references, tally):
        raise _refused(metric, wrong)
    guarded = replace(tally, scores=lambda totals: _scores(metric, tally, totals))
    if tally.scored.any():
        guarded.point()
    return guarded


def _failed(metric: Metric, problem: BaseException) -> MetricError:
    return _refused(metric, f"failed ({failure(problem, getattr(metric.tally, '__module__', ''))})")


def _refused(metric: Metric, wrong: str) -> MetricError:
    return MetricError(f"The metric {metric.name} of the package {metric.package} {wrong}; fix or uninstall it.")


def _wrong(metric: Metric, references: Table, tally: Tally) -> str:
    """What is wrong with the tally of an added metric; empty where nothing is."""
    if not isinstance(tally, Tally):
        return f"gives {type(tally).__name__} and no Tally"
    quantities, scored = tally.quantities, tally.scored
    if not isinstance(quantities, np.ndarray) or quantities.ndim != 2 or quantities.dtype.kind not in "fiub":
        return "gives quantities that are no numbers of shape (samples, quantities)"
    if not isinstance(scored, np.ndarray) or scored.dtype != bool or scored.shape != quantities.shape[:1]:
        return f"gives a `scored` that is not one True or False for each of its {len(quantities)} rows"
    if not np.isfinite(quantities).all():
        return "gives quantities that are not finite"
    try:
        json.dumps(nested(tally.facts), allow_nan=False)
    except (TypeError, ValueError, AttributeError, RecursionError):
        return "gives facts that cannot be written as JSON"
    counts = tally.facts.get("samples")
    skipped = counts.get("skipped", 0) if isinstance(counts, Mapping) else 0
    needed = {column.name for column in metric.references}
    complete = sum(needed <= values.keys() for values in references.samples.values())
    # A metric may leave references out that it says it skipped, as of_two does
    if len(quantities) > len(references.samples) or len(quantities) + skipped < complete:
        return f"gives {len(quantities)} rows for {complete} samples, and must give one for each"
    return ""


def _scores(metric: Metric, tally: Tally, totals: Floats) -> Scores:
    """The scores of totals, of an added metric."""
    try:
        scores = {str(name): np.asarray(value, np.float64) for name, value in tally.scores(totals).items()}
    except (Exception, SystemExit) as problem:
        raise _failed(metric, problem) from problem
    for name, values in scores.items():
        if values.shape != totals.shape[:-1]:
            raise _refused(metric, f"gives {name} in the shape {values.shape} for totals of the shape {totals.shape}")
        if not np.isfinite(values).all():
            raise _refused(metric, f"gives a {name} that is not finite")
    return scores
