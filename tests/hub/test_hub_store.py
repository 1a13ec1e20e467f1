"""The leaderboard's state in a dataset on the Hub: nothing lost, nothing doubled, and no more commits than it takes."""

import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from board_making import ADA, BEN, ORGANISER, REPORT, answers
from lab import HURRIED, NAME, TOKEN, score, send
from server import Fault, LoopbackHub
from serving import wait_for

from leaderboard.arena.voting import Voting
from leaderboard.board.board import Board
from leaderboard.board.ranking import ranking
from leaderboard.board.service import Service
from leaderboard.hosting.schedule import Swept, sweep
from leaderboard.scoring.scoring_process import Outcome
from submissions.corrections import Opinion
from submissions.errors import AlreadyStored, Doubtful, Refusal, StoreError
from submissions.person import Person
from submissions.store import hub_commit_rate, hub_tree
from submissions.store.folder_store import FolderStore
from submissions.store.hub_commit_rate import CommitRate
from submissions.store.hub_dataset import HubDataset, Patience
from submissions.store.hub_store import HubStore
from submissions.store.hub_tree import HubTree
from submissions.store.local_index import FILE
from submissions.store.records import Vote, new_id


def test_what_got_a_receipt_is_there_for_a_process_that_begins_with_nothing(
    make_board: Callable[..., Board], hub: LoopbackHub
) -> None:
    first = make_board()
    name = send(first)
    path = f"submissions/{name[:4]}-{name[4:6]}/{name}"
    assert hub.files(NAME)[f"{path}/predictions.csv"] == answers()
    assert json.loads(hub.files(NAME)[f"{path}/request.json"])["id"] == name
    assert score(first) == Swept(scored=1)
    first.intake.choose(ADA, name)
    other = make_board()
    assert other.ledger.refresh().state(name) == "scored" and other.ledger.chosen(ADA.id, "small") == name
    assert [row.id for row in ranking(other, other.track("small")).rows] == [name]
    assert score(other) == Swept() and send(other) == name, "the same content is the same submission"
    assert Service(other).status(ADA, name) == Service(first).status(ADA, name)


def test_what_another_process_stores_is_heard_of_without_listing_the_tree(
    make_board: Callable[..., Board], hub: LoopbackHub
) -> None:
    app, job = make_board(), make_board()
    assert app.ledger.refresh().submissions == job.ledger.refresh().submissions == {}
    names = {send(app), send(app, BEN, a="sad")}
    listed = sum("/tree/" in each.path for each in hub.asked)
    assert set(job.ledger.refresh().submissions) == names
    assert score(job) == Swept(scored=2)
    assert {app.ledger.refresh().state(name) for name in names} == {"scored"}
    assert sum("/tree/" in each.path for each in hub.asked) == listed


def test_what_others_changed_by_hand_is_seen(make_board: Callable[..., Board], hub: LoopbackHub) -> None:
    board = make_board()
    name = send(board)
    copied = {path: content for path, content in hub.files(NAME).items() if name in path}
    other = name[:-1] + ("A" if name[-1] != "A" else "B")
    hub.commit(
        NAME, {path.replace(name, other): each.replace(name.encode(), other.encode()) for path, each in copied.items()}
    )
    assert set(board.ledger.refresh().submissions) == {name, other}


def test_a_correction_that_is_withdrawn_leaves_no_file_on_the_hub(
    make_board: Callable[..., Board], hub: LoopbackHub
) -> None:
    board, other = make_board(), make_board()
    reading = {"id": "x", "clip": {"sha256": "ab"}, "labels": [{"label": "sad"}]}
    opinion = Opinion(("calm",), "", keep=True, keep_clip=True)
    kept, receipt = board.corrections.send("1.2.3.4", opinion, reading, ("a.mp4", b"a clip"))
    assert hub.files(NAME)[f"{kept.path}/clip.mp4"] == b"a clip"
    assert [one["read"] for one in other.corrections.listed(ORGANISER)] == [["sad"]]
    other.corrections.withdraw(receipt)
    assert not any(path.startswith("corrections/") for path in hub.files(NAME))
    assert board.corrections.listed(ORGANISER) == make_board().corrections.listed(ORGANISER) == []


