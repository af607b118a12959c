"""What the fal engine wants to know: the [fal] section by its attributes, and the patience of single requests.

A Protocol, so that the engine knows the section's fields and not the configuration's machinery.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class FalSettings(Protocol):
    """The [fal] section of default.toml, where each setting is explained."""

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
    """How long one request may be silent, in s; no job ever ends by these."""

    connect: float = 10.0  # until a connection stands, TLS included
    submit: float = 120.0  # until fal answers an order (its own clients wait as long)
    ask: float = 30.0  # until fal answers anything else
    move: float = 60.0  # between two blocks of a file on its way
    stream: float = 45.0  # between two lines of the status stream, which says something every 15 s
