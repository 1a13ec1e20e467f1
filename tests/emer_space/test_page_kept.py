"""Results on the page: kept for their hour and no longer, bounded, and for nobody but who has the key."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from clip_making import H264, make, pattern

from emer_space.analysis import Subtitle
from emer_space.cancellation import CancelToken
from emer_space.page import clip_copies
from emer_space.page import kept as module
from emer_space.page.clip_copies import ClipCopies
from emer_space.page.kept import Kept
from emer_space.page.sweep import EVERY_S, KEPT_S
from emer_space.pipeline import Finished, Request, analyze
from emer_space.profiles import load_profile
from emer_space.readings import Readings
from emer_space.settings import Settings

ASKED = Request(modalities=("audio",))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A silent clip, of which the voice is read at once."""
    return make(tmp_path_factory.mktemp("film") / "film.mp4", *pattern(0.5), *H264)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "uploads")


def finished(film: Path, folder: Path, asked: Request = ASKED, readings: Readings | None = None) -> Finished:
    *_, last = analyze(film, asked, load_profile(), Settings(), CancelToken(), folder, kept=readings)
    assert isinstance(last, Finished)
    return last


def files(kept: Kept) -> list[Path]:
    return [path for path in kept.folder.rglob("*") if path.is_file()]


def test_a_kept_clip_is_explained_again_without_what_was_sent(film: Path, tmp_path: Path, kept: Kept) -> None:
    sent, readings = Path(shutil.copy(film, tmp_path / "sent.mp4")), Readings()
    first = finished(sent, tmp_path / "work", ASKED, readings)
    key = kept.keep(first, ASKED, readings, "somebody")
    sent.unlink(), shutil.rmtree(tmp_path / "work")
    result = kept.find(key)
    assert result and result.analysis == first.analysis and result.clip.is_file()
    again = finished(result.clip, tmp_path / "more", Request(modalities=("video",)), result.readings)
    assert again.analysis.clip == first.analysis.clip and again.analysis.timings["probing"] == 0
    assert again.analysis.people == finished(film, tmp_path / "new", Request(modalities=("video",))).analysis.people


def test_the_words_stay_for_mending_while_they_are_not_read(film: Path, tmp_path: Path, kept: Kept) -> None:
    one, said = finished(film, tmp_path / "work"), Request("I am so happy.", ("audio", "text"))
    unread = one.analysis
    read = replace(unread, subtitle=Subtitle("I am so happy.", "given"))
    result = kept.find(kept.keep(Finished(read, one.clip), said, Readings(), "somebody"))
    assert result and result.words == "I am so happy."
    for asked, words in (
        (Request("I am so happy.", ("audio",)), "I am so happy."),
        (Request("", ("audio",)), "I am so happy."),
        (Request("I am so sad.", ("audio",)), "I am so sad."),
    ):
        result.answered(unread, asked)
        assert result.words == words


def test_a_result_and_its_files_go_within_the_hour_whatever_is_asked_of_it(
    film: Path, tmp_path: Path, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000_000.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    key = kept.keep(finished(film, tmp_path / "work"), ASKED, Readings(), "somebody")
    result = kept.find(key)
    assert result
    result.files["a"] = kept.shown(film)
    assert kept.shown(result.clip) == result.clip, "the page shows this copy and makes no other"
    assert len(files(kept)) == 2
    now += KEPT_S - 1
    assert kept.find(key) is result
    now += 2
    kept.sweep()
    assert len(kept) == 0 and files(kept) == [] and kept.find(key) is None and KEPT_S + EVERY_S <= 3600


def test_two_visitors_of_the_same_clip_do_not_share_a_file(film: Path, tmp_path: Path, kept: Kept) -> None:
    one, other = (kept.keep(finished(film, tmp_path / name), ASKED, Readings(), name) for name in ("one", "other"))
    assert one != other and len(one) >= 32
    kept.forget(one)
    result = kept.find(other)
    assert result and result.clip.is_file() and kept.find(one) is None
    assert kept.find("") is None and kept.find(other[:-1]) is None


def test_a_client_fills_no_more_than_its_share(
    film: Path, tmp_path: Path, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_RESULTS_OF_ONE", 2)
    monkeypatch.setattr(module, "MOST_RESULTS", 3)
    one = finished(film, tmp_path / "work")

    def keep(client: str) -> str:
        one.clip.path.exists() or shutil.copy(film, one.clip.path)
        return kept.keep(one, ASKED, Readings(), client)

    other = keep("other")
    own = [keep("one") for _ in range(4)]
    assert [kept.find(key) is not None for key in own] == [False, False, True, True]
    assert kept.find(other) is not None and len(files(kept)) == 3
    keep("third")
    assert len(kept) == 3 and kept.find(other) is None, "the oldest of all makes room"
    monkeypatch.setattr(module, "MOST_BYTES_OF_ONE", 1)
    last = keep("third")
    assert kept.find(last) is not None, "the newest is shown, however large"
    assert len([key for key in (*own, last) if kept.find(key)]) == 3


def test_readings_that_browsers_send_are_few_and_the_one_opened_last_stays(
    film: Path, tmp_path: Path, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_OPENED_OF_ONE", 2)
    one = finished(film, tmp_path / "work")
    sent = [replace(one.analysis, id=f"sent-{number}") for number in range(3)]
    own = kept.keep(one, ASKED, Readings(), "one")
    first, second = (kept.open(analysis, "one") for analysis in sent[:2])
    assert kept.open(sent[0], "one") == first
    third = kept.open(sent[2], "one")
    assert [kept.find(key) is not None for key in (own, first, second, third)] == [True, True, False, True]


def test_all_copies_of_a_clip_go_with_it(tmp_path: Path, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    copies, clip, other = ClipCopies(kept), tmp_path / "clip.mp4", tmp_path / "other.mp4"
    clip.write_bytes(b"a face")
    other.write_bytes(b"another")
    first, stays = copies.copy(clip), copies.copy(other)
    assert copies.copy(clip) == first
    monkeypatch.setattr(clip_copies, "RENEW_S", -1)
    assert copies.copy(clip) != first and first.is_file(), "whoever opened it sees it to its end"
    clip.unlink()
    copies.forget_missing()
    assert files(kept) == [stays]


def test_a_clip_that_is_taken_out_while_it_is_copied_is_not_shown(tmp_path: Path, kept: Kept) -> None:
    class TakenOut(Kept):
        def loose(self, name: str, content: bytes | Path) -> Path:
            made = super().loose(name, content)
            clip.unlink()
            copies.forget_missing()  # as the organiser's call does meanwhile: nothing is locked
            return made

    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"a face")
    copies = ClipCopies(TakenOut(kept.folder))
    with pytest.raises(FileNotFoundError):
        copies.copy(clip)
    assert files(kept) == []
