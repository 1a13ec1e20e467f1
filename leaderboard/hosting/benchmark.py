"""A model on the papers' four CLUE settings in one go: explained, scored by a track's own rules, told side by side.

What explains is an argument, as with the baselines: the leaderboard stands apart from it.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from emer_space.files.problems import SubmissionError
from leaderboard.board.board import Board
from leaderboard.errors import LeaderboardError
from leaderboard.hosting.baselines import CLUES, SETTINGS, TRACK
from leaderboard.scoring.score_file import score_file
from leaderboard.tracks import load_track

FILE = "predictions.jsonl"
TOLD = ("name", "openset", "reason")
"""The columns of an explanation that a track can ask for."""
CLUES_OF: Mapping[str, Path] = {TRACK: CLUES}
"""Tracks whose samples are clues in words, and where these are."""

Explain = Callable[[Path, tuple[str, ...]], bytes]
Keep = Callable[[str, bytes], str]


def enter(board: Board, track: str, model: str) -> Keep:
    """Enters a model's predictions as baselines beside the project's own; nothing is entered twice."""

    def keep(setting: str, content: bytes) -> str:
        method = f"{model} from clues in words, reading {', '.join(SETTINGS[setting])}"
        return board.intake.baseline(track, f"{setting}, {model}", method, content, FILE).id

    return keep


def benchmark(
    track: str, explain: Explain, settings: Iterable[str] = SETTINGS, keep: Keep | None = None
) -> dict[str, Any]:
    """Setting → score, interval, and what the lines tell of the model: how much rested on clues, who answered.

    `keep` is given each setting's predictions and answers with the id under which they stand in the ranking. Raises
    `LeaderboardError` for a track without clues, and as the scorer does.
    """
    if track not in CLUES_OF:
        known = ", ".join(CLUES_OF)
        raise LeaderboardError(f"{track} has no clues in words to be explained; a track that has some is {known}.")
    rules = load_track(track)
    asked = [column.name for column in (*rules.rules.key, *rules.rules.columns) if column.required]
    if unknown := [name for name in asked if name not in TOLD]:
        raise LeaderboardError(
            f"{track} asks for {', '.join(unknown)}, which an explanation does not have (it has {', '.join(TOLD)}); "
            "let the track's file say `required = false` there."
        )
    reports: dict[str, Any] = {}
    for name in settings:
        content = explain(CLUES_OF[track], SETTINGS[name])
        try:
            report = score_file(rules, content, FILE, "public")
        except SubmissionError as problem:
            first = problem.problems[0]
            raise LeaderboardError(f"What was explained is no prediction file of {track}: {first}") from None
        reports[name] = {
            "primary": report.primary_dict(),
            **_of_lines(content),
            "provenance": dict(report.provenance),
        }
        if keep:
            reports[name]["id"] = keep(name, content)
    return {"track": track, "settings": reports}


def lines(report: Mapping[str, Any]) -> list[str]:
    """A report for the terminal."""
    shown = []
    for name, setting in report["settings"].items():
        primary, interval = setting["primary"], setting["primary"].get("interval") or {}
        bounds = f" [{interval['low']:.3f}, {interval['high']:.3f}]" if interval else ""
        by = ", ".join(f"{count} by {composer}" for composer, count in setting["composers"].items())
        share = setting["grounded"]
        grounded = "" if share is None else f"; {100 * share:.0f} % of its sentences grounded"
        shown.append(f"{name:<11} {primary['name']} {primary['value']:.3f}{bounds}  {by}{grounded}")
    return shown


def _of_lines(content: bytes) -> dict[str, Any]:
    rows = [json.loads(line) for line in content.splitlines()]
    shares = [row["grounded"] for row in rows if "grounded" in row]
    return {
        "composers": dict(Counter(row.get("composer", "bundled") for row in rows).most_common()),
        "grounded": round(sum(shares) / len(shares), 4) if shares else None,
        "notices": dict(Counter(code for row in rows for code in row.get("notices", ())).most_common()),
    }
