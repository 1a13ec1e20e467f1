"""Makes a track of an organiser's own from clips or answers: its file, manifest, sample file, references with splits.

Everything is written to a folder aside first and read back by the code that will load it, so that nothing wrong and
nothing half-written comes to lie among the tracks.
"""

import contextlib
import os
import re
import secrets
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import tomlkit

from emer_space.files.clips import named_clips
from emer_space.files.formats import READERS
from emer_space.files.problems import Problem, counted, refusal, shown
from emer_space.files.rows import Row
from emer_space.files.tables import LIKE_NAME, NAME, Column, Id, columns_of
from emer_space.files.writing import csv_bytes, write_whole
from emer_space.language_model.prompt_files import load_prompt
from emer_space.models.endpoint import EndpointChat, endpoint_of
from emer_space.settings import app_home
from leaderboard.errors import LeaderboardError, WheelsUnavailable
from leaderboard.metrics.classification import CLASS, MOST_CLASSES
from leaderboard.metrics.files import in_file, rows_in, table_in
from leaderboard.metrics.metric import Metric
from leaderboard.metrics.registry import METRICS
from leaderboard.scoring.score_file import score_file
from leaderboard.tracks import FOLDER, Track, load_track, own_folder
from leaderboard.tracks.references import (
    SPLIT,
    ReferenceFile,
    check_references_are_private,
    read_references,
)
from leaderboard.tracks.rules import known_words, track_wheels
from submissions.checks.validation import check

WORDS = Path(__file__).parent / "new_track.toml"
PRIVATE = "EMER_REFERENCES"
TRACK_ID = re.compile(r"[a-z0-9][a-z0-9._+-]{0,59}")


RESERVED = ("manifest.csv", "sample.csv", "references.csv")
"""The files of a track in its folder."""


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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an organiser wants of a track; what is empty is chosen for them, and said.

    `private` is the share of the samples in 0…1 that ranks only after the closing, `decoys` the number of samples
    that are never scored. `inputs` is a file that the page offers, or a web address; `cite` a file of BibTeX.
    `hidden` is the folder for hidden answers (default: `references_folder`). `table` holds further fields of the track
    file.
    """

    id: str
    title: str = ""
    task: str = ""
    metric: str = ""
    primary: tuple[str, ...] = ()
    vocabulary: str = ""
    wheels: str = ""
    answers: str = "hidden"
    private: float = 0.0
    decoys: int = 0
    seed: int | None = None
    opens: date | None = None
    closes: date | None = None
    per_day: int | None = None
    language: str = "en"
    judge: str = ""
    inputs: str = ""
    cite: Path | None = None
    out: Path | None = None
    force: bool = False
    hidden: Path | None = None
    table: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Made:
    """A new track: the files by purpose, the number of samples by split, and sentences for its organiser."""

    id: str
    metric: str
    files: Mapping[str, Path]
    splits: Mapping[str, int]
    said: tuple[str, ...]
    next: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The track as JSON."""
        return {
            "id": self.id,
            "metric": self.metric,
            "files": {purpose: str(path) for purpose, path in self.files.items()},
            "splits": dict(self.splits),
            "said": list(self.said),
            "next": list(self.next),
        }


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(WORDS.read_text(encoding="utf-8"))


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
    unanswered = [name for name, clip in clips.items() if not ids & {name, clip.stem, clip.name}]
    if clips and rows:
        known = {name for stem, clip in clips.items() for name in (stem, clip.stem, clip.name)}
        if missing := sorted(ids - known):
            raise LeaderboardError(
                f"{counted(len(missing), 'sample')} of {file and file.name} {'has' if len(missing) == 1 else 'have'} "
                f"no clip in {source} (the first is {shown(missing[0])}); add the clips, or name the file alone."
            )
    if decoys:
        more = [row.text(NAME.name).strip() for row in named_rows(decoys)[0]]
        if both := next((name for name in more if name in ids), None):
            raise LeaderboardError(f"{shown(both)} is a decoy in {decoys.name}, but it has an answer; remove one.")
        unanswered = list(dict.fromkeys([*unanswered, *more]))
    return Material(source.name, rows, columns_of(rows), tuple((name,) for name in unanswered), said)


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
    for guess in _words()["guess"]:
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
    for guess in _words()["guess"]:
        column = guess["names"][0]
        if column in material.columns and guess.get("judged", judged) == judged:
            said = f"The metric is {guess['metric']}, because there is a column {column}: {guess['said']}."
            return guess["metric"], said
    there = ", ".join(map(shown, sorted(material.columns)[:8])) or "none"
    known = ", ".join(dict.fromkeys(guess["names"][0] for guess in _words()["guess"]))
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


