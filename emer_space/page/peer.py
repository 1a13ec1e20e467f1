"""Finds the user who owns a local connection: a machine may have many users, and each can reach its loopback."""

import ipaddress
import os
import sys
from pathlib import Path

from starlette.types import Scope

OWN_USER = "emer.own_user"
"""Key in the scope of a request from this machine: whether the app's own user sent it. Absent if unknown."""
BY_AGENT = "emer.by_agent"
"""Key in the scope of a request that an agent sent (`agents.py`)."""
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
"""Linux's tables of connections: column 2 is the local address, 3 the remote address, 4 the state, 8 the user."""
ESTABLISHED = "01"
"""The state of an open connection. Linux gives a closed one to root."""


def note_user(scope: Scope) -> None:
    """Find the user behind the request's open connection, and note the result in the scope as `OWN_USER`."""
    ends = [_ends(*(scope.get(side) or ("", 0))) for side in ("client", "server")]
    if not all(ends):
        return
    try:
        tables = [
            table.read_text(encoding="ascii") for table in TABLES if table.exists()
        ]  # without IPv6 there is only one
    except OSError:
        return
    if not tables:
        return
    lines = [line for table in tables for line in table.splitlines()[1:]]
    rows = [line.split() for line in lines if any(end in line for end in ends[0])]
    users = {row[7] for row in rows if row[1] in ends[0] and row[2] in ends[1] and row[3] == ESTABLISHED}
    scope[OWN_USER] = bool(users) and users <= {str(os.getuid()), "0"}


def _ends(host: str, port: int) -> tuple[str, ...]:
    """How Linux writes a loopback address: 32-bit words in the processor's byte order; IPv4 has two spellings.

    () for an address that is not on this machine.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ()
    if not address.is_loopback:
        return ()
    packed = [address.packed]
    if address.version == 4:
        packed.append(ipaddress.ip_address(f"::ffff:{address}").packed)
    return tuple(f"{_in_hexadecimal(address)}:{port:04X}" for address in packed)


def _in_hexadecimal(packed: bytes) -> str:
    return "".join(f"{int.from_bytes(packed[at : at + 4], sys.byteorder):08X}" for at in range(0, len(packed), 4))
