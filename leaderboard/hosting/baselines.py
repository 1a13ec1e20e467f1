"""The project's own baselines on the practice track, submitted and scored like any other.

Four settings of clues, read by the composer, which is an argument, because the leaderboard does not depend on it. Four
that understand nothing, as a measure of what little is worth: two of them know how frequent labels are in the
references and say so; none looks at the reference of the sample that it answers.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path

from emer_space.files.formats import read_rows
from emer_space.files.problems import SubmissionError
from emer_space.tables.load import Table, exactly, read_table, text
from leaderboard.board.board import Board
from leaderboard.scoring.chance import drawn, most_frequent
from leaderboard.tracks import PACKAGE
from submissions.errors import Refusal

TRACK = "clue-practice"
FOLDER = PACKAGE / "data" / "clue-practice"
CLUES, REFERENCES = FOLDER / "clues.jsonl", FOLDER / "references.jsonl"
CLUE_COLUMNS = ("visual_clue", "acoustic_clue", "subtitle")
KEYWORDS = Path(__file__).with_name("keywords.toml")
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "CLUE-Multi": ("video", "audio", "text"),
    "CLUE-Video": ("video",),
    "CLUE-Audio": ("audio",),
    "CLUE-Text": ("text",),
}
"""The papers' name of a setting → the modalities to read."""
READS: Mapping[str, tuple[str, ...]] = {**SETTINGS, "Keywords": SETTINGS["CLUE-Multi"]}
"""What a baseline reads; the others read nothing."""
CONSTANT = "happy"
MOST = 3
"""How many labels the baselines give; most references have three."""

PRESENTATION = {"words", "figures", "tab.py", "render.py", "appearance.py", "__main__.py"}
"""The files and folders of the composer's package that only display results."""

Explain = Callable[[Path, tuple[str, ...]], bytes]
"""A file of clues and the modalities to read → predictions as jsonl."""
Answers = Mapping[str, Sequence[str]]
"""Sample → labels."""


def enter_baselines(board: Board, explain: Explain) -> list[str]:
    """Enter the baselines that are missing and return their names. Each version of one is entered only once.

    Raises `StoreError` if a baseline cannot be stored.
    """
    board.ledger.refresh()
    present = {(entry.name, entry.method) for entry in board.ledger.of_track(TRACK) if entry.baseline}
    entered: list[str] = []
    for name, method, predictions in _baselines(explain):
        if (name, method) in present:
            continue
        try:
            reads = ", ".join(READS.get(name, ()))
            board.intake.baseline(TRACK, name, method, predictions(), "predictions.jsonl", reads)
        except (Refusal, SubmissionError):  # an organiser's own track of this name may have other rules
            return entered
        entered.append(name)
    return entered


def _baselines(explain: Explain) -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """Name, method and predictions of every baseline."""
    version = composer_version()
    for name, modalities in SETTINGS.items():
        method = f"EMER Space's composer {version}, reading {', '.join(modalities)}; no language model"
        yield name, method, partial(explain, CLUES, modalities)
    for name, (method, answers) in simple_baselines().items():
        yield name, method, partial(_lines, answers)


def simple_baselines() -> dict[str, tuple[str, Answers]]:
    """The baselines that understand nothing: name → what it is, in a line, and its answers."""
    clues = {row.text("name"): "\n".join(map(row.text, CLUE_COLUMNS)) for row in read_rows(CLUES)}
    references = {row.text("name"): tuple(row.cells["openset"]) for row in read_rows(REFERENCES)}
    frequent = most_frequent(references.values(), MOST)
    data = _digest(CLUES, REFERENCES)
    return {
        "Constant": (f"always “{CONSTANT}”; clues {data}", {name: [CONSTANT] for name in clues}),
        "Majority": (
            f"always {', '.join(frequent)}, the most frequent labels of the references; clues {data}",
            dict.fromkeys(clues, frequent),
        ),
        "Random": (
            f"the labels of another sample's reference, drawn at random with seed 0; clues {data}",
            drawn(references),
        ),
        "Keywords": (
            f"the labels of keywords in the clues, {MOST} at most; keywords {_digest(KEYWORDS)}, clues {data}",
            {name: of_keywords(words) for name, words in clues.items()},
        ),
    }


def of_keywords(words: str) -> list[str]:
    """The labels whose keywords occur most often in a text, in English or Chinese; `neutral` if none occurs."""
    found: Counter[str] = Counter()
    for pattern, label in _keywords():
        found[label] += len(pattern.findall(words.lower()))
    return [label for label, times in found.most_common(MOST) if times] or ["neutral"]


@cache
def _keywords() -> tuple[tuple[re.Pattern[str], str], ...]:
    table = read_table(KEYWORDS, exactly(("english", "chinese"), Table(more=text)))
    return tuple(
        (re.compile(start + re.escape(word)), label)
        for language, start in (("english", r"\b"), ("chinese", ""))
        for word, label in table[language].items()
    )


def _lines(answers: Answers) -> bytes:
    rows = ({"name": name, "openset": list(labels)} for name, labels in answers.items())
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def _digest(*paths: Path) -> str:
    """The first eight hex digits of the SHA-256 over files."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def composer_version() -> str:
    """The first eight hex digits of the SHA-256 over the composer's code and tables and the clues."""
    digest = hashlib.sha256(CLUES.read_bytes())
    package = PACKAGE.parent / "emer_space"
    for path in sorted(path for suffix in ("py", "toml") for path in package.rglob(f"*.{suffix}")):
        if not PRESENTATION.intersection(path.relative_to(package).parts):
            digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:8]
