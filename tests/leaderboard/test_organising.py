"""What an organiser does about tracks and submissions: dates, messages, the list of all submissions."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from board_making import ADA, BEN, ORGANISER, REPORT, Clock, answers
from running import refused, run

from leaderboard.__main__ import main
from leaderboard.board.board import Board
from leaderboard.board.desk import PER_PAGE
from leaderboard.board.service import Service
from leaderboard.hosting.publishing import publish
from leaderboard.hosting.schedule import sweep
from leaderboard.scoring.scoring_process import Outcome
from submissions.errors import Refusal
from submissions.intake import Entry
from submissions.person import Person
from submissions.store.records import Submission, new_id


def enter(board: Board, person: Person, label: str, name: str = "", public: float = 0.5, private: float = 0.5) -> str:
    receipt = board.intake.submit(person, "small", answers(a=label), "P.csv", Entry(name or person.name))
    reports = {
        split: {**REPORT, "primary": {"name": "F", "value": value, "interval": None}}
        for split, value in (("public", public), ("private", private))
    }
    sweep(board, score=lambda *job: Outcome("scored", reports))
    return receipt.submission.id


def refusal(call: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as problem:
        call()
    return problem.value


# Dates


def test_a_track_that_is_closed_takes_nothing_and_ranks_by_its_private_scores(board: Board, clock: Clock) -> None:
    first, second = enter(board, ADA, "sad", public=0.9, private=0.1), enter(board, BEN, "calm", public=0.2)
    service = Service(board)
    assert [row.id for row in service.table("small").rows] == [first, second]
    made = board.close(ORGANISER, "small", "the workshop begins")
    assert (made.closes, made.name, made.reason) == ("2026-11-26", "Olga", "the workshop begins")
    assert board.closed("small") and [row.id for row in service.table("small").rows] == [second, first]
    assert service.table("small").split == "private"
    clock.forward(seconds=1)
    assert refusal(lambda: enter(board, BEN, "happy")).code == "closed"
    about = service.about(None, "small")
    assert (about["closes"], about["closed"]) == ("2026-11-26", True)
    assert set(service.status(ADA)[0]["scores"]) == {"public", "private"}


def test_a_new_last_day_holds_to_its_end_and_opens_a_closed_track_again(board: Board, clock: Clock) -> None:
    board.close(ORGANISER, "small", "by mistake")
    board.extend(ORGANISER, "small", "2026-11-27", "that was a mistake")
    assert board.closing("small") == datetime(2026, 11, 28, tzinfo=UTC) and not board.closed("small")
    assert enter(board, ADA, "sad")
    clock.forward(days=1, hours=12)
    assert board.closed("small")


def test_an_end_set_on_the_page_goes_before_the_files(make_track: Callable[..., str], clock: Clock) -> None:
    make_track(dates="[dates]\nopens = 2026-11-20\ncloses = 2026-11-26\n")
    board = Board(clock=clock)
    board.extend(ORGANISER, "small", "2026-12-24", "the server was down")
    assert Board(clock=clock).ledger.refresh() and board.track("small").rules.closes == date(2026, 12, 24)
    elsewhere = Board(clock=clock)
    elsewhere.ledger.refresh()
    assert elsewhere.track("small").rules.closes == date(2026, 12, 24)


def test_what_makes_no_sense_is_refused_in_a_sentence(make_track: Callable[..., str], clock: Clock) -> None:
    make_track(dates="[dates]\nopens = 2026-11-28\ncloses = 2026-11-30\n")
    board = Board(clock=clock)
    extend = board.extend
    assert refusal(lambda: board.close(ADA, "small", "x")).code == "organiser"
    assert refusal(lambda: extend(ADA, "small", "x", "x")).code == "organiser"
    assert "opens only on 2026-11-28" in str(refusal(lambda: board.close(ORGANISER, "small", "why")))
    assert "is over" in str(refusal(lambda: extend(ORGANISER, "small", "2026-11-25", "why")))
    assert "opens only on" in str(refusal(lambda: extend(ORGANISER, "small", "2026-11-27", "why")))
    assert "already" in str(refusal(lambda: extend(ORGANISER, "small", "2026-11-30", "why")))
    for day in ("tomorrow", "2026-02-30", "", "9999-12-31"):
        assert "is not a day" in str(refusal(lambda day=day: extend(ORGANISER, "small", day, "why")))
    assert refusal(lambda: extend(ORGANISER, "small", "2026-12-01", " ")).code == "reason"
    assert refusal(lambda: board.close(ORGANISER, "nowhere", "why")).code == "track"
    clock.forward(days=2)
    board.close(ORGANISER, "small", "why")
    assert "closed already" in str(refusal(lambda: board.close(ORGANISER, "small", "why")))


def test_a_closing_does_not_count_as_a_rescoring(board: Board, clock: Clock) -> None:
    board.close(ORGANISER, "small", "why")
    assert board.versions.current(board.track("small")) == "1"
    assert board.rescore(ORGANISER, "small", "why") == "1.1" and board.closed("small")


# Messages


def test_a_message_reaches_its_reader_alone_and_changes_nothing(board: Board) -> None:
    name, other = enter(board, ADA, "sad"), enter(board, BEN, "calm")
    board.decide(ORGANISER, name, "hide", "we look into it")
    board.message(ORGANISER, name, "  Please link\n your <b>code</b>. ")
    service = Service(board)
    told = service.status(ADA, name)
    assert [each["text"] for each in told["messages"]] == ["Please link your <b>code</b>."]
    assert told["hidden"] and told["reason"] == "we look into it"
    assert service.status(BEN, other)["messages"] == []
    assert refusal(lambda: board.message(ADA, name, "x")).code == "organiser"
    assert refusal(lambda: board.message(ORGANISER, "x", "x")).code == "unknown"
    for text in ("", "x" * 1001):
        assert refusal(lambda text=text: board.message(ORGANISER, name, text)).code == "message"


# The list


def test_the_list_filters_by_track_state_and_words(board: Board, make_track: Callable[..., str]) -> None:
    name, other = enter(board, ADA, "sad", "Deep <b>Blue</b>", 0.25, 0.75), enter(board, BEN, "calm", "Shallow")
    board.decide(ORGANISER, other, "disqualify", "a copy")
    service = Service(board)

    def ids(**wanted: object) -> list[str]:
        return [row["id"] for row in service.submissions(ORGANISER, **wanted)["rows"]]

    assert ids() == [other, name], "the latest first"
    assert ids(state="disqualified") == [other] and ids(state="scored") == [name] and ids(state="queued") == []
    assert ids(text="BLUE deep") == [name] and ids(text="id-ben") == [other] and ids(text=name.lower()) == [name]
    assert ids(track="small") == [other, name] and ids(track="other") == [] and ids(flagged=True) == []
    (row,) = service.submissions(ORGANISER, state="scored")["rows"]
    assert (row["public"], row["private"], row["person"]) == (0.25, 0.75, "id-ada"), "exact, before the track closes"
    assert refusal(lambda: service.submissions(ADA)).code == "organiser"
    assert refusal(lambda: service.submissions(ORGANISER, state="lost")).code == "state"
    assert refusal(lambda: service.submissions(ORGANISER, page=0)).code == "page"


def test_ten_thousand_submissions_are_listed_a_page_at_a_time(board: Board, clock: Clock) -> None:
    """Their files are not there: nothing but the page of rows may be read for the list."""
    for number in range(10_000):
        record = Submission(
            new_id(clock.now), clock().isoformat(), "small", f"id-{number % 7}", f"System {number}",
            "", "", False, "predictions.csv", 1, 4, "0" * 64, baseline=True,
        )  # fmt: skip
        board.ledger._keep(record)
    service = Service(board)
    last = service.submissions(ORGANISER, page=200)
    assert (last["found"], last["pages"], len(last["rows"])) == (10_000, 200, PER_PAGE)
    assert last["rows"][-1]["name"] == "System 0"
    assert service.submissions(ORGANISER, page=999)["page"] == 200, "the last one there is"
    assert [row["name"] for row in service.submissions(ORGANISER, text="system 4711")["rows"]] == ["System 4711"]


# The command line


def test_the_commands_do_the_same(board: Board, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    name = enter(board, ADA, "sad", "Deep Blue")
    assert main(["message", name, "Please link your code."]) == 0
    assert main(["extend", "small", "2099-12-31", "--reason", "the server was down"]) == 0
    assert main(["close", "small"]) == 0
    assert "is closed" in capsys.readouterr().out
    assert "closed already" in refused(capsys, "close", "small")
    (row,) = run(capsys, "submissions", "--text", "deep")["rows"]
    assert (row["id"], row["messages"]) == (name, 1)
    assert main(["publish", str(tmp_path / "out")]) == 0
    assert "small/ranking.csv" in capsys.readouterr().out and (tmp_path / "out" / "tracks.json").is_file()


def test_only_an_organiser_publishes(board: Board) -> None:
    enter(board, ADA, "sad")
    assert refusal(lambda: publish(board, ADA)).code == "organiser"
    place, files = publish(board, ORGANISER)
    assert Path(place).is_relative_to(board.home) and "small/ranking.json" in files
