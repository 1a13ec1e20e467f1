"""A hub on this machine, and a dataset on it as the project's own code sees it."""

from collections.abc import Callable, Iterator

import pytest
from lab import HURRIED, NAME, TOKEN
from server import LoopbackHub

from submissions.hub_dataset import HubDataset


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
    """Another process would make its own."""
    return lambda: HubDataset(NAME, TOKEN, HURRIED)
