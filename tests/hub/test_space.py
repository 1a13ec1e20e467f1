"""The app as a Space runs it, with the loopback hub for the Hub: calls with tokens, and people signed in."""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from itsdangerous import TimestampSigner
from server import Fault, LoopbackHub
from serving import free_port, wait_until_served
from signing_in import SignIn

from leaderboard.tracks import load_track

TRACK = "clue-practice"
TOKENS = {"ada": "hf_adaSecret", "ben": "hf_benSecret", "olga": "hf_olgaSecret"}
UNKNOWN, HOSTS_OWN = "hf_unknownSecret", "hf_hostSecret"
SERVE = """
import app
languages = app.Languages()
page = app.build_app(languages=languages)
page.launch(server_name=app.HOST, server_port=app.PORT, ssr_mode=False, i18n=languages.i18n)
"""
"""Without what `app.main` begins beside the page: models to load, baselines to score."""


@dataclass(frozen=True, slots=True)
class Space:
    url: str
    hub: LoopbackHub
    sign_in: SignIn
    folder: Path

    def client(self, **how: Any) -> Client:
        return Client(self.url, verbose=False, **how)


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Iterator[Space]:
    folder = tmp_path_factory.mktemp("space")
    with LoopbackHub() as hub, (folder / "log").open("wb") as log:
        for name, token in TOKENS.items():
            hub.add_person(name, token, orgs=["lab"] if name == "olga" else ["club"])
        hub.add_person("host", HOSTS_OWN, orgs=["lab"])
        sign_in = SignIn(hub)
        port = free_port()
        environment = {
            **{name: value for name, value in os.environ.items() if name not in ("HF_HUB_OFFLINE", "EMER_OWNER")},
            **sign_in.environment(),
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": HOSTS_OWN,
            "HF_DEBUG": "1",
            "EMER_ORGANISERS": "lab",
            "EMER_HOME": str(folder / "home"),
            "GRADIO_TEMP_DIR": str(folder / "uploads"),
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(port),
            "PYTHONUNBUFFERED": "1",
        }
        command = [sys.executable, "-c", SERVE]
        process = subprocess.Popen(command, cwd=project, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_served(url, process, folder / "log")
            yield Space(url, hub, sign_in, folder)
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture
def send(tmp_path: Path, project: Path) -> Callable[[Client, str], str]:
    """Sends predictions that hold a word; answers with the receipt."""
    names = sorted(name for (name,) in load_track(TRACK).rules.manifest or ())

    def sent(client: Client, word: str) -> str:
        file = tmp_path / f"{word}.csv"
        file.write_text("name,openset\n" + "".join(f"{name},{word}\n" for name in names))
        return client.predict(TRACK, handle_file(file), word, api_name="/submit")["id"]

    return sent


def own(client: Client) -> list[str]:
    return [each["id"] for each in client.predict(api_name="/status")]


def test_two_people_with_tokens_reach_their_own_alone(space: Space, send: Callable[[Client, str], str]) -> None:
    """Whichever way the token is sent: `token=` reaches an app that no proxy of a Space stands before."""
    ada = space.client(token=TOKENS["ada"])
    ben = space.client(token=False, headers={"authorization": f"Bearer {TOKENS['ben']}"})
    by_ada, by_ben = send(ada, "happy"), send(ben, "sad")
    assert (own(ada), own(ben)) == ([by_ada], [by_ben])
    for api_name in ("/status", "/withdraw", "/choose"):
        with pytest.raises(AppError, match="You have no submission"):
            ben.predict(by_ada, api_name=api_name)


@pytest.mark.parametrize("how", [{"token": UNKNOWN}, {"token": False}])
def test_a_wrong_token_or_none_looks_and_does_not_submit(
    space: Space, send: Callable[[Client, str], str], how: dict[str, Any]
) -> None:
    client = space.client(**how)
    assert client.predict(TRACK, api_name="/table")["track"] == TRACK
    with pytest.raises(AppError, match=r"^You are not signed in.*Authorization: Bearer.*\.$") as refused:
        send(client, "calm")
    assert UNKNOWN not in str(refused.value)
    with pytest.raises(AppError, match="not signed in"):
        own(client)


def test_an_organiser_through_an_organisation_decides_and_others_do_not(
    space: Space, send: Callable[[Client, str], str]
) -> None:
    ada, olga = space.client(token=TOKENS["ada"]), space.client(token=TOKENS["olga"])
    name = send(ada, "proud")
    for api_name, arguments in (("/decide", (name, "hide", "because")), ("/overview", ())):
        with pytest.raises(AppError, match="organisers only"):
            ada.predict(*arguments, api_name=api_name)
    olga.predict(name, "hide", "because", api_name="/decide")
    assert ada.predict(name, api_name="/status")["hidden"]


def test_the_command_line_calls_with_the_token_of_its_own_variable(
    space: Space, send: Callable[[Client, str], str], project: Path
) -> None:
    name = send(space.client(token=TOKENS["ben"]), "bored")
    command = [sys.executable, "-m", "submissions", "status", "--to", space.url, "--json", "-"]

    def ids(**variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=project, env={**os.environ, **variables}, capture_output=True, text=True)

    assert name in [each["id"] for each in json.loads(ids(EMER_TOKEN=TOKENS["ben"]).stdout)]
    refused = ids(HF_TOKEN=TOKENS["ben"])
    assert refused.returncode == 2 and "not signed in" in refused.stderr


def test_while_the_hub_does_not_answer_calls_with_tokens_are_refused(space: Space) -> None:
    ada = space.client(token=TOKENS["ada"])
    space.hub.fail(Fault("500", "whoami"))
    with pytest.raises(AppError, match=r"try again in a few minutes\.$"):
        own(ada)


def test_who_signed_in_on_the_page_is_the_same_person_as_with_a_token(
    space: Space, send: Callable[[Client, str], str]
) -> None:
    by_token = space.client(token=TOKENS["ada"])
    cookie = space.sign_in.cookie(space.url, "ada")
    before = len([each for each in space.hub.asked if "whoami" in each.path])
    host = space.url.removeprefix("http://")
    on_page = space.client(token=False, headers={"cookie": cookie, "origin": f"https://{host}"})
    name = send(on_page, "shy")
    assert name in own(on_page)
    assert len([each for each in space.hub.asked if "whoami" in each.path]) == before
    assert own(by_token) == own(on_page)
    with pytest.raises(AppError, match="organisers only"):
        on_page.predict(api_name="/overview")
    olga = space.client(token=False, headers={"cookie": space.sign_in.cookie(space.url, "olga")})
    assert olga.predict(api_name="/overview")
    space.sign_in.tells_orgs = False
    untold = space.client(token=False, headers={"cookie": space.sign_in.cookie(space.url, "olga")})
    assert untold.predict(api_name="/overview"), "a login need not tell of organisations"

    elsewhere = space.client(token=False, headers={"cookie": cookie, "origin": "https://evil.example"})
    wrong = space.client(token=UNKNOWN, headers={"cookie": cookie})
    for client in (elsewhere, wrong):
        with pytest.raises(AppError, match="not signed in"):
            own(client)


def test_nobody_can_sign_a_session_of_their_own(space: Space) -> None:
    """With the key that Gradio takes where it has no secret."""
    user = {"sub": "id-of-olga", "preferred_username": "olga"}
    login = {"oauth_info": {"expires_at": time.time() + 600, "userinfo": user}}
    signer = TimestampSigner(hashlib.sha256(b"-v4").hexdigest())
    forged = signer.sign(base64.b64encode(json.dumps(login).encode())).decode()
    with pytest.raises(AppError, match="not signed in"):
        own(space.client(token=False, headers={"cookie": f"session={forged}"}))


def test_the_button_says_who_is_signed_in_whatever_organisations_they_are_in(space: Space) -> None:
    assert _label(space, "") == "Sign in with Hugging Face"
    for name in ("ada", "olga"):
        assert _label(space, space.sign_in.cookie(space.url, name)) == f"Sign out ({name})"
    assert _label(space, "", "zh-CN") == "使用 Hugging Face 登录"
    assert _label(space, space.sign_in.cookie(space.url, "ada"), "zh-CN") == "退出登录（ada）"


def test_the_button_leads_to_signing_in_under_whatever_text_says_so(space: Space) -> None:
    """At the click it has but its text to tell from."""
    config = httpx.get(f"{space.url}/config").json()
    (button,) = [each["id"] for each in config["components"] if each["props"].get("elem_id") == "emer-login"]
    (script,) = [each["js"] for each in config["dependencies"] if each["inputs"] == [button]]
    told = json.loads(re.search(r"\[.*?\]", script)[0])
    assert told == [_label(space, "", language) for language in ("en", "zh")]


def _label(space: Space, cookie: str, language: str = "en") -> str:
    """What the page shows on its button once it is loaded, asked for as the page does."""
    config = httpx.get(f"{space.url}/config").json()
    (button,) = [each["id"] for each in config["components"] if each["props"].get("elem_id") == "emer-login"]
    (opening,) = [each for each in config["dependencies"] if button in each["outputs"]]
    values = {each["id"]: each["props"].get("value") for each in config["components"]}
    body = {"data": [values[part] for part in opening["inputs"]], "fn_index": opening["id"]}
    headers = {"cookie": cookie, "accept-language": language}
    told = httpx.post(f"{space.url}/gradio_api/run/predict", json=body, headers=headers, timeout=30)
    return told.raise_for_status().json()["data"][opening["outputs"].index(button)]


def test_no_token_is_told_or_stored(space: Space, send: Callable[[Client, str], str]) -> None:
    """After all that the other tests did, and with the client of the Hub as talkative as it can be made."""
    send(space.client(token=TOKENS["ada"]), "brave")
    space.sign_in.cookie(space.url, "ben")
    files = [path for path in space.folder.rglob("*") if path.is_file()]
    assert space.folder / "log" in files and len(files) > 5
    secret = [token.encode() for token in (*TOKENS.values(), UNKNOWN, HOSTS_OWN, *space.sign_in.tokens)]
    assert [path for path in files if any(token in path.read_bytes() for token in secret)] == []


def test_elsewhere_there_is_no_login_whatever_account_the_machine_has(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import app  # it reads the environment

    for name in ("SPACE_ID", "SYSTEM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_TOKEN", HOSTS_OWN)
    monkeypatch.setenv("OAUTH_CLIENT_ID", "set")
    monkeypatch.setenv("EMER_HOME", str(tmp_path))
    assert not app.build_app().expects_oauth
