"""The field's benchmarks: how their answers are laid out, and which track they make (`presets.toml`)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from emer_space.files.problems import shown
from emer_space.files.rows import Row
from emer_space.files.tables import NAME, Id, columns_of
from leaderboard.errors import LeaderboardError
from leaderboard.hosting.corpora import corpus_rows
from leaderboard.hosting.new_track import Answers, Material, Wanted, answers_in, named_rows, renamed
from leaderboard.metrics.registry import METRICS
from leaderboard.tracks import FOLDER, load_track
from leaderboard.tracks.track import PART, Published


@dataclass(frozen=True, slots=True)
class Preset:
    """A benchmark; the head of `presets.toml` explains the fields."""

    title: str = ""
    metric: str = ""
    vocabulary: str = "none"
    wheels: str = ""
    files: tuple[str, ...] = ()
    corpus: str = ""
    begins: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    candidates: str = ""
    like: str = ""
    part: str = ""
    parts: tuple[str, ...] = ()
    published: bool = True


@cache
def presets() -> Mapping[str, Preset]:
    """The benchmarks by name."""
    table = tomllib.loads((Path(__file__).parent / "presets.toml").read_text(encoding="utf-8"))
    listed = ("files", "parts")
    return {
        name: Preset(**{**row, **{key: tuple(row[key]) for key in listed if key in row}}) for name, row in table.items()
    }


def preset_named(name: str) -> Preset:
    """The benchmark of this name. Raises `LeaderboardError`, which lists them, if there is none."""
    if name not in presets():
        raise LeaderboardError(f"There is no benchmark {shown(name)}; choose among {', '.join(presets())}.")
    return presets()[name]


def from_preset(name: str, source: Path, wanted: Wanted) -> tuple[Material, Wanted, Answers]:
    """The material in `source`, what is wanted with what the benchmark sets, and the answers.

    `source` is the benchmark's folder or the file of answers. Raises `LeaderboardError` and `SubmissionError`.
    """
    preset = preset_named(name)
    if preset.parts:
        materials = {part: _material(presets()[part], part, source) for part in preset.parts}
        answers = _joined({part: _answers(presets()[part], held) for part, held in materials.items()})
        said = tuple(f"{part}: {sentence}" for part, held in materials.items() for sentence in held.said)
        material = Material(source.name, said=said)
        metric = presets()[preset.parts[0]].metric
    else:
        material = _material(preset, name, source)
        answers, metric = _answers(preset, material), preset.metric
    filled = replace(
        wanted,
        metric=wanted.metric or metric,
        title=wanted.title or preset.title or load_track(preset.like, FOLDER).rules.title,
        vocabulary=wanted.vocabulary or preset.vocabulary,
        wheels=wanted.wheels or preset.wheels,
        table={**wanted.table, **_taken_over(preset)},
    )
    return material, filled, answers


def _material(preset: Preset, name: str, source: Path) -> Material:
    path = _file(preset, name, source)
    if preset.corpus and path.suffix == ".npz":
        rows = renamed(corpus_rows(path, preset.corpus), preset.columns)
        said: tuple[str, ...] = (f"{preset.corpus} of {path.name} was read.",)
    else:
        rows, said = named_rows(path, preset.columns)
    if preset.begins:
        rows = tuple(row for row in rows if row.text(NAME.name).startswith(preset.begins))
    if not rows:
        raise LeaderboardError(f"{path} holds no sample of {name}; give the file that does.")
    return Material(path.name, rows, columns_of(rows), _candidates(preset, path, rows), said)


def _candidates(preset: Preset, path: Path, rows: tuple[Row, ...]) -> tuple[Id, ...]:
    """The candidates beside a file of answers that have no answer in it."""
    beside = path.parent / preset.candidates
    if not preset.candidates or not beside.is_file():
        return ()
    answered = {row.text(NAME.name).strip() for row in rows}
    names = dict.fromkeys(row.text(NAME.name).strip() for row in named_rows(beside)[0])
    return tuple((name,) for name in names if name not in answered)


def _file(preset: Preset, name: str, source: Path) -> Path:
    if source.is_file():
        return source
    if there := next((path for one in preset.files if (path := source / one).is_file()), None):
        return there
    known = ", ".join(preset.files)
    raise LeaderboardError(f"{source} has none of {known}, where {name} has its answers; name the file itself.")


def _answers(preset: Preset, material: Material) -> Answers:
    return answers_in(material, METRICS.named(preset.metric))


def _joined(parts: Mapping[str, Answers]) -> Answers:
    """The answers of several parts, whose ids begin with the part."""
    return Answers(
        key=(PART, NAME.name),
        columns=tuple(dict.fromkeys(column for one in parts.values() for column in one.columns)),
        cells={(part, *sample): cells for part, one in parts.items() for sample, cells in one.cells.items()},
        strata={
            (part, *sample): f"{part} {group}" for part, one in parts.items() for sample, group in one.strata.items()
        },
    )


def _taken_over(preset: Preset) -> dict[str, Any]:
    """The fields of the track file that come from the track that a benchmark is like."""
    track = load_track(preset.like, FOLDER)
    taken: dict[str, Any] = {} if preset.part else {"task": track.rules.task}
    if isinstance(track.rules.inputs, str):
        taken |= {"inputs": track.rules.inputs or None, "inputs_note": track.inputs_note or None}
    taken |= {"cite": track.cite or None}
    published = [row for one in track.published if (row := _published(one, preset.part))] if preset.published else []
    if published:
        taken |= {"source": track.published[0].source, "published": published}
    if preset.parts:
        table = tomllib.loads((FOLDER / f"{preset.like}.toml").read_text(encoding="utf-8"))
        taken |= {name: table[name] for name in ("vocabulary", "wheels", "parts", "columns", "example")}
        taken |= {"metric": None, "primary": None, "key": None}
    return taken


def _published(one: Published, part: str) -> dict[str, Any] | None:
    """A published score as a row of a track file: for a part, its score alone; None if there is none."""
    score = one.scores.get(part) if part else one.score
    if part and score is None:
        return None
    row = {"name": one.name, "inputs": one.inputs, "score": score, "scores": {} if part else dict(one.scores)}
    return {name: value for name, value in row.items() if value not in (None, "", {})}
