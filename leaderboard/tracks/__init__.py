"""The tracks: one TOML file each, read and checked here. The fields are explained in `README.md` beside them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from emer_space.settings import app_home
from leaderboard.errors import TrackError
from leaderboard.judging.choice import JudgeChoice, choices
from leaderboard.metrics.registry import METRICS
from submissions.problems import SubmissionError, shown
from submissions.tables import NAME, Column, Id, read_table
from submissions.tracks import Quota, TrackRules

FOLDER = Path(__file__).parent
PACKAGE = FOLDER.parent
PART = "part"

Answers = Literal["public", "hidden"]
VocabularyChoice = Literal["official", "open", "none"]
_FIELDS = frozenset(
    [
        "title",
        "version",
        "task",
        "answers",
        "vocabulary",
        "metric",
        "primary",
        "parts",
        "key",
        "columns",
        "judge",
        "grouper",
        "manifest",
        "references",
        "dates",
        "quota",
        "published",
        "source",
        "example",
    ]
)


@dataclass(frozen=True, slots=True)
class Part:
    """What is scored with one metric; the track's own scores are the mean of its parts' primary ones.

    `primary` are dotted names of scores, whose mean ranks.
    """

    metric: str
    primary: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """What a paper gives: shown beside the ranking, never mixed up with what was scored here.

    `score` is on the scale of the primary score; None where the paper measured something else.
    """

    name: str
    source: str
    score: float | None = None
    inputs: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Track:
    """A benchmark. `rules` is what participants see; `parts` has one nameless part unless the track has several.

    `references` is the file of a track whose answers are public; hidden ones are found by `leaderboard.references`.
    `judges`: the metrics that ask a language model, each with the one that it demands.
    """

    rules: TrackRules
    version: int
    answers: Answers
    vocabulary: VocabularyChoice
    parts: Mapping[str, Part]
    published: tuple[Published, ...]
    references: Path | None
    judges: Mapping[str, JudgeChoice] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.rules.id

    @property
    def primary(self) -> str:
        """What ranks, in words."""
        if len(self.parts) > 1:
            return f"mean of {len(self.parts)} parts"
        (part,) = self.parts.values()
        return part.primary[0] if len(part.primary) == 1 else f"mean of {' and '.join(part.primary)}"

    @property
    def metrics(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part.metric for part in self.parts.values()))


def own_folder() -> Path:
    """Where an organiser's own tracks are; one of a bundled id takes its place (with dates, say)."""
    return app_home() / "tracks"


def _files(folder: Path | None) -> dict[str, Path]:
    folders = [FOLDER, own_folder()] if folder is None else [folder]
    return {path.stem: path for place in folders for path in place.glob("*.toml")}


def track_ids(folder: Path | None = None) -> tuple[str, ...]:
    """The ids of all tracks, in alphabetical order: the names of their files, bundled and own."""
    return tuple(sorted(_files(folder)))


def load_track(name: str, folder: Path | None = None) -> Track:
    """A track by its id. Raises `TrackError` where there is none of that name, or its file is wrong."""
    files = _files(folder)
    if name not in files:
        raise TrackError(f"There is no track {shown(str(name))}; choose among {', '.join(sorted(files))}.")
    try:
        return _load(files[name], files[name].stat().st_mtime_ns)
    except OSError as problem:
        raise TrackError(f"The track file {files[name].name} cannot be read ({problem.strerror}).") from problem


@cache
def _load(path: Path, changed: int) -> Track:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        if unknown := table.keys() - _FIELDS:
            raise ValueError(f"{', '.join(sorted(unknown))} is not expected")
        return _track(path.stem, table, PACKAGE if path.parent == FOLDER else path.parent)
    except (ValueError, TypeError, KeyError, SubmissionError) as problem:
        reason = f"{problem.args[0]} is missing" if isinstance(problem, KeyError) else str(problem)
        raise TrackError(f"The track file {path.name} is wrong: {reason}.") from problem


def _track(name: str, table: dict[str, Any], base: Path) -> Track:
    """Paths in the table are relative to `base`."""
    parts = {part: _part(row) for part, row in table["parts"].items()} if "parts" in table else {"": _part(table)}
    key = _key(table, tuple(parts))
    references = base / table["references"] if "references" in table else None
    dates = table.get("dates", {})
    rules = TrackRules(
        id=name,
        title=table["title"],
        task=table["task"].strip(),
        columns=tuple(_column(column, row) for column, row in table["columns"].items()),
        key=key,
        manifest=_manifest(base / table["manifest"], key) if "manifest" in table else None,
        opens=dates.get("opens"),
        closes=dates.get("closes"),
        quota=Quota(**table.get("quota", {})),
        example=table.get("example", {}),
        needed={name: METRICS[part.metric].any_of for name, part in parts.items()} if parts.keys() != {""} else {},
    )
    answers = _one_of(table["answers"], get_args(Answers))
    if (answers == "public") != (references is not None):
        raise ValueError("a track with public answers names its references, and no other does")
    return Track(
        rules=rules,
        version=int(table["version"]),
        answers=answers,
        vocabulary=_one_of(table["vocabulary"], get_args(VocabularyChoice)),
        parts=parts,
        published=tuple(Published(**{"source": table.get("source", ""), **row}) for row in table.get("published", ())),
        references=references,
        judges=choices(table, {part.metric: METRICS[part.metric].judged for part in parts.values()}),
    )


def _part(row: Mapping[str, Any]) -> Part:
    metric = _one_of(row["metric"], tuple(METRICS))
    return Part(metric, tuple(row.get("primary", (METRICS[metric].primary,))))


def _key(table: Mapping[str, Any], parts: tuple[str, ...]) -> tuple[Column, ...]:
    own = tuple(Column(name, "text") for name in table.get("key", (NAME.name,)))
    return own if parts == ("",) else (Column(PART, "choice", choices=parts), *own)


def _column(name: str, row: Mapping[str, Any]) -> Column:
    return Column(name, **{**row, "choices": tuple(row.get("choices", ()))})


def _manifest(path: Path, key: tuple[Column, ...]) -> frozenset[Id]:
    return frozenset(read_table(path, (), key).samples)


def _one_of(value: str, allowed: tuple[str, ...]) -> Any:
    if value not in allowed:
        raise ValueError(f"{value!r} is not among {', '.join(allowed)}")
    return value
