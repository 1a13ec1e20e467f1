"""Whose share a request counts in: an address that the caller cannot choose."""

import pytest
from starlette.datastructures import Address, Headers
from starlette.requests import Request

from emer_space.page.clients import UNKNOWN, client_of


def request(client: str = "10.0.0.5", *forwarded: str) -> Request:
    headers = Headers(raw=[(b"x-forwarded-for", each.encode()) for each in forwarded])
    scope = {"type": "http", "client": Address(client, 1) if client else None, "headers": headers.raw}
    return Request(scope)


@pytest.fixture
def in_a_space(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACE_ID", "lab/space")


def test_outside_a_space_it_is_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a proxy of this machine adds, the server has looked at already; from anybody else it says nothing."""
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert client_of(request("203.0.113.7", "198.51.100.1")) == "203.0.113.7"
    assert client_of(request("127.0.0.1")) == "127.0.0.1"
    assert client_of(request("")) == client_of(request("testclient")) == UNKNOWN


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (["8.8.4.4"], "8.8.4.4"),
        (["8.8.4.4, 10.0.0.1"], "8.8.4.4"),
        (["8.8.4.4, 10.0.0.1, 172.16.3.2"], "8.8.4.4"),
        (["1.1.1.1, 8.8.4.4"], "8.8.4.4"),  # the first is the caller's own invention
        (["1.1.1.1", "8.8.4.4"], "8.8.4.4"),
        (["127.0.0.1, 8.8.4.4, 10.0.0.1"], "8.8.4.4"),
        (["1.1.1.1, , unknown, 8.8.4.4"], "8.8.4.4"),
        (["::ffff:8.8.4.4"], "8.8.4.4"),
        (["2600:1f18:1:2:3:4:5:6"], "2600:1f18:1:2::/64"),
        (["1.1.1.1, 2600:1f18:1:2:ffff::1, 10.1.1.1"], "2600:1f18:1:2::/64"),
        ([], "10.0.0.5"),
        (["unknown"], "10.0.0.5"),
        (["192.168.0.9"], "10.0.0.5"),
    ],
)
def test_in_a_space_it_is_the_last_public_address(in_a_space: None, forwarded: list[str], client: str) -> None:
    assert client_of(request("10.0.0.5", *forwarded)) == client


def test_a_server_that_believes_every_header_changes_nothing(in_a_space: None) -> None:
    """With FORWARDED_ALLOW_IPS=* it takes the first address, which the caller invents, for the connection's."""
    assert client_of(request("1.1.1.1", "1.1.1.1, 8.8.4.4, 10.0.0.1")) == "8.8.4.4"


def test_the_proxy_itself_is_nobody(in_a_space: None) -> None:
    assert client_of(request("52.1.2.3", "8.8.4.4")) == "8.8.4.4"


def test_a_household_is_one_client_and_its_neighbour_another(in_a_space: None) -> None:
    one, same, other = "2600:1f18:1:2::1", "2600:1f18:1:2:aaaa:bbbb:cccc:dddd", "2600:1f18:1:3::1"
    assert client_of(request("10.0.0.5", one)) == client_of(request("10.0.0.5", same))
    assert client_of(request("10.0.0.5", one)) != client_of(request("10.0.0.5", other))
