"""`Counters`: OSC packets and messages that were received, dropped or not sent."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Counters:
    """The totals since the server started, which are logged when the server stops."""

    packets: int = 0  # datagrams and TCP packets
    messages: int = 0  # messages in these packets
    malformed: int = 0  # packets that are not valid OSC
    oversize: int = 0  # packets larger than `max_packet` under [osc]
    nested: int = 0  # packets nested more deeply than `max_nesting` under [osc]
    unknown: int = 0  # messages to unknown addresses
    superseded: int = 0  # values replaced by a newer one from the same sender
    repeated: int = 0  # duplicate messages
    overrun: int = 0  # messages dropped because the queue was full
    streams_closed: int = 0  # TCP connections closed because of an invalid length or a full send buffer
    reopened: int = 0  # times the UDP port was reopened
    unsent: int = 0  # messages that could not be sent to a peer

    def __str__(self) -> str:
        """Return the nonzero counters as text for the log."""
        return ", ".join(f"{name} {value}" for name, value in asdict(self).items() if value) or "no packets"
