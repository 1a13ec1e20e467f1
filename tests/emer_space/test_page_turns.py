"""Lines: bounded, fair between clients, and nobody waits in one for nothing."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import wait_for

from emer_space.cancellation import CancelToken
from emer_space.errors import Busy, Cancelled
from emer_space.page.languages import Languages
from emer_space.page.render import waiting
from emer_space.page.turns import Line, Lines, Turn


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(64) as pool:
        yield pool


class Work:
    """Work in a line that lasts until it is let go, and the order in which it began."""

    def __init__(self, line: Line, pool: ThreadPoolExecutor) -> None:
        self.line, self.pool = line, pool
        self.began: list[str] = []
        self._let_go = threading.Semaphore(0)

    def __call__(self, client: str, token: CancelToken | None = None) -> Future[None]:
        """Join, which has happened when this returns."""
        before = len(self.line)

        def work() -> None:
            with self.line.turn(client, token):
                self.began.append(client)
                self._let_go.acquire()

        done = self.pool.submit(work)
        assert wait_for(lambda: len(self.line) > before or done.done())
        return done

    def let_go(self, count: int = 1) -> None:
        self._let_go.release(count)


@contextmanager
def at_work(line: Line, client: str) -> Iterator[None]:
    """Somebody works, in this thread."""
    with line.turn(client):
        yield


def test_a_line_works_on_so_many_at_once_and_no_more(pool: ThreadPoolExecutor) -> None:
    line = Line(at_once=2, places=10, share=10)
    work = Work(line, pool)
    done = [work(f"client {number}") for number in range(5)]
    assert wait_for(lambda: len(work.began) == 2)
    for count in range(3, 6):
        work.let_go()
        assert wait_for(lambda count=count: len(work.began) == count)  # type: ignore[misc]
    work.let_go(2)
    for each in done:
        each.result(10)
    assert len(line) == 0


def test_one_client_is_worked_on_only_so_often_at_once(pool: ThreadPoolExecutor) -> None:
    line = Line(at_once=3, places=20, share=10, most=2)
    work = Work(line, pool)
    done = [work("many") for _ in range(4)]
    assert wait_for(lambda: len(work.began) == 2)
    done.append(work("one"))
    assert wait_for(lambda: work.began == ["many", "many", "one"])
    work.let_go(5)
    for each in done:
        each.result(10)
    assert len(work.began) == 5 and len(line) == 0


def test_who_has_had_least_is_next(pool: ThreadPoolExecutor) -> None:
    """A client with many waiting delays another by the one that is worked on, not by those that wait."""
    line = Line(at_once=1, places=20, share=10)
    work = Work(line, pool)
    done = [work(client) for client in ("many", "many", "many", "many", "one", "two", "two")]
    for count in range(1, 8):
        assert wait_for(lambda count=count: len(work.began) == count)  # type: ignore[misc]
        work.let_go()
    for each in done:
        each.result(10)
    assert work.began == ["many", "one", "two", "many", "two", "many", "many"]


def test_whoever_always_has_somebody_waiting_keeps_nobody_from_a_turn(pool: ThreadPoolExecutor) -> None:
    line = Line(at_once=1, places=20, share=10)
    work = Work(line, pool)
    done = [work(client) for client in ("many", "many", "many", "one")]
    for count in range(1, 4):
        assert wait_for(lambda count=count: len(work.began) == count)  # type: ignore[misc]
        done.append(work("many"))
        work.let_go()
    assert wait_for(lambda: len(work.began) == 4)
    work.let_go(10)
    for each in done:
        each.result(10)
    assert work.began[1] == "one"


def test_who_leaves_and_comes_back_does_not_pass_for_new() -> None:
    """One client waits with three turns while two others come back by turns: it is served as often as they are."""
    line, began, stays = Line(at_once=1, places=20, share=10), list[str](), list[tuple[ExitStack, Turn]]()

    def join(client: str) -> None:
        place = ExitStack()
        stays.append((place, place.enter_context(line.joined(client))))

    def serve() -> tuple[ExitStack, Turn]:
        """The turn that may begin; the others learn how many are before them."""
        (begun,) = [stay for stay in stays if next(line.until(stay[1]), None) is None]
        stays.remove(begun)
        began.append(begun[1].client)
        return begun

    for client in "AAABC":
        join(client)
    for _ in range(7):
        place, turn = serve()
        place.close()
        if turn.client != "A":
            join(turn.client)
    assert "".join(began) == "ABCABCA"
    while stays:
        serve()[0].close()
    join("new")
    join("B")
    assert serve()[1].client == "new", "an empty line remembers nobody"


def test_a_line_is_bounded_and_so_is_a_client(pool: ThreadPoolExecutor) -> None:
    line = Line(at_once=1, places=4, share=3)
    work = Work(line, pool)
    done = [work("many") for _ in range(3)]
    with pytest.raises(Busy, match=r"^You already have 3 requests waiting; try again when they are done\.$"):
        done.append(work("many"))
        done.pop().result()
    done.append(work("other"))
    with pytest.raises(Busy, match=r"^The queue is full \(4 requests\); try again in a few minutes\.$") as full:
        work("third").result()
    assert (full.value.count, full.value.own) == (4, False)
    work.let_go(4)
    for each in done:
        each.result(10)
    with at_work(line, "many"):
        assert len(line) == 1
    assert len(line) == 0


def test_who_waits_is_told_how_many_come_before_and_when_that_changes() -> None:
    line, said = Line(at_once=1, places=9, share=9), list[int]()
    changed = threading.Semaphore(0)

    def wait() -> None:
        with line.joined("late") as turn:
            for before in line.until(turn):
                said.append(before)
                changed.release()

    with ExitStack() as first, ExitStack() as second:
        first.enter_context(at_work(line, "a"))
        second.enter_context(line.joined("b"))
        late = threading.Thread(target=wait)
        late.start()
        assert changed.acquire(timeout=10)
        second.close()
        assert changed.acquire(timeout=10)
        first.close()
        late.join(10)
    assert said == [2, 1] and not late.is_alive()


def test_who_cancels_while_waiting_goes_and_takes_no_turn(pool: ThreadPoolExecutor) -> None:
    line, token = Line(at_once=1, places=9, share=9), CancelToken()
    work = Work(line, pool)
    first, cancelled, last = work("a"), work("b", token), work("c")
    token.cancel()
    with pytest.raises(Cancelled):
        cancelled.result(10)
    work.let_go(2)
    first.result(10), last.result(10)
    assert work.began == ["a", "c"] and len(line) == 0


def test_a_failure_gives_the_place_back() -> None:
    line = Line(at_once=1, places=1, share=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), line.turn("a"):
            raise ZeroDivisionError
    with line.turn("b"):
        pass


def test_a_generator_that_is_closed_while_it_waits_gives_the_place_back() -> None:
    """As Gradio closes one whose page is gone."""
    line = Line(at_once=1, places=5, share=5)

    def page() -> Iterator[str]:
        with ExitStack() as place:
            yield from line.joining(place, "a", "before it: {}".format)

    with at_work(line, "b"):
        waiting = page()
        assert next(waiting) == "before it: 1" and len(line) == 2
        waiting.close()  # type: ignore[attr-defined]
        assert len(line) == 1


def test_a_page_that_gives_its_place_up_early_lets_the_next_one_begin() -> None:
    line = Line(at_once=1, places=5, share=5)
    with ExitStack() as first, ExitStack() as second:
        assert list(line.joining(first, "a", str)) == [], "its turn comes at once, and nothing is shown"
        waits = line.joining(second, "b", str)
        assert next(waits) == "1"
        first.close()
        assert list(waits) == [] and len(line) == 1
    assert len(line) == 0


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=40), st.integers(1, 4), st.integers(0, 2**16))
def test_everybody_who_joins_has_a_turn(clients: list[str], at_once: int, seed: int) -> None:
    """Of many threads, some of which cancel: no wake-up is lost, and never are too many at work."""
    line, chance = Line(at_once, places=40, share=40), random.Random(seed)
    tokens = [CancelToken() for _ in clients]
    working, most, ended, lock = 0, 0, list[int](), threading.Lock()

    def work(number: int) -> None:
        nonlocal working, most
        try:
            with line.turn(clients[number], tokens[number]):
                with lock:
                    working += 1
                    most = max(most, working)
                with lock:
                    working -= 1
        except Cancelled:
            pass
        with lock:
            ended.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(clients))]
    for thread in threads:
        thread.start()
    for token in chance.sample(tokens, len(tokens) // 4):
        token.cancel()
    for thread in threads:
        thread.join(20)
    assert sorted(ended) == list(range(len(clients)))
    assert most <= at_once and len(line) == 0


def test_no_client_has_every_place_of_a_line_of_the_page() -> None:
    lines = Lines()
    every = [getattr(lines, each.name) for each in fields(lines)]
    for line in every:
        assert line.share < line.places
    assert lines.places == sum(line.places for line in every)


def test_the_expected_wait_comes_from_the_latest_turns_that_worked() -> None:
    now = 0.0
    line = Line(at_once=2, places=9, share=9, clock=lambda: now)
    assert line.wait_s(1) is None
    for seconds in (30.0, 10.0, 20.0):
        with line.turn("a"):
            now += seconds
    with line.joined("b"):  # goes again without a turn
        now += 500.0
    assert line.wait_s(3) == 30.0, "twenty seconds each, two at a time"
    for _ in range(15):
        with line.turn("a"):
            now += 4.0
    assert line.wait_s(1) == 2.0, "what is long ago is forgotten"


def test_a_turn_moves_to_another_line_only_where_it_may_begin_at_once() -> None:
    cores, remote = Line(at_once=1, places=9, share=9), Line(at_once=1, places=9, share=9)
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(cores.turn("a"))
        assert remote.moved(first, "a") and (len(cores), len(remote)) == (0, 1)
        second.enter_context(cores.turn("b"))
        assert not remote.moved(second, "b") and (len(cores), len(remote)) == (1, 1), "it keeps the turn it has"
        first.close()
        assert remote.moved(second, "b") and (len(cores), len(remote)) == (0, 1)
    assert len(remote) == 0


@pytest.mark.parametrize(("wait_s", "told"), [(None, ""), (2.0, " 5 s."), (42.0, " 45 s."), (61.0, " 2 min.")])
def test_who_waits_is_told_how_long_in_round_figures(wait_s: float | None, told: str) -> None:
    words = Languages().english
    assert waiting("ask.waiting", 3, wait_s, words).endswith(told or "Before this question: 3.")
