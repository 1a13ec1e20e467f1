"""The way in: what gets a receipt, what does not, what it costs, and what a participant can decide."""

import shutil
from collections.abc import Callable

import pytest
from board_making import ADA, BEN, Clock, answers

from emer_space.files.problems import SubmissionError
from leaderboard.board.board import Board
from leaderboard.hosting.schedule import sweep
from leaderboard.scoring.scoring_process import Outcome, ScoringLimits
from submissions.errors import Refusal
from submissions.intake import Entry, Receipt
from submissions.person import Person


def send(board: Board, person: Person | None = ADA, content: bytes | None = None, track: str = "small") -> Receipt:
    return board.intake.submit(person, track, content or answers(), "P.csv", Entry("Name"))


def failing(state: str) -> Callable[[str, str, bytes, ScoringLimits], Outcome]:
    """A scorer that ends in a state: what leads to it is tested with the real one."""
    problems = ({"row": 2, "column": None, "code": "x", "message": "No.", "hint": "Mend."},)
    return lambda *job: Outcome(state, {}, problems if state == "refused" else (), "it broke")


def test_a_receipt_is_there_in_another_process(board: Board) -> None:
    receipt = send(board)
    found = Board().ledger.refresh().submissions[receipt.submission.id]
    assert found == receipt.submission and found.name == "Name" and found.person == ADA.id
    assert Board().ledger.content(found) == answers()
    assert receipt.state == "queued" and not receipt.again and receipt.usage.left == 2


def test_a_wrong_file_leaves_nothing_and_uses_no_attempt(board: Board) -> None:
    with pytest.raises(SubmissionError, match="row 3"):
        send(board, content=b"name,openset\na,happy\nzz,sad\n")
    assert board.ledger.refresh().submissions == {}
    used = board.intake.usage(ADA, "small")
    assert (used.used, used.attempts) == (0, 0)


def test_the_same_content_has_one_id_for_a_person_and_a_track(board: Board, make_track: Callable[..., str]) -> None:
    first, again = send(board), send(board)
    assert again.again and again.submission.id == first.submission.id and again.usage.used == 1
    assert send(board, BEN).submission.id != first.submission.id
    assert send(board, track=make_track("other")).submission.id != first.submission.id


def test_the_quota_counts_what_is_scored_and_what_waits(board: Board) -> None:
    for label in ("sad", "angry", "calm"):
        send(board, content=answers(a=label))
    with pytest.raises(Refusal, match="2026-11-27 00:00 UTC") as problem:
        send(board, content=answers(a="proud"))
    assert problem.value.code == "quota"
    assert send(board, BEN).usage.used == 1, "another's quota is another's"
    sweep(board, score=failing("refused"))
    assert board.intake.usage(ADA, "small").left == 3, "what was refused is free"
    send(board, content=answers(a="proud"))


def test_our_own_faults_are_free_and_the_file_can_be_sent_again(board: Board) -> None:
    first = send(board)
    sweep(board, score=failing("error"))
    assert board.intake.usage(ADA, "small").left == 3
    again = send(board)
    assert not again.again and again.submission.id != first.submission.id


def test_the_cap_on_attempts_counts_every_file_without_problems(board: Board) -> None:
    for _ in range(9):
        with pytest.raises(SubmissionError):
            send(board, content=b"name,openset\n")
    for _ in range(8):
        send(board)
    with pytest.raises(Refusal) as problem:
        send(board)
    assert problem.value.code == "attempts" and "8 files" in str(problem.value)
    with pytest.raises(Refusal):
        send(board, content=b"name,openset\n")


def test_a_new_day_begins_at_midnight_utc(board: Board, clock: Clock) -> None:
    for label in ("sad", "angry", "calm"):
        send(board, content=answers(a=label))
    clock.forward(hours=11, minutes=59)
    with pytest.raises(Refusal):
        send(board, content=answers(a="proud"))
    clock.forward(minutes=1)
    assert send(board, content=answers(a="proud")).usage.left == 2


