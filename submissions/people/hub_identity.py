"""People with an account on the Hub, signed in on a Space's page or calling with their token (decision 4)."""

import logging
import os
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from gradio.utils import get_space
from httpx2 import HTTPError
from huggingface_hub import HfApi
from huggingface_hub.utils import get_session

from submissions.errors import Refusal
from submissions.person import ORGANISERS, Person
from submissions.store.hub_account import endpoint

log = logging.getLogger(__name__)

OAUTH = ("OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_SCOPES", "OPENID_PROVIDER_URL")
"""The variables that a Space gets for `hf_oauth: true`."""
TOKEN_HEADERS = ("authorization", "x-hf-authorization")
"""The first one decides. `token=` of `gradio_client` sends the second, which a Space's proxy does not pass on."""
BEARER = re.compile(r"bearer +(hf_[A-Za-z0-9_.-]{1,4000})", re.IGNORECASE)
OAUTH_TOKEN = "hf_oauth_"
TIMEOUT_S = 10.0
KEPT_S, MOST_KEPT = 300.0, 1_000
"""How many seconds an account's organisations are kept, and for how many accounts."""


def login_offered() -> bool:
    """Whether Gradio signs visitors in with the real Hub.

    Outside a Space it would pretend to, with the machine's own account, and sign its cookie with a key that anybody can
    work out. So there must be no button then, and sessions are not trusted.
    """
    return bool(get_space()) and all(os.environ.get(name) for name in OAUTH)


class HubIdentity:
    """The account behind a request's token, which the Hub is asked about at every call, or behind the page's session.

    A token is used only for `whoami` and never kept. If there is one, it decides: with a wrong token the caller has no
    identity, even if signed in. Raises `Refusal` if the Hub does not say whose token it is.
    """

    def __init__(self) -> None:
        self._whoami = f"{HfApi(endpoint=endpoint()).endpoint}/api/whoami-v2"
        self._organisers = set(_listed(ORGANISERS))
        self._hosts = _listed("SPACE_HOST")
        self._login = login_offered()
        self._kept_orgs: dict[str, tuple[float, list[str]]] = {}

    def __call__(self, request: Any) -> Person | None:
        if request is None:
            return None
        headers = {str(name).lower(): str(value) for name, value in dict(request.headers).items()}
        sent = [headers[name] for name in TOKEN_HEADERS if name in headers]
        return self._of_token(sent[0]) if sent else self._of_session(request, headers)

    def _of_token(self, sent: str) -> Person | None:
        bearer = BEARER.fullmatch(sent.strip())
        if bearer is None:
            return None
        if bearer[1].startswith(OAUTH_TOKEN):
            raise _of_an_app()
        account = self._account(bearer[1])
        if account is None or account.get("type") != "user":
            return None
        if _inner(account, "auth").get("type") != "access_token":
            raise _of_an_app()
        return self._person(account.get("id"), account.get("name"), _names(account, "name"))

    def _account(self, token: str) -> Mapping[str, Any] | None:
        """The account that a token belongs to; None if the Hub does not know the token.

        The client's own `whoami` sends the same request, but without a timeout.
        """
        try:
            answer = get_session().get(self._whoami, headers={"authorization": f"Bearer {token}"}, timeout=TIMEOUT_S)
            if answer.status_code == 401:
                return None
            account = answer.json() if answer.status_code == 200 else None
        except (HTTPError, OSError, ValueError):
            account = None
        if not isinstance(account, dict):
            raise Refusal("identity", "The Hub did not say whose token this is; try again in a few minutes.")
        return account

    def _of_session(self, request: Any, headers: Mapping[str, str]) -> Person | None:
        """The person in the cookie that Gradio signed; None for calls from other sites' pages, which carry it too."""
        if not self._login or not self._own_page(headers):
            return None
        scope = getattr(getattr(request, "request", None), "scope", None) or {}
        login = _inner(_inner(scope, "session"), "oauth_info")
        expires = login.get("expires_at")
        if not isinstance(expires, int | float) or expires <= time.time():
            return None
        user = _inner(login, "userinfo")
        return self._person(user.get("sub"), user.get("preferred_username"), self._orgs(user, login))

    def _orgs(self, user: Mapping[str, Any], login: Mapping[str, Any]) -> list[str]:
        """The organisations of a login. If it lists none, the Hub is asked with the login's token (OpenID Connect)."""
        sub, name = user.get("sub"), str(user.get("preferred_username")).lower()
        if "orgs" in user or not self._organisers or name in self._organisers or not isinstance(sub, str):
            return _names(user, "preferred_username")
        until, orgs = self._kept_orgs.get(sub, (0.0, []))
        if until < time.monotonic():
            orgs = self._userinfo(sub, str(login.get("access_token")))
            if len(self._kept_orgs) >= MOST_KEPT:
                self._kept_orgs.clear()
            self._kept_orgs[sub] = time.monotonic() + KEPT_S, orgs
        return orgs

    def _userinfo(self, sub: str, token: str) -> list[str]:
        url = f"{os.environ['OPENID_PROVIDER_URL'].rstrip('/')}/oauth/userinfo"
        try:
            answer = get_session().get(url, headers={"authorization": f"Bearer {token}"}, timeout=TIMEOUT_S)
            account = answer.json() if answer.status_code == 200 else None
        except (HTTPError, OSError, ValueError):
            account = None
        if not isinstance(account, dict) or account.get("sub") != sub:
            log.warning("the Hub did not list an account's organisations, so it is no organiser for now")
            return []
        return _names(account, "preferred_username")

    def _own_page(self, headers: Mapping[str, str]) -> bool:
        hosts = [headers.get("host", "").lower(), *self._hosts]
        return "origin" not in headers or headers["origin"].lower() in [f"https://{host}" for host in hosts if host]

    def _person(self, id: object, name: object, orgs: Iterable[str]) -> Person | None:
        """The person of an account. Users and organisations share one set of names, so nobody can take another's."""
        if not (isinstance(id, str) and id and isinstance(name, str) and name):
            return None
        own = {name.lower(), *(org.lower() for org in orgs)}
        return Person(f"hf:{id}", name, organiser=not own.isdisjoint(self._organisers))


def _of_an_app() -> Refusal:
    """Tokens of apps are refused: any app that somebody has signed in to holds one and could call in their name."""
    return Refusal(
        "identity",
        "A token that an app got when you signed in to it is not accepted here; create an access token in the settings "
        "of your Hugging Face account and send that one.",
    )


def _listed(variable: str) -> list[str]:
    return [name.strip().lower() for name in os.environ.get(variable, "").split(",") if name.strip()]


def _inner(answer: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The mapping under a key; empty if there is none."""
    inner = answer.get(key)
    return inner if isinstance(inner, Mapping) else {}


def _names(account: Mapping[str, Any], key: str) -> list[str]:
    """The names of an account's organisations as in addresses; their display names can be chosen freely."""
    orgs = account.get("orgs")
    names = [org.get(key) for org in orgs if isinstance(org, Mapping)] if isinstance(orgs, list) else []
    return [name for name in names if isinstance(name, str) and name]
