"""The project's own baselines on the practice track: four settings of clues, entered as submissions and really scored.

The composer is an argument, since the leaderboard stands apart from it; whoever wires the app has both.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from emer_space.files.problems import SubmissionError
from leaderboard.board.board import Board
from leaderboard.tracks import PACKAGE
from submissions.errors import Refusal

TRACK = "clue-practice"
CLUES = PACKAGE / "data" / "clue-practice" / "clues.jsonl"
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "CLUE-Multi": ("video", "audio", "text"),
    "CLUE-Video": ("video",),
    "CLUE-Audio": ("audio",),
    "CLUE-Text": ("text",),
}
"""The papers' names → what is read."""

PRESENTATION = {"words", "figures", "tab.py", "render.py", "appearance.py", "__main__.py"}
"""Of the composer's package, what shows and does not compose."""

Explain = Callable[[Path, tuple[str, ...]], bytes]
"""A file of clues, and what to read of it → predictions as jsonl."""


def enter_baselines(board: Board, explain: Explain) -> list[str]:
    """Enter what is not there yet, and return the names; nothing is explained twice by the same composer.

    Raises `SubmissionError` or `StoreError` where a baseline cannot be entered.
    """
    version = composer_version()
    board.ledger.refresh()
    there = {(submission.name, submission.method) for submission in board.ledger.of_track(TRACK) if submission.baseline}
    entered: list[str] = []
    for name, modalities in SETTINGS.items():
        method = f"EMER Space's composer {version}, reading {', '.join(modalities)}; no language model"
        if (name, method) in there:
            continue
        try:
            board.intake.baseline(TRACK, name, method, explain(CLUES, modalities), "predictions.jsonl")
        except (Refusal, SubmissionError):  # an organiser's own track of this name has other rules
            return entered
        entered.append(name)
    return entered


def composer_version() -> str:
    """The start of the SHA-256 over the composer's code and tables, and the clues."""
    digest = hashlib.sha256(CLUES.read_bytes())
    package = PACKAGE.parent / "emer_space"
    for path in sorted(path for suffix in ("py", "toml") for path in package.rglob(f"*.{suffix}")):
        if not PRESENTATION.intersection(path.relative_to(package).parts):
            digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:8]