def test_a_track_takes_files_from_its_first_to_its_last_day(make_track: Callable[..., str], clock: Clock) -> None:
    board = Board(clock=clock)
    make_track(dates="[dates]\nopens = 2026-11-27\ncloses = 2026-11-28\n")
    with pytest.raises(Refusal, match="opens on 2026-11-27"):
        send(board)
    clock.forward(days=2, hours=11)
    assert send(board)
    clock.forward(hours=2)
    with pytest.raises(Refusal, match="closed on 2026-11-28"):
        send(board, BEN)


def test_a_visitor_without_an_identity_submits_nothing(board: Board) -> None:
    with pytest.raises(Refusal, match="not signed in"):
        send(board, person=None)
    assert board.ledger.refresh().submissions == {}


@pytest.mark.parametrize("track", ["nope", "../small", "", "emer-ov"])
def test_a_track_that_is_not_there_or_not_scored_here_takes_nothing(board: Board, track: str) -> None:
    with pytest.raises(Refusal, match=r"no track|not scored here"):
        send(board, track=track)


@pytest.mark.parametrize(
    ("field", "entry"),
    [
        ("name", {"name": "  "}),
        ("name", {"name": "x" * 61}),
        ("name", {"name": "a\u202eb"}),
        ("name", {"name": "a\x00b"}),
        ("method", {"name": "x", "method": "y" * 201}),
        ("link", {"name": "x", "link": "javascript:alert(1)"}),
        ("link", {"name": "x", "link": "https://a b"}),
        ("link", {"name": "x", "link": 'https://a"onload="x'}),
        ("name", {"name": 7}),
    ],
)
def test_texts_that_cannot_be_shown_are_refused(field: str, entry: dict) -> None:
    with pytest.raises(Refusal) as problem:
        Entry(**entry)
    assert problem.value.code == field


def test_texts_are_kept_as_texts(board: Board) -> None:
    entry = Entry("  =1+1 <b>ü</b>\n", "多模态", "https://example.org/x?y=1")
    assert (entry.name, entry.method) == ("=1+1 <b>ü</b>", "多模态")
    kept = board.intake.submit(ADA, "small", answers(), "P.csv", entry).submission
    assert Board().ledger.refresh().submissions[kept.id].name == "=1+1 <b>ü</b>"


def test_only_its_owner_withdraws_or_chooses_a_submission(board: Board) -> None:
    name = send(board).submission.id
    for decide in (board.intake.withdraw, board.intake.choose, board.intake.own):
        with pytest.raises(Refusal, match="no submission"):
            decide(BEN, name)
        with pytest.raises(Refusal, match="no submission"):
            decide(ADA, "../../x")
    with pytest.raises(Refusal, match="Only a scored submission"):
        board.intake.choose(ADA, name)
    sweep(board)
    board.intake.choose(ADA, name)
    assert board.ledger.chosen(ADA.id, "small") == name
    board.intake.withdraw(ADA, name)
    assert board.ledger.standing(name).withdrawn and board.ledger.chosen(ADA.id, "small") is None
    board.intake.withdraw(ADA, name)
    assert len(Board().ledger.refresh().decisions()) == 2, "withdrawing twice is one decision"
    with pytest.raises(Refusal):
        board.intake.choose(ADA, name)


def test_what_is_withdrawn_while_it_waits_costs_nothing(board: Board) -> None:
    name = send(board).submission.id
    assert board.intake.usage(ADA, "small").left == 2
    board.intake.withdraw(ADA, name)
    assert board.intake.usage(ADA, "small").left == 3
    sweep(board)
    scored = send(board, content=answers(a="sad")).submission.id
    sweep(board)
    board.intake.withdraw(ADA, scored)
    assert board.intake.usage(ADA, "small").left == 2, "what was scored was told, and counts"


def test_what_was_seen_while_its_writing_failed_is_no_earlier_receipt(board: Board) -> None:
    """A reader may see an entry in the moment before it is taken back; who sends it again gets a real receipt."""
    seen = send(board).submission
    shutil.rmtree(board.home / seen.path)
    again = send(board)
    assert not again.again and again.submission.id != seen.id
    assert set(Board().ledger.refresh().submissions) == set(board.ledger.submissions) == {again.submission.id}


@pytest.mark.parametrize("name", ["नमस्ते\u200dक", "خانه\u200cام"])
def test_joiners_that_scripts_need_belong_to_a_name(name: str) -> None:
    assert Entry(name).name == name
