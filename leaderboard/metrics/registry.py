"""The metrics by name: those that modules of this package define as `METRIC`, and those that other packages add."""

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from importlib import import_module, metadata

from leaderboard import metrics
from leaderboard.errors import MetricError
from leaderboard.metrics.metric import Metric

GROUP = "emer_space.metrics"
"""The group of entry points for other packages. Every entry point has its metric's name and loads to a `Metric`."""


class Registry(Mapping[str, Metric]):
    """Name → metric, in alphabetical order; collected on first use.

    Raises `MetricError`, which names the package, if a metric cannot be used.
    """

    @cached_property
    def _metrics(self) -> dict[str, Metric]:
        by_name: dict[str, Metric] = {}
        for metric in (*_own(), *_added()):
            if metric.name in by_name:
                first, second = (same.package or "this project" for same in (by_name[metric.name], metric))
                raise MetricError(
                    f"There are two metrics named {metric.name}, from {first} and {second}; uninstall one."
                )
            by_name[metric.name] = metric
        return dict(sorted(by_name.items()))

    def __getitem__(self, name: str) -> Metric:
        return self._metrics[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._metrics)

    def __len__(self) -> int:
        return len(self._metrics)

    def named(self, name: str) -> Metric:
        """The metric of this name. Raises `MetricError`, which lists the metrics, if there is none."""
        if name not in self:
            raise MetricError(f"There is no metric {name!r}; choose among {', '.join(self)}.")
        return self[name]

    def names_where(self, chosen: Callable[[Metric], bool], word: str = "and") -> str:
        """The names of the chosen metrics, for a message: "sentiment and preference"."""
        return f" {word} ".join(name for name, metric in self.items() if chosen(metric))


METRICS = Registry()


def _own() -> Iterator[Metric]:
    for module in pkgutil.iter_modules(metrics.__path__, f"{metrics.__name__}."):
        try:
            metric = getattr(import_module(module.name), "METRIC", None)
        except MetricError as problem:
            place = f"{module.name.replace('.', '/')}.py"
            raise MetricError(f"{str(problem).removesuffix('.')}; fix {place}.") from None
        if isinstance(metric, Metric):
            yield metric


def _added() -> Iterator[Metric]:
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda point: point.name):
        package = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
        try:
            metric = point.load()
        except (Exception, SystemExit) as problem:
            reason = " ".join(str(problem).removesuffix(".").split()) or type(problem).__name__
            raise MetricError(
                f"The metric {point.name} of the package {package} cannot be loaded ({reason}); fix or uninstall it."
            ) from problem
        if not isinstance(metric, Metric) or metric.name != point.name:
            what = f"the metric {metric.name}" if isinstance(metric, Metric) else type(metric).__name__
            raise MetricError(f"The package {package} provides {what} as the metric {point.name}; fix or uninstall it.")
        yield replace(metric, package=package)
