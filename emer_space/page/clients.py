"""Identifies clients by address, for fair queueing and nothing else."""

import ipaddress
import os
import re
from typing import Any

UNKNOWN = "unknown"
FORWARDED = "x-forwarded-for"


def client_of(request: Any) -> str:
    """The address that a request (`gradio.Request`) comes from; for IPv6 its /64 network, since a household has one.

    In a Space all requests come through proxies, each of which appends the address it saw to `X-Forwarded-For`: the
    last public one is the caller's. Entries before it may be forged.
    """
    seen = [str(getattr(getattr(request, "client", None), "host", "") or "")]
    if os.environ.get("SPACE_ID"):
        lines = [value for name, value in request.headers.items() if name.lower() == FORWARDED]
        seen += ",".join(lines).split(",")
    addresses = [address for text in seen if (address := _address(text.strip()))]
    public = [address for address in addresses if address.is_global]
    chosen = public[-1:] or addresses[:1]
    return _household(chosen[0]) if chosen else UNKNOWN


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    port = re.fullmatch(r"\[(.+)\](?::\d+)?|([\d.]+):\d+", text)  # some proxies add the port
    try:
        address = ipaddress.ip_address((port[1] or port[2]) if port else text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _household(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    return str(address if address.version == 4 else ipaddress.ip_network((int(address), 64), strict=False))
