"""Reads and checks tracks. Every track is one TOML file; `README.md` in this folder explains the fields."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from emer_space.files.problems import SubmissionError, shown
from emer_space.files.tables import NAME, Column, Id, Kind, read_table
from emer_space.page.words import Language, load_words
from emer_space.settings import app_home
from emer_space.tables.load import Misfit, Number, OneOf, Rows, Shape, Table, Whole, any_text, anything, flag, text
from leaderboard.errors import TrackError
from leaderboard.metrics.metric import Role, Undecided
from leaderboard.metrics.registry import METRICS
from leaderboard.tracks.judges import JudgeChoice, judges_of
from leaderboard.tracks.vocabularies import FIRST_SET, wheel_sets
from submissions.tracks import Quota, TrackRules

FOLDER = Path(__file__).parent
PACKAGE = FOLDER.parent
PART = "part"
ARENA = "preference-arena"
"""The `kind` of a track file whose track takes votes instead of files; `leaderboard.arena` reads it."""
LANGUAGES: tuple[Language, ...] = get_args(Language)
MOST_INPUTS = 20_000_000
"""The most bytes of a file of inputs: the page copies it for its visitors."""

MOST_GUARD = 0.2
"""The largest step or noise of a guard: beyond it nothing could be seen of a score."""

Answers = Literal["public", "hidden"]
GuardKind = Literal["ladder", "noise"]
GUARD_SIZES: Mapping[GuardKind, str] = {"ladder": "step", "noise": "sd"}
"""The field of a track file that gives a guard's size."""
VocabularyChoice = Literal["official", "open", "none"]


def _example(value: Any) -> None:
    """Accepts a cell as text, or a list of labels."""
    (Rows(text, least=0) if isinstance(value, list) else any_text)(value)


POSITIVE = Whole(0, above=True)
JUDGE = Table({"model": text, "prompt": text})
COLUMN = Table(
    {"kind": OneOf(get_args(Kind))},
    {"required": flag, "choices": Rows(text), "aliases": Rows(text), "most": POSITIVE, "longest": POSITIVE},
)
PUBLISHED = Table(
    {"name": text}, {"source": any_text, "score": Number(), "inputs": text, "scores": Table(more=Number())}
)
SCORED = ("metric", "primary", "undecided")
"""The fields that set how a track or a part is scored."""


