"""`Counters`: what went through the OSC surface, and what was refused."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """What went through the surface and what was refused; the log gets it when the surface stops."""

    packets: int = 0  # datagrams and TCP packets
    messages: int = 0  # messages in them
    malformed: int = 0  # packets that are not OSC
    oversize: int = 0  # packets over [osc] max_packet
    nested: int = 0  # packets over [osc] max_nesting
    unknown: int = 0  # messages to addresses that nobody knows
    superseded: int = 0  # values that a newer one of the same hand had overtaken
    repeated: int = 0  # presses that were heard a second time
    overrun: int = 0  # messages dropped because too many were waiting
    streams_closed: int = 0  # TCP connections closed for a wrong length or an unread answer
    reopened: int = 0  # times the UDP port was opened anew
    unsent: int = 0  # messages that a peer did not take