def make_track(material: Material, wanted: Wanted, answers: Answers | None = None) -> Made:
    """Write a track's files after they passed every check. Raises `LeaderboardError` and `SubmissionError`.

    `answers` replaces those in the material, for a track with several parts.
    """
    metric, guess = (wanted.metric, "") if wanted.metric else guessed_metric(material, wanted.judge)
    answers = answers or answers_in(material, METRICS.named(metric))
    seed = secrets.randbits(32) if wanted.seed is None else wanted.seed
    splits = split_samples(answers, wanted.private, wanted.decoys, seed)
    if material.unanswered and len(answers.key) > 1:
        raise LeaderboardError(
            f"Decoys are named by one column, but samples of this track by {', '.join(answers.key)}; give decoys as "
            f"rows of the answers, with {SPLIT.name} = decoy."
        )
    manifest = sorted((*answers.cells, *material.unanswered))
    said = [*material.said, *filter(None, [guess])]
    if wanted.private or wanted.decoys:
        said.append(f"Private samples and decoys were drawn with the seed {seed}; keep it to yourself, as the answers.")
    if not manifest:
        raise LeaderboardError(f"{material.source} holds no sample; give answers or clips.")
    _check_request(wanted, splits, material)
    out = (wanted.out or own_folder()).expanduser().absolute()
    private = wanted.hidden or references_folder()
    public = wanted.answers == "public"
    offered = _inputs_file(wanted)
    if offered:
        _check_inputs(offered, answers, public)
    files = {
        "references": out / wanted.id / "references.csv" if public else private / f"{wanted.id}.csv",
        "manifest": out / wanted.id / "manifest.csv",
        "sample": out / wanted.id / "sample.csv",
        **({"inputs": out / wanted.id / offered.name} if offered else {}),
        "track": out / f"{wanted.id}.toml",
    }
    if not answers.cells:
        del files["references"]
    table = _table(wanted, METRICS.named(metric), answers, manifest, _version(wanted, files, said))
    contents = {
        "references": csv_bytes((*answers.key, *answers.columns, SPLIT.name), _reference_rows(answers, splits)),
        "manifest": csv_bytes(answers.key, (dict(zip(answers.key, sample, strict=True)) for sample in manifest)),
        **({"inputs": _read(offered)} if offered else {}),
        "track": track_toml(table, wanted.id, _words()["comment"]),
    }
    with made_folders(*(path.parent for path in files.values())):
        with tempfile.TemporaryDirectory(prefix=".new-", dir=out) as folder:  # not where files may be published from
            track = _staged(Path(folder), files, contents, public)
            contents["sample"] = _sample(track, answers.key, manifest)
            said += _proved(track, contents, bool(answers.cells))
        write_all({files[purpose]: contents[purpose] for purpose in files}, private)
    elsewhere = private / f"{wanted.id}.csv" if public else out / wanted.id / "references.csv"
    if wanted.force and elsewhere.exists():
        elsewhere.unlink()
        said.append(f"The former answers in {elsewhere} are deleted.")
    if not public:
        try:
            check_references_are_private()
        except LeaderboardError as problem:  # they can be scored from there, but not by the app
            said.append(str(problem))
    counts = {split: sum(one == split for one in splits.values()) for split in ("public", "private", "decoy")}
    counts["decoy"] += len(material.unanswered)
    return Made(wanted.id, metric, files, counts, tuple(said), tuple(_next(wanted, files, private)))


