"""The fal engine's settings: the attributes of the [fal] section, and the timeouts of single requests.

`FalSettings` is a Protocol, so that the engine does not depend on the configuration package.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.errors import ConfigInvalid

EXPIRES: Mapping[str, int | None] = {
    "1h": 3600,
    "1d": 86400,
    "7d": 604800,
    "30d": 2592000,
    "1y": 31536000,
    "never": None,
}


class FalSettings(Protocol):
    """The [fal] section; default.toml explains each setting."""

    @property
    def endpoint(self) -> str: ...
    @property
    def queue_url(self) -> str: ...
    @property
    def rest_url(self) -> str: ...
    @property
    def result_hosts(self) -> Sequence[str]: ...
    @property
    def upload_expires(self) -> str: ...
    @property
    def result_expires(self) -> str: ...
    @property
    def price_per_second(self) -> float: ...
    @property
    def longest(self) -> float: ...
    @property
    def poll_first(self) -> float: ...
    @property
    def poll_longest(self) -> float: ...
    @property
    def status_stream(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The timeouts of single requests, in seconds. A timeout never ends a job."""

    connect: float = 10.0  # until a connection is established, including TLS
    submit: float = 120.0  # until fal answers a submission; the same as in fal's own clients
    ask: float = 30.0  # until fal answers any other request
    move: float = 60.0  # between two blocks of a file
    stream: float = 45.0  # between two lines of the status stream, which sends a line every 15 s


def lifetime(name: str, chosen: str) -> int | None:
    """Return how long fal keeps a file, in seconds; None means forever.

    Raises:
        ConfigInvalid: the value is not allowed; the error text names the setting.
    """
    if chosen not in EXPIRES:
        raise ConfigInvalid(f"[fal] {name} is {chosen!r}; it can be {', '.join(EXPIRES)}.")
    return EXPIRES[chosen]


def lifecycle(header: str, seconds: int | None) -> dict[str, str]:
    """Return the header that requests a lifetime in seconds, or no header if the lifetime is None."""
    return {} if seconds is None else {header: json.dumps({"expiration_duration_seconds": seconds})}
