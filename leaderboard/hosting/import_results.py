"""Results of Codabench or EvalAI as published rows of a track of one's own: cited with their source, without a rank."""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from emer_space.files.problems import counted, shown
from emer_space.files.writing import write_whole
from leaderboard.errors import LeaderboardError, TrackError
from leaderboard.tracks import load_track, own_folder

NAMES = ("participant team", "participant", "team", "team name", "username", "user", "owner", "method", "name", "model")
"""What platforms call the column of names, the likeliest first."""
SCORES = ("score", "primary", "average", "avg", "mean")
IGNORED = ("", "#", "rank", "entries", "date", "id", "submission id", "last submission at", "meta attributes")
MOST_BYTES = 20_000_000
Table = list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Imported:
    """How many rows were added, changed and left as they were, and how the columns were read."""

    added: int
    changed: int
    same: int
    lines: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The outcome as JSON."""
        return {"added": self.added, "changed": self.changed, "same": self.same, "said": list(self.lines)}


def import_results(
    path: Path, track: str, source: str, score: str = "", name: str = "", scale: float = 1.0
) -> Imported:
    """Add the rows of a table to the track's file; a row of the same name and source is replaced.

    `scale` is the best possible score in the table. Raises `LeaderboardError` if the table or the track cannot be used.
    """
    if not source.strip():
        raise LeaderboardError("A published score needs its source; give --source, such as the address of the page.")
    target = own_folder() / f"{track}.toml"
    about = load_track(track)
    if not target.is_file():
        raise LeaderboardError(f"{track} is not a track of your own; copy its file to {target}, and import again.")
    rows = _read(path)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    named = _chosen(name, NAMES, columns, "--name", path)
    main = _chosen(score, (about.primary, *SCORES), columns, "--score", path)
    others = [column for column in columns if column not in (named, main) and column.strip().lower() not in IGNORED]
    numeric = [column for column in others if any(_number(row.get(column, "")) is not None for row in rows)]
    document = tomlkit.parse(target.read_text(encoding="utf-8"))
    before = {
        (row["name"], row.get("source", document.get("source", ""))): row for row in document.get("published", [])
    }
    counts = {"added": 0, "changed": 0, "same": 0}
    # Of several rows of one name (a person's entries) the best counts, so that the same table changes nothing.
    best = {row.get(named, "").strip(): row for row in sorted(rows, key=lambda row: _number(row.get(main, "")) or 0.0)}
    rows = [row for row in rows if best[row.get(named, "").strip()] is row]
    for row in rows:
        value = _number(row.get(main, ""))
        if value is None or not row.get(named, "").strip():
            raise LeaderboardError(
                f"{path.name} has a row without a name or without a number in {main}: {shown(str(row))}."
            )
        if not 0 <= value / scale <= 1:
            raise LeaderboardError(
                f"The score {value:g} does not lie between 0 and {scale:g}; give the best possible one with --scale."
            )
        new: dict[str, Any] = {"name": row[named].strip(), "source": source, "score": round(value / scale, 6)}
        scores = {one: number / scale for one in numeric if (number := _number(row.get(one, ""))) is not None}
        new |= {"scores": scores} if scores else {}
        old = before.get((new["name"], source))
        if old is None:
            document.setdefault("published", tomlkit.aot()).append(_row(new))
            counts["added"] += 1
        elif old.unwrap() == new:
            counts["same"] += 1
        else:
            old.update(_row(new))
            counts["changed"] += 1
    text = tomlkit.dumps(document)
    _replace(target, track, text)
    unread = [column for column in others if column not in numeric]
    lines = [
        f"{named} was read as the name, {main} as the score, {', '.join(numeric) or 'nothing else'} as other scores."
    ]
    lines += [f"Not read: {', '.join(map(shown, unread))}."] if unread else []
    lines.append(f"{counted(counts['added'], 'row')} added, {counts['changed']} changed, {counts['same']} as before.")
    return Imported(**counts, lines=tuple(lines))


def _replace(target: Path, track: str, text: str) -> None:
    """Write the track's file; if it cannot be loaded then, put back what was there."""
    old = target.read_bytes()
    try:
        write_whole(target, text.encode())
        load_track(track)
    except TrackError:
        write_whole(target, old)
        raise
    except OSError as problem:
        raise LeaderboardError(f"{target} cannot be written ({problem.strerror}); correct its permissions.") from None


def _row(values: Mapping[str, Any]) -> Any:
    row = tomlkit.table()
    for key, value in values.items():
        if isinstance(value, Mapping):
            inner = tomlkit.inline_table()
            inner.update(value)
            value = inner
        row.add(key, value)
    return row


def _number(text: str) -> float | None:
    """A number that is finite; `71.3 (2)`, as Codabench shows ranks beside scores, is 71.3."""
    try:
        value = float(text.strip().split(" ")[0].removesuffix("%"))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _chosen(given: str, likely: Sequence[str], columns: Sequence[str], option: str, path: Path) -> str:
    """The column that is given, or the first that is called as is likely. Raises `LeaderboardError`."""
    if given in columns:
        return given
    plain = {column.strip().lower(): column for column in reversed(columns)}
    found = next((plain[name] for name in likely if name in plain), None)
    if given or found is None:
        there = ", ".join(map(shown, columns[:12]))
        raise LeaderboardError(
            f"{path.name} has no column {given or likely[0]} (there are {there}); choose with {option}."
        )
    return found


def _read(path: Path) -> Table:
    """The rows of a table. Raises `LeaderboardError` if it is neither a csv nor one of the platforms' JSON."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        text = content.decode("utf-8-sig")
        if len(content) > MOST_BYTES:
            raise ValueError("it is too large")
        rows = _of_json(json.loads(text)) if path.suffix.lower() == ".json" else list(csv.DictReader(io.StringIO(text)))
    except OSError as problem:
        raise LeaderboardError(f"{path} cannot be read ({problem.strerror}); check its name.") from None
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error, RecursionError) as problem:
        reason = str(problem) or type(problem).__name__
        raise LeaderboardError(
            f"{path.name} is no result table ({reason}); give a csv or json of the platform."
        ) from None
    if not rows:
        raise LeaderboardError(f"{path.name} holds no results; export the table again.")
    return [{str(key): "" if value is None else str(value) for key, value in row.items()} for row in rows]


def _of_json(held: Any) -> list[dict[str, Any]]:
    """Rows from EvalAI's leaderboard, from Codabench's (by submission, or by phase and person), or a list."""
    if isinstance(held, list):
        return held
    if "results" in held:  # EvalAI: /api/jobs/challenge_phase_split/<id>/leaderboard/
        return [
            {
                "participant team": row["submission__participant_team__team_name"],
                **dict(zip(row["leaderboard__schema"]["labels"], row["result"], strict=True)),
            }
            for row in held["results"]
        ]
    if "submissions" in held:  # Codabench: /api/leaderboards/<id>/
        return [
            {
                "participant": row["owner"],
                **{score.get("column_key", score.get("column")): score["score"] for score in row["scores"]},
            }
            for row in held["submissions"]
        ]
    return [  # Codabench: /api/competitions/<id>/results/
        {"participant": person, **{_column(name): score for name, score in scores.items()}}
        for people in held.values()
        for person, scores in people.items()
    ]


def _column(name: str) -> str:
    """`Task name(12)-score(3)`, as Codabench writes a column of a task, is `score`."""
    return name.rpartition(")-")[2].partition("(")[0]