@cache
def _shape() -> Table:
    """The shape of a track file."""
    scored: Mapping[str, Shape] = {
        "metric": OneOf(tuple(METRICS)),
        "primary": Rows(text),
        "undecided": OneOf(get_args(Undecided)),
    }
    return Table(
        {
            "title": text,
            "version": POSITIVE,
            "task": text,
            "answers": OneOf(get_args(Answers)),
            "vocabulary": OneOf(get_args(VocabularyChoice)),
            "columns": Table(more=COLUMN),
        },
        {
            "wheels": OneOf(tuple(wheel_sets())),
            **scored,
            "parts": Table(more=Table({"metric": scored["metric"]}, scored)),
            "key": Rows(text),
            **dict.fromkeys(get_args(Role), JUDGE),
            "manifest": text,
            "references": text,
            "dates": Table(may={"opens": anything, "closes": anything}),
            "quota": Table(may={"per_day": POSITIVE, "attempts_per_day": POSITIVE}),
            "published": Rows(PUBLISHED, least=0),
            "source": any_text,
            "example": Table(more=_example),
            "inputs": text,
            "inputs_note": text,
            "zh": Table(may=dict.fromkeys(("title", "task", "inputs_note"), text)),
            "cite": text,
            "tell_counts": flag,
            "guard": OneOf(get_args(GuardKind)),
            "step": Number(),
            "sd": Number(),
        },
    )


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a track, scored with one metric. The track's score is the mean of its parts' primary scores.

    `primary` are the dotted names of the scores whose mean is the primary score. `undecided` is the rule for
    predictions that pick neither of two classes.
    """

    metric: str
    primary: tuple[str, ...]
    undecided: Undecided = "official"


@dataclass(frozen=True, slots=True)
class Guard:
    """How public scores are guarded while a track is open (`board/guard.py`).

    `size` is the step of a ladder or the standard deviation of the noise, on the scale of the score (0 to 1).
    """

    kind: GuardKind
    size: float


@dataclass(frozen=True, slots=True)
class Published:
    """A result from a paper, shown in the ranking without a rank.

    `score` is on the scale of the primary score; None if the paper measured something else.
    """

    name: str
    source: str
    score: float | None = None
    inputs: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Track:
    """A benchmark. `rules` are the rules for participants; `parts` has one nameless part unless the track has several.

    `references` is the file of references if the answers are public; `tracks.references` finds hidden ones. `judges`:
    metric → the language model that it demands. `wheels` names the official set, if the vocabulary is official.
    `inputs_note` says how the inputs are had, `cite` is the BibTeX of what an entry should cite. `tell_counts`: the
    page may say how many references count, although they are hidden.
    """

    rules: TrackRules
    version: int
    answers: Answers
    vocabulary: VocabularyChoice
    parts: Mapping[str, Part]
    published: tuple[Published, ...]
    references: Path | None
    judges: Mapping[str, JudgeChoice] = field(default_factory=dict)
    wheels: str = ""
    inputs_note: str = ""
    zh: Mapping[str, str] = field(default_factory=dict)
    cite: str = ""
    tell_counts: bool = False
    guard: Guard | None = None

    @property
    def id(self) -> str:
        """The track's id."""
        return self.rules.id

    @property
    def primary(self) -> str:
        """The primary score in words, such as "mean of level1.f and level2.f"."""
        if len(self.parts) > 1:
            return f"mean of {len(self.parts)} parts"
        (part,) = self.parts.values()
        return part.primary[0] if len(part.primary) == 1 else f"mean of {' and '.join(part.primary)}"

    def primary_title(self, language: Language = "en") -> str:
        """The primary score in the words of its metric: "F1 on the inner ring of the emotion wheel"."""
        words = load_words(language)
        if len(self.parts) > 1:
            return words("score.parts", count=len(self.parts))
        (part,) = self.parts.values()
        titles = [METRICS[part.metric].title(name, language) for name in part.primary]
        return titles[0] if len(titles) == 1 else words("score.mean", names=words("score.and").join(titles))

    @property
    def primary_titles(self) -> dict[str, str]:
        """The primary score in words, by language."""
        return {language: self.primary_title(language) for language in LANGUAGES}

    def score_title(self, name: str, language: Language = "en", short: bool = False) -> str:
        """A score in the words of this track's metrics or, for a published row's, of another; else its name."""
        if name in self.parts:
            return name
        own = [METRICS[metric] for metric in self.metrics]
        others = () if any(re.fullmatch(metric.scores, name) for metric in own) else METRICS.values()
        titles = (metric.title(name, language, short) for metric in (*own, *others))
        return next((title for title in titles if title != name), name)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of the metrics of all parts."""
        return tuple(dict.fromkeys(part.metric for part in self.parts.values()))


def own_folder() -> Path:
    """The folder of an organiser's own tracks. One with the id of a bundled track replaces it (with dates, say)."""
    return app_home() / "tracks"


def _files(folder: Path | None) -> dict[str, Path]:
    return {path.stem: path for place in _folders(folder) for path in place.glob("*.toml")}


def _file(name: Any, folder: Path | None) -> Path | None:
    """The file of a track, without listing a folder of a thousand; None if there is none. `name` may be anything."""
    paths = [place / f"{name}.toml" for place in _folders(folder)[::-1] if isinstance(name, str)]
    named = (path for path in paths if path.parent in _folders(folder) and path.stem == name)
    return next((path for path in named if os.path.lexists(path)), None)


def _folders(folder: Path | None) -> list[Path]:
    """Where track files lie; the last has the last word."""
    return [FOLDER, own_folder()] if folder is None else [folder]


def track_ids(folder: Path | None = None) -> tuple[str, ...]:
    """The ids of all tracks that take files, bundled and own, in alphabetical order."""
    return tuple(sorted(name for name, path in _files(folder).items() if not _is_arena(path)))


