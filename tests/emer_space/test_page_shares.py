"""Results shared by a link: for whoever has the key, until their time is over or their maker withdraws them."""

import shutil
import time
from pathlib import Path

import gradio as gr
import pytest
import starlette.requests
from test_figures import analysis

from emer_space.errors import InputError
from emer_space.page import shares as module
from emer_space.page.kept import Kept, Loan
from emer_space.page.languages import Languages
from emer_space.page.shares import KEPT_S, UNFINISHED_S, NotShared, Shares
from emer_space.page.sharing import Sharing
from emer_space.page.turns import Lines

WHOLE = analysis()


class Clock:
    """The time, which tests set."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shares(tmp_path: Path, clock: Clock) -> Shares:
    return Shares(tmp_path / "home" / "shared", tmp_path / "uploads", clock)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    file = tmp_path / "clip-own.mp4"
    file.write_bytes(b"moving pictures")
    return file


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_link_opens_the_same_result_also_after_a_restart(shares: Shares, tmp_path: Path, clock: Clock) -> None:
    link = shares.make(WHOLE, None, "somebody")
    again = Shares(shares.folder, tmp_path / "others", clock)
    found = again.find(link.key)
    assert found is not None
    analysis, loan = found
    assert analysis == WHOLE and loan.clip is None and loan.until == link.until and loan.key == link.key
    assert len(link.key) >= 32 and link.key != link.secret
    assert not any(link.key in str(path) or link.secret in path.read_text() for path in files(shares.folder))


@pytest.mark.parametrize("key", ["", "..", "../shared", "x" * 64, "\ud800", "a/b", "\0"])
def test_no_other_key_opens_anything(shares: Shares, key: str) -> None:
    link = shares.make(WHOLE, None, "somebody")
    assert shares.find(key) is None and shares.find(link.key[:-1]) is None and shares.find(link.secret) is None
    assert not shares.stop(link.key, "") and not shares.stop(link.key, link.key) and not shares.stop(link.key, key)
    assert shares.find(link.key) is not None


def test_the_clip_is_shown_from_a_copy_that_goes_when_its_maker_stops(shares: Shares, clip: Path) -> None:
    link = shares.make(WHOLE, clip, "somebody")
    clip.unlink()  # its hour ends
    found = shares.find(link.key)
    assert found and found[1].clip and found[1].clip.read_bytes() == b"moving pictures"
    assert shares.uploads in found[1].clip.parents, "the page serves files from there alone"
    assert shares.stop(link.key, link.secret)
    assert shares.find(link.key) is None and files(shares.folder) == files(shares.uploads) == []
    assert shares.stop(link.key, link.secret), "stopping twice is no mistake"


def test_what_has_expired_is_not_shown_and_is_swept(shares: Shares, clip: Path, clock: Clock) -> None:
    link = shares.make(WHOLE, clip, "somebody")
    clock.now += KEPT_S - 1
    shares.sweep()
    assert shares.find(link.key) is not None
    clock.now += 2
    assert shares.find(link.key) is None, "before any sweep"
    shares.sweep()
    assert files(shares.folder) == files(shares.uploads) == []


def test_a_client_and_all_together_share_no_more_than_fits(
    shares: Shares, clip: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def why(client: str) -> str:
        with pytest.raises(NotShared) as refusal:
            shares.make(WHOLE, clip, client)
        return refusal.value.why

    monkeypatch.setattr(module, "MOST_OF_ONE", 2)
    monkeypatch.setattr(module, "MOST", 3)
    first, _ = shares.make(WHOLE, clip, "one"), shares.make(WHOLE, None, "one")
    assert why("one") == "own"
    shares.make(WHOLE, None, "two")
    assert why("two") == why("three") == "full"
    assert shares.find(first.key) is not None, "nobody's link makes room"
    shares.stop(first.key, first.secret)
    shares.make(WHOLE, None, "one")
    clock.now += KEPT_S + 1
    shares.sweep()
    monkeypatch.setattr(module, "MOST_BYTES_OF_ONE", 100)
    assert why("one") == "own"
    monkeypatch.setattr(module, "MOST_CLIP_BYTES", 3)
    assert why("one") == "clip"
    clip.unlink()
    assert why("four") == "clip", "its hour ended while the form was open"
    monkeypatch.setattr(module, "MOST_READING_BYTES", 3)
    with pytest.raises(NotShared, match="reading"):
        shares.make(WHOLE, None, "five")
    assert files(shares.folder) == []


def test_what_a_killed_app_left_is_no_link_and_goes(shares: Shares, clip: Path, clock: Clock) -> None:
    clock.now = time.time()
    link, other = shares.make(WHOLE, clip, "one"), shares.make(WHOLE, None, "one")
    place, damaged = (next(shares.folder.glob(f"{module._digest(one.key)}")) for one in (link, other))
    shutil.copytree(place, shares.folder / f"{module.PART}x")
    (shares.folder / f"{module.PART}x" / module.RECORD).unlink()  # killed while it shared
    (place / module.RECORD).unlink()  # killed while it deleted
    (damaged / module.RECORD).write_bytes(b'{"until": 1e99, "analysis')
    assert shares.find(link.key) is None and shares.find(other.key) is None
    clock.now += UNFINISHED_S + 60
    shares.sweep()
    assert files(shares.folder) == []


def test_a_disk_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(NotShared, match="disk"):
        Shares(tmp_path / "file" / "shared", tmp_path / "uploads").make(WHOLE, None, "one")


def test_what_cannot_be_deleted_is_not_told_as_deleted(shares: Shares, monkeypatch: pytest.MonkeyPatch) -> None:
    link = shares.make(WHOLE, None, "one")

    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as broken, pytest.raises(NotShared, match="disk"):
        broken.setattr(Path, "unlink", refuse)
        shares.stop(link.key, link.secret)
    assert shares.find(link.key) is not None
    assert shares.stop(link.key, link.secret) and shares.find(link.key) is None


def test_a_result_of_another_version_is_told_as_that(shares: Shares) -> None:
    link = shares.make(WHOLE, None, "one")
    (record,) = files(shares.folder)
    record.write_text(record.read_text().replace(WHOLE.schema, "emer-analysis/9"))
    with pytest.raises(InputError, match="another version"):
        shares.find(link.key)


def test_who_has_a_link_open_loses_it_when_it_is_stopped_or_over(shares: Shares, tmp_path: Path) -> None:
    kept = Kept(tmp_path / "uploads")
    stopped, over = Loan("stopped", "2099-01-01T00:00:00Z"), Loan("over", "2026-01-01T00:00:00Z")
    keys = [kept.open(WHOLE, "two", loan) for loan in (stopped, over)]
    own = kept.open(WHOLE, "two")
    assert [kept.find(key) is not None for key in keys] == [True, False]
    kept.end_loans("stopped")
    assert kept.find(keys[0]) is None and kept.find(own) is not None


def test_what_one_process_withdraws_goes_from_another_one_with_its_next_sweep(
    shares: Shares, clip: Path, tmp_path: Path, clock: Clock
) -> None:
    elsewhere, kept = Shares(shares.folder, tmp_path / "others", clock), Kept(tmp_path / "others")
    gone, stays = (shares.make(WHOLE, clip, "somebody") for _ in range(2))
    keys = []
    for link in (gone, stays):
        found = elsewhere.find(link.key)
        assert found and found[1].clip and found[1].clip.is_file()
        keys.append(kept.open(found[0], "reader", found[1]))
    assert shares.stop(gone.key, gone.secret) and elsewhere.find(gone.key) is None
    elsewhere.sweep()
    kept.end_withdrawn(elsewhere.stands)
    assert kept.find(keys[0]) is None and kept.find(keys[1]) is not None
    assert len(files(tmp_path / "others")) == 1


def test_what_a_browser_sent_is_not_shared_as_a_reading_of_this_app(shares: Shares, tmp_path: Path) -> None:
    kept, lines = Kept(tmp_path / "uploads"), Lines()
    with gr.Blocks(analytics_enabled=False):
        sharing = Sharing(shares, kept, Languages(), lines.storing)
    request = gr.Request(starlette.requests.Request({"type": "http", "headers": [], "client": ("127.0.0.1", 1)}))
    key = kept.open(WHOLE, "127.0.0.1")
    assert not sharing._offer(key, request)[0].visible
    assert "data-link" not in sharing._make(key, False, request) and files(shares.folder) == []


def test_a_borrowed_reading_is_kept_apart_from_an_own_one(shares: Shares, tmp_path: Path, clip: Path) -> None:
    kept = Kept(tmp_path / "uploads")
    link = shares.make(WHOLE, clip, "one")
    found = shares.find(link.key)
    assert found
    own, lent = kept.open(WHOLE, "two"), kept.open(*found[:1], "two", found[1])
    assert own != lent and kept.open(found[0], "two", found[1]) == lent
    kept.forget(lent)
    assert found[1].clip and found[1].clip.is_file(), "others look at it too"
