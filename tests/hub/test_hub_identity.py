"""Whose call it is, in a Space: the Hub says it of a token each time, and the session of the page else."""

import logging
import time
from types import SimpleNamespace
from typing import Any

import pytest
from server import Fault, LoopbackHub
from signing_in import SignIn

from submissions.errors import Refusal
from submissions.people import hub_identity
from submissions.people.hub_identity import OAUTH, HubIdentity, login_offered
from submissions.people.identity import LocalIdentity, identity_for
from submissions.person import Person

ADA, WRONG = "hf_adaSecret", "hf_unknownSecret"
HOST = "lab-emer.hf.space"


@pytest.fixture(autouse=True)
def space(monkeypatch: pytest.MonkeyPatch, hub: LoopbackHub) -> None:
    """A Space with login, as the Hub sets it up."""
    for name in (*OAUTH, "SPACE_ID"):
        monkeypatch.setenv(name, "set")
    monkeypatch.setenv("SYSTEM", "spaces")
    for name in ("EMER_ORGANISERS", "SPACE_HOST"):
        monkeypatch.delenv(name, raising=False)
    hub.add_person("ada", ADA, orgs=["Clubs"])


def request(session: dict[str, Any] | None = None, **headers: str) -> SimpleNamespace:
    scope = {} if session is None else {"session": session}
    return SimpleNamespace(headers={"host": HOST, **headers}, request=SimpleNamespace(scope=scope))


def bearer(token: str, session: dict[str, Any] | None = None) -> SimpleNamespace:
    return request(session, Authorization=f"Bearer {token}")


def session(who: str = "ben", lasts_s: float = 600, **user: Any) -> dict[str, Any]:
    profile = {"sub": f"id-of-{who}", "preferred_username": who, "name": who.title(), **user}
    return {"oauth_info": {"access_token": "hf_oauth_x", "expires_at": time.time() + lasts_s, "userinfo": profile}}


def test_the_hub_is_asked_at_every_call_whose_token_it_is(hub: LoopbackHub) -> None:
    identity = HubIdentity()
    assert identity(bearer(ADA)) == identity(bearer(ADA)) == Person("hf:id-of-ada", "ada")
    assert [(each.path, each.person) for each in hub.asked] == [("/api/whoami-v2", "ada")] * 2
    del hub.people[ADA]  # as if it were revoked
    assert identity(bearer(ADA)) is None


def test_a_token_is_found_as_the_client_sends_it() -> None:
    assert HubIdentity()(request(**{"X-HF-Authorization": f"bearer {ADA}"})) == Person("hf:id-of-ada", "ada")
    both = {"x-hf-authorization": f"Bearer {ADA}", "authorization": f"Bearer {WRONG}"}
    assert HubIdentity()(request(**both)) is None


def test_an_account_is_one_person_by_token_and_by_session_whatever_it_calls_itself() -> None:
    renamed = session("ada", preferred_username="ada2")
    assert HubIdentity()(bearer(ADA)).id == HubIdentity()(request(renamed)).id == "hf:id-of-ada"


@pytest.mark.parametrize(
    "sent", [f"Bearer {WRONG}", "Bearer", "", "Basic YWRhOmFkYQ==", "Bearer hf_a b", f"Bearer {ADA}é"]
)
def test_a_wrong_token_is_nobody_even_beside_a_session(sent: str) -> None:
    assert HubIdentity()(request(session(), authorization=sent)) is None


def test_the_token_of_the_host_is_nobodys(monkeypatch: pytest.MonkeyPatch, hub: LoopbackHub) -> None:
    monkeypatch.setenv("HF_TOKEN", ADA)
    assert HubIdentity()(request()) is None and HubIdentity()(bearer(WRONG)) is None
    assert ADA not in str(hub.asked) and {each.person for each in hub.asked} == {""}


@pytest.mark.parametrize("kind", ["org", "app"])
def test_an_organisation_is_no_person(hub: LoopbackHub, kind: str) -> None:
    hub.people[ADA]["type"] = kind
    assert HubIdentity()(bearer(ADA)) is None


def test_the_token_that_another_app_holds_is_refused(hub: LoopbackHub) -> None:
    hub.people[ADA]["auth"] = {"type": "oauth"}
    hub.add_person("eve", "hf_oauth_eve")
    for token in (ADA, "hf_oauth_eve"):
        with pytest.raises(Refusal, match="create an access token"):
            HubIdentity()(bearer(token))


@pytest.mark.parametrize("kind", ["429", "500", "dropped", "slow"])
def test_where_the_hub_does_not_answer_the_call_is_refused_and_the_token_not_told(
    hub: LoopbackHub, kind: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hub_identity, "TIMEOUT_S", 0.3)
    caplog.set_level(logging.DEBUG)
    hub.fail(Fault(kind, "whoami"))
    identity = HubIdentity()
    with pytest.raises(Refusal, match=r"^The Hub does not say .* try again in a few minutes\.$") as refused:
        identity(bearer(ADA, session()))
    assert refused.value.__cause__ is None and ADA not in f"{refused.value!r} {identity!r} {vars(identity)}"
    assert ADA not in caplog.text
    assert identity(bearer(ADA)) is not None


