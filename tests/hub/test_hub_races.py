"""Several processes, threads and late requests at one dataset: interleavings that once lost or doubled something."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from board_making import ADA, BEN, ORGANISER
from lab import HURRIED, NAME, TOKEN, score, send
from server import Fault, LoopbackHub
from serving import wait_for

from leaderboard.board.board import Board
from leaderboard.hosting import schedule
from leaderboard.hosting.publishing import Publisher
from submissions.errors import Doubtful, StoreError
from submissions.person import Person
from submissions.store import hub_commit_rate, hub_dataset
from submissions.store.hub_dataset import HubDataset, Patience
from submissions.store.hub_store import HubStore

RESULTS = "lab/emer-results"
MakeBoard = Callable[..., Board]


def requests(hub: LoopbackHub, person: Person | None = None) -> list[dict[str, str]]:
    told = [json.loads(content) for path, content in hub.files(NAME).items() if path.endswith("/request.json")]
    return [each for each in told if person is None or each["person"] == person.id]


def impatient(**how: float) -> Board:
    return Board(store=HubStore(HubDataset(NAME, TOKEN, Patience(0.6, 0.05, 0.1)), **{"poll_s": 0, **how}))


@pytest.mark.parametrize("how", ["overtaken", "refused"])
def test_several_senders_of_one_file_who_waited_for_the_first_decide_anew_when_it_fails(
    make_board: MakeBoard, hub: LoopbackHub, how: str
) -> None:
    board, other = make_board(poll_s=999), make_board(poll_s=999)
    for each in (board, other):
        each.ledger.refresh()
    if how == "overtaken":
        send(other, BEN, a="sad")
        hub.fail(Fault("slow", seconds=1.5))
    else:
        hub.fail(Fault("slow", path="preupload", seconds=1.0))
        hub.people[TOKEN]["auth"]["accessToken"]["role"] = "read"
    with ThreadPoolExecutor() as pool:
        first = pool.submit(send, board)
        time.sleep(0.5)
        if how == "overtaken":
            board.ledger.store.tree.look()  # as a page does
        rest = [pool.submit(send, board) for _ in range(4)]
        if how == "refused":
            assert isinstance(first.exception(), StoreError)
            hub.people[TOKEN]["auth"]["accessToken"]["role"] = "write"
        names = {each.result() for each in rest if not each.exception()}
    assert [each["id"] for each in requests(hub, ADA)] == sorted(names) and len(names) == 1


def test_a_commit_without_a_change_does_not_skip_what_others_stored(make_board: MakeBoard, hub: LoopbackHub) -> None:
    """The client sends nothing where all is there already, and answers with the head, whoever made it."""
    other, board = make_board(), impatient(poll_s=0.5)
    for each in (board, other):
        each.ledger.refresh()
    hub.fail(Fault("500-took"), Fault("500", path="/paths-info/", times=999))
    with ThreadPoolExecutor() as pool:
        doubtful = pool.submit(send, board)
        assert wait_for(lambda: len(hub.commits(NAME)) == 1, 10)
        theirs = send(other, BEN, a="sad")
        assert isinstance(doubtful.exception(), Doubtful)
    hub.faults.clear()
    assert wait_for(lambda: theirs in board.ledger.refresh().submissions, 10)
    assert send(board, BEN, a="sad") == theirs and len(requests(hub)) == 2


def test_two_scorers_in_the_same_second_hide_nobody_elses_submission(
    make_board: MakeBoard, hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, job = make_board(poll_s=999), make_board(poll_s=999)
    send(app)
    job.ledger.refresh()
    moment = schedule.datetime.now(schedule.UTC)

    class Stopped(schedule.datetime):
        @classmethod
        def now(cls, tz: object = None) -> "schedule.datetime":
            return moment

    monkeypatch.setattr(schedule, "datetime", Stopped)
    score(job)
    theirs = send(make_board(), BEN, a="sad")
    score(app)
    app.ledger.store.tree.look()
    assert theirs in app.ledger.refresh().submissions and send(app, BEN, a="sad") == theirs


def test_a_request_that_was_lost_and_overtaken_is_told_as_doubtful_where_nobody_can_look(
    make_board: MakeBoard, hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_dataset, "COMMIT_TIMEOUT_S", 0.5)
    board = impatient(poll_s=999)
    board.ledger.refresh()
    commits: list[str] = []

    def hold(moment: str) -> None:
        commits.append(moment)
        if commits == ["before"]:
            time.sleep(0.8)  # the client gives up meanwhile
        elif moment == "before":
            time.sleep(0.4)
            hub.fail(Fault("500", path=r"/api/datasets/lab/emer-submissions$", times=99))

    hub.on_commit = hold
    with pytest.raises(StoreError) as told:
        send(board)
    assert isinstance(told.value, Doubtful) or not requests(hub)


def test_a_list_of_commits_that_lags_behind_the_head_is_not_believed(
    make_board: MakeBoard, hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = make_board(), make_board()
    for each in (one, two):
        each.ledger.refresh()
    old = two.ledger.store.tree.dataset.commits(200)
    name = send(one)
    with monkeypatch.context() as patch:
        patch.setattr(HubDataset, "commits", lambda self, most: old)
        two.ledger.refresh()
    assert name in two.ledger.submissions and send(two) == name


def test_what_this_process_committed_overtakes_nobody_in_it(make_board: MakeBoard, hub: LoopbackHub) -> None:
    """A look between the Hub's taking and our hearing of it."""
    board = make_board(poll_s=999)
    board.ledger.refresh()
    taken, go_on = threading.Event(), threading.Event()

    def hold(moment: str) -> None:
        if moment == "after":
            hub.on_commit = lambda moment: None
            taken.set()
            go_on.wait()

    hub.on_commit = hold
    with ThreadPoolExecutor() as pool:
        first = pool.submit(send, board)
        taken.wait()
        second = pool.submit(send, board, BEN, a="sad")
        time.sleep(0.3)
        board.ledger.store.tree.look()
        go_on.set()
        assert first.result() != second.result()
    assert board.ledger.store.tree.arrived == 0


