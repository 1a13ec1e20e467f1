"""A dataset on the Hub, with the real client: what is read, and what becomes of a commit whatever is answered."""

import time
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from huggingface_hub.utils import get_session
from lab import HURRIED, NAME, TOKEN
from server import Fault, LoopbackHub

from submissions.errors import Doubtful, StoreError
from submissions.store.hub_dataset import HubDataset, Moved, Patience


def test_what_is_committed_is_there(dataset: HubDataset, hub: LoopbackHub) -> None:
    sha = dataset.commit({"a/b.json": b"1", "c.bin": bytes(range(256))}, "two files")
    assert dataset.head() == sha and sorted(dataset.tree()) == [".gitattributes", "a/b.json", "c.bin"]
    assert dataset.read("c.bin") == bytes(range(256)) and dataset.tree(below="a") == ["a/b.json"]
    (commit,) = [each for each in dataset.commits(9) if each.title == "two files"]
    assert commit.sha == sha and commit.paths == ("a/b.json", "c.bin") and abs(commit.at.timestamp() - time.time()) < 60
    dataset.commit({"d": b"2"}, "and one goes", deleted=["a/b.json"])
    assert hub.files(NAME).keys() == {".gitattributes", "c.bin", "d"}


def test_what_is_not_there_is_told_as_such(dataset: HubDataset) -> None:
    with pytest.raises(FileNotFoundError):
        dataset.read("nothing.json")
    assert dataset.tree(below="nowhere") == []


def test_a_tree_and_a_history_of_many_pages_are_read_whole(dataset: HubDataset, hub: LoopbackHub) -> None:
    hub.page = 7
    for number in range(60):
        hub.datasets[NAME].commit({f"f/{number:03}": b"x"}, (), f"commit {number}")
    assert len(dataset.tree(below="f")) == 60
    assert [each.title for each in dataset.commits(55)] == [f"commit {number}" for number in range(59, 4, -1)]


@pytest.mark.parametrize("kind", ["409", "412", "429", "500", "500-took", "dropped", "dropped-took", "slow"])
@pytest.mark.parametrize("times", [1, 3])
def test_whatever_is_answered_a_commit_is_made_once(
    dataset: HubDataset, hub: LoopbackHub, kind: str, times: int
) -> None:
    hub.fail(Fault(kind, times=times, seconds=0.2))  # type: ignore[arg-type]
    sha = dataset.commit({"a.json": b"1"}, "one file")
    assert hub.files(NAME)["a.json"] == b"1" and len(hub.commits(NAME)) == 1
    assert sha == ("" if kind.endswith("took") else hub.commits(NAME)[0].sha), "no answer told"


def test_the_wait_that_the_server_asks_for_is_honoured(dataset: HubDataset, hub: LoopbackHub) -> None:
    hub.fail(Fault("429", seconds=2))
    began = time.monotonic()
    dataset.commit({"a.json": b"1"}, "one file")
    assert time.monotonic() - began >= 2


def test_a_commit_that_is_refused_is_not_tried_again(hub: LoopbackHub) -> None:
    hub.add_person("guest", "hf_guest", orgs=["lab"], role="read")
    hub.add_person("stranger", "hf_stranger")
    for token in ("hf_guest", "hf_stranger", "hf_unknown"):
        before = len(hub.asked)
        with pytest.raises(StoreError, match="refused") as problem:
            HubDataset(NAME, token, HURRIED).commit({"a.json": b"1"}, "one file")
        assert token not in str(problem.value) and len(hub.asked) - before <= 2
    assert hub.commits(NAME) == []


def test_a_parent_that_is_not_the_head_any_more_is_told(dataset: HubDataset, hub: LoopbackHub) -> None:
    parent = dataset.head()
    hub.commit(NAME, {"theirs": b"1"})
    with pytest.raises(Moved):
        dataset.commit({"ours": b"1"}, "ours", parent)
    dataset.commit({"ours": b"1"}, "ours", dataset.head())
    assert hub.files(NAME).keys() >= {"theirs", "ours"}


