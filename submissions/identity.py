"""Who is calling, and whether it is an organiser. Every handler asks here (decision 4)."""

import ipaddress
import os
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from submissions.errors import Refusal

FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
"""Headers of a proxy: behind one, a caller may be anybody, whatever the address of the connection says."""


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
    """

    def __init__(self, host: str) -> None:
        self.own = not os.environ.get("SPACE_ID") and is_loopback(host)

    def __call__(self, request: Any) -> Person | None:
        if not self.own or request is None or not is_loopback(getattr(request.client, "host", "") or ""):
            return None
        headers = request.headers
        asked = [f"//{headers.get('host', '')}", *filter(None, [headers.get("origin")])]
        if any(name in headers for name in FORWARDED) or not all(map(_is_local, asked)):
            return None
        return LOCAL


def _is_local(address: str) -> bool:
    """Whether a URL names this machine; `null`, which a browser says for a page without an origin, does not."""
    try:
        return is_loopback(urlsplit(address).hostname or "")
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
        raise Refusal("identity", "You are not signed in, so you can look and not submit; sign in first.")
    return person


def organiser(person: Person | None) -> Person:
    """The person; raises `Refusal` unless it is an organiser."""
    if person is None or not person.organiser:
        raise Refusal("organiser", "This is for organisers only.")
    return person
