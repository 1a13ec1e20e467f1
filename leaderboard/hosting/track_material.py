"""What an organiser has: clips, files of answers, ids without answers. How columns are read, and samples are split."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from emer_space.files.clips import SUFFIXES, named_clips
from emer_space.files.formats import READERS
from emer_space.files.problems import Problem, counted, refusal, shown
from emer_space.files.rows import Row
from emer_space.files.tables import LIKE_NAME, NAME, Column, Id, columns_of
from emer_space.models.endpoint import endpoint_of
from leaderboard.errors import LeaderboardError
from leaderboard.metrics.classification import CLASS, MOST_CLASSES
from leaderboard.metrics.files import in_file, rows_in, table_in
from leaderboard.metrics.metric import Metric
from leaderboard.tracks.references import SPLIT


@dataclass(frozen=True, slots=True)
class Material:
    """What an organiser has: rows of answers, and the ids of samples, with answers or without.

    `columns` are those of the rows, with the id column called `name`. `said` tells how the files were read.
    """

    source: str
    rows: tuple[Row, ...] = ()
    columns: frozenset[str] = frozenset()
    unanswered: tuple[Id, ...] = ()
    said: tuple[str, ...] = ()


@cache
def _guesses() -> list[dict[str, Any]]:
    """The metrics by column, as in `track_material.toml`."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    guesses: list[dict[str, Any]] = table["guess"]
    return guesses


def read_material(source: Path, answers: Path | None = None, decoys: Path | None = None) -> Material:
    """The samples in a file of answers, or in a folder of clips with or without one; `decoys` has ids without answers.

    Raises `SubmissionError` and `InputError`.
    """
    if not source.exists():
        raise LeaderboardError(f"{source} does not exist; name a folder of clips, or a file of answers.")
    clips = named_clips(source) if source.is_dir() and (answers or _has_clips(source)) else {}
    file = answers or (_table_beside(source) if source.is_dir() else source)
    rows, said = named_rows(file) if file else ((), ())
    ids = {row.text(NAME.name).strip() for row in rows}
    unanswered = tuple((name,) for name, clip in clips.items() if not ids & {name, clip.stem, clip.name})
    if clips and rows:
        known = {name for stem, clip in clips.items() for name in (stem, clip.stem, clip.name)}
        if missing := sorted(ids - known):
            raise LeaderboardError(
                f"{counted(len(missing), 'sample')} of {file and file.name} {'has' if len(missing) == 1 else 'have'} "
                f"no clip in {source} (the first is {shown(missing[0])}); add the clips, or name the file alone."
            )
    material = Material(source.name, rows, columns_of(rows), unanswered, said)
    return with_decoys(material, decoys) if decoys else material


def with_decoys(material: Material, decoys: Path) -> Material:
    """The material with the ids in a file as samples without answers. `a.mp4` and `a` are one sample.

    Raises `SubmissionError`, and `LeaderboardError` for an id that has an answer.
    """
    answered = _names(row.text(NAME.name).strip() for row in material.rows)
    there = _names(sample[0] for sample in material.unanswered)
    more = []
    for row in named_rows(decoys)[0]:
        name = row.text(NAME.name).strip()
        if answered & {name, _clip(name)}:
            raise LeaderboardError(f"{shown(name)} is a decoy in {decoys.name}, but it has an answer; remove one.")
        if not there & {name, _clip(name)}:
            there.add(name)
            more.append((name,))
    return replace(material, unanswered=(*material.unanswered, *more))


def _names(ids: Iterable[str]) -> set[str]:
    """The ids, with and without the suffix of a clip."""
    return {name for each in ids for name in (each, _clip(each))}