def test_refusals_of_a_commit_do_not_eat_up_the_hour(make_board: MakeBoard, hub: LoopbackHub) -> None:
    board = make_board()
    board.ledger.refresh()
    hub.fail(Fault("412", times=20))
    send(board)
    assert board.ledger.store.commit_rate._recent() <= 2


def test_those_who_were_overtaken_need_no_other_slot_of_a_full_hour(
    make_board: MakeBoard, hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_commit_rate, "ALONE", 1)
    monkeypatch.setattr(hub_commit_rate, "APART_S", 3.0)
    board, other = make_board(poll_s=999), make_board(poll_s=999)
    for each in (board, other):
        each.ledger.refresh()
    send(other, BEN, a="sad")
    began = time.monotonic()
    send(board)
    assert time.monotonic() - began < 2.5, "overtaken, and at once taken"


def test_a_doubtful_entry_that_the_hub_then_refuses_hides_no_page(
    make_board: MakeBoard, hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_dataset, "HASTY_S", 0.2)
    board = impatient()
    theirs = send(board, BEN, a="sad")
    hub.fail(Fault("500", times=99), Fault("500", path="/paths-info/", times=99))
    with pytest.raises(Doubtful):
        send(board)
    hub.faults.clear()
    hub.fail(Fault("429", path="^(?!.*preupload)", times=9999, seconds=0.05))
    time.sleep(2)
    assert theirs in board.ledger.refresh().submissions


def test_hundreds_of_broken_files_do_not_take_the_room_of_what_people_send(
    make_board: MakeBoard, hub: LoopbackHub
) -> None:
    board = make_board()
    board.ledger.refresh()
    hub.commit(NAME, {f"decisions/2026-11/{number:04}.json": b"{" for number in range(90)})
    board.ledger.refresh()
    assert len(hub.commits(NAME)) < 70 and send(board)


def test_a_reason_that_somebody_spoilt_keeps_nothing_from_starting(make_board: MakeBoard, hub: LoopbackHub) -> None:
    name = send(make_board())
    hub.commit(NAME, {"damaged/reasons/mine.json": b"broken"})
    assert name in make_board().ledger.refresh().submissions


def test_the_slower_of_two_scorers_shows_what_is_stored(make_board: MakeBoard, hub: LoopbackHub) -> None:
    one, other = make_board(poll_s=999), make_board(poll_s=999)
    name = send(one)
    other.ledger.refresh()
    other.ledger.store.tree.look()
    score(one, 0.25)
    look = other.ledger.store.tree.look

    def looked(*how: object, **more: object) -> None:
        look(*how, **more)
        if not how and not more:
            other.ledger.refresh()  # a page asks between the scorer's look and its end

    other.ledger.store.tree.look = looked  # type: ignore[method-assign]
    score(other, 0.75)
    result = other.ledger.refresh().result(name)
    assert result and result.value("public") == 0.25


# The public results


def test_a_tracks_last_row_leaves_the_public_dataset_when_it_is_hidden(make_board: MakeBoard, hub: LoopbackHub) -> None:
    hub.create(RESULTS, private=False)
    board = make_board()
    name = send(board)
    score(board)
    publish = Publisher(board, HubDataset(RESULTS, TOKEN, HURRIED))
    assert publish(at_once=True) and name in hub.files(RESULTS)["data/small.csv"].decode()
    board.decide(ORGANISER, name, "hide", "spam")
    assert publish(at_once=True) and name not in hub.files(RESULTS)["data/small.csv"].decode()
    assert not publish(at_once=True), "nothing changed"


def test_a_predecessors_late_publication_brings_nothing_back(make_board: MakeBoard, hub: LoopbackHub) -> None:
    hub.create(RESULTS, private=False)
    new, old = make_board(), make_board()
    name = send(new)
    score(new)
    old.ledger.refresh()
    ours, theirs = (Publisher(board, HubDataset(RESULTS, TOKEN, HURRIED)) for board in (new, old))
    ours(at_once=True)
    send(new, BEN, a="sad")
    score(new)
    old.ledger.refresh()
    held, go_on = threading.Event(), threading.Event()

    def hold(moment: str) -> None:
        hub.on_commit = lambda moment: None
        held.set()
        go_on.wait()

    hub.on_commit = hold
    with ThreadPoolExecutor() as pool:
        late = pool.submit(theirs, at_once=True)
        held.wait()
        new.decide(ORGANISER, name, "hide", "spam")
        assert ours(at_once=True)
        go_on.set()
        assert not late.result()
    assert name not in hub.files(RESULTS)["data/small.csv"].decode()
