"""The local network as far as the bridge has to know it: is an address only this machine, and what is our own there?

Cheap to import: `ace-bridge start --listen` and the doctor ask here.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket

ANYWHERE = "0.0.0.0"  # noqa: S104 - all addresses of this machine, only when asked for
_ELSEWHERE = ("192.0.2.1", 9)  # an address of no machine (RFC 5737); nothing is sent there


def is_loopback(host: str) -> bool:
    """Tell whether only programs of this machine reach a host, given as an address or a name.

    Of names only "localhost" counts: nothing is looked up.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None  # ::ffff:127.0.0.1
    return (mapped or address).is_loopback  # Python before 3.13 does not look into a mapped address itself


def own_address(host: str = ANYWHERE) -> str | None:
    """Return the number under which others find this machine, or None without a network.

    Args:
        host: what the bridge listens on; a single address is its own answer.
    """
    with contextlib.suppress(ValueError):
        if not ipaddress.ip_address(host.partition("%")[0]).is_unspecified:
            return host
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.connect(_ELSEWHERE)  # only chooses the way there
        return str(channel.getsockname()[0])
    return None
