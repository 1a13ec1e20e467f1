"""Visitors' corrections: kept only with consent, the clip only with a second one, and gone when withdrawn."""

import csv
from pathlib import Path
from typing import Any

import pytest
from board_making import ADA

from leaderboard.__main__ import main
from leaderboard.board.board import Board
from submissions.corrections import MOST_CLIPS_OF_CLIENT, MOST_OF_CLIENT, Opinion, split_labels
from submissions.errors import Refusal
from submissions.person import LOCAL
from submissions.store.records import Correction

READING: dict[str, Any] = {"id": "20261126T000000Z-abc", "clip": {"sha256": "ab" * 32}, "labels": [{"label": "angry"}]}
CLIP = ("remuxed.MP4", b"a clip")


def send(board: Board, client: str = "1.2.3.4", why: str = "She waits for news.", **consents: bool) -> Correction:
    return sent(board, client, why, **consents)[0]


def sent(
    board: Board, client: str = "1.2.3.4", why: str = "She waits for news.", **consents: bool
) -> tuple[Correction, str]:
    """The entry and its receipt."""
    opinion = Opinion(("worried", "a little proud"), why, **{"keep": True, **consents})
    return board.corrections.send(client, opinion, READING, CLIP)


def kept(board: Board, correction: Correction) -> set[str]:
    return {path.name for path in (board.home / correction.path).glob("*")}


def test_nothing_is_kept_without_consent(board: Board) -> None:
    with pytest.raises(Refusal, match="tick that your words may be kept"):
        send(board, keep=False, keep_clip=True)
    assert not (board.home / "corrections").exists()


def test_the_clip_is_kept_only_with_a_second_consent(board: Board) -> None:
    words, both = send(board), send(board, keep_clip=True)
    assert kept(board, words) == {"request.json", "analysis.json"} and words.clip == ""
    assert kept(board, both) == {"request.json", "analysis.json", "clip.mp4"}
    assert (board.home / both.path / both.clip).read_bytes() == CLIP[1]


def test_the_receipt_withdraws_it_in_every_process(board: Board) -> None:
    (correction, receipt), other = sent(board, keep_clip=True), Board()
    assert [one["id"] for one in other.corrections.listed(LOCAL)] == [correction.id]
    for stranger in (correction.id, f"{correction.id}-", f"{correction.id}-{'0' * 24}"):  # the id is public
        with pytest.raises(Refusal, match="no correction with this receipt"):
            other.corrections.withdraw(stranger)
    board.corrections.withdraw(receipt)
    assert not (board.home / correction.path).exists() and not list(board.home.glob("unfinished/*"))
    for anyone in (board, other, Board()):
        assert anyone.corrections.listed(LOCAL) == []
        with pytest.raises(Refusal, match="no correction with this receipt"):
            anyone.corrections.withdraw(receipt)


def test_a_withdrawal_that_was_cut_short_can_be_repeated(board: Board) -> None:
    correction, receipt = sent(board)
    board.ledger.store.remove(correction.path)  # and the process was killed
    board.corrections.withdraw(receipt)
    assert board.corrections.listed(LOCAL) == []


def test_only_an_organiser_sees_and_reviews(board: Board) -> None:
    correction = send(board)
    for call in (lambda: board.corrections.listed(ADA), lambda: board.corrections.review(ADA, correction.id, "accept")):
        with pytest.raises(Refusal, match="organisers only"):
            call()
    (listed,) = board.corrections.listed(LOCAL)
    assert (listed["labels"], listed["read"], listed["review"]) == (("worried", "a little proud"), ["angry"], "")
    board.corrections.review(LOCAL, correction.id, "accept")
    board.corrections.review(LOCAL, correction.id, "dismiss", "a joke")
    assert Board().corrections.listed(LOCAL)[0]["review"] == "dismiss", "the last review holds"
    with pytest.raises(Refusal, match="accept, dismiss"):
        board.corrections.review(LOCAL, correction.id, "hide")


def test_an_organiser_deletes_one_and_no_list_or_export_tells_how_its_sender_could(
    board: Board, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (correction, receipt), other = sent(board, keep_clip=True), send(board)
    secret = receipt.removeprefix(correction.id)[1:]
    assert main(["corrections", "--out", str(tmp_path / "out")]) == main(["corrections", "--json", "-"]) == 0
    told = capsys.readouterr().out + "".join(path.read_text() for path in (tmp_path / "out").rglob("*.csv"))
    assert correction.id in told and secret not in told and correction.secret_sha256 not in told
    assert main(["decide", correction.id, "withdraw", "--reason", "the clip shows a child"]) == 0
    assert not (board.home / correction.path).exists() and kept(board, other)
    assert [one["id"] for one in board.corrections.listed(LOCAL)] == [other.id]


def test_a_submission_is_no_correction(board: Board) -> None:
    with pytest.raises(Refusal, match="no submission with this id"):
        board.decide(LOCAL, send(board).id, "hide", "no reason")


def test_one_client_cannot_fill_the_store(board: Board) -> None:
    for _ in range(MOST_OF_CLIENT):
        send(board)
    with pytest.raises(Refusal, match="try again tomorrow"):
        send(board)
    assert send(board, client="5.6.7.8").id


def test_one_client_cannot_fill_the_disk_with_clips(board: Board) -> None:
    for _ in range(MOST_CLIPS_OF_CLIENT):
        send(board, keep_clip=True)
    with pytest.raises(Refusal, match="send the words alone"):
        send(board, keep_clip=True)
    assert send(board).clip == "" and send(board, client="5.6.7.8", keep_clip=True).clip


@pytest.mark.parametrize(
    ("labels", "why", "message"),
    [
        ((), "", "Say which words"),
        ((" ",), "", "Say which words"),
        (tuple("abcdefghijklm"), "", "1 to 12"),
        (("x" * 41,), "", "longer than 40"),
        (("sad",), "y" * 1001, "longer than 1000"),
        (("sad\x1b",), "", "cannot be shown"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_the_reason(labels: tuple[str, ...], why: str, message: str) -> None:
    with pytest.raises(Refusal, match=message):
        Opinion(labels, why, keep=True)


def test_labels_are_split_as_people_type_them() -> None:
    assert split_labels("sad, a little proud；惊讶、担心\n") == ("sad", "a little proud", "惊讶", "担心")


def test_an_organiser_takes_them_away_in_the_fields_columns(board: Board, tmp_path: Path) -> None:
    entry, dismissed = send(board, keep_clip=True, why="=1+1"), send(board)
    board.corrections.review(LOCAL, dismissed.id, "dismiss")
    assert main(["corrections", "--out", str(tmp_path / "out")]) == 0
    with (tmp_path / "out" / "corrections.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["name"], row["openset"], row["read"]) == (entry.id, "['worried', 'a little proud']", "['angry']")
    assert row["reason"] == "'=1+1", "a spreadsheet must not take it for a formula"
    assert (tmp_path / "out" / entry.id / row["clip"]).read_bytes() == CLIP[1]
