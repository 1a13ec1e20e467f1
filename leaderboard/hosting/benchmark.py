"""A model on the papers' four CLUE settings in one run: clues explained, scored by a track's rules, compared.

The explainer is an argument, as for the baselines, because the leaderboard does not depend on it.
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
EXPLAINED = ("name", "openset", "reason")
"""The columns of an explanation that a track can ask for."""
CLUES_OF: Mapping[str, Path] = {TRACK: CLUES}
"""Track whose samples are clues in words → the file of clues."""

Explain = Callable[[Path, tuple[str, ...]], bytes]
Keep = Callable[[str, bytes], str]


def enter(board: Board, track: str, model: str) -> Keep:
    """A function that enters a model's predictions as baselines, each only once, and returns their ids."""

    def keep(setting: str, content: bytes) -> str:
        method = f"{model} from clues in words, reading {', '.join(SETTINGS[setting])}"
        return board.intake.baseline(track, f"{setting}, {model}", method, content, FILE).id

    return keep


def benchmark(
    track: str, explain: Explain, settings: Iterable[str] = SETTINGS, keep: Keep | None = None
) -> dict[str, Any]:
    """A report for each setting: score, interval, provenance, share of grounded sentences, and who composed them.

    `keep` receives the predictions of each setting and returns their id in the ranking. Raises `LeaderboardError` for
    a track without clues, and whatever the scorer raises.
    """
    if track not in CLUES_OF:
        known = ", ".join(CLUES_OF)
        raise LeaderboardError(f"{track} has no clues in words to explain; choose among {known}.")
    rules = load_track(track)
    asked = [column.name for column in (*rules.rules.key, *rules.rules.columns) if column.required]
    if unknown := [name for name in asked if name not in EXPLAINED]:
        raise LeaderboardError(
            f"{track} requires {', '.join(unknown)}, which an explanation does not have (it has "
            f"{', '.join(EXPLAINED)}); set `required = false` for it in the track's file."
        )
    reports: dict[str, Any] = {}
    for name in settings:
        content = explain(CLUES_OF[track], SETTINGS[name])
        try:
            report = score_file(rules, content, FILE, "public")
        except SubmissionError as problem:
            first = problem.problems[0]
            raise LeaderboardError(f"The explanations are not a valid prediction file for {track}: {first}") from None
        reports[name] = {
            "primary": report.primary_dict(),
            **_of_lines(content),
            "provenance": dict(report.provenance),
        }
        if keep:
            reports[name]["id"] = keep(name, content)
    return {"track": track, "settings": reports}


def lines(report: Mapping[str, Any]) -> list[str]:
    """The lines of a report for the terminal, one for each setting."""
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
