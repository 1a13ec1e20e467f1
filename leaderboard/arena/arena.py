"""Reads and checks arenas: tracks of the kind `preference-arena`, each a TOML file beside one's other tracks.

`new-arena` writes the file with a comment for every field. An arena refers to a folder of clips that stays where it is,
and to a file of explanations for each system.
"""

import logging
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

from emer_space.errors import InputError
from emer_space.files.clips import named_clips
from emer_space.files.problems import SubmissionError, shown
from emer_space.tables.load import Misfit, OneOf, Rows, Table, Whole, any_text, anything, text
from leaderboard.errors import TrackError
from leaderboard.metrics.files import read_descriptions
from leaderboard.tracks.rules import as_decided
from leaderboard.tracks.track import ARENA, arena_files
from submissions.store.ledger import Ledger
from submissions.tracks import TrackRules

log = logging.getLogger(__name__)

MOST_SYSTEMS = 40

Pair = tuple[str, str]
"""Two systems, in the order of the arena's file."""


SHAPE = Table(
    {
        "kind": OneOf((ARENA,)),
        "title": text,
        "version": Whole(1),
        "task": text,
        "clips": text,
        "system": Rows(Table({"name": text, "file": text}, {"account": any_text}), least=2, most=MOST_SYSTEMS),
    },
    {
        "votes_per_pair": Whole(1),
        "per_person": Whole(1),
        "results_after": Whole(0),
        "seed": Whole(0),
        "judge": text,
        "dates": Table(may={"opens": anything, "closes": anything}),
    },
)


@dataclass(frozen=True, slots=True)
class System:
    """A system with its explanations, clip → words. `account` is its owner's on the Hub; `stem` its file's name."""

    name: str
    stem: str
    texts: Mapping[str, str]
    account: str = ""


@dataclass(frozen=True, slots=True)
class Arena:
    """An arena. `clips` has the file of each clip that at least two systems explained.

    `votes_per_pair`: a pair of systems with so many votes is not asked about any more. `per_person`: votes of a person
    in a day. `results_after`: with so many votes of their own, people see results of others' votes; 0 means after the
    closing only.
    `judge` is a file of a language model's preferences, as `prefer` writes it.
    """

    id: str
    title: str
    version: int
    task: str
    clips: Mapping[str, Path]
    systems: tuple[System, ...]
    rules: TrackRules
    votes_per_pair: int = 100
    per_person: int = 50
    results_after: int = 20
    seed: int = 0
    judge: Path | None = None
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The systems' names, in the order of the file."""
        return tuple(system.name for system in self.systems)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """All pairs of systems."""
        return tuple(combinations(self.names, 2))

    def pair(self, one: str, other: str) -> Pair:
        """Two systems as a pair, in the order of the file."""
        return (one, other) if self.names.index(one) < self.names.index(other) else (other, one)

    def named(self, name: str) -> str | None:
        """The system with this name, or with a file of this name without its suffix; None if there is none."""
        return next((one.name for one in self.systems if name in (one.name, one.stem)), None)

    def open(self, now: datetime) -> bool:
        """Whether votes are taken at a time."""
        opens = self.rules.opens
        return not self.rules.closed(now) and (opens is None or now.astimezone(UTC).date() >= opens)


def arena_ids() -> tuple[str, ...]:
    """The ids of all arenas, in alphabetical order."""
    return tuple(arena_files())


def load_arena(name: Any, ledger: Ledger | None = None) -> Arena:
    """The arena with this id, closing when an organiser says in the `ledger`, if there is one.

    Raises `TrackError` if there is none, or if its file, clips or texts are wrong.
    """
    files = arena_files()
    if not isinstance(name, str) or name not in files:  # callers of the API may send anything
        known = f"choose among {', '.join(files)}" if files else "make one with `python -m leaderboard new-arena`"
        raise TrackError(f"There is no blind comparison {shown(str(name))}; {known}.")
    arena = _load(files[name], _changed(files[name]))
    if isinstance(arena, str):
        raise TrackError(f"The track file {files[name].name} {arena}.")
    return arena if ledger is None else replace(arena, rules=as_decided(arena.rules, ledger))


