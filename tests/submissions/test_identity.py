"""Who is calling: only what comes from this machine, asked for by a name of this machine, is the local person."""

from types import SimpleNamespace

import pytest

from submissions.errors import Refusal
from submissions.people.identity import LocalIdentity
from submissions.person import LOCAL, Person, identified, organiser


def request(
    host: str = "127.0.0.1:7860", client: str = "127.0.0.1", version: str = "1.1", **headers: str
) -> SimpleNamespace:
    inner = SimpleNamespace(scope={"http_version": version})
    return SimpleNamespace(client=SimpleNamespace(host=client), headers={"host": host, **headers}, request=inner)


@pytest.fixture(autouse=True)
def not_in_a_space(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPACE_ID", raising=False)


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost:7860", "localhost", "[::1]:7860", "[::1]", "127.0.0.1"])
def test_the_local_person_is_known_by_every_name_of_this_machine(host: str) -> None:
    assert LocalIdentity("127.0.0.1")(request(host)) == LOCAL
    assert LocalIdentity("127.0.0.1")(request(host, origin=f"http://{host}")) == LOCAL


@pytest.mark.parametrize(
    "stranger",
    [
        request(host="evil.example"),
        request(host="evil.example:7860"),
        request(host="127.0.0.1.evil.example"),
        request(host="localhost@evil.example"),
        request(host=""),
        request(client="192.0.2.7"),
        request(**{"x-forwarded-for": "192.0.2.7"}),
        request(**{"forwarded": "for=192.0.2.7"}),
        request(origin="https://evil.example"),
        request(origin="null"),
        request(origin="http://localhost:3000"),
        request(origin="http://127.0.0.1:8000"),
        request(**{"X-Forwarded-Host": "emer.example"}),
        request(**{"via": "1.1 proxy"}),
        request(**{"cf-connecting-ip": "192.0.2.7"}),
        request(**{"X-Client-IP": "192.0.2.7"}),
        request(version="1.0"),
        request(origin="http://[broken"),
        None,
    ],
)
def test_everybody_else_is_a_stranger(stranger: SimpleNamespace | None) -> None:
    assert LocalIdentity("127.0.0.1")(stranger) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org", ""])
def test_an_app_that_others_can_reach_knows_nobody(host: str) -> None:
    assert LocalIdentity(host)(request()) is None


def test_the_local_person_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMER_LOCAL_PERSON", "off")
    assert LocalIdentity("127.0.0.1")(request()) is None


def test_in_a_space_nobody_is_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACE_ID", "someone/space")
    assert LocalIdentity("127.0.0.1")(request()) is None


def test_who_is_not_signed_in_or_no_organiser_is_refused() -> None:
    person = Person("id", "Name")
    assert identified(person) == person and organiser(LOCAL) == LOCAL
    for ask, who in ((identified, None), (organiser, None), (organiser, person)):
        with pytest.raises(Refusal):
            ask(who)
