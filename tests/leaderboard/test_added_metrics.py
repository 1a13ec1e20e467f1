"""A metric that somebody adds, in one file: it scores by command and on a track; a broken one ends in a sentence."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running import refused, run

from leaderboard import metrics
from leaderboard.errors import MetricError
from leaderboard.metrics.registry import METRICS, Registry
from leaderboard.tracks import track

EXACT = '''
import numpy as np

from leaderboard.metrics.columns import LABELS
from leaderboard.metrics.metric import Metric
from leaderboard.metrics.tally import Tally, coverage, ratio


def exact(references, predictions, resources):
    """The share of samples whose labels are those of the reference, all and no others."""
    wanted, given = references.column("openset"), predictions.column("openset")
    quantities = np.array([[1.0, set(labels) == set(given.get(name, ()))] for name, labels in wanted.items()])
    facts = {"samples": coverage(wanted, given)}
    everyone = np.ones(len(quantities), bool)
    return Tally(quantities, lambda totals: {"exact": ratio(totals[..., 1], totals[..., 0])}, everyone, facts)


METRIC = Metric(
    name="exact",
    version="1",
    about="whether all labels are right",
    primary="exact",
    scores="exact",
    references=(LABELS,),
    predictions=(LABELS,),
    tally=exact,
)
'''
TRACK = """
title = "Exact"
task = "Name all of it."
version = 1
answers = "public"
vocabulary = "none"
metric = "exact"
references = "exact.csv"
manifest = "exact.csv"

