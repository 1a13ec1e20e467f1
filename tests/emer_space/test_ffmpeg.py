"""Children: killed and reaped whatever happens, drained, bounded, and without our secrets."""

import threading
from collections.abc import Generator
from pathlib import Path

import clip_making
import pytest
from clip_making import CANARY, SETTINGS, make, opened, pattern, write_film

from emer_space.cancellation import CancelToken
from emer_space.errors import Cancelled, InputError, MissingTool
from emer_space.media.clip import frames, open_clip
from emer_space.media.ffmpeg import Child, run

BEFORE: list[int] = []


@pytest.fixture(autouse=True)
def children_before() -> None:
    """Other tests of this process may keep servers running."""
    BEFORE[:] = clip_making.children()


def children() -> list[int]:
    return [child for child in clip_making.children() if child not in BEFORE]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_film(tmp_path)


@pytest.mark.parametrize("command", [["sleep", "60"], ["sh", "-c", "exec >&- 2>&-; exec sleep 60"]])
def test_cancel_kills_a_silent_child(command: list[str]) -> None:
    token = CancelToken()
    threading.Timer(0.2, token.cancel).start()
    with pytest.raises(Cancelled):
        run(command, 60, token)
    assert children() == []


def test_cancel_while_encoding_ends_ffmpeg_and_leaves_no_copy(tmp_path: Path) -> None:
    source = make(tmp_path / "long.avi", *pattern(8, size="1280x720"), "-c:v", "mjpeg", "-q:v", "9")
    token = CancelToken()
    threading.Thread(target=cancel_once_something_is_in, args=(tmp_path / "copy", token)).start()
    with pytest.raises(Cancelled):
        open_clip(source, tmp_path / "copy", SETTINGS, token)
    assert children() == []
    assert list((tmp_path / "copy").iterdir()) == []


def cancel_once_something_is_in(folder: Path, token: CancelToken) -> None:
    pause = threading.Event()
    while not list(folder.glob("*")):
        pause.wait(0.01)
    token.cancel()


def test_the_child_ends_with_the_iterator_of_frames(film: Path, tmp_path: Path) -> None:
    clip = opened(film, tmp_path)
    closed = frames(clip, SETTINGS, CancelToken())
    next(closed)
    assert len(children()) == 1
    assert isinstance(closed, Generator)
    closed.close()
    assert children() == []
    token = CancelToken()
    cancelled = frames(clip, SETTINGS, token)
    next(cancelled)
    token.cancel()
    with pytest.raises(Cancelled):
        list(cancelled)
    assert children() == []


def test_a_child_that_takes_too_long_is_killed_with_a_sentence() -> None:
    with pytest.raises(InputError, match=r"took longer than 0\.2 s"):
        run(["sleep", "60"], 0.2, CancelToken())
    assert children() == []


def test_time_that_the_reader_takes_is_not_the_childs() -> None:
    pause = threading.Event()
    with Child(["echo", "ready"], 0.5, CancelToken()) as child:
        for _channel, _data in child:
            pause.wait(0.7)
    assert child.code == 0


def test_a_flood_on_either_channel_neither_blocks_nor_fills_the_memory() -> None:
    finished = run(["sh", "-c", "head -c 9000000 /dev/zero >&2; echo done"], 30, CancelToken())
    assert finished.stdout == b"done\n"
    assert len(finished.stderr) < 100_000
    with pytest.raises(InputError, match="unpacks to far more"):
        run(["cat", "/dev/zero"], 30, CancelToken())
    assert children() == []


def test_a_child_sees_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", CANARY)
    assert CANARY.encode() not in run(["env"], 10, CancelToken()).stdout


def test_without_ffmpeg_the_error_says_what_to_install(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = opened(film, tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "copy"))
    with pytest.raises(MissingTool, match=r"ffprobe is not installed; install it with: apt-get install ffmpeg"):
        opened(film, tmp_path)
    with pytest.raises(MissingTool, match=r"ffmpeg is not installed; install it with: apt-get install ffmpeg"):
        list(frames(clip, SETTINGS, CancelToken()))