def references_folder(make: bool = False) -> Path:
    """The folder of hidden answers: that of `EMER_REFERENCES`, else one in the app's home; made if that is wanted."""
    folder = Path(os.environ.get(PRIVATE) or app_home() / "references").expanduser().absolute()
    if make:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _check_request(wanted: Wanted, splits: Mapping[Id, str], material: Material) -> None:
    if not TRACK_ID.fullmatch(wanted.id):
        raise LeaderboardError(
            f"{shown(wanted.id)} cannot be a track's id; use small letters, digits and hyphens, such as my-clips."
        )
    if wanted.answers not in ("public", "hidden"):
        raise LeaderboardError(f"--answers is {shown(wanted.answers)}; choose public or hidden.")
    if wanted.answers == "public" and (set(splits.values()) - {"public"} or material.unanswered):
        raise LeaderboardError(
            "Private samples and decoys make no sense where everybody may read the answers; use --answers hidden."
        )


def _version(wanted: Wanted, files: Mapping[str, Path], said: list[str]) -> int:
    """The version of the new file. Raises `LeaderboardError` if there is one already that may not be replaced."""
    there = next((path for path in files.values() if path.exists()), None)
    if there and not wanted.force:
        raise LeaderboardError(f"{there} exists; choose another --id, or replace it with --force.")
    bundled = FOLDER / f"{wanted.id}.toml"
    if bundled.exists() and not wanted.force and not wanted.table:
        raise LeaderboardError(
            f"{wanted.id} is a track of the project; choose another --id, or take its place with --force."
        )
    if not files["track"].exists():
        return load_track(wanted.id, FOLDER).version if bundled.exists() else 1
    version = load_track(wanted.id, files["track"].parent).version + 1
    said.append(f"This is version {version} of {wanted.id}: what was sent before is scored again.")
    return version


def _table(wanted: Wanted, metric: Metric, answers: Answers, manifest: Sequence[Id], version: int) -> dict[str, Any]:
    """The fields of the track file, in order."""
    words, offered = _words(), _inputs_file(wanted)
    title = wanted.title or wanted.id.replace("-", " ").capitalize()
    column = metric.any_of[0]
    if wanted.language not in words["task"]:
        raise LeaderboardError(f"--language is {shown(wanted.language)}; choose among {', '.join(words['task'])}.")
    vocabulary = wanted.vocabulary or ("open" if "wheels" in metric.needs else "none")
    table: dict[str, Any] = {
        "title": title,
        "version": version,
        "task": wanted.task or words["task"][wanted.language].get(column, title),
        "answers": wanted.answers,
        "vocabulary": vocabulary,
        **({"wheels": wanted.wheels} if wanted.wheels else {}),
        "metric": metric.name,
        "primary": list(wanted.primary or (metric.primary,)),
        **({"key": list(answers.key)} if answers.key != (NAME.name,) else {}),
        "manifest": f"{wanted.id}/manifest.csv",
        **({"references": f"{wanted.id}/references.csv"} if wanted.answers == "public" else {}),
        **({"inputs": f"{wanted.id}/{offered.name}" if offered else wanted.inputs} if wanted.inputs else {}),
        **({"cite": _read(wanted.cite).decode("utf-8", "replace").strip()} if wanted.cite else {}),
        "example": {**dict(zip(answers.key, manifest[0], strict=True)), column: words["cell"].get(column, "")},
    }
    if metric.judged:
        table["judge"] = _judge(wanted, metric)
    if dates := {name: day for name in ("opens", "closes") if (day := getattr(wanted, name))}:
        table["dates"] = dates
    if wanted.per_day:
        table["quota"] = {"per_day": wanted.per_day, "attempts_per_day": max(50, 10 * wanted.per_day)}
    table["columns"] = {one.name: _column(one, answers) for one in metric.predictions if one.name in metric.any_of[:1]}
    given: dict[str, Any] = {name: table[name] for name in ("inputs", "cite") if name in table}
    if choices := table["columns"][column].get("choices"):
        table["example"][column] = choices[0]
    return {name: value for name, value in {**table, **wanted.table, **given}.items() if value is not None}


