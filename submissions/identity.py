"""Who is calling, and whether it is an organiser. Every handler asks here (decision 4)."""

import ipaddress
import os
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from submissions.errors import Refusal

PROXIES = ("forwarded", "via", "x-forwarded", "x-real-ip", "x-client-ip", "x-original", "true-client-ip", "cf-")
"""How headers of a proxy begin: behind one, a caller may be anybody, whatever the address of the connection says."""
ORGANISERS = "EMER_ORGANISERS"
"""On a Space: names of users and organisations, with commas between them; where it is unset nobody is an organiser."""
SWITCH = "EMER_LOCAL_PERSON"
"""`off`: nobody is local. For an app behind a proxy that hides itself, which cannot be noticed."""


@dataclass(frozen=True, slots=True)
class Person:
    """`id` is stable and told to nobody; `name` is for greeting."""

    id: str
    name: str
    organiser: bool = False


LOCAL = Person("local", "local", organiser=True)
"""Whoever works on this machine: on the command line, and in the page while it is bound to loopback."""


class Identity(Protocol):
    """Answers with the caller of a request (`gradio.Request`), or None for a visitor without an identity."""

    def __call__(self, request: Any) -> Person | None: ...


class LocalIdentity:
    """The person is `local`, and organiser, while the app is bound to loopback and not in a Space.

    The request must come from this machine, ask for it by a loopback name, and from a page of its own: a proxy in
    front of the app, a page that lets its own name point here, or one that posts here from elsewhere is a stranger.
    `EMER_LOCAL_PERSON=off` makes everybody one.
    """

    def __init__(self, host: str) -> None:
        self.own = not os.environ.get("SPACE_ID") and is_loopback(host) and os.environ.get(SWITCH) != "off"

    def __call__(self, request: Any) -> Person | None:
        if not self.own or request is None or not is_loopback(getattr(request.client, "host", "") or ""):
            return None
        headers = {str(name).lower(): str(value) for name, value in dict(request.headers).items()}
        host = headers.get("host", "")
        if not _is_local(host) or headers.get("origin", f"http://{host}") not in (f"http://{host}", f"https://{host}"):
            return None
        if any(name.startswith(PROXIES) for name in headers) or _version(request) == "1.0":
            return None
        return LOCAL


def identity_for(host: str) -> Identity:
    """Accounts of the Hub in a Space; elsewhere whoever works on this machine, where `host` is what the app binds."""
    if not os.environ.get("SPACE_ID"):
        return LocalIdentity(host)
    from submissions.hub_identity import HubIdentity  # the client is not needed by who works on this machine

    return HubIdentity()


def _version(request: Any) -> str:
    """Of HTTP. No browser and no client of ours speaks 1.0, but proxies do by default."""
    return str(getattr(getattr(request, "request", None), "scope", {}).get("http_version", ""))


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


def known(person: Person | None) -> Person:
    """The person; raises `Refusal` for a visitor without an identity."""
    if person is None:
        raise Refusal(
            "identity",
            "You are not signed in, so you can look and not submit; on a Space sign in on its page, or send "
            "`Authorization: Bearer` and a valid access token of your Hugging Face account with each call.",
        )
    return person


def organiser(person: Person | None) -> Person:
    """The person; raises `Refusal` unless it is an organiser."""
    if person is None or not person.organiser:
        raise Refusal("organiser", "This is for organisers only.")
    return person
