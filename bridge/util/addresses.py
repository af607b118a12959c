"""Checks for loopback addresses, and finds the address at which other machines reach this machine.

The module imports quickly, because `ace-bridge start --listen` and `ace-bridge doctor` use it.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket

ANYWHERE = "0.0.0.0"  # noqa: S104 - all addresses of this machine; the bridge listens there only on request
_ELSEWHERE = ("192.0.2.1", 9)  # reserved for documentation (RFC 5737); nothing is sent there


def is_loopback(host: str) -> bool:
    """Return whether a host is a loopback address or the name "localhost".

    No other name counts as loopback, because names are not resolved.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None  # ::ffff:127.0.0.1
    return (mapped or address).is_loopback  # Python before 3.13 does not unwrap a mapped address


def own_address(host: str = ANYWHERE) -> str | None:
    """Return the IP address at which other machines reach this machine, or None if there is no network.

    Args:
        host: the address that the bridge listens on; returned unchanged unless it is the wildcard address.
    """
    with contextlib.suppress(ValueError):
        if not ipaddress.ip_address(host.partition("%")[0]).is_unspecified:
            return host
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.connect(_ELSEWHERE)  # selects the route without sending anything
        return str(channel.getsockname()[0])
    return None
