"""`wheels fetch` against a server on this machine: whole files, a wrong byte, a missing one, and a long one."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from leaderboard.__main__ import main
from leaderboard.errors import WheelsUnavailable
from leaderboard.tracks.vocabularies import fetch, fetched_folder, official_wheels


class Mirror:
    """Serves the official files below /emotion_wheel; `changed` are answers in their place."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.changed: dict[str, bytes | None] = {}
        self.asked: list[str] = []

    def answer(self, name: str) -> bytes | None:
        self.asked.append(name)
        return self.changed[name] if name in self.changed else (self.folder / name).read_bytes()


@pytest.fixture
def mirror(shared: Path) -> Iterator[tuple[Mirror, str]]:
    files = Mirror(shared / "reference" / "emotion_wheel")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.answer(self.path.removeprefix("/emotion_wheel/"))
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield files, f"http://127.0.0.1:{server.server_port}/emotion_wheel/"
        server.shutdown()


def test_the_files_are_fetched_once_and_then_an_official_track_finds_them(
    mirror: tuple[Mirror, str], own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files, address = mirror
    assert main(["wheels", "fetch", "--from", address]) == 0
    told = capsys.readouterr().out
    assert "non-commercial" in told and "wheel5.xlsx: fetched" in told and str(own_home) in told
    assert len(files.asked) == 7 and official_wheels().names == ("wheel1", "wheel2", "wheel3", "wheel4", "wheel5")
    assert main(["wheels", "fetch", "--from", address]) == 0
    assert len(files.asked) == 7 and "already here" in capsys.readouterr().out


def test_a_wrong_byte_is_refused_and_nothing_of_it_is_kept(
    mirror: tuple[Mirror, str], capsys: pytest.CaptureFixture[str]
) -> None:
    files, address = mirror
    content = bytearray((files.folder / "wheel2.xlsx").read_bytes())
    content[1000] ^= 1
    files.changed["wheel2.xlsx"] = bytes(content)
    assert main(["wheels", "fetch", "--from", address]) == 2
    assert "wheel2.xlsx is not the official file" in capsys.readouterr().err
    assert sorted(path.name for path in fetched_folder().iterdir()) == ["format.csv", "synonym.xlsx", "wheel1.xlsx"]
    files.changed.clear()
    assert list(fetch(address))[3] == "wheel2.xlsx: fetched"


def test_a_file_that_was_damaged_at_home_is_fetched_again(mirror: tuple[Mirror, str]) -> None:
    _, address = mirror
    list(fetch(address))
    (fetched_folder() / "format.csv").write_text("name,format\n")
    with pytest.raises(WheelsUnavailable, match=r"format\.csv is not the official file"):
        official_wheels()
    assert next(iter(fetch(address))) == "format.csv: fetched"
    official_wheels()


def test_what_is_not_there_or_not_to_be_reached_is_told(mirror: tuple[Mirror, str]) -> None:
    files, address = mirror
    files.changed["format.csv"] = None
    with pytest.raises(WheelsUnavailable, match=r"format\.csv could not be downloaded .*Not Found"):
        list(fetch(address))
    files.changed["format.csv"] = b"x" * 10_000_100
    with pytest.raises(WheelsUnavailable, match="not the official file"):
        list(fetch(address))
    for wrong in ("file:///etc", "ftp://127.0.0.1", "nonsense"):
        with pytest.raises(WheelsUnavailable, match="not a web address"):
            list(fetch(wrong))
    with pytest.raises(WheelsUnavailable, match="try again"):
        list(fetch("http://127.0.0.1:9"))
    with pytest.raises(WheelsUnavailable, match="could not be downloaded"):
        list(fetch("http://127.0.0.1:9/a b"))


def test_a_home_that_cannot_be_written_is_told(
    mirror: tuple[Mirror, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "file"))
    with pytest.raises(WheelsUnavailable, match="cannot be written"):
        list(fetch(mirror[1]))
