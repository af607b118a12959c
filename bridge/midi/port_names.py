"""Turns the port names of a system into stable device names for use in mappings.

Pure: port_rtmidi.py and port_jack.py list the ports.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_ALSA = re.compile(r"^(?P<client>[^:]*):(?P<port>.*?)(?: \d+:\d+)?$")
_WINDOWS = re.compile(r" \d+$")
_BRIDGED = re.compile(r"^(?:a2j|Midi-Bridge):(?P<name>.*)$")  # hardware made available in JACK by an ALSA bridge
_BRIDGE_MARKS = re.compile(r"\s*\[\d+\]|\s*\((?:capture|playback)(?:_\d+)?\)")
OWN = "ace-bridge"  # name of the bridge's own ports, which are not devices


def plain(name: str, system: str) -> str:
    """Return the device name in a port name, without the parts that change when the device is reconnected.

    Args:
        name: name of the port.
        system: "alsa", "jack", "windows" or "mac".
    """
    if system == "windows":
        return _WINDOWS.sub("", name)
    if system == "alsa" and (found := _ALSA.match(name)):
        client, port = found["client"], found["port"]
        return port if port.startswith(client) else f"{client} {port}".strip()
    if system == "jack":
        if bridged := _BRIDGED.match(name):
            client, _, port = _BRIDGE_MARKS.sub("", bridged["name"]).partition(":")
            return port.strip() if port.strip().startswith(client) else client.strip()
        return name.partition(":")[0]
    return name


def numbered(names: Iterable[str]) -> list[str]:
    """Return the names with " #2", " #3" and so on appended to repeated names."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return result