def _column(column: Column, answers: Answers) -> dict[str, Any]:
    return {
        "kind": column.kind,
        **({"choices": list(choices)} if (choices := answers.choices.get(column.name)) else {}),
        **({"longest": column.longest} if column.longest else {}),
        **({"aliases": list(column.aliases)} if column.aliases and column.kind == "choice" else {}),
    }


def _judge(wanted: Wanted, metric: Metric) -> dict[str, str]:
    named = endpoint_of("chat")
    model = wanted.judge or (EndpointChat(named).name if named else "")
    if not model or metric.asked is None:
        raise LeaderboardError(
            f"{metric.name} asks a language model, and none is named; give --judge, or set EMER_CHAT_URL and "
            "EMER_CHAT_MODEL."
        )
    purpose = metric.asked.purpose
    return {"model": model, "prompt": load_prompt(purpose.folder, purpose.name, wanted.language).id}


def track_toml(table: Mapping[str, Any], name: str, comments: Mapping[str, str]) -> bytes:
    """A track file, with a comment before each field that has one."""
    document = tomlkit.document()
    plain = {key: value for key, value in table.items() if not _is_table(value) or key == "example"}
    for key, value in {**plain, **table}.items():
        if key in comments:
            if key not in plain:
                document.add(tomlkit.nl())
            document.add(tomlkit.comment(comments[key].format(id=name)))
        document.add(key, _item(value, inline=key == "example"))
    text = tomlkit.dumps(document)
    text = re.sub(r"\n+(?=\[)", "\n\n", text)
    return re.sub(r"(\n# .*\n)\n(?=\[)", r"\1", text).encode()  # a comment belongs to the table below it