def arena_files() -> dict[str, Path]:
    """The files of the arenas, own ones, by id in alphabetical order."""
    return {name: path for name, path in sorted(_files(None).items()) if _is_arena(path)}


def _is_arena(path: Path) -> bool:
    try:
        return _kind(path, path.stat().st_mtime_ns) == ARENA
    except OSError:  # whoever loads it says why
        return False


@cache
def _kind(path: Path, changed: int) -> Any:
    """The `kind` in a track file; None if it has none or is broken, which `load_track` says."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")).get("kind")
    except (ValueError, RecursionError):
        return None


def load_track(name: str, folder: Path | None = None) -> Track:
    """The track with this id. Raises `TrackError` if there is none, or if its file is wrong."""
    file = _file(name, folder)
    if file is None:
        raise TrackError(f"There is no track {shown(str(name))}; choose among {', '.join(track_ids(folder))}.")
    if _is_arena(file):
        raise TrackError(
            f"{name} compares explanations blindly and takes votes instead of files; vote on the page, in the tab "
            f"Leaderboard under Compare (its results: /arena in the API, python -m leaderboard arena {name})."
        )
    try:
        return _load(file, file.stat().st_mtime_ns)
    except OSError as problem:
        raise TrackError(f"The track file {file.name} cannot be read ({problem.strerror}).") from problem


@cache
def _load(path: Path, changed: int) -> Track:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        _shape()(table)
        return _track(path.stem, table, PACKAGE if path.parent == FOLDER else path.parent)
    except Misfit as problem:
        reason = problem.placed
    except RecursionError:
        reason = "it is nested too deeply"
    except (ValueError, SubmissionError) as problem:
        reason = str(problem).rstrip(".")
    raise TrackError(f"The track file {path.name} is wrong: {reason}.")


def _track(name: str, table: dict[str, Any], base: Path) -> Track:
    """The track in a checked table; paths in it are relative to `base`. Raises `ValueError`."""
    parts = _parts(table)
    key = _key(table, tuple(parts))
    columns = tuple(_column(column, row) for column, row in table["columns"].items())
    references = base / table["references"] if "references" in table else None
    dates = table.get("dates", {})
    rules = TrackRules(
        id=name,
        title=table["title"],
        task=table["task"].strip(),
        columns=columns,
        key=key,
        manifest=_manifest(base / table["manifest"], key) if "manifest" in table else None,
        opens=dates.get("opens"),
        closes=dates.get("closes"),
        quota=Quota(**table.get("quota", {})),
        example={
            name: value if isinstance(value, str) else str(value) for name, value in table.get("example", {}).items()
        },
        inputs=_inputs(table.get("inputs", ""), base),
        needed={name: METRICS[part.metric].any_of for name, part in parts.items()} if parts.keys() != {""} else {},
    )
    if (table["answers"] == "public") != (references is not None):
        raise ValueError("a track names its references if its answers are public, and only then")
    track = Track(
        rules=rules,
        version=table["version"],
        answers=table["answers"],
        vocabulary=table["vocabulary"],
        parts=parts,
        published=tuple(Published(**{"source": table.get("source", ""), **row}) for row in table.get("published", ())),
        references=references,
        judges=judges_of(table, tuple(dict.fromkeys(part.metric for part in parts.values()))),
        wheels=table.get("wheels", FIRST_SET) if table["vocabulary"] == "official" else "",
        inputs_note=table.get("inputs_note", ""),
        zh=table.get("zh", {}),
        cite=table.get("cite", "").strip(),
        tell_counts=table.get("tell_counts", False),
        guard=_guard(table),
    )
    if "wheels" in table and not track.wheels:
        raise ValueError('wheels goes with vocabulary = "official"')
    for part in parts.values():
        _check_part(part, track)
    return track


def _guard(table: Mapping[str, Any]) -> Guard | None:
    """The guard of the public scores. Raises `ValueError` if its size is missing, unusable or another guard's."""
    kind = table.get("guard")
    if wrong := next((name for guard, name in GUARD_SIZES.items() if name in table and guard != kind), ""):
        raise ValueError(f"{wrong} goes with guard = {'ladder' if wrong == 'step' else 'noise'!r}")
    if kind is None:
        return None
    size = table.get(GUARD_SIZES[kind])
    if size is None or not 0 < size <= MOST_GUARD:
        raise ValueError(f"guard = {kind!r} needs {GUARD_SIZES[kind]}, above 0 and at most {MOST_GUARD}")
    return Guard(kind, float(size))