def test_votes_are_kept_on_the_hub_and_a_persons_are_deleted_in_one_commit(
    make_board: Callable[..., Board], hub: LoopbackHub
) -> None:
    app, other = make_board(), make_board()
    given = [
        Vote(new_id(app.clock()), app.clock().isoformat(), "trees", 1, who.id, f"clip_{clip}", "Ash", "Birch", "left")
        for who in (ADA, BEN)
        for clip in range(2)
    ]
    for vote in given:
        app.ledger.add(vote)
    assert {vote.path for vote in given} <= hub.files(NAME).keys()
    assert other.ledger.refresh().votes("trees") == app.ledger.refresh().votes("trees") == given
    with pytest.raises(AlreadyStored):
        other.ledger.add(given[0])
    commits = len(hub.commits(NAME))
    assert Voting(other.ledger, other.clock).forget(ORGANISER, "trees", ADA.id) == 2
    assert len(hub.commits(NAME)) == commits + 2, "one deletes the votes, one tells other processes"
    assert {path for path in hub.files(NAME) if path.startswith("votes/")} == {vote.path for vote in given[2:]}
    for board in (app, other, make_board()):
        assert board.ledger.refresh().votes("trees") == given[2:]


@pytest.mark.parametrize("kind", ["409", "429", "500", "500-took", "dropped", "dropped-took"])
def test_whatever_the_hub_answers_each_receipt_is_one_submission(
    make_board: Callable[..., Board], hub: LoopbackHub, kind: str
) -> None:
    board = make_board()
    hub.fail(Fault(kind, times=2, seconds=0.1))  # type: ignore[arg-type]
    name = send(board)
    hub.fail(Fault(kind, times=2, seconds=0.1))  # type: ignore[arg-type]
    assert score(board) == Swept(scored=1)
    other = make_board()
    assert set(other.ledger.refresh().submissions) == {name} and other.ledger.state(name) == "scored"
    assert len(hub.commits(NAME)) == 2


def test_where_the_hub_refuses_there_is_no_receipt_and_nothing_is_left(
    make_board: Callable[..., Board], hub: LoopbackHub
) -> None:
    board = make_board()
    board.ledger.refresh()
    hub.people[TOKEN]["auth"]["accessToken"]["role"] = "read"
    with pytest.raises(StoreError, match="refused"):
        send(board)
    assert board.ledger.refresh().submissions == {} and board.intake.usage(ADA, "small").used == 0
    hub.people[TOKEN]["auth"]["accessToken"]["role"] = "write"
    name = send(board)
    assert set(board.ledger.refresh().submissions) == {name} and board.ledger.store.damaged() == []


def test_what_nobody_knows_of_is_entered_once_when_it_is_sent_again(
    make_track: Callable[..., str], hub: LoopbackHub
) -> None:
    make_track(per_day=50, attempts=90)
    board = Board(store=HubStore(HubDataset(NAME, TOKEN, Patience(0.5, 0.05, 0.1)), poll_s=0))
    board.ledger.refresh()
    hub.fail(Fault("500-took", times=1), *(Fault("500", path=path, times=99) for path in ("/paths-info/", "/commit/")))
    with pytest.raises(Doubtful):
        send(board)
    hub.faults.clear()
    name = send(board)
    assert set(Board(store=HubStore(HubDataset(NAME, TOKEN, HURRIED))).ledger.refresh().submissions) == {name}
    assert board.intake.usage(ADA, "small").used == 1


@pytest.mark.parametrize("first", ["the late one", "the next one"])
def test_a_request_that_the_hub_takes_late_doubles_nothing(
    make_board: Callable[..., Board], hub: LoopbackHub, first: str
) -> None:
    """As when a process dies while the Hub sits on its request, and the next one is sent the same file."""
    dying, board = make_board(poll_s=999), make_board(poll_s=999)
    for each in (dying, board):
        each.ledger.refresh()
    waits, go_on = threading.Event(), threading.Event()

    def hold(moment: str) -> None:
        hub.on_commit = lambda moment: None
        waits.set()
        go_on.wait()

    hub.on_commit = hold
    with ThreadPoolExecutor() as pool:
        late = pool.submit(send, dying)
        waits.wait()
        if first == "the late one":
            go_on.set()
            late.result()
        name = send(board)
        go_on.set()
        assert late.result() == name
    ledger = make_board().ledger.refresh()
    assert list(ledger.submissions) == [name] and len(hub.commits(NAME)) == 1
    assert [each.intake.usage(ADA, "small").used for each in (dying, board)] == [1, 1]


