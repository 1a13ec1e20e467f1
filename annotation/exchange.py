"""Reads files in the field's columns (EMER v1, EMER v2, label lists) into a project, and writes a project in them.

A row is kept as it stood in its file, so what came in goes out the same to the byte.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from annotation.book import Book
from annotation.errors import ProjectError
from annotation.projects import Project, subtitle_of
from annotation.records import Answer, Clip, Clips, Draft
from emer_space.files.formats import read_file, rows_of
from emer_space.files.label_lists import parse_labels
from emer_space.files.problems import Limits, Problem, SubmissionError, plain, refusal, shown
from emer_space.files.rows import Row
from emer_space.files.writing import csv_bytes
from submissions.person import Person
from submissions.store.records import new_id

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "emer-v1": ("names", "emotions", "subtitles", "reasons"),
    "emer-v2": ("name", "chinese", "english"),
    "openset": ("name", "openset"),
}
"""The columns that are read and written, by the name of their format; the first one names the clip."""
SUFFIXES = (".csv", ".jsonl")
NOT_THE_SAME = ("delimiter", "encoding", "json")
"""Warnings of a reader about files that could not be written back to the byte."""
LONGEST_NAME = 200
_HAN = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Found:
    """A row of a file: what it says of a clip, and how it stood there (see `Draft.row`)."""

    clip: str
    labels: tuple[str, ...]
    explanation: Mapping[str, str]
    subtitle: str
    kept: Mapping[str, Any]


def read_exchange(path: Path) -> tuple[Found, ...]:
    """The rows of a csv or jsonl in one of the `COLUMNS`; others beside them are kept, and not read.

    Raises `SubmissionError` with row and column of each problem, and `ProjectError` for a file of another kind.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ProjectError("file", f"{path.name} cannot be imported; give a file that ends in {' or '.join(SUFFIXES)}.")
    warnings: list[Problem] = []
    try:
        content = read_file(path, Limits())
        rows = rows_of(content, path.name, warnings=warnings)
        columns = frozenset().union(*(row.cells for row in rows))
        kind = next((kind for kind, wanted in COLUMNS.items() if columns.issuperset(wanted)), None)
        if kind is None:
            known = "; ".join(", ".join(wanted) for wanted in COLUMNS.values())
            there = ", ".join(plain(column) for column in sorted(columns)[:8])
            raise ProjectError("file", f"{path.name} has the columns {there}; give a file with one of these: {known}.")
        if odd := next((warning for warning in warnings if warning.code in NOT_THE_SAME), None):
            raise SubmissionError([odd])
        rows_of(content, path.name, COLUMNS[kind][:1], unique=COLUMNS[kind][0])
        texts = _as_they_stand(content.decode("utf-8"), path.suffix.lower(), rows)
        language = _language(rows, "reasons") if kind == "emer-v1" else ""
        about = {"columns": kind, "language": language, "file": path.name, "head": texts[0]}
        return tuple(
            _found(kind, row, {**about, "place": place, "text": text})
            for place, (row, text) in enumerate(zip(rows, texts[1:], strict=True))
        )
    except SubmissionError as problem:
        raise SubmissionError([one.in_file(path.name) for one in problem.problems], problem.more) from None


def _as_they_stand(text: str, suffix: str, rows: Sequence[Row]) -> list[str]:
    """The text of a file cut into what comes before the first row, and each row with what follows it."""
    pieces = list(_records(text)) if suffix == ".csv" else re.findall(r"[^\n]*\n|[^\n]+", text)
    starts = [row.number - 1 for row in rows]
    ends = [*starts[1:], len(pieces)]
    cut = zip(starts, ends, strict=True)
    return ["".join(pieces[: starts[0]]), *("".join(pieces[start:end]) for start, end in cut)]


def _records(text: str) -> Iterator[str]:
    """The records of a csv as they stand, with quotation marks, line ends and a byte order mark."""
    mark, body = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    lines = io.StringIO(body, newline="").readlines()
    reader, start = csv.reader(lines, strict=True), 0
    for _ in reader:
        yield mark + "".join(lines[start : reader.line_num])
        mark, start = "", reader.line_num


def _language(rows: Iterable[Row], column: str) -> str:
    return "zh" if any(_HAN.search(row.text(column)) for row in rows) else "en"


def _found(kind: str, row: Row, kept: Mapping[str, Any]) -> Found:
    key, *columns = COLUMNS[kind]
    name, cells = row.text(key).strip(), [row.text(column) for column in columns]
    if plain(name, LONGEST_NAME) != name or "/" in name or name in (".", ".."):
        raise refusal("name", f"{shown(name)} cannot be a clip's name", "use a file's name", row.number, key)
    if kind == "emer-v1":
        emotion, subtitle, reason = cells
        return Found(name, _filled(emotion), _texts({kept["language"]: reason}), subtitle, kept)
    if kind == "emer-v2":
        return Found(name, (), _texts(dict(zip(("zh", "en"), cells, strict=True))), "", kept)
    try:
        cell = row.cells["openset"]
        labels = parse_labels(cell) if isinstance(cell, str) else tuple(filter(None, map(str.strip, cell)))
        return Found(name, labels, {}, "", kept)
    except ValueError as problem:
        raise refusal("labels", str(problem), "write it as ['happy', 'excited']", row.number, "openset") from None


def _filled(*texts: str) -> tuple[str, ...]:
    return tuple(text.strip() for text in texts if text.strip())


def _texts(by_language: Mapping[str, str]) -> dict[str, str]:
    return {language: text for language, text in by_language.items() if text.strip()}


