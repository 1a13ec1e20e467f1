"""The project's own baselines on the practice track: four settings of clues, submitted and scored like any other.

The composer is an argument, because the leaderboard does not depend on it.
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
"""The papers' name of a setting → the modalities to read."""

PRESENTATION = {"words", "figures", "tab.py", "render.py", "appearance.py", "__main__.py"}
"""The files and folders of the composer's package that only display results."""

Explain = Callable[[Path, tuple[str, ...]], bytes]
"""A file of clues and the modalities to read → predictions as jsonl."""


def enter_baselines(board: Board, explain: Explain) -> list[str]:
    """Enter the baselines that are missing and return their names. Each composer version is entered only once.

    Raises `StoreError` if a baseline cannot be stored.
    """
    version = composer_version()
    board.ledger.refresh()
    present = {(entry.name, entry.method) for entry in board.ledger.of_track(TRACK) if entry.baseline}
    entered: list[str] = []
    for name, modalities in SETTINGS.items():
        method = f"EMER Space's composer {version}, reading {', '.join(modalities)}; no language model"
        if (name, method) in present:
            continue
        try:
            board.intake.baseline(
                TRACK, name, method, explain(CLUES, modalities), "predictions.jsonl", ", ".join(modalities)
            )
        except (Refusal, SubmissionError):  # an organiser's own track of this name may have other rules
            return entered
        entered.append(name)
    return entered


def composer_version() -> str:
    """The first eight hex digits of the SHA-256 over the composer's code and tables and the clues."""
    digest = hashlib.sha256(CLUES.read_bytes())
    package = PACKAGE.parent / "emer_space"
    for path in sorted(path for suffix in ("py", "toml") for path in package.rglob(f"*.{suffix}")):
        if not PRESENTATION.intersection(path.relative_to(package).parts):
            digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:8]