def test_two_processes_keep_one_quota(
    make_track: Callable[..., str], make_dataset: Callable[[], HubDataset], hub: LoopbackHub
) -> None:
    make_track(per_day=3, attempts=90)
    boards = [Board(store=HubStore(make_dataset(), poll_s=999)) for _ in range(2)]
    for each in boards:
        each.ledger.refresh()
    with ThreadPoolExecutor(4) as pool:
        sent = [pool.submit(send, boards[number % 2], a=f"word {number}") for number in range(8)]
    refused = [each.exception() for each in sent if each.exception()]
    assert len(refused) == 5 and all(isinstance(each, Refusal) and each.code == "quota" for each in refused)
    assert len([path for path in hub.files(NAME) if path.endswith("request.json")]) == 3


def test_what_nobody_knew_of_is_out_of_view_when_another_process_was_faster(
    make_track: Callable[..., str], hub: LoopbackHub, tmp_path: Path
) -> None:
    make_track(per_day=50, attempts=90)
    folder = Board(store=FolderStore(tmp_path / "other"))
    other = folder.ledger.submissions[send(folder, BEN)]
    board = Board(store=HubStore(HubDataset(NAME, TOKEN, Patience(0.5, 0.05, 0.1)), poll_s=0))
    board.ledger.refresh()
    hub.fail(*(Fault("500", path=path, times=999) for path in ("/paths-info/", "/commit/")))
    with pytest.raises(Doubtful):
        send(board)
    assert board.intake.usage(ADA, "small").used == 1
    files = [f"{other.path}/{name}" for name in ("request.json", other.file)]
    hub.commit(NAME, {path: folder.ledger.store.read(path) for path in files})
    hub.faults.clear()
    assert wait_for(lambda: set(board.ledger.refresh().submissions) == {other.id}, 10)
    assert board.intake.usage(ADA, "small").used == 0
    assert [each for each in hub.files(NAME) if each.startswith("submissions/")] == files


def test_where_the_hub_is_away_what_is_known_goes_on_being_shown(
    make_board: Callable[..., Board], hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("submissions.store.hub_dataset.HASTY_S", 0.2)
    board = make_board()
    name = send(board)
    hub.fail(Fault("500", path="/api/datasets/", times=999))
    assert set(board.ledger.refresh().submissions) == {name}
    told = Service(board).tracks(ADA)[0]
    assert "does not answer" in told["notice"]
    assert "does not answer" in Service(board).overview(ORGANISER)["waiting"][0]
    hub.faults.clear()
    board.ledger.refresh()
    assert Service(board).tracks(ADA)[0]["notice"] == ""


def test_two_scorers_at_once_store_one_result(make_board: Callable[..., Board], hub: LoopbackHub) -> None:
    one, other = make_board(poll_s=999), make_board(poll_s=999)
    name = send(one)
    other.ledger.refresh()
    one.ledger.store.tree.look()
    other.ledger.store.tree.look()
    values = {0.25: one, 0.75: other}
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda value: score(values[value], value), values))
    (path,) = [path for path in hub.files(NAME) if path.startswith("results/")]
    assert name in path
    assert sum(path in each.message.split("\n") for each in hub.commits(NAME)) == 1, "the second one changed nothing"


