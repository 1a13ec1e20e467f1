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
from leaderboard.hosting.new_track import Wanted
from leaderboard.hosting.track_material import Answers, Material, answers_in, named_rows, renamed, with_decoys
from leaderboard.metrics.registry import METRICS
from leaderboard.tracks import FOLDER, Track, load_track
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


def from_preset(
    name: str, source: Path, wanted: Wanted, references: Path | None = None, decoys: Path | None = None
) -> tuple[Material, Wanted, Answers]:
    """The material in `source`, what is wanted with what the benchmark sets, and the answers.

    `source` is the benchmark's folder or the file of answers, which `references` names instead. Ids in `decoys` have no
    answers. What is wanted goes before what the benchmark sets. Raises `LeaderboardError` and `SubmissionError`.
    """
    preset = preset_named(name)
    if preset.parts:
        _check_parts(name, wanted, references, decoys)
        materials = {part: _material(presets()[part], part, source) for part in preset.parts}
        answers = _joined({part: _answers(presets()[part], held) for part, held in materials.items()})
        said = tuple(f"{part}: {sentence}" for part, held in materials.items() for sentence in held.said)
        material = Material(source.name, said=said)
        metric = presets()[preset.parts[0]].metric
    else:
        material = _material(preset, name, source, references)
        material = with_decoys(material, decoys) if decoys else material
        metric = wanted.metric or preset.metric
        answers = answers_in(material, METRICS.named(metric))
    like = load_track(preset.like, FOLDER)
    official = like if preset.parts else preset
    alike = metric == preset.metric or bool(preset.parts)
    vocabulary = wanted.vocabulary or (official.vocabulary if alike else "")
    wheels = wanted.wheels or (official.wheels if vocabulary == "official" else "")
    alike &= not wanted.primary and vocabulary == official.vocabulary and wheels in (official.wheels, like.wheels)
    if like.published and preset.published and not alike:
        note = "The published scores are left out, because this track is scored in another way than they were."
        material = replace(material, said=(*material.said, note))
    filled = replace(
        wanted,
        metric=metric,
        title=wanted.title or preset.title or like.rules.title,
        vocabulary=vocabulary,
        wheels=wheels,
        table={**wanted.table, **_taken_over(preset, like, wanted, alike)},
    )
    return material, filled, answers


def _check_parts(name: str, wanted: Wanted, references: Path | None, decoys: Path | None) -> None:
    """Raise `LeaderboardError` for options that make no sense for several parts."""
    options = {
        "--metric": wanted.metric,
        "--primary": wanted.primary,
        "--references": references,
        "--decoys FILE": decoys,
    }
    if given := next((option for option, value in options.items() if value), ""):
        raise LeaderboardError(f"{given} makes no sense for {name}, as each of its parts has its own; leave it out.")


def _material(preset: Preset, name: str, source: Path, references: Path | None = None) -> Material:
    path = references or _file(preset, name, source)
    if preset.corpus and path.suffix == ".npz":
        rows = renamed(corpus_rows(path, preset.corpus), preset.columns)
        said: tuple[str, ...] = (f"{preset.corpus} of {path.name} was read.",)
    else:
        rows, said = named_rows(path, preset.columns)
    if preset.begins:
        rows = tuple(row for row in rows if row.text(NAME.name).startswith(preset.begins))
    if not rows:
        raise LeaderboardError(f"{path} holds no sample of {name}; give the file that does.")
    folder = source if source.is_dir() else path.parent
    return Material(path.name, rows, columns_of(rows), _candidates(preset, folder, rows), said)


def _candidates(preset: Preset, folder: Path, rows: tuple[Row, ...]) -> tuple[Id, ...]:
    """The candidates in a folder that have no answer."""
    beside = folder / preset.candidates
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


def _taken_over(preset: Preset, track: Track, wanted: Wanted, alike: bool) -> dict[str, Any]:
    """The fields of the track file that come from the track that a benchmark is like.

    Published scores are taken over only if this one is scored `alike`.
    """
    own = track.zh.get("task") if wanted.language == "zh" else None
    taken: dict[str, Any] = {} if preset.part or wanted.task else {"task": own or track.rules.task}
    if isinstance(track.rules.inputs, str) and not wanted.inputs:
        taken |= {"inputs": track.rules.inputs or None, "inputs_note": track.inputs_note or None}
    taken |= {"cite": track.cite or None}
    comparable = track.published if preset.published and alike else ()
    published = [row for one in comparable if (row := _published(one, preset.part))]
    if published:
        taken |= {"source": track.published[0].source, "published": published}
    if preset.parts:
        table = tomllib.loads((FOLDER / f"{preset.like}.toml").read_text(encoding="utf-8"))
        taken |= {name: table[name] for name in ("parts", "columns", "example")}
        taken |= {"metric": None, "primary": None, "key": None}
    return taken


def _published(one: Published, part: str) -> dict[str, Any] | None:
    """A published score as a row of a track file: for a part, its score alone; None if there is none."""
    score = one.scores.get(part) if part else one.score
    if part and score is None:
        return None
    row = {"name": one.name, "inputs": one.inputs, "score": score, "scores": {} if part else dict(one.scores)}
    return {name: value for name, value in row.items() if value not in (None, "", {})}
