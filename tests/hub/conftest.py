"""A hub on this machine, with a dataset accessed through the project's own code."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lab import HURRIED, NAME, TOKEN
from server import LoopbackHub

from leaderboard.board.board import Board
from submissions.store.hub_dataset import HubDataset
from submissions.store.hub_store import HubStore


@pytest.fixture(autouse=True)
def no_store_outlives_its_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stop retrying doubtful commits, which would otherwise go on and break the connections of later tests."""
    made: list[HubStore] = []
    begin = HubStore.__init__

    def recorded(store: HubStore, *values: Any, **more: Any) -> None:
        made.append(store)
        begin(store, *values, **more)

    monkeypatch.setattr(HubStore, "__init__", recorded)
    yield
    for store in made:
        store._waiting.clear()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    with LoopbackHub() as hub:
        hub.add_person("olga", TOKEN, orgs=["lab"])
        hub.create(NAME)
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)  # the app's default, if it was imported
        yield hub


@pytest.fixture
def dataset(hub: LoopbackHub) -> HubDataset:
    return HubDataset(NAME, TOKEN, HURRIED)


@pytest.fixture
def make_dataset(hub: LoopbackHub) -> Callable[[], HubDataset]:
    """Makes a new `HubDataset` at every call, as another process would."""
    return lambda: HubDataset(NAME, TOKEN, HURRIED)


@pytest.fixture
def make_board(make_track: Callable[..., str], make_dataset: Callable[[], HubDataset]) -> Callable[..., Board]:
    """Opens a board at every call, like another process with nothing of importance on its own disk."""
    make_track(per_day=50, attempts=90)
    return lambda **how: Board(store=HubStore(make_dataset(), **{"poll_s": 0, **how}))