def test_a_hub_that_is_not_there_refuses_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(Refusal, match="try again"):
        HubIdentity()(bearer(ADA))


# The session of the page


def test_who_signed_in_on_the_page_is_known_until_the_login_expires(hub: LoopbackHub) -> None:
    identity = HubIdentity()
    assert identity(request(session())) == Person("hf:id-of-ben", "ben")
    assert identity(request(session(), origin=f"https://{HOST}")) == Person("hf:id-of-ben", "ben")
    assert identity(request(session(lasts_s=-1))) is None
    assert hub.asked == []


@pytest.mark.parametrize(
    "changed", [{"expires_at": None}, {"expires_at": "soon"}, {"userinfo": None}, {"userinfo": {}}]
)
def test_a_session_that_lacks_something_is_nobodys(changed: dict[str, Any]) -> None:
    login = session()["oauth_info"] | changed
    for each in (None, {}, {"oauth_info": None}, {"oauth_info": login}):
        assert HubIdentity()(request(each)) is None
    assert HubIdentity()(None) is None


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", f"http://{HOST}", f"https://{HOST}.evil.example"]
)
def test_a_page_of_others_cannot_use_the_session(origin: str) -> None:
    assert HubIdentity()(request(session(), origin=origin)) is None


def test_every_name_of_the_space_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACE_HOST", f"{HOST}, emer.example")
    assert HubIdentity()(request(session(), host="inner:7860", origin="https://Emer.example"))
    assert HubIdentity()(request(session(), host="", origin="https://")) is None


@pytest.mark.parametrize("name", [*OAUTH, "SYSTEM", "SPACE_ID"])
def test_without_a_real_login_no_session_is_believed_and_tokens_are(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)
    assert not login_offered()
    assert HubIdentity()(request(session())) is None
    assert HubIdentity()(bearer(ADA)) is not None


# Organisers


@pytest.mark.parametrize(
    ("listed", "organises"),
    [("ada", True), ("x, ADA ", True), ("clubs", True), ("", False), (",", False), ("ad", False), ("ben", False)],
)
def test_organisers_are_named_as_users_or_through_an_organisation(
    monkeypatch: pytest.MonkeyPatch, listed: str, organises: bool
) -> None:
    monkeypatch.setenv("EMER_ORGANISERS", listed)
    by_session = session("ada", orgs=[{"sub": "1", "preferred_username": "Clubs", "name": "The clubs"}])
    for each in (bearer(ADA), request(by_session)):
        person = HubIdentity()(each)
        assert person is not None and person.organiser is organises


def test_what_an_organisation_or_a_person_calls_itself_makes_no_organiser(
    monkeypatch: pytest.MonkeyPatch, hub: LoopbackHub
) -> None:
    monkeypatch.setenv("EMER_ORGANISERS", "lab")
    hub.people[ADA] |= {"fullname": "lab", "orgs": [{"name": "evil", "fullname": "lab"}, "lab", {"name": None}]}
    evil = session("eve", name="lab", orgs=[{"preferred_username": "evil", "name": "lab"}])
    for each in (bearer(ADA), request(evil)):
        person = HubIdentity()(each)
        assert person is not None and not person.organiser


def test_where_a_login_does_not_tell_of_organisations_the_hub_is_asked_and_not_each_time(
    monkeypatch: pytest.MonkeyPatch, hub: LoopbackHub
) -> None:
    monkeypatch.setenv("EMER_ORGANISERS", "clubs")
    monkeypatch.setenv("OPENID_PROVIDER_URL", hub.url)
    sign_in = SignIn(hub)
    sign_in.owners["hf_oauth_x"] = "ada"
    identity = HubIdentity()
    for _ in range(3):
        person = identity(request(session("ada")))
        assert person == Person("hf:id-of-ada", "ada", organiser=True)
    assert [each.path for each in hub.asked] == ["/oauth/userinfo"]
    monkeypatch.setattr(hub_identity, "KEPT_S", -1)
    assert (person := identity(request(session("ben")))) and not person.organiser, "a token of another account"
    hub.fail(Fault("500", path="/oauth/userinfo"))
    assert (person := HubIdentity()(request(session("ada")))) and not person.organiser, "nobody said so"
    hub.asked.clear()
    monkeypatch.setenv("EMER_ORGANISERS", "ada")
    assert (person := HubIdentity()(request(session("ada")))) and person.organiser and hub.asked == []


def test_accounts_are_asked_for_in_a_space_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(identity_for("127.0.0.1"), HubIdentity)
    monkeypatch.delenv("SPACE_ID")
    assert isinstance(identity_for("127.0.0.1"), LocalIdentity)
