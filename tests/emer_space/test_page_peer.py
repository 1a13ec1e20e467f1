"""Whose connection a request comes through."""

import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emer_space.page import peer
from emer_space.page.peer import OWN_USER, note_user

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
OWN, OTHER = os.getuid(), 12345
CLIENT, SERVER = ("127.0.0.1", 40000), ("127.0.0.1", 7860)
pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the tables here are written as on most machines")


def line(local: str, remote: str, user: int, state: str = "01") -> str:
    """`local` and `remote` as `address:port`, both as the kernel writes them."""
    return f"   0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000 {user:5} 0 1 1 0 20 4 30 10 -1\n"


A, B = "0100007F:9C40", "0100007F:1EB4"  # the client's end, and the server's
Noted = Callable[..., Any]


@pytest.fixture
def noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Noted:
    """What is noted of a request, where these are the connections."""
    tables = (tmp_path / "tcp", tmp_path / "tcp6")
    monkeypatch.setattr(peer, "TABLES", tables)

    def note(
        *lines: str, six: str = "", client: tuple[str, int] | None = CLIENT, server: tuple[str, int] | None = SERVER
    ) -> Any:
        tables[0].write_text(HEAD + "".join(lines), encoding="ascii")
        tables[1].write_text(HEAD + six, encoding="ascii")
        scope: dict[str, Any] = {"type": "http", "client": client, "server": server}
        note_user(scope)
        return scope.get(OWN_USER)

    return note


def test_a_connection_is_of_whoever_holds_its_other_end(noted: Noted) -> None:
    server_end = line(B, A, OWN)
    assert noted(server_end, line(A, B, OWN)) is True
    assert noted(server_end, line(A, B, 0)) is True
    assert noted(server_end, line(A, B, OTHER)) is False
    assert noted(server_end) is False, "whoever cannot be found is a stranger"


def test_what_is_left_of_a_closed_connection_is_nobodys(noted: Noted) -> None:
    """Linux says that it is root's, whoever closed it."""
    for state in ("04", "05", "06", "07", "08", "09", "0B"):
        assert noted(line(A, B, 0, state)) is False, state


def test_another_connection_from_the_same_port_says_nothing(noted: Noted) -> None:
    """A port serves several connections to different places, of different users."""
    elsewhere = "0100007F:1538"
    assert noted(line(A, elsewhere, OWN), line(A, B, OTHER)) is False
    assert noted(line(A, elsewhere, OTHER), line(A, B, OWN)) is True
    assert noted(line(A, "0100007F:11EB4", OWN)) is False
    assert noted(line(A, B, OWN), line(A, B, OTHER, "06")) is True


def test_a_connection_by_both_kinds_of_addresses(noted: Noted) -> None:
    mapped_a, mapped_b = f"0000000000000000FFFF0000{A}", f"0000000000000000FFFF0000{B}"
    assert noted(six=line(mapped_a, mapped_b, OTHER)) is False
    assert noted(six=line(mapped_a, mapped_b, OWN)) is True
    one = "00000000000000000000000001000000"
    six = line(f"{one}:9C40", f"{one}:1EB4", OWN)
    assert noted(six=six, client=("::1", 40000), server=("::1", 7860)) is True
    assert noted(six=six, client=("::1", 40001), server=("::1", 7860)) is False


def test_from_elsewhere_nothing_is_noted(noted: Noted) -> None:
    assert noted(client=("192.0.2.7", 1)) is None
    assert (
        noted(client=None) is None and noted(server=("", 0)) is None and noted(server=("/run/emer.sock", None)) is None
    )
    assert noted(line(A, B, OWN), client=("127.0.0.1", 0)) is False, "as a proxy that is believed leaves it"


def test_a_machine_without_ipv6_has_one_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "tcp").write_text(HEAD + line(A, B, OTHER), encoding="ascii")
    monkeypatch.setattr(peer, "TABLES", (tmp_path / "tcp", tmp_path / "tcp6"))
    scope: dict[str, Any] = {"client": CLIENT, "server": SERVER}
    note_user(scope)
    assert scope[OWN_USER] is False


def test_where_the_system_does_not_tell_nothing_is_noted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(peer, "TABLES", (tmp_path / "none",))
    scope: dict[str, Any] = {"client": CLIENT, "server": SERVER}
    note_user(scope)
    assert OWN_USER not in scope


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    if not all(table.exists() for table in peer.TABLES):
        pytest.skip("only Linux tells whose a connection is")
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_the_kernel_writes_it_like_that(listening: socket.socket) -> None:
    client = socket.create_connection(listening.getsockname())
    served, address = listening.accept()
    with served:
        scope: dict[str, Any] = {"client": address, "server": served.getsockname()}
        note_user(scope)
        assert scope[OWN_USER] is True
        client.sendall(b"x")
        client.close()
        note_user(scope)
        assert scope[OWN_USER] is False
