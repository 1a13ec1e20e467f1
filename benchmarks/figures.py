"""Measured figures: what a part of `make bench` returns, how they are kept (figures.json), and the page made of them.

docs/scale.md and the simulation of the queue read the same file, so that no figure is written down twice.
"""

import importlib.metadata
import json
import math
import os
import platform
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
KEPT, PAGE = HERE / "figures.json", HERE / "RESULTS.md"
PACKAGES = (
    *("gradio", "onnxruntime", "ctranslate2", "faster-whisper", "mediapipe", "ai-edge-litert", "torch", "numpy"),
    *("pandas", "pyarrow", "ray"),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing, measured in one run or several. `asked` is what it should be at most, or at least if `or_more`."""

    name: str
    unit: str
    runs: tuple[float, ...]
    asked: float | None = None
    or_more: bool = False

    @property
    def median(self) -> float:
        return median(self.runs)

    @property
    def met(self) -> bool:
        """Whether the median is as asked; true if nothing was."""
        if self.asked is None:
            return True
        return self.median >= self.asked if self.or_more else self.median <= self.asked


@dataclass(frozen=True, slots=True)
class Found:
    """What a part found. `notes` are sentences below its table."""

    figures: Sequence[Figure]
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A part's figures with all that is needed to judge them."""

    title: str
    command: str
    measured: str
    minutes: float
    commit: str
    machine: str
    versions: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = field(default=())


def ratios(name: str, over: Sequence[float], under: Sequence[float], asked: float | None = None) -> Figure:
    """How many times as much the first took as the second, run by run where both have as many, else of the medians."""
    paired = len(over) == len(under)
    runs = [a / b for a, b in zip(over, under, strict=True)] if paired else [median(over) / median(under)]
    return Figure(name, "×", tuple(runs), asked, or_more=True)


def section(title: str, command: str, minutes: float, found: Found, commit: str = "") -> Section:
    """What was found, with this moment, machine and versions."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    figures, notes = tuple(found.figures), tuple(found.notes)
    return Section(title, command, now, round(minutes, 1), commit or commit_of(), machine(), versions(), figures, notes)


@cache
def machine() -> str:
    """Processor, cores, memory and system."""
    processor = platform.processor() or platform.machine()
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        processor = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), processor)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores of {processor}, {memory:.0f} GiB, {platform.system()} {platform.release()}"


@cache
def versions() -> str:
    """Python and the packages that the figures depend on."""
    named = []
    for package in PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            named.append(f"{package} {importlib.metadata.version(package)}")
    return ", ".join([f"Python {platform.python_version()}", *named])


@cache
def commit_of() -> str:
    """The commit that is measured, and whether anything but the figures was changed since."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()

    try:
        own = [f":!{path.relative_to(HERE.parent)}" for path in (KEPT, PAGE)]
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ":/", *own, ":!docs/scale.md")
        return git("rev-parse", "--short=10", "HEAD") + (" with changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown (not a git checkout)"


def read(path: Path = KEPT) -> dict[str, Section]:
    """The sections by part; empty if nothing has been measured."""
    if not path.is_file():
        return {}
    kept = json.loads(path.read_text(encoding="utf-8"))
    return {part: _section(told) for part, told in kept.items()}


def _section(told: Mapping[str, Any]) -> Section:
    figures = tuple(Figure(**{**each, "runs": tuple(each["runs"])}) for each in told["figures"])
    return Section(**{**told, "figures": figures, "notes": tuple(told["notes"])})


def keep(part: str, measured: Section, path: Path = KEPT) -> dict[str, Section]:
    """Put a part's section in the place of its last one; returns all of them."""
    sections = {**read(path), part: measured}
    told = {name: asdict(each) for name, each in sorted(sections.items())}
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return sections


def measured(part: str, name: str) -> float:
    """The median of a figure that was kept. Raises `KeyError` if there is none."""
    kept = {figure.name: figure for figure in read()[part].figures}
    return kept[name].median


def page(sections: Mapping[str, Section], order: Iterable[str]) -> str:
    """All sections as Markdown, those of `order` first."""
    names = dict.fromkeys([*(name for name in order if name in sections), *sections])
    machines = dict.fromkeys(sections[name].machine for name in names)
    found = dict.fromkeys(sections[name].versions for name in names)
    lines = [
        "# Results",
        "",
        'Written by `make bench`; `make bench PARTS="explain load"` measures some parts anew and keeps the others.',
        "A figure is the median of its runs, with the least and the most. CPU seconds include those of children.",
        "",
        *(f"- Machine: {each}" for each in machines),
        *(f"- Versions: {each}" for each in found),
    ]
    for name in names:
        lines += ["", *_shown(sections[name], one_machine=len(machines) == 1 and len(found) == 1)]
    return "\n".join(lines) + "\n"


def _shown(each: Section, one_machine: bool) -> list[str]:
    where = "" if one_machine else f" on {each.machine} with {each.versions}"
    rows = [
        f"| {figure.name} | {number(figure.median)} {figure.unit} | {_spread(figure)} | {len(figure.runs)} | "
        f"{_asked(figure)} |"
        for figure in each.figures
    ]
    table = ["| what | median | range | runs | asked |", "|---|---|---|---|---|", *rows]
    head = f"`{each.command}`: {each.measured}, commit {each.commit}, {each.minutes:g} minutes{where}."
    return [
        f"## {each.title}",
        "",
        head,
        "",
        *table,
        *(["", *[f"- {note}" for note in each.notes]] if each.notes else []),
    ]


def _spread(figure: Figure) -> str:
    return f"{number(min(figure.runs))}…{number(max(figure.runs))}" if len(figure.runs) > 1 else ""


def _asked(figure: Figure) -> str:
    if figure.asked is None:
        return ""
    return f"{'≥' if figure.or_more else '≤'} {number(figure.asked)}: {'yes' if figure.met else '**no**'}"


def number(value: float) -> str:
    """Three digits that count, and no fewer before the point."""
    if value == 0 or abs(value) >= 1000 or (abs(value) >= 100 and value == round(value)):
        return f"{value:,.0f}"
    digits = next(digits for digits, least in enumerate((100, 10, 1, 0)) if abs(value) >= least)
    return f"{value:.{digits}f}"


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that is not below this share of the values (0…1, the nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def repeated(work: Callable[[], Mapping[str, float]], runs: int) -> dict[str, tuple[float, ...]]:
    """Each figure of a piece of work, in all its runs."""
    found = [work() for _ in range(runs)]
    return {name: tuple(each[name] for each in found) for name in found[0]}