def _item(value: Any, inline: bool = False) -> Any:
    """A value as it is written: long texts over several lines, tables within tables on one."""
    if isinstance(value, str) and "\n" in value:
        return tomlkit.string(f"\n{value}\n", multiline=True)
    if isinstance(value, list) and _is_table(value):
        return [_item(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    table: Any = tomlkit.inline_table() if inline else tomlkit.table()
    for name, one in value.items():
        table.add(name, _item(one, inline=True))
    return table


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and bool(value) and isinstance(value[0], Mapping))


def _reference_rows(answers: Answers, splits: Mapping[Id, str]) -> list[dict[str, str]]:
    return [
        {**dict(zip(answers.key, sample, strict=True)), **answers.cells[sample], SPLIT.name: splits[sample]}
        for sample in sorted(answers.cells)
    ]


def _inputs_file(wanted: Wanted) -> Path | None:
    """The file of inputs; None if there is none, or if they are at a web address."""
    return Path(wanted.inputs) if wanted.inputs and not wanted.inputs.startswith(("https://", "http://")) else None


def _check_inputs(path: Path, answers: Answers, public: bool) -> None:
    """Raise `LeaderboardError` for inputs that would overwrite a file of the track, or that hold hidden answers."""
    if path.name in RESERVED:
        raise LeaderboardError(f"--inputs {path.name} has the name of a file of the track itself; rename it.")
    text = path.read_bytes()[:100_000].decode("utf-8", "replace") if path.is_file() else ""
    first = text.lstrip("\ufeff").partition("\n")[0]
    named = set(re.findall(r"[^\s,;\t\"'{}:]+", first))
    if not public and (held := sorted(named & set(answers.columns))):
        raise LeaderboardError(
            f"--inputs {path.name} has the column {held[0]}, which holds the answers, and everybody may download the "
            "inputs; leave that column out."
        )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise LeaderboardError(f"{path} cannot be read ({problem.strerror}); check its name.") from None


def _staged(folder: Path, files: Mapping[str, Path], contents: Mapping[str, bytes], public: bool) -> Track:
    """The track, read back from a folder set aside. Raises `TrackError`."""
    name = files["track"].stem
    (folder / name).mkdir()
    for purpose in ("manifest", "inputs", *(["references"] if public else [])):
        if purpose in contents:
            (folder / name / files[purpose].name).write_bytes(contents[purpose])
    (folder / f"{name}.toml").write_bytes(contents["track"])
    return load_track(name, folder)


def _sample(track: Track, key: Sequence[str], manifest: Sequence[Id]) -> bytes:
    """The sample file: the example's answer in every row."""
    columns = [column.name for column in track.rules.columns if column.required or column.name in track.rules.example]
    cells = {name: track.rules.example.get(name, "") for name in columns}
    return csv_bytes((*key, *columns), ({**cells, **dict(zip(key, sample, strict=True))} for sample in manifest))


def _proved(track: Track, contents: Mapping[str, bytes], answered: bool) -> list[str]:
    """Sentences about what a participant will find. Raises `LeaderboardError` if the files do not fit each other."""
    file = ReferenceFile(f"{track.id}.csv", None, lambda: contents["references"])
    try:
        wheels = track_wheels(track)
    except WheelsUnavailable as problem:
        return [f"Nothing is scored yet. {problem}"]
    rules = replace(track.rules, knows=known_words(track, wheels))
    if error := check(contents["sample"], "sample.csv", rules).error:
        raise LeaderboardError(f"The sample file of {track.id} would be refused: {error.problems[0]}")
    if not answered:
        return ["There are no answers yet."]
    splits = read_references(track, file).splits
    if not splits["public"]:
        raise LeaderboardError(f"No sample of {track.id} is public, so nothing could rank before it closes.")
    if track.judges or any("sentences" in METRICS[metric].needs for metric in track.metrics):
        return []
    report = score_file(track, contents["references"], "references.csv", "all", file, wheels)
    ceiling = "no score" if report.value is None else f"{report.value:.4f}"
    return [f"The answers themselves, sent as predictions, get {ceiling} ({track.primary_title()})."]


@contextlib.contextmanager
def made_folders(*folders: Path) -> Iterator[None]:
    """Makes folders, and removes those that stayed empty if the work with them fails. Raises `LeaderboardError`."""
    new = [path for folder in dict.fromkeys(folders) for path in (folder, *folder.parents) if not path.exists()]
    try:
        for folder in folders:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as problem:
                remedy = f"set {PRIVATE} or --out to a folder that you may write to"
                raise LeaderboardError(f"{folder} cannot be made ({problem.strerror}); {remedy}.") from None
        yield
    except BaseException:
        for path in sorted(set(new), key=lambda path: -len(path.parts)):
            with contextlib.suppress(OSError):  # another process put something there
                path.rmdir()
        raise


def write_all(files: Mapping[Path, bytes], private: Path) -> None:
    """Write all files or none; those in `private` only their owner may read. Raises `LeaderboardError`."""
    before = {path: path.read_bytes() if path.is_file() else None for path in files}
    try:
        for path, content in files.items():
            write_whole(path, content)
            if path.parent == private:
                path.chmod(0o600)
    except OSError as problem:
        for path, old in before.items():
            if old is not None:
                write_whole(path, old)
            elif path.is_file():
                path.unlink()
        named = problem.filename2 or problem.filename
        raise LeaderboardError(f"{named} cannot be written ({problem.strerror}); nothing was.") from None


def _next(wanted: Wanted, files: Mapping[str, Path], private: Path) -> list[str]:
    """The next commands, with what has to be set before."""
    lines = []
    if wanted.answers == "hidden":
        if not os.environ.get(PRIVATE):
            lines.append(f"export {PRIVATE}={private}")
        if "references" not in files:
            lines.append(f"# put the answers into {private / wanted.id}.csv")
    if wanted.out and wanted.out.expanduser().absolute() != own_folder().absolute():
        return [*lines, f"python -m leaderboard setup --owner ORG --track {files['track']} --references FILE"]
    return [*lines, f"python -m submissions check --track {wanted.id} {files['sample']}", "python app.py"]
