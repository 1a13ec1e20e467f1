"""Scores a Codabench submission: the folder holds `ref` (the track, its answers, `task.json`) and `res` (a file)."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import Any

from emer_space.files.formats import READERS, read_file
from emer_space.files.problems import Limits
from leaderboard.errors import LeaderboardError
from leaderboard.scoring.score_file import score_file
from leaderboard.tracks import Track, load_track
from leaderboard.tracks.references import ReferenceFile, read_references
from leaderboard.tracks.rules import known_words, track_wheels
from submissions.checks.validation import check

TASK, WHEELS = "task.json", "wheels"
LONGEST = 36
"""The most characters that Codabench's database keeps of a column's title and key."""
SCORE, LOW, HIGH = "score", "low", "high"


def score_folder(given: Path) -> dict[str, float]:
    """The scores by column. The file is checked first, as on a leaderboard.

    Raises `SubmissionError` with the problems of the file, and `LeaderboardError` if the reference data is incomplete.
    """
    ref = given / "ref"
    try:
        task = json.loads((ref / TASK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise LeaderboardError(f"The reference data has no {TASK}; export the bundle again.") from None
    track = load_track(task["track"], ref)
    answers = next((path for suffix in READERS if (path := ref / f"answers{suffix}").is_file()), None)
    if answers is None:
        raise LeaderboardError("The reference data has no answers.csv; put it in, or export it --with-references.")
    if track.vocabulary == "official":
        os.environ["EMER_WHEELS"] = str(ref / WHEELS)
    file, sent = ReferenceFile.at(answers), _sent(given / "res")
    wheels = track_wheels(track)
    manifest = track.rules.manifest or frozenset(read_references(track, file).table.samples)
    rules = replace(track.rules, manifest=manifest, knows=known_words(track, wheels))
    content = read_file(sent, Limits())
    if error := check(content, sent.name, rules).error:
        raise error
    report = score_file(track, content, sent.name, task["split"], file, wheels)
    if report.value is None:
        raise LeaderboardError(f"There is no score: {report.note}.")
    scores = {key: float(_at(report.scores, path)) for key, path in more_columns(track).items()}
    return {SCORE: report.value, LOW: report.low or 0.0, HIGH: report.high or 0.0, **scores}


def more_columns(track: Track) -> dict[str, str]:
    """The columns besides the score and its interval: key → dotted name of a score; parts, or scores that are meant."""
    if len(track.parts) > 1:
        return unique_keys(tuple(track.parts))
    (part,) = track.parts.values()
    return unique_keys(part.primary) if len(part.primary) > 1 else {}


def unique_keys(names: Sequence[str]) -> dict[str, str]:
    """A key for each name, of letters, digits and _: unlike all others, and unlike the score's and its interval's."""
    keys: dict[str, str] = {}
    for name in names:
        plain = "".join(char if char.isalnum() else "_" for char in name)
        tails = chain([""], (f"_{number}" for number in count(2)))
        tried = (plain[: LONGEST - len(tail)] + tail for tail in tails)
        keys[next(key for key in tried if key not in keys and key not in (SCORE, LOW, HIGH))] = name
    return keys


def _at(scores: Mapping[str, Any], path: str) -> Any:
    """The score at a dotted name. A part's name may hold a dot itself."""
    if path in scores:
        return scores[path]
    for step in path.split("."):
        scores = scores[step]
    return scores


def _sent(folder: Path) -> Path:
    """The one file of predictions that was sent."""
    files = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in READERS and not _hidden(path, folder)]
    if len(files) != 1:
        raise LeaderboardError(f"The zip holds {len(files)} files of predictions; put exactly one csv into it.")
    return files[0]


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in path.relative_to(folder).parts)