def usable_arenas(ledger: Ledger) -> list[Arena]:
    """All arenas with a valid file, closing when an organiser says; what is wrong with others is logged."""
    usable = []
    for name in arena_ids():
        try:
            usable.append(load_arena(name, ledger))
        except TrackError as problem:
            log.error("%s", problem)
    return usable


def _changed(path: Path) -> tuple[int | None, ...]:
    """When the file of an arena, its clips' folder and the files that it names were changed; None for a missing one."""
    named = _named_in(path, _time(path))
    return tuple(map(_time, (path, *named)))


def _time(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except (OSError, ValueError):  # a name may hold anything
        return None


@cache
def _named_in(path: Path, changed: int | None) -> tuple[Path, ...]:
    """What the file of an arena names; empty if it is broken."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        SHAPE(table)
    except (OSError, ValueError, RecursionError, Misfit):
        return ()
    named = (table["clips"], *(row["file"] for row in table["system"]), table.get("judge", table["clips"]))
    return tuple(path.parent / name for name in named)


@cache
def _load(path: Path, changed: tuple[int | None, ...]) -> Arena | str:
    """The arena in a file, or what is wrong with it: a broken one is not read again until something changes."""
    try:
        return read_arena(path)
    except Misfit as problem:
        reason = problem.placed
    except OSError as problem:
        return f"cannot be read ({problem.strerror})"
    except RecursionError:
        reason = "it is nested too deeply"
    except (ValueError, SubmissionError, InputError) as problem:
        reason = str(problem).rstrip(".")
    return f"is wrong: {reason}"


def read_arena(path: Path) -> Arena:
    """The arena in a file. Raises `Misfit`, `ValueError`, `SubmissionError` or `InputError`, and `OSError`."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    SHAPE(table)
    base = path.parent
    files = named_clips(base / table["clips"])
    systems = tuple(_system(row, base, files) for row in table["system"])
    if len({system.name for system in systems}) < len(systems):
        raise ValueError("two systems have the same name")
    explained = {
        clip: {system.name: system.texts[clip] for system in systems if clip in system.texts} for clip in sorted(files)
    }
    compared = {clip: texts for clip, texts in explained.items() if len(texts) > 1}
    if not compared:
        raise ValueError("no clip has an explanation by two systems; the column name must hold the clips' file names")
    dates = table.get("dates", {})
    numbers = ("votes_per_pair", "per_person", "results_after", "seed")
    return Arena(
        id=path.stem,
        title=table["title"],
        version=table["version"],
        task=table["task"].strip(),
        clips={clip: files[clip] for clip in compared},
        systems=systems,
        rules=TrackRules(path.stem, table["title"], table["task"].strip(), (), **dates),
        judge=base / table["judge"] if "judge" in table else None,
        texts=compared,
        **{name: table[name] for name in numbers if name in table},
    )


def _system(row: Mapping[str, str], base: Path, clips: Mapping[str, Path]) -> System:
    file = base / row["file"]
    told = {sample[0]: words.strip() for sample, words in read_descriptions(file).items()}
    texts = {name: words for name, path in clips.items() if (words := _words_for(name, path, told))}
    return System(row["name"].strip(), file.stem, texts, row.get("account", "").strip())


def _words_for(name: str, path: Path, told: Mapping[str, str]) -> str:
    """A clip's explanation, whether the file calls it with or without its suffix; empty if there is none."""
    return next((told[known] for known in (name, path.stem, path.name) if told.get(known)), "")


def strangers(told: Collection[str], clips: Mapping[str, Path]) -> list[str]:
    """The names in a file of explanations that are those of no clip."""
    known = {name for clip, path in clips.items() for name in (clip, path.stem, path.name)}
    return sorted(set(told) - known)