def test_twenty_at_once_are_each_alone_while_there_is_room_and_then_together(
    make_board: Callable[..., Board], hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_commit_rate, "ALONE", 1 + 6)
    monkeypatch.setattr(hub_commit_rate, "APART_S", 1.0)
    board = make_board()
    board.ledger.refresh()
    people = [Person(f"id-{number}", f"P{number}") for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        names = list(pool.map(lambda person: send(board, person), people))
    assert len(set(names)) == 20 and set(make_board().ledger.refresh().submissions) == set(names)
    sizes = [each.title for each in hub.commits(NAME)]
    assert sizes[:6] == ["EMER Space: 1 stored"] * 6 and 7 <= len(sizes) <= 9
    owners = Counter(each.person for each in board.ledger.submissions.values())
    assert owners == Counter(person.id for person in people)
    assert "may take two minutes" in Service(board).tracks(ADA)[0]["notice"]


def test_a_quota_is_exact_though_receipts_wait(
    make_track: Callable[..., str], make_board: Callable[..., Board]
) -> None:
    make_track(per_day=3, attempts=90)
    board = make_board()

    def try_to(number: int) -> str:
        try:
            return send(board, ADA, a=f"word {number}")
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(12) as pool:
        told = list(pool.map(try_to, range(12)))
    assert told.count("quota") == 9 and len(make_board().ledger.refresh().submissions) == 3


def test_the_same_file_at_the_same_time_is_one_submission(make_board: Callable[..., Board], hub: LoopbackHub) -> None:
    board = make_board()
    board.ledger.refresh()
    hub.fail(Fault("slow", times=1, seconds=0.5))
    with ThreadPoolExecutor(5) as pool:
        names = set(pool.map(lambda _: send(board), range(5)))
    assert len(names) == 1 and len(hub.commits(NAME)) == 1


def test_results_are_stored_together_and_not_more_often_than_every_two_minutes(
    make_board: Callable[..., Board], hub: LoopbackHub
) -> None:
    board = make_board()
    for number in range(5):
        send(board, a=f"word {number}")
    assert score(board) == Swept(scored=5)
    before = len(hub.commits(NAME))
    assert before <= 5 + 2, "the first at once, the others together"
    send(board, a="another")
    sweep(board, score=lambda *job: Outcome("scored", {"public": REPORT}))
    time.sleep(1.5)
    assert len(hub.commits(NAME)) == before + 1, "its result waits"
    assert Service(board).status(ADA)[0]["state"] == "scored", "and is shown"
    board.ledger.store.flush()
    assert len(hub.commits(NAME)) == before + 2


def test_the_pace_never_passes_what_the_hub_takes_in_an_hour() -> None:
    """Whatever comes: the worst is that very many come at every moment."""
    now = 0.0
    keeper = CommitRate(lambda: now)
    made: list[float] = []
    while now < 3 * 3600:
        if keeper.alone() or keeper.together():
            keeper.note()
            made.append(now)
        now += 1
    for begin in range(0, 2 * 3600, 60):
        assert sum(begin <= at <= begin + 3600 for at in made) <= hub_commit_rate.MOST + 1 < 100
    assert made[: hub_commit_rate.ALONE] == list(map(float, range(hub_commit_rate.ALONE)))
    assert max(b - a for a, b in itertools.pairwise(made)) <= 3600 - hub_commit_rate.ALONE


def test_commits_of_other_processes_count(make_board: Callable[..., Board], hub: LoopbackHub) -> None:
    board = make_board()
    for number in range(3):
        send(board, a=f"word {number}")
    other = make_board()
    other.ledger.refresh()
    assert other.ledger.store.commit_rate._recent() == 4, "the one that made the dataset too"
    send(board, a="another")
    other.ledger.refresh()
    assert other.ledger.store.commit_rate._recent() == 5, "and what others do meanwhile"
    assert board.ledger.refresh().store.commit_rate._recent() == 5


def test_damage_is_moved_aside_with_its_reason_and_the_rest_goes_on(
    make_board: Callable[..., Board], hub: LoopbackHub
) -> None:
    board = make_board()
    name, other = send(board), send(board, BEN, a="sad")
    assert score(board) == Swept(scored=2)
    broken = [path for path in hub.files(NAME) if name in path and not path.endswith(".csv")]
    hub.commit(NAME, dict.fromkeys(broken, b'{"schema": '))
    fresh = make_board()
    assert set(fresh.ledger.refresh().submissions) == {other}
    assert [row.id for row in ranking(fresh, fresh.track("small")).rows] == [other]
    assert len(fresh.ledger.store.damaged()) == 2 and all(reason for _, reason in fresh.ledger.store.damaged())
    there = hub.files(NAME)
    assert all(f"damaged/{path}" in there and path not in there for path in broken)
    assert sum(path.endswith(".csv") and path.startswith("damaged/") for path in there) == 1
    again = make_board()
    assert again.ledger.refresh().store.damaged() == fresh.ledger.store.damaged()
    assert set(board.ledger.refresh().submissions) >= {other}
    assert send(fresh) in make_board().ledger.refresh().submissions, "it can be sent again"


def test_a_start_reads_an_index_and_what_came_since_and_the_index_is_rebuilt_from_the_tree(
    make_board: Callable[..., Board],
    make_dataset: Callable[[], HubDataset],
    hub: LoopbackHub,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub_tree, "GROWN", 10)
    board = make_board()
    names = {send(board, a=f"word {number}") for number in range(12)}
    assert score(board) == Swept(scored=12)
    indexed = [path for path in hub.files(NAME) if path.startswith("index/")]
    assert len(indexed) == 2

    def begin(warm: bool = False) -> dict[str, str]:
        """Start with an empty disk, or with what the last start kept on it; what is known then, and files read."""
        if not warm:
            (board.home / FILE).unlink(missing_ok=True)
        before = len(hub.asked)
        ledger = make_board().ledger.refresh()
        reads = sum("/resolve/" in each.path for each in hub.asked[before:])
        states = {name: ledger.state(name) for name in ledger.submissions}
        return {**states, "reads": reads}

    known = begin()
    assert known == {**dict.fromkeys(names, "scored"), "reads": 2}
    assert begin(warm=True) == {**known, "reads": 0}, "the disk has it all"
    assert HubTree(make_dataset()).reindex() == 24
    assert len([path for path in hub.files(NAME) if path.startswith("index/")]) == 1
    assert begin() == {**known, "reads": 1}
    hub.commit(NAME, {path: b"broken" for path in hub.files(NAME) if path.startswith("index/")})
    assert begin() == {**known, "reads": 25}, "the tree has it all"
    changed = next(path for path in hub.files(NAME) if path.startswith("results/"))
    hub.commit(NAME, {changed: hub.files(NAME)[changed] + b" "})
    assert begin(warm=True)["reads"] == 1, "only what somebody changed by hand is read"


def test_nothing_is_written_twice(make_board: Callable[..., Board]) -> None:
    store = make_board().ledger.store
    store.write("decisions/2026-11/a.json", b"1")
    with pytest.raises(AlreadyStored):
        store.write("decisions/2026-11/a.json", b"2")
    assert store.read("decisions/2026-11/a.json") == b"1"


def test_no_thread_is_left_waiting_when_the_committer_meets_what_nobody_thought_of(
    make_board: Callable[..., Board], monkeypatch: pytest.MonkeyPatch
) -> None:
    board = make_board()
    board.ledger.refresh()
    with monkeypatch.context() as patch:
        patch.setattr(HubDataset, "commit", lambda *values: 1 / 0)
        with pytest.raises(Doubtful):
            send(board)
    name = send(board)
    assert set(board.ledger.refresh().submissions) == {name} == set(make_board().ledger.refresh().submissions)


def test_what_was_just_stored_is_not_forgotten_by_an_older_list_of_the_tree(
    make_board: Callable[..., Board], hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody changed the dataset by hand, and while the tree is listed for it a submission is stored."""
    board = make_board()
    board.ledger.refresh()
    hub.commit(NAME, {"notes.txt": b"by hand"})
    before = hub.datasets[NAME].head.sha
    name = send(board)
    with monkeypatch.context() as patch:
        patch.setattr(HubDataset, "head", lambda self: before)
        board.ledger.refresh()
    path = board.ledger.submissions[name].path
    assert path in board.ledger.store.tree
    with pytest.raises(AlreadyStored):
        board.ledger.store.write(path, {"request.json": b"{}"})


def test_what_comes_while_the_news_are_asked_for_is_of_the_next_look(
    make_board: Callable[..., Board], hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, other = make_board(), make_board()
    board.ledger.refresh()
    first = send(other)
    between = hub.datasets[NAME].head.sha
    second = send(other, BEN, a="sad")
    with monkeypatch.context() as patch:
        patch.setattr(HubDataset, "head", lambda self: between)  # asked just before the second one came
        assert set(board.ledger.refresh().submissions) == {first}
    assert set(board.ledger.refresh().submissions) == {first, second}
