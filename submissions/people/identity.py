"""Who sent a request: the user of this machine, or an account on the Hub. Every handler checks (decision 4)."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol
from urllib.parse import urlsplit

from emer_space.page.peer import BY_AGENT, OWN_USER
from submissions.person import LOCAL, Person

DIRECT = frozenset(
    {
        *("host", "connection", "keep-alive", "te", "transfer-encoding", "expect", "content-length", "content-type"),
        *("user-agent", "accept", "accept-encoding", "accept-language", "accept-charset", "range", "if-range"),
        *("cache-control", "pragma", "if-none-match", "if-modified-since", "origin", "referer", "cookie", "priority"),
        *("dnt", "sec-gpc", "save-data", "upgrade-insecure-requests", "sec-purpose", "purpose", "authorization"),
        *("sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site", "sec-fetch-user", "sec-fetch-storage-access"),
        *("x-gradio-user", "x-hf-authorization"),
    }
)
"""The headers that browsers and programs send by themselves. Any other header points to a proxy, behind which the
caller may be anybody, whatever address the connection has."""
HINTS = ("sec-ch-", "mcp-")
"""The prefixes of client hints, in which a browser describes itself, and of what agents say of their protocol."""
SWITCH = "EMER_LOCAL_PERSON"
"""Variable: with `off` nobody is local, for an app behind a proxy that cannot be detected."""


class Identity(Protocol):
    """Finds out who sent a request."""

    def __call__(self, request: Any) -> Person | None:
        """The caller of a `gradio.Request`; None for a visitor without an identity."""
        ...


class LocalIdentity:
    """Identifies the user of this machine (`LOCAL`, an organiser) while the app is bound to loopback outside a Space.

    This is verified. The request must come from this machine and, if the system says so, from the app's own user or
    root; it must ask for a loopback name; it must come from a page of the app or from no page; and it may carry only
    headers that browsers and programs send by themselves. Everybody else is a stranger, and with
    `EMER_LOCAL_PERSON=off` everybody is.
    """

    def __init__(self, host: str) -> None:
        self.own = not os.environ.get("SPACE_ID") and is_loopback(host) and os.environ.get(SWITCH) != "off"

    def __call__(self, request: Any) -> Person | None:
        if not self.own or request is None or not is_loopback(getattr(request.client, "host", "") or ""):
            return None
        headers = {str(name).lower(): str(value) for name, value in dict(request.headers).items()}
        if not all(name in DIRECT or name.startswith(HINTS) for name in headers) or _version(request) != "1.1":
            return None
        if not _is_local(headers.get("host", "")) or not _of_own_page(headers):
            return None
        return LOCAL if _scope(request).get(OWN_USER) is not False else None


def no_organiser_by_agent(identity: Identity) -> Identity:
    """The same identity, but nobody is an organiser while an agent calls for them."""

    def who(request: Any) -> Person | None:
        person = identity(request)
        return replace(person, organiser=False) if person and _scope(request).get(BY_AGENT) else person

    return who


def identity_for(host: str) -> Identity:
    """In a Space, accounts on the Hub; elsewhere, the user of this machine. `host` is the address the app binds."""
    if not os.environ.get("SPACE_ID"):
        return LocalIdentity(host)
    from submissions.people.hub_identity import HubIdentity  # a local user needs no client of the Hub

    return HubIdentity()


def _version(request: Any) -> str:
    """The HTTP version. Without encryption, browsers and clients use 1.1; proxies use 1.0 by default."""
    return str(_scope(request).get("http_version", ""))


def _scope(request: Any) -> Mapping[str, Any]:
    scope = getattr(getattr(request, "request", None), "scope", None)
    return scope if isinstance(scope, Mapping) else {}


def _of_own_page(headers: Mapping[str, str]) -> bool:
    """Whether the request comes from a page of this app, or from no page, by the browser's headers."""
    own = tuple(f"{scheme}://{headers['host']}" for scheme in ("http", "https"))
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return False
    if headers.get("origin", own[0]) not in own:
        return False
    return "referer" not in headers or headers["referer"].startswith(tuple(f"{page}/" for page in own))


def _is_local(address: str) -> bool:
    """Whether an address (host and port) means this machine."""
    try:
        return is_loopback(urlsplit(f"//{address}").hostname or "")
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Whether a host (address or name) is this machine's loopback."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