def test_a_commit_with_a_parent_that_took_without_an_answer_is_not_made_again(
    dataset: HubDataset, hub: LoopbackHub
) -> None:
    hub.fail(Fault("dropped-took"))
    dataset.commit({"ours": b"1"}, "ours", dataset.head())
    assert [each.title for each in hub.commits(NAME)] == ["ours"]


@pytest.mark.parametrize("kind", ["500", "500-took"])
def test_where_nobody_answers_it_is_not_said_that_nothing_is_stored(hub: LoopbackHub, kind: str) -> None:
    hub.fail(Fault(kind, path=r"/commit/", times=99), Fault("500", path="/paths-info/", times=99))  # type: ignore[arg-type]
    with pytest.raises(Doubtful, match="not known"):
        HubDataset(NAME, TOKEN, Patience(1.0, 0.05, 0.2)).commit({"a.json": b"1"}, "one file")


def test_where_it_is_known_that_nothing_is_stored_it_is_said(hub: LoopbackHub) -> None:
    hub.fail(Fault("409", times=99))
    with pytest.raises(StoreError, match="nothing was accepted") as problem:
        HubDataset(NAME, TOKEN, Patience(1.0, 0.05, 0.2)).commit({"a.json": b"1"}, "one file")
    assert not isinstance(problem.value, Doubtful) and hub.commits(NAME) == []


def test_reading_is_tried_again_too(dataset: HubDataset, hub: LoopbackHub) -> None:
    dataset.commit({"a.json": b"1"}, "one file")
    for kind in ("429", "500", "dropped"):
        hub.fail(Fault(kind, path="/resolve/", times=2, seconds=0.1), Fault(kind, path="/api/datasets/", seconds=0.1))  # type: ignore[arg-type]
        assert dataset.read("a.json") == b"1" and dataset.head()


def test_a_message_that_would_be_too_long_tells_that_the_tree_is_to_be_listed(
    dataset: HubDataset, hub: LoopbackHub
) -> None:
    dataset.commit({f"results/small@1/2026-11/{number:026}.json": b"1" for number in range(300)}, "many")
    assert dataset.commits(1)[0].paths == ("-",)
    dataset.commit({"one": b"1"}, "one")
    assert dataset.commits(1)[0].paths == ("one",)


def test_a_server_that_says_nothing_holds_nobody_for_ever(
    dataset: HubDataset, hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("submissions.store.hub_dataset.COMMIT_TIMEOUT_S", 0.5)
    hub.fail(Fault("slow", path="/commit/", seconds=3))
    began = time.monotonic()
    dataset.commit({"a.json": b"1"}, "one file")
    assert time.monotonic() - began < 3 and hub.files(NAME)["a.json"] == b"1"


def test_where_the_client_is_told_to_stay_offline_that_is_said_at_once(
    dataset: HubDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    began = time.monotonic()
    for work in (dataset.head, lambda: dataset.commit({"a": b"1"}, "one")):
        with pytest.raises(StoreError, match="HF_HUB_OFFLINE") as problem:
            work()
        assert not isinstance(problem.value, Doubtful)
    assert time.monotonic() - began < 5


def test_the_clients_own_download_and_a_part_of_a_file_are_served(
    dataset: HubDataset, hub: LoopbackHub, tmp_path: Path
) -> None:
    """What other parts of the client ask of a hub; ours reads whole files into memory."""
    content = bytes(range(256)) * 40
    sha = dataset.commit({"a.bin": content}, "one file")
    api = HfApi(endpoint=hub.url, token=TOKEN)
    path = api.hf_hub_download(NAME, "a.bin", repo_type="dataset", revision=sha, cache_dir=tmp_path)
    assert Path(path).read_bytes() == content
    url, headers = f"{hub.url}/datasets/{NAME}/resolve/main/a.bin", {"authorization": f"Bearer {TOKEN}"}
    part = get_session().get(url, headers={**headers, "range": "bytes=250-259"})
    assert (part.status_code, part.content) == (206, content[250:260])
    assert part.headers["content-range"] == f"bytes 250-259/{len(content)}" and part.headers["x-repo-commit"] == sha
