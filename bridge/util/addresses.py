"""Network addresses: whether one is loopback, and which one other machines reach this machine at.

Cheap to import, for `ace-bridge start --listen` and the doctor.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket

ANYWHERE = "0.0.0.0"  # noqa: S104 - every address of this machine, only when requested
_ELSEWHERE = ("192.0.2.1", 9)  # reserved for documentation (RFC 5737); nothing is sent there


def is_loopback(host: str) -> bool:
    """Return whether a host, given as an address or a name, is this machine's loopback.

    The only such name is "localhost": names are not resolved.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None  # ::ffff:127.0.0.1
    return (mapped or address).is_loopback  # Python before 3.13 does not unwrap a mapped address


def own_address(host: str = ANYWHERE) -> str | None:
    """Return the IP address that other machines reach this one at, or None without a network.

    Args:
        host: the address that the bridge listens on; returned as it is unless it means all addresses.
    """
    with contextlib.suppress(ValueError):
        if not ipaddress.ip_address(host.partition("%")[0]).is_unspecified:
            return host
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.connect(_ELSEWHERE)  # selects the route without sending anything
        return str(channel.getsockname()[0])
    return None
