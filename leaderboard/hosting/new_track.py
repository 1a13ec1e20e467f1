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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from emer_space.files.problems import shown
from emer_space.files.tables import NAME, Column, Id
from emer_space.files.writing import csv_bytes
from emer_space.language_model.prompt_files import load_prompt
from emer_space.models.endpoint import EndpointChat, endpoint_of
from leaderboard.errors import LeaderboardError, TrackError, WheelsUnavailable
from leaderboard.hosting.track_files import TRACK_ID, made_folders, track_toml, write_all
from leaderboard.hosting.track_material import Answers, Material, answers_in, guessed_metric, split_samples
from leaderboard.metrics.metric import Metric
from leaderboard.metrics.registry import METRICS
from leaderboard.scoring.score_file import score_file
from leaderboard.tracks import FOLDER, Track, load_track, own_folder
from leaderboard.tracks.inputs import why_private
from leaderboard.tracks.references import (
    REFERENCES,
    SPLIT,
    ReferenceFile,
    check_references_are_private,
    private_folder,
    read_references,
)
from leaderboard.tracks.rules import known_words, track_wheels
from leaderboard.tracks.track import GUARD_SIZES, arena_files
from submissions.checks.validation import check

WORDS = Path(__file__).parent / "new_track.toml"
VERSION = re.compile(r"^\s*version\s*=\s*([0-9]{1,9})\s*(?:#.*)?$", re.MULTILINE)
"""The version in the text of a track file that is broken elsewhere."""
RESERVED = ("manifest.csv", "sample.csv", "references.csv")
"""The files of a track in its folder."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an organiser wants of a track; what is empty is chosen for them, and said.

    `private` is the share of the samples in 0…1 that ranks only after the closing, `decoys` the number of samples
    that are never scored. `inputs` is a file that the page offers, or a web address; `cite` a file of BibTeX. `guard`
    is that of the public scores, such as `ladder=0.02`. `hidden` is the folder for hidden answers (default:
    `private_folder`). `table` holds further fields of the track file.
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
    guard: str = ""
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
    private = wanted.hidden or private_folder()
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
    if wanted.answers == "public" and wanted.guard:
        raise LeaderboardError(
            "A guard of the scores makes no sense where everybody may read the answers; use --answers hidden."
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
    before = [load_track(wanted.id, FOLDER).version] if bundled.exists() else []
    before += [_own_version(files["track"])] if files["track"].exists() else []
    if not before:
        return 1
    version = max(before) + 1
    said.append(f"This is version {version} of {wanted.id}: what was sent before is scored again.")
    return version


def _own_version(path: Path) -> int:
    """The version in a track file, also of one that is broken elsewhere. Raises `LeaderboardError` if it has none."""
    try:
        return load_track(path.stem, path.parent).version
    except TrackError as problem:
        if path.stem in arena_files():
            raise LeaderboardError(f"{path} is a blind comparison, not a track; choose another --id.") from None
        found = VERSION.search(_read(path).decode("utf-8", "replace"))
        if found is None:
            raise LeaderboardError(
                f"{path} has no version that can be read, so what was sent before might count for new answers "
                f"({problem}) Choose another --id, or write version = N into its first line, N being its last version."
            ) from None
        return int(found[1])


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
    table |= guard_fields(wanted.guard)
    if dates := {name: day for name in ("opens", "closes") if (day := getattr(wanted, name))}:
        table["dates"] = dates
    if wanted.per_day:
        table["quota"] = {"per_day": wanted.per_day, "attempts_per_day": max(50, 10 * wanted.per_day)}
    table["columns"] = {one.name: _column(one, answers) for one in metric.predictions if one.name in metric.any_of[:1]}
    given: dict[str, Any] = {name: table[name] for name in ("inputs", "cite") if name in table}
    if choices := table["columns"][column].get("choices"):
        table["example"][column] = choices[0]
    return {name: value for name, value in {**table, **wanted.table, **given}.items() if value is not None}


def guard_fields(given: str) -> dict[str, Any]:
    """The fields of a track file for a guard such as `ladder=0.02`, if there is one. Raises `LeaderboardError`."""
    if not given:
        return {}
    kind, _, size = given.partition("=")
    with contextlib.suppress(ValueError):
        if name := next((name for guard, name in GUARD_SIZES.items() if guard == kind), ""):
            return {"guard": kind, name: float(size)}
    raise LeaderboardError(
        f"--guard is {shown(given)}; write ladder=0.02 or noise=0.02: the step or the standard deviation, on the "
        "scale of the score."
    )


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
    if wrong := why_private(path):
        raise LeaderboardError(f"--inputs names {path.name}, {wrong}; name another file.")
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


def _next(wanted: Wanted, files: Mapping[str, Path], private: Path) -> list[str]:
    """The next commands, with what has to be set before."""
    lines = []
    if wanted.answers == "hidden":
        if not os.environ.get(REFERENCES):
            lines.append(f"export {REFERENCES}={private}")
        if "references" not in files:
            lines.append(f"# put the answers into {private / wanted.id}.csv")
    if wanted.out and wanted.out.expanduser().absolute() != own_folder().absolute():
        return [*lines, f"python -m leaderboard setup --owner ORG --track {files['track']} --references FILE"]
    return [*lines, f"python -m submissions check --track {wanted.id} {files['sample']}", "python app.py"]