def _parts(table: Mapping[str, Any]) -> dict[str, Part]:
    """The parts by name. A track without parts has a single one with an empty name."""
    if "parts" not in table:
        if "metric" not in table:
            raise ValueError("metric is missing")
        return {"": _part(table)}
    if both := set(SCORED) & table.keys():
        raise ValueError(f"{', '.join(sorted(both))} must be set in the parts, not beside them")
    if not table["parts"] or not all(name and name == name.strip().lower() for name in table["parts"]):
        raise ValueError("parts is empty, or has a part whose name is not in lower case")
    return {name: _part(row) for name, row in table["parts"].items()}


def _part(row: Mapping[str, Any]) -> Part:
    about = METRICS[row["metric"]]
    primary = tuple(row.get("primary", (about.primary,)))
    if wrong := next((name for name in primary if not re.fullmatch(about.scores, name)), None):
        raise ValueError(f"primary {shown(wrong)} is not a score of {row['metric']}; its default is {about.primary}")
    if "undecided" in row and "undecided" not in about.needs:
        raise ValueError(f"undecided goes with a metric of two classes, not with {row['metric']}")
    return Part(row["metric"], primary, row.get("undecided", "official"))


def _check_part(part: Part, track: Track) -> None:
    """Raise `ValueError` if a part's metric cannot work with the columns or the vocabulary of the track."""
    about, own = METRICS[part.metric], {column.name: column for column in track.rules.columns}
    if "wheels" in about.needs and track.vocabulary == "none" and part.metric not in track.judges:
        raise ValueError(f"{part.metric} needs a vocabulary, official or open")
    if not own.keys() & set(about.any_of):
        other = next((name for column in about.predictions for name in column.aliases if name in own), None)
        remedy = f"; rename {other}, and add aliases = [{other!r}] for files that use that name" if other else ""
        raise ValueError(f"columns has no {' or '.join(about.any_of)}, which {part.metric} reads{remedy}")
    for column in about.predictions:
        if column.name in own and own[column.name].kind != column.kind:
            raise ValueError(f"columns.{column.name}.kind must be {column.kind!r} for {part.metric}")
    if len(track.parts) == 1 and len(about.any_of) == 1 and not own[about.any_of[0]].required:
        raise ValueError(f"columns.{about.any_of[0]} must be required, because {part.metric} reads nothing else")


def _key(table: Mapping[str, Any], parts: tuple[str, ...]) -> tuple[Column, ...]:
    own = tuple(Column(name, "text") for name in table.get("key", (NAME.name,)))
    key = own if parts == ("",) else (Column(PART, "choice", choices=parts), *own)
    names = [column.name for column in key]
    if len(set(names)) < len(names) or table["columns"].keys() & set(names):
        raise ValueError(f"a column name occurs twice in {', '.join((*names, *table['columns']))}")
    return key


def _column(name: str, row: Mapping[str, Any]) -> Column:
    column = Column(name, **{**row, "choices": tuple(row.get("choices", ())), "aliases": tuple(row.get("aliases", ()))})
    if not all(choice == choice.strip().lower() for choice in column.choices):
        raise ValueError(f"columns.{name}.choices must be in lower case")
    return column


def _inputs(named: str, base: Path) -> Path | str:
    """The file or the web address with the inputs. Raises `ValueError` if the file is missing or too large."""
    if not named or named.startswith(("https://", "http://")):
        return named
    path = base / named
    if not path.is_file():
        raise ValueError(f"inputs names {named}, which is no file and no web address")
    if path.stat().st_size > MOST_INPUTS:
        raise ValueError(f"inputs is larger than {MOST_INPUTS // 1_000_000} MB; give a web address instead")
    return path


def _manifest(path: Path, key: tuple[Column, ...]) -> frozenset[Id]:
    return frozenset(read_table(path, (), key).samples)