[columns.openset]
kind = "labels"
"""
ROWS = 'name,openset\na,[happy]\nb,"[sad, calm]"\nc,[angry]\nd,[tired]\n'
GIVEN = 'name,openset\na,[happy]\nb,"[calm, sad]"\nc,[angry]\nd,[bored]\n'

Package = Callable[[str, str], None]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """Installs the package `toy` in this test: entry points, and the content of its one module."""

    def forget() -> None:
        METRICS.__dict__.pop("_metrics", None)
        track._shape.cache_clear()
        sys.modules.pop("toy", None)

    def install(points: str, content: str) -> None:
        about = tmp_path / "toy-0.3.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 0.3\n")
        (about / "entry_points.txt").write_text(f"[emer_space.metrics]\n{points}\n")
        (tmp_path / "toy.py").write_text(content, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        forget()

    yield install
    forget()


def files(folder: Path) -> list[object]:
    (folder / "R.csv").write_text(ROWS)
    (folder / "P.csv").write_text(GIVEN)
    return ["--references", folder / "R.csv", "--predictions", folder / "P.csv"]


def with_track(home: Path) -> None:
    (home / "tracks").mkdir()
    (home / "tracks" / "exact.toml").write_text(TRACK)
    (home / "tracks" / "exact.csv").write_text(ROWS)


def test_a_metric_of_another_package_scores_by_command_and_on_a_track_of_ones_own(
    package: Package, own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package("exact = toy:METRIC", EXACT)
    assert run(capsys, "metric", "exact", *files(tmp_path))["exact"] == 0.75
    with_track(own_home)
    report = run(capsys, "score", "--track", "exact", "--predictions", tmp_path / "P.csv")
    assert (report["primary"]["name"], report["primary"]["value"]) == ("exact", 0.75)
    assert report["primary"]["interval"]["low"] < 0.75 < report["primary"]["interval"]["high"]
    assert report["provenance"]["metrics"] == {"exact": "1 (toy 0.3)"}


def test_a_module_among_the_metrics_is_all_that_a_metric_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "whole_sets.py").write_text(EXACT, encoding="utf-8")
    monkeypatch.setattr(metrics, "__path__", [*metrics.__path__, str(tmp_path)])
    try:
        assert set(Registry()) == {*METRICS, "exact"}
    finally:
        sys.modules.pop("leaderboard.metrics.whole_sets", None)


@pytest.mark.parametrize(
    ("points", "content", "reason"),
    [
        ("exact = toy:METRIC", "import nothing_of_that_name", "toy 0.3 cannot be loaded .No module named 'nothing_of"),
        ("exact = toy:METRIC", "METRIC = 1 / 0", "toy 0.3 cannot be loaded .division by zero"),
        ("exact = toy:OTHER", EXACT, "toy 0.3 cannot be loaded .module 'toy' has no attribute 'OTHER'"),
        ("exact = toy:METRIC", "METRIC = 'exact'", "The package toy 0.3 provides str as the metric exact"),
        ("other = toy:METRIC", EXACT, "The package toy 0.3 provides the metric exact as the metric other"),
        ("exact = toy:METRIC", "import sys\nsys.exit(3)", "toy 0.3 cannot be loaded .3.; "),
        (
            "hit = toy:METRIC",
            EXACT.replace('"exact",\n    v', '"hit",\n    v'),
            "two metrics named hit, from this project and toy",
        ),
    ],
)
def test_a_metric_that_cannot_be_used_is_named_with_its_package(
    package: Package, points: str, content: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package(points, content)
    with pytest.raises(MetricError, match=reason):
        list(METRICS)
    told = refused(capsys, "metric", "ew", *files(tmp_path))
    assert "toy 0.3" in told and told.count("\n") == 1 and "uninstall" in told


@pytest.mark.parametrize(
    ("declared", "wrongly", "reason"),
    [
        ('scores="exact"', 'scores="(("', r"`scores` '\(\(' is no regular expression"),
        ('primary="exact"', 'primary="nope"', "`primary` 'nope' is none of its `scores` 'exact'"),
        ('version="1"', "version=1", "`version` is 1, and must be a text"),
        ("references=(LABELS,)", 'references=("openset",)', "`references` must be a tuple of `Column`"),
        ("predictions=(LABELS,)", "predictions=LABELS", "`predictions` must be a tuple of `Column`"),
        ("tally=exact", "tally=None", "`tally` cannot be called"),
        ("tally=exact", 'tally=exact, needs=("gpu",)', "`needs` has 'gpu', which is none of wheels, groups, "),
        ("tally=exact", 'tally=exact, needs="wheels"', "`needs` must be a tuple of texts"),
    ],
)
def test_a_metric_that_is_declared_wrongly_is_named_with_its_field(
    package: Package, declared: str, wrongly: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert declared in EXACT
    content = EXACT.replace(declared, wrongly)
    package("exact = toy:METRIC", content)
    with pytest.raises(MetricError, match=f"exact of the package toy 0.3 cannot be loaded .*{reason}.*uninstall it.$"):
        list(METRICS)
    (tmp_path / "added").mkdir()
    (tmp_path / "added" / "of_ours.py").write_text(content, encoding="utf-8")
    monkeypatch.setattr(metrics, "__path__", [*metrics.__path__, str(tmp_path / "added")])
    with pytest.raises(MetricError, match=f"The metric exact .*{reason}.*; fix leaderboard/metrics/of_ours.py"):
        list(Registry())


@pytest.mark.parametrize(
    ("right", "broken", "reason"),
    [
        ("facts = {", "given[0]; facts = {", r"failed \(KeyError at line 13 of toy.py\)"),
        ("facts = {", "raise SystemExit; facts = {", r"failed \(SystemExit at line 13 of toy.py\)"),
        ("facts = {", "import no_such_module; facts = {", "failed .ModuleNotFoundError: No module named 'no_such"),
        ("return Tally", "return 0.75\n    Tally", "gives float and no Tally"),
        ("return Tally(quantities, ", "return Tally(quantities * np.nan, ", "gives quantities that are not finite"),
        ("ratio(totals[..., 1], totals[..., 0])", "totals[..., 1] * np.nan", "gives a exact that is not finite"),
        ("ratio(totals[..., 1], totals[..., 0])", "totals[9]", "failed .IndexError at line"),
        ("ratio(totals[..., 1], totals[..., 0])", "totals", r"gives exact in the shape \(2,\)"),
        ("everyone = np", "quantities = quantities[:2]\n    everyone = np", "gives 2 rows for 4 samples"),
        (
            "np.ones(len(quantities), bool)",
            "np.ones(len(quantities))",
            "gives a `scored` that is not one True or False",
        ),
        ("everyone = np", "facts['own'] = np.nan\n    everyone = np", "gives facts that cannot be written as JSON"),
    ],
)
def test_a_metric_that_breaks_when_it_is_used_is_named_with_its_package(
    package: Package,
    right: str,
    broken: str,
    reason: str,
    own_home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert right in EXACT
    package("exact = toy:METRIC", EXACT.replace(right, broken))
    problem = refused(capsys, "metric", "exact", *files(tmp_path))
    assert re.search(f"The metric exact of the package toy 0.3 {reason}.*; fix or uninstall it.$", problem)
    with_track(own_home)
    assert refused(capsys, "score", "--track", "exact", "--predictions", tmp_path / "P.csv") == problem


def test_a_metric_fails_as_clearly_in_a_resample(
    package: Package, own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_track(own_home)
    score = ["score", "--track", "exact", "--predictions", tmp_path / "P.csv"]
    package("exact = toy:METRIC", EXACT.replace("totals[..., 1], totals[..., 0]", "totals[1], totals[0]"))
    assert run(capsys, "metric", "exact", *files(tmp_path))["exact"] == 0.75
    assert "The metric exact of the package toy 0.3 gives exact in the shape (2,)" in refused(capsys, *score)


def test_a_metric_that_does_not_count_its_samples_is_for_no_track(
    package: Package, own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_track(own_home)
    package("exact = toy:METRIC", EXACT.replace('{"samples": coverage(wanted, given)}', "{}"))
    assert run(capsys, "metric", "exact", *files(tmp_path))["exact"] == 0.75
    score = ["score", "--track", "exact", "--predictions", tmp_path / "P.csv"]
    assert "toy 0.3 does not count its samples; give `coverage`" in refused(capsys, *score)


def test_a_metric_that_there_is_not_is_told_with_those_that_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "There is no metric 'bleu'; choose among classification, clue-overlap," in refused(
        capsys, "metric", "bleu", *files(tmp_path)
    )