def import_files(
    book: Book, project: Project, by: Person, paths: Sequence[Path], clock: Callable[[], datetime] | None = None
) -> list[str]:
    """Add the rows of files, joined by the clips' names, to a project; returns the names of the clips.

    Their drafts are imported, and so final. Labels are those of an openset file, else the emotion of EMER v1, the
    English one if there is one. Raises `SubmissionError`, `StoreError`, and `ProjectError` if two files, now or before,
    have the same columns, or if a clip is there already; then nothing is added.
    """
    by_clip: dict[str, list[Found]] = {}
    kinds: dict[tuple[str, str], str] = {}
    for path in paths:
        rows = read_exchange(path)
        kind = rows[0].kept["columns"], rows[0].kept["language"]
        if other := kinds.get(kind):
            raise ProjectError("file", f"{other} and {path.name} have the same columns ({kind[0]}); give one of them.")
        kinds[kind] = path.name
        for row in rows:
            by_clip.setdefault(row.clip, []).append(row)
    if taken := next((name for name in by_clip if name in project.clips or name in project.removed), None):
        raise ProjectError(
            "clip",
            f"{shown(taken)} is in the project, or was withdrawn from it; import into a new project, or leave it out.",
        )
    before = (file for draft in project.drafts.values() for file in draft.row.get("files", ()))
    if known := next((file for file in before if (file["columns"], file["language"]) in kinds), None):
        raise ProjectError(
            "file",
            f"{known['file']} with the same columns ({known['columns']}) is in the project, and two files cannot be "
            "written back as one; import into a new project, or join the files first.",
        )
    now = (clock or (lambda: datetime.now(UTC)))()
    about: dict[str, Any] = {"made": now.isoformat(), "project": project.id, "person": by.id, "name": by.name}
    drafts = [Draft(id=new_id(now), **about, clip=name, **_draft(own)) for name, own in by_clip.items()]
    book.add_all([*drafts, Clips(id=new_id(now), **about, clips=tuple(Clip(name) for name in by_clip))])
    return list(by_clip)


def _draft(rows: Sequence[Found]) -> dict[str, Any]:
    """What the rows of a clip say together."""
    order = sorted(rows, key=lambda row: (row.kept["columns"] != "openset", row.kept["language"] == "zh"))
    labels = next((row.labels for row in order if row.labels), ())
    subtitle = next((row.subtitle for row in order if row.subtitle), "")
    explanation = {language: text for row in reversed(order) for language, text in row.explanation.items()}
    return {
        "answer": Answer(labels=labels, explanation=explanation),
        "subtitle": subtitle,
        "made_by": f"imported from {', '.join(str(row.kept['file']) for row in rows)}",
        "imported": True,
        "row": {"files": [dict(row.kept) for row in rows]},
    }


def export(project: Project, columns: str, language: str = "") -> bytes:
    """A project in the `columns` of a format; what came in by them goes out as it stood, in its order.

    `language` is that of EMER v1's texts (default: that of the project, if it was imported in both). Clips without
    enough answers are left out. Raises `ProjectError` if nothing is there to write.
    """
    if columns not in COLUMNS:
        raise ProjectError("columns", f"--columns is {shown(columns)}; choose among {', '.join(COLUMNS)}.")
    stood = {name: _row(project, name, columns) for name in project.clips}
    languages = {row["language"] for rows in stood.values() for row in rows}
    wanted = language or project.settings.language
    if not language and languages and wanted not in languages and columns == "emer-v1":
        wanted = min(languages)
    kept = {name: row for name, rows in stood.items() for row in rows if row["language"] in ("", wanted)}
    lines = sorted(kept.values(), key=lambda row: row["place"])
    made = list(_made(project, (name for name in project.clips if name not in kept), columns, wanted))
    if not lines and not made:
        raise ProjectError("empty", f"No clip of {project.id} has what {columns} holds; let people finish some first.")
    if not lines:
        return csv_bytes(COLUMNS[columns], made)
    old = (lines[0]["head"] + "".join(row["text"] for row in lines)).encode()
    if lines[0]["file"].lower().endswith(".csv"):
        new = csv_bytes(_header(lines[0]["head"], columns), made).partition(b"\n")[2]
    else:
        new = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in made).encode()
    return old + (b"\n" if new and not old.endswith((b"\n", b"\r")) else b"") + new


def _header(head: str, columns: str) -> list[str]:
    """The header of a csv that was imported."""
    rows = ([cell.strip() for cell in row] for row in csv.reader(io.StringIO(head.lstrip("\ufeff"), newline="")))
    return next(row for row in rows if set(row).issuperset(COLUMNS[columns]))


def _row(project: Project, clip: str, columns: str) -> list[Mapping[str, Any]]:
    """The rows of a clip that came in by the `columns`: one, or two of EMER v1 in both languages."""
    draft, final = project.drafts.get(clip), project.final(clip)
    if draft is None or not draft.imported or (final and final.annotators):  # people have said something else since
        return []
    return [row for row in draft.row.get("files", ()) if row["columns"] == columns]


def _made(project: Project, clips: Iterable[str], columns: str, language: str) -> Iterator[dict[str, str]]:
    """Rows for clips that did not come in by the `columns`, and have what they hold."""
    for name in clips:
        final = project.final(name)
        if final is None:
            continue
        labels, texts = list(final.answer.labels), final.answer.explanation
        if columns == "openset" and labels:
            yield {"name": name, "openset": str(labels)}
        elif columns == "emer-v2" and texts:
            yield {"name": name, "chinese": texts.get("zh", ""), "english": texts.get("en", "")}
        elif columns == "emer-v1" and labels and texts.get(language):
            words = subtitle_of(project, name)
            yield {"names": name, "emotions": labels[0], "subtitles": words, "reasons": texts[language]}