def _clip(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and f".{suffix.lower()}" in SUFFIXES else name


def _has_clips(folder: Path) -> bool:
    return _table_beside(folder) is None or len(list(folder.iterdir())) > 1


def _table_beside(folder: Path) -> Path | None:
    """The one file of answers in a folder; None if it holds none. Raises `LeaderboardError` if there are several."""
    tables = sorted(path for path in folder.iterdir() if path.suffix.lower() in READERS and path.is_file())
    if len(tables) > 1:
        names = ", ".join(path.name for path in tables[:5])
        raise LeaderboardError(f"{folder} holds several tables ({names}); name the answers with --references.")
    return tables[0] if tables else None


def named_rows(path: Path, known: Mapping[str, str] | None = None) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """The rows of a file with our names for its columns, and sentences about them. Raises `SubmissionError`.

    `known`: the file's name for a column → ours; those of other columns are guessed.
    """
    warnings: list[Problem] = []
    rows = renamed(rows_in(path, warnings), known or {})
    columns = columns_of(rows)
    names = {column: own for column in sorted(columns) if (own := _own_name(column, columns, rows)) != column}
    if NAME.name not in {names.get(column, column) for column in columns}:
        there = ", ".join(map(shown, sorted(columns)[:8]))
        hint = f"call the column with the ids name (there are {there})"
        raise in_file(path, refusal("missing", "There is no column with the ids", hint, column=NAME.name))
    said = [f"The column {shown(column)} of {path.name} is read as {own}." for column, own in names.items()]
    return renamed(rows, names), (*map(str, warnings), *said)


def _own_name(column: str, columns: frozenset[str], rows: Sequence[Row]) -> str:
    """Our name for a column: that of the ids, or the one that a metric reads; the column's own name if neither."""
    plain = {_plain(other): other for other in columns}
    if NAME.name not in plain and [other for other in columns if LIKE_NAME.fullmatch(_plain(other))] == [column]:
        return NAME.name
    for guess in _guesses():
        own = guess["names"][0]
        if column == next((plain[name] for name in guess["names"] if name in plain), None):
            if own == CLASS.name and "openset" not in plain and _has_lists(rows, column):
                return "openset"
            return own
    return NAME.name if _plain(column) == NAME.name else column


def _plain(column: str) -> str:
    return column.strip().lower()


def _has_lists(rows: Sequence[Row], column: str) -> bool:
    cells = (row.cells.get(column, "") for row in rows)
    return any(not isinstance(cell, str) or cell.lstrip().startswith("[") for cell in cells)


def renamed(rows: Iterable[Row], names: Mapping[str, str]) -> tuple[Row, ...]:
    """The rows with other names for their columns."""
    return tuple(replace(row, cells={names.get(name, name): cell for name, cell in row.cells.items()}) for row in rows)


def guessed_metric(material: Material, judge: str = "") -> tuple[str, str]:
    """The metric for the columns of the answers, and a sentence about it. Raises `LeaderboardError` if none fits."""
    judged = bool(judge or endpoint_of("chat"))
    for guess in _guesses():
        column = guess["names"][0]
        if column in material.columns and guess.get("judged", judged) == judged:
            said = f"The metric is {guess['metric']}, because there is a column {column}: {guess['said']}."
            return guess["metric"], said
    there = ", ".join(map(shown, sorted(material.columns)[:8])) or "none"
    known = ", ".join(dict.fromkeys(guess["names"][0] for guess in _guesses()))
    raise LeaderboardError(
        f"No metric can be guessed from the columns of {material.source} ({there}); call the answers' column one of "
        f"{known}, or choose with --metric."
    )


@dataclass(frozen=True, slots=True)
class Answers:
    """Right answers: cells by sample and column. `strata` groups the samples for the split, `splits` are given ones.

    `key` are the names of the columns that identify a sample, `choices` the classes of a column that has some.
    """

    key: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Mapping[Id, Mapping[str, str]]
    strata: Mapping[Id, str] = field(default_factory=dict)
    splits: Mapping[Id, str] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def answers_in(material: Material, metric: Metric) -> Answers:
    """The answers that a metric compares with. Raises `SubmissionError` with row and column of each problem."""
    paired = bool(metric.pair) and material.columns.issuperset(metric.pair)
    key = (NAME, *(Column(name, "text") for name in metric.pair if paired))
    names = tuple(column.name for column in key)
    if not material.rows:
        return Answers(names, tuple(column.name for column in metric.references), {})
    table = table_in(Path(material.source), material.rows, (*metric.references, SPLIT), key)
    columns = tuple(column for column in metric.references if column.name in table.present)
    cells = {
        sample: {column.name: _cell(values.get(column.name, "")) for column in columns}
        for sample, values in table.samples.items()
    }
    choices = {}
    for column in columns:
        if column.kind == "choice":
            choices[column.name] = column.choices or tuple(sorted(set(table.column(column.name).values())))
            if len(choices[column.name]) > MOST_CLASSES:
                raise LeaderboardError(
                    f"The column {column.name!r} of {material.source} has {len(choices[column.name])} classes, "
                    f"and {metric.name} takes {MOST_CLASSES}; if its cells are labels in people's own words, use "
                    "--metric ew."
                )
    grouping = next((column for column in columns if column.kind != "text"), None)
    strata = table.column(grouping.name) if grouping else {}
    return Answers(
        names,
        tuple(column.name for column in columns),
        cells,
        {sample: _stratum(value) for sample, value in strata.items()},
        table.column(SPLIT.name),
        choices,
    )


def _cell(value: Any) -> str:
    return str(list(value)) if isinstance(value, tuple) else str(value)


def _stratum(value: Any) -> str:
    """The class of a sample, or its first label."""
    return str(value[0] if value else "").lower() if isinstance(value, tuple) else str(value or "")


def split_samples(answers: Answers, private: float, decoys: int, seed: int) -> dict[Id, str]:
    """Sample → split, drawn by the seed, each stratum in proportion. Raises `LeaderboardError` if too few are left."""
    ids = sorted(answers.cells)
    if answers.splits:
        if private or decoys:
            raise LeaderboardError("The answers have a column split already; leave --private and --decoys out.")
        return {sample: answers.splits.get(sample, "public") for sample in ids}
    random = Random(seed)
    order = [(answers.strata.get(sample, ""), random.random(), sample) for sample in ids]
    left = [sample for *_, sample in sorted(order)]
    hidden = round(private * (len(ids) - decoys)) if 0 <= private < 1 else len(ids)
    if decoys < 0 or not 0 <= private < 1 or (ids and decoys + hidden >= len(ids)):
        raise LeaderboardError(
            f"Of {counted(len(ids), 'sample')}, {decoys} decoys and a private share of {private:g} leave none that is "
            "public; choose fewer decoys, and a share from 0 to below 1."
        )
    chosen: dict[Id, str] = dict.fromkeys(ids, "public")
    for split, count in (("decoy", decoys), ("private", hidden)):
        drawn = [left[int((place + 0.5) * len(left) / count)] for place in range(count)]
        chosen |= dict.fromkeys(drawn, split)
        left = [sample for sample in left if chosen[sample] == "public"]
    return chosen
