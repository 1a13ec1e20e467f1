"""Who sent a request: whoever works on this machine, or an account of the Hub. Every handler asks (decision 4)."""

import ipaddress
import os
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from emer_space.page.peer import OWN_USER
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
"""Headers that browsers and programs send of themselves. Any other says that something stands between, as a proxy does:
then a caller may be anybody, whatever the address of the connection says."""
HINTS = "sec-ch-"
"""How headers begin in which a browser tells of itself (client hints)."""
SWITCH = "EMER_LOCAL_PERSON"
"""`off`: nobody is local. For an app behind a proxy that hides itself, which cannot be noticed."""


class Identity(Protocol):
    """Answers with the caller of a request (`gradio.Request`), or None for a visitor without an identity."""

    def __call__(self, request: Any) -> Person | None: ...


class LocalIdentity:
    """The person is `local`, and organiser, while the app is bound to loopback and not in a Space.

    It is found and not supposed: the request comes from this machine and, where the system tells, from the app's own
    user or root; asks for it by a loopback name; comes from a page of its own or from no page; and has no header but
    those that browsers and programs send themselves. Everybody else is a stranger. `EMER_LOCAL_PERSON=off` makes
    everybody one.
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


def identity_for(host: str) -> Identity:
    """Accounts of the Hub in a Space; elsewhere whoever works on this machine, where `host` is what the app binds."""
    if not os.environ.get("SPACE_ID"):
        return LocalIdentity(host)
    from submissions.people.hub_identity import HubIdentity  # the client is not needed by who works on this machine

    return HubIdentity()


def _version(request: Any) -> str:
    """Of HTTP. Browsers and clients speak 1.1 to an app without encryption; proxies speak 1.0 by default."""
    return str(_scope(request).get("http_version", ""))


def _scope(request: Any) -> Mapping[str, Any]:
    scope = getattr(getattr(request, "request", None), "scope", None)
    return scope if isinstance(scope, Mapping) else {}


def _of_own_page(headers: Mapping[str, str]) -> bool:
    """Whether what a browser tells of a page, if anything, is that it is one of this app."""
    own = tuple(f"{scheme}://{headers['host']}" for scheme in ("http", "https"))
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return False
    if headers.get("origin", own[0]) not in own:
        return False
    return "referer" not in headers or headers["referer"].startswith(tuple(f"{page}/" for page in own))


def _is_local(address: str) -> bool:
    """Whether host and port name this machine."""
    try:
        return is_loopback(urlsplit(f"//{address}").hostname or "")
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Whether an address or a name means this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
