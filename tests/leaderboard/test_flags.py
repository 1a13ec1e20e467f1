"""Suspicious patterns: what is flagged, what is not, and that organisers alone see it."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from board_making import ADA, BEN, ORGANISER, Clock, answers

from emer_space.files.tables import Table
from leaderboard.board.board import Board
from leaderboard.board.flags import ALIKE, BYTES, FEW_ROWS, LEAST_ROWS, MANY_FILES, Prints
from leaderboard.board.service import Service
from submissions.intake import Entry
from submissions.person import Person
from submissions.store.records import Submission

LABELS = ("happy", "sad", "angry", "calm", "worried", "proud", "bored", "tender", "afraid", "curious")
SAMPLES = 40
CY = Person("id-cy", "Cy")


@pytest.fixture
def board(make_track: Callable[..., str], clock: Clock, home: Path) -> Board:
    make_track(per_day=50, attempts=60)
    rows = "".join(f"s{number:02},happy\n" for number in range(SAMPLES))
    (home / "tracks" / "small.csv").write_text(f"name,openset\n{rows}", encoding="utf-8")
    return Board(clock=clock)


def drawn(seed: int) -> list[list[str]]:
    return [random.Random(f"{seed} {row}").sample(LABELS, 3) for row in range(SAMPLES)]


def send(board: Board, person: Person, rows: list[list[str]], order: int = 1) -> str:
    lines = [f's{number:02},"{labels}"\n' for number, labels in enumerate(rows)][::order]
    content = ("name,openset\n" + "".join(lines)).encode()
    return board.intake.submit(person, "small", content, "P.csv", Entry(person.name)).submission.id


def sent(number: int) -> Submission:
    """A submission of its own person."""
    moment = "2026-01-01T00:00:00+00:00"
    return Submission(
        f"20260101T000000Z-{'A' * 10}", moment, "small", f"p{number}", "x", "", "", False, "predictions.csv", 1, 1, ""
    )


def flags(board: Board) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    return by_id(Service(board))


def by_id(service: Service) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    rows = service.submissions(ORGANISER, wait_s=None)["rows"]
    return {row["id"]: [(flag["kind"], tuple(flag["others"])) for flag in row["flags"]] for row in rows if row["flags"]}


def test_the_same_answers_of_two_accounts_are_flagged_in_any_order_of_rows(board: Board) -> None:
    first, copy, own = send(board, ADA, drawn(1)), send(board, BEN, drawn(1), order=-1), send(board, CY, drawn(2))
    assert flags(board) == {first: [("alike", (copy,))], copy: [("alike", (first,))]}
    assert own not in flags(board)


def test_a_copy_with_some_changed_rows_is_near_equal_and_one_with_many_is_not(board: Board) -> None:
    near, far = drawn(1), drawn(1)
    near[:3] = drawn(2)[:3]
    far[:20] = drawn(2)[:20]
    first, copy = send(board, ADA, drawn(1)), send(board, BEN, near)
    send(board, CY, far)
    assert set(flags(board)) == {first, copy}


def test_a_person_s_own_files_may_be_alike_and_a_constant_answer_may_be_anybody_s(board: Board) -> None:
    varied = drawn(1)
    varied[:10] = drawn(2)[:10]
    send(board, ADA, drawn(1)), send(board, ADA, varied)
    send(board, BEN, [["happy"]] * SAMPLES), send(board, CY, [["happy"]] * SAMPLES, order=-1)
    assert flags(board) == {}


def test_who_changes_few_rows_again_and_again_is_flagged(board: Board) -> None:
    rows, probes = drawn(1), []
    send(board, ADA, rows)
    for step in range(MANY_FILES):
        for row in range(FEW_ROWS):
            rows[step * FEW_ROWS + row] = ["jealous"]
        probes.append(send(board, ADA, rows))
        assert set(flags(board)) == (set() if step < MANY_FILES - 1 else set(probes))
    service = Service(board)
    (flag,) = service.submissions(ORGANISER, flagged=True, wait_s=None)["rows"][0]["flags"]
    assert flag["why"].startswith("5 files of this person change at most 3 rows") and len(flag["others"]) == 4
    assert service.submissions(ORGANISER, flagged=True, wait_s=None)["found"] == MANY_FILES


def test_on_a_few_samples_nobody_is_taken_for_probing(make_track: Callable[..., str], clock: Clock) -> None:
    make_track(per_day=50, attempts=60)
    board = Board(clock=clock)
    for label in LABELS:
        board.intake.submit(ADA, "small", answers(a=label), "P.csv", Entry("Ada"))
    assert flags(board) == {}


def test_the_newest_files_are_kept_and_the_oldest_forgotten(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leaderboard.board.flags.MOST_FILES", 3)
    service = Service(board)
    first, copy = send(board, ADA, drawn(1)), send(board, BEN, drawn(1), order=-1)
    assert set(by_id(service)) == {first, copy}
    second = send(board, ADA, drawn(2))
    send(board, ADA, drawn(3))
    assert by_id(service) == {}, "the first is forgotten, and with it what the copy was alike"
    other = send(board, CY, drawn(2), order=-1)
    assert by_id(service) == {second: [("alike", (other,))], other: [("alike", (second,))]}
    assert by_id(Service(board)) == by_id(service), "the same after a start"
    listed = service.submissions(ORGANISER, wait_s=None)
    assert (listed["compared"], listed["files"]) == (3, 5)


def test_prints_take_a_bounded_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leaderboard.board.flags.MOST_BYTES", 10 * SAMPLES * BYTES)
    samples = [(f"s{number:02}",) for number in range(SAMPLES)]
    prints = Prints(samples, ALIKE, LEAST_ROWS)
    for number in range(35):
        rows = {sample: {"openset": tuple(labels)} for sample, labels in zip(samples, drawn(number % 7), strict=True)}
        prints.add(sent(number), Table(rows, frozenset({"openset"}), {}))
    assert len(prints.submissions) == len(prints.rows) == len(prints.marks) == 10
    assert {each.person for each in prints.submissions} == {f"p{number}" for number in range(25, 35)}
    near = {
        prints.submissions[place].person: {prints.submissions[other].person for other in others}
        for place, others in prints.near.items()
        if others
    }
    assert near == {f"p{low}": {f"p{low + 7}"} for low in (25, 26, 27)} | {
        f"p{low + 7}": {f"p{low}"} for low in (25, 26, 27)
    }


def test_files_are_compared_again_when_their_track_has_other_samples(board: Board, home: Path) -> None:
    service = Service(board)
    first, copy = send(board, ADA, drawn(1)), send(board, BEN, drawn(1), order=-1)
    assert set(by_id(service)) == {first, copy}
    file = home / "tracks" / "small.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("version = 1", "version = 2"), encoding="utf-8")
    rows = "".join(f"s{number:02},happy\n" for number in range(LEAST_ROWS - 1))
    (home / "tracks" / "small.csv").write_text(f"name,openset\n{rows}", encoding="utf-8")
    assert by_id(service) == {}, "so few samples are alike by chance"


def test_a_file_that_is_gone_or_unreadable_stops_no_other(board: Board, home: Path) -> None:
    gone, first = send(board, CY, drawn(3)), send(board, ADA, drawn(1))
    copy = send(board, BEN, drawn(1), order=-1)
    (file,) = (home / "submissions").glob(f"*/{gone}/predictions.csv")
    file.unlink()
    assert set(flags(board)) == {first, copy}


def test_participants_see_no_flags(board: Board) -> None:
    send(board, ADA, drawn(1)), send(board, BEN, drawn(1), order=-1)
    assert "alike" not in str(Service(board).status(ADA)) + str(Service(board).table("small").to_dict())
