"""A ranking is made from columns, and says what one that is made row by row says; so do its pages and exports."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from board_making import ORGANISER, Clock
from plain_ranking import plain_rows

from emer_space.files.formulas import no_formula
from emer_space.page.words import load_words
from leaderboard.board import board as board_module
from leaderboard.board import ranking as ranking_module
from leaderboard.board.board import Board
from leaderboard.board.export import as_json, csv_pieces, json_pieces
from leaderboard.board.ranking import OPTIONAL, ranking
from leaderboard.board.rows import Row
from leaderboard.board.view import PER_PAGE, View, seen
from leaderboard.page.render import badges
from submissions.checks.systems import parameters
from submissions.person import Person
from submissions.store.paths import record_of
from submissions.store.records import Action, Decision, Result, Submission, new_id

BADGES = badges(load_words("en"))
CLOSED = "[dates]\ncloses = 2026-11-26\n"
PAPERS = "".join(
    f'[[published]]\nname = "P"\nsource = "paper {at}"\nscore = {score}\ninputs = "AV"\n'
    for at, score in enumerate((0.5, 1, 0.25, 0.5))
)
VIEWS: tuple[tuple[View, Callable[[Row], Any] | None], ...] = (
    (View(down=True), None),
    (View("team 7b"), None),
    (View("2026-11 av"), None),
    (View("practice 7b", sort="size", down=True), lambda row: parameters(row.size)),
    (View(sort="level1.precision", down=True), lambda row: row.scores.get("level1.precision")),
    (View(sort="name"), lambda row: row.name.casefold()),
    (View(sort="date", down=True), lambda row: row.received),
    (View(sort="group"), lambda row: row.group),
    (View(sort="moved"), lambda row: row.move),
    (View(sort="link"), lambda row: row.link or None),
)
"""What visitors ask for, with what sorts it."""
ACTIONS: tuple[Action, ...] = ("hide", "withdraw", "disqualify", "restore", "count", "message")


def report(split: str, chance: random.Random) -> dict[str, Any]:
    value = chance.choice([None, 0.0, 0.25, 0.5, 0.5 + 1e-15, 0.75, chance.random(), chance.random() / 1e5])
    ends = (chance.random() / 2, 0.5 + chance.random() / 2)
    interval = dict(zip(("low", "high"), ends, strict=True)) if chance.random() < 0.9 else None
    scores = chance.choice([{"f": 0.5}, {"level1": {"precision": chance.random(), "recall": 0.25}}, {"n": 3}, {}])
    judge = {"judges": {"ew": {"model": chance.choice("mn"), "prompt": "p"}}} if chance.random() < 0.1 else {}
    return {
        "split": split,
        "primary": {"name": "level1.f", "value": value, "interval": interval, "note": "" if value else "=why"},
        "scores": scores,
        "samples": {"scored": 4} if chance.random() < 0.9 else {},
        "provenance": {"vocabulary": {}, "metrics": {}, **judge},
    }


def records(clock: Clock, chance: random.Random, count: int) -> Iterator[Submission | Result | Decision]:
    """Submissions of some people, what became of them, and what was decided; not in the order of arrival."""
    names: list[Submission] = []
    for number in range(count):
        at = clock.now - timedelta(days=1, microseconds=chance.randrange(10**9))
        person = f"baseline:{number % 3}" if chance.random() < 0.1 else f"person-{chance.randrange(count // 8)}"
        submission = Submission(
            *(new_id(at), at.isoformat(), "small", person, f"Team, {person[-2:]}", chance.choice(["", "=1+1", "a m"])),
            *(chance.choice(["", "https://example.org"]), chance.random() < 0.2, "predictions.csv", 1, 1, "0" * 64),
            *(person[0] == "b", chance.choice(["", "AV", "T"]), chance.choice(["", "7B", "350M"])),
        )
        names.append(submission)
        yield submission
        made = Result(submission.id, "small", "1", "refused", at.isoformat(), 1)
        for version in ("1", "1.1"):
            splits = ("public", "private") if chance.random() < 0.8 else (chance.choice(["public", "private"]),)
            reports = {split: report(split, chance) for split in splits}
            if chance.random() < 0.05:
                yield replace(made, version=version)
            elif chance.random() < (0.95 if version == "1" else 0.3):
                yield replace(made, version=version, state="scored", reports=reports)
    for number in range(count // 2):
        about, by = chance.choice(names), Person(f"{number}", "")
        at = clock.now + timedelta(seconds=chance.randrange(-9, 60_000))
        yield Decision.made_by(by, at, chance.choice(ACTIONS), f"reason {number}", submission=about.id)


def store(home: Path, made: Iterator[Submission | Result | Decision]) -> None:
    """Write records as another process would."""
    with (home / "journal").open("a") as journal:
        for record in made:
            file = home / record_of(record.path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(record.to_dict()))
            journal.write(f"\n{record.path}\n")


def check(board: Board) -> None:
    for everything in (True, False):
        track = board.track("small")
        found = ranking(board, track, everything)
        papers = sorted(found.papers, key=lambda row: row.note)
        assert list(found.rows) == plain_rows(board, track, everything, papers) and len(papers) == 4
        own = [row for row in found.rows if row.badge != "paper"]
        names = dict.fromkeys(name for row in own for name in row.scores if name != "level1.f")
        assert found.columns == tuple(names)
        told = {key: [getattr(row, name) for row in found.rows] for key, name in OPTIONAL.items()}
        assert found.told == {key for key, values in told.items() if any(value not in (None, "") for value in values)}
        frame = found.frame()
        for column in ("name", "method", "link", "note"):
            frame[column] = [no_formula(text) for text in frame[column]]
        assert "".join(csv_pieces(found)) == frame.to_csv(index=False, lineterminator="\n")
        assert "".join(json_pieces(found)) == as_json(found.to_dict())
        assert all(found.rows.find(row.id) == row for row in own)
        for view, key in VIEWS:
            page, rows = seen(found.rows, view, BADGES), sought(list(found.rows), view, key)
            assert (page.found, list(page.rows)) == (len(rows), rows[:PER_PAGE])


def sought(rows: list[Row], view: View, key: Callable[[Row], Any] | None) -> list[Row]:
    """The rows that a view asks for, row by row."""

    def fits(row: Row, word: str) -> bool:
        texts = (row.name, row.method, row.id, BADGES[row.badge], row.size)
        dated = word[0].isdigit() and word in row.date
        return any(word in text.casefold() for text in texts) or word == row.inputs.casefold() or dated

    rows = [row for row in rows if all(fits(row, word) for word in view.text.casefold().split())]
    if key is None:
        return rows[::-1] if view.down else rows
    having = sorted((row for row in rows if key(row) is not None), key=key, reverse=view.down)
    return [*having, *(row for row in rows if key(row) is None)]


@pytest.mark.parametrize(
    "lines", ["", 'guard = "ladder"\nstep = 0.05', 'guard = "noise"\nsd = 0.05', CLOSED, "rescored"]
)
def test_columns_and_rows_give_the_same_ranking(
    make_track: Callable[..., str], clock: Clock, home: Path, lines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_track(dates=lines if lines == CLOSED else "")
    file = home / "tracks" / "small.toml"
    text = file.read_text(encoding="utf-8") + PAPERS
    file.write_text(f"{lines}\n{text}" if "guard" in lines else text, encoding="utf-8")
    monkeypatch.setattr(ranking_module, "AT_ONCE", 7)
    board, chance = Board(clock=clock), random.Random(lines)
    clock.forward(days=2 if lines == CLOSED else 0)
    store(home, records(clock, chance, 60))
    check(board)
    if lines == "rescored":
        board.rescore(ORGANISER, "small", "why")
    store(home, records(clock, chance, 30))
    check(board)  # what was kept, with what is new
    check(Board(clock=clock))  # from the index


def test_a_large_track_is_read_before_anybody_asks(
    make_track: Callable[..., str], clock: Clock, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_track()
    store(home, records(clock, random.Random("large"), 40))
    board, wanted = Board(clock=clock), list(ranking(Board(clock=clock), Board(clock=clock).track("small")).rows)
    read: list[str] = []
    summaries = board.ledger.summaries
    monkeypatch.setattr(board.ledger, "summaries", lambda *asked: read.append(asked[0]) or summaries(*asked))
    board.prepare()
    assert read == [], "it is small"
    monkeypatch.setattr(board_module, "LARGE", 40)
    board.prepare()
    assert read == ["small"]
    assert list(ranking(board, board.track("small")).rows) == wanted and read == ["small"]
