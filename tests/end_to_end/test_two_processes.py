"""Two processes of the app on one home, behind a proxy that keeps each visitor with one of them."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from conftest import started_app
from gradio_client import Client, handle_file
from serving import free_port, wait_for

from leaderboard.tracks import load_track

TRACK = "clue-practice"
NAMES = sorted(name for (name,) in load_track(TRACK).rules.manifest or ())


class Proxy:
    """Passes connections on, each visitor's (whose number its cookie says) always to the same of the apps.

    A real one also adds headers, by which the app tells that nobody behind it is this machine's own user; this one adds
    none.
    """

    def __init__(self, apps: Sequence[str]) -> None:
        self.ports = [int(urlsplit(app).port or 0) for app in apps]
        self.port = 0
        self.passed = [0] * len(apps)

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, since its end closes the connection; Host is the proxy's own, as visitors see it."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lines = [line for line in head.split("\r\n")[:-2] if not line.lower().startswith("connection:")]
        named = dict(line.lower().split(": ", 1) for line in lines[1:])
        place = int(named.get("cookie", "").rpartition("visitor=")[2] or 0) % len(self.ports)
        self.passed[place] += 1
        app_reader, app_writer = await asyncio.open_connection("127.0.0.1", self.ports[place])
        app_writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1"))

        async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                target.write(data)
                await target.drain()

        sending = asyncio.create_task(pump(reader, app_writer))
        try:
            await pump(app_reader, writer)
        finally:
            sending.cancel()
            app_writer.close()
            writer.close()

    @contextmanager
    def served(self) -> Iterator[str]:
        served, end = threading.Event(), list[Callable[[], object]]()

        async def serve() -> None:
            ended, loop = asyncio.Event(), asyncio.get_running_loop()
            server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            end.append(lambda: loop.call_soon_threadsafe(ended.set))
            served.set()
            await ended.wait()
            server.close()

        thread = threading.Thread(
            target=asyncio.run, args=(serve(),), daemon=True
        )  # at its end, all tasks are cancelled
        thread.start()
        assert served.wait(10)
        try:
            yield f"http://127.0.0.1:{self.port}"
        finally:
            end[0]()
            thread.join(10)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The visitor or the app is gone, or the proxy ends.
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            await self.pass_on(reader, writer)


@pytest.fixture(scope="module")
def apps(app: tuple[str, Path], home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The app of all tests, and another one on the same home, which leaves the scoring to the first."""
    uploads, log = tmp_path_factory.mktemp("uploads"), tmp_path_factory.mktemp("log") / "app.log"
    with started_app(free_port(), uploads, home, log, EMER_SCORER="job") as second:
        yield [app[0], second]


def client(url: str, visitor: str, folder: Path) -> Client:
    return Client(url, verbose=False, download_files=folder, headers={"Cookie": f"visitor={visitor}"})


def test_visitors_of_two_processes_see_one_leaderboard(apps: list[str], tmp_path: Path) -> None:
    proxy = Proxy(apps)
    with proxy.served() as url:
        clients = [client(url, visitor, tmp_path) for visitor in ("0", "1")]
        ada, ben = clients
        file = tmp_path / "sent.csv"
        file.write_text("name,openset\n" + "".join(f"{name},forlorn\n" for name in NAMES), encoding="utf-8")
        receipt = ada.predict(TRACK, handle_file(file), "Two processes", api_name="/submit")
        assert receipt["ok"] and not receipt["again"]
        assert ben.predict(TRACK, handle_file(file), "Two processes", api_name="/submit")["id"] == receipt["id"]
        assert wait_for(lambda: ben.predict(receipt["id"], api_name="/status")["state"] != "queued", 120)
        told = [visitor.predict(receipt["id"], api_name="/status") for visitor in (ada, ben)]
        assert told[0]["state"] == "scored" and told[0] == told[1]
        rows = [visitor.predict(TRACK, True, api_name="/table")["rows"] for visitor in (ada, ben)]
        assert rows[0] == rows[1] and receipt["id"] in [row["id"] for row in rows[0]]
        assert ben.predict(receipt["id"], api_name="/withdraw")["withdrawn"]
        assert wait_for(lambda: ada.predict(receipt["id"], api_name="/status")["withdrawn"])
        for each in clients:
            each.close()
    assert all(proxy.passed), "each of the processes had a visitor"
