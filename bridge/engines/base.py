"""What an engine is to the bridge: the Protocol, its values, and what it declares about itself.

Stages know this module and no concrete engine. Tests use the engine of tests/fakes/fake_engine.py.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine honours; interfaces show this and nothing else.

    >>> from bridge.engines.offline import CAPABILITIES
    >>> CAPABILITIES.remote, sorted(CAPABILITIES.honours)
    (False, ['amount', 'seed', 'tags'])
    """

    name: str  # "fal", "offline"
    label: str  # for people: "ACE-Step on fal", "offline remix (signal processing, not ACE-Step)"
    ace_step: bool  # whether the result is made by ACE-Step
    remote: bool  # whether the clip leaves this machine
    honours: frozenset[str]  # names of the parameters that it takes
    inert: frozenset[str]  # of these, the ones that probably change nothing (reference: upstream's edit path)
    longest: float | None  # longest audio of one order, s; what is longer goes in segments. None: no limit
    price_per_second: float  # of generated audio
    currency: str  # ISO code
    submit_once: bool  # an order costs, so one whose answer was lost is never repeated by itself
    upload_host: str = ""  # where uploads go; part of the upload cache's key


@dataclass(frozen=True, slots=True)
class Order:
    """What one variation asks of an engine; built anew from the journal whenever it is needed.

    >>> params = {"tags": "dub", "lyrics": "[inst]", "seed": 7}
    >>> order = Order("https://v3.fal.media/clip.flac", params, 8.0, None, 120.0, (), (), Path("jobs/1/variation-1"))
    >>> order.params["seed"], order.family
    (7, '')
    """

    audio_url: str  # from `Uploaded`
    params: Mapping[str, Any]  # complete and validated, by the names of presets/parameters.py, without audio_url
    seconds: float  # length of what is sent, s
    amount: float | None  # 0 = as the source .. 1 = as different as it gets; None: the engine's own default
    tempo: float | None  # BPM of the DAW at the clip
    beats: tuple[float, ...]  # s from the start of what is sent; empty: no grid known
    downbeats: tuple[int, ...]  # indices into beats
    scratch: Path  # the variation's folder, for engines that work on this machine
    chosen: frozenset[str] = frozenset()  # names of the parameters that the user or the preset set, not the defaults
    family: str = ""  # the preset's hint for engines that have style families
    preset: str = ""  # name of the preset; "": none


@dataclass(frozen=True, slots=True)
class Uploaded:
    """Where the engine finds the clip.

    >>> Uploaded("https://v3.fal.media/clip.flac", host="v3.fal.media", expires=None).host
    'v3.fal.media'
    """

    url: str
    host: str  # part of the upload cache's key
    expires: float | None  # unix time after which the URL is not to be used; None: never


@dataclass(frozen=True, slots=True)
class Ticket:
    """Proof that the engine took the order; on disk before the first poll.

    >>> Ticket("764cabcf", {"status": "https://queue.fal.run/764cabcf/status"}).request_id
    '764cabcf'
    """

    request_id: str
    urls: Mapping[str, str] = field(default_factory=dict)  # "status", "response", "cancel" as the engine named them


@dataclass(frozen=True, slots=True)
class Output:
    """The model's complete answer.

    >>> Output("https://v3.fal.media/result.wav", seed=7, billed_units=8.0, answer={"seed": 7}).warnings
    ()
    """

    url: str  # where the audio lies
    seed: int | None  # as the model reports it
    billed_units: float | None  # what the engine says it charged
    answer: Mapping[str, Any]  # the answer as it came, for the recipe
    warnings: tuple[Mapping[str, str], ...] = ()  # code and text of what a person should know of it


class CancelAnswer(enum.Enum):
    """What an engine says to a cancel; the user is told exactly this.

    >>> CancelAnswer("too late")
    <CancelAnswer.TOO_LATE: 'too late'>
    """

    REMOVED = "removed"  # it never ran, nothing is billed
    REQUESTED = "requested"  # accepted; it may still complete and be billed
    TOO_LATE = "too late"  # it was complete already
    UNKNOWN = "unknown"  # the engine does not know it


class Report(Protocol):
    """How an engine says how far it is; every argument is optional and None means no news."""

    def __call__(
        self,
        *,
        fraction: float | None = None,  # 0..1 of this stage
        message: str | None = None,  # a line for people
        queue_position: int | None = None,  # orders ahead
        running: bool | None = None,  # the model has begun
    ) -> None: ...


class Engine(Protocol):
    """One way to get a remix made."""

    @property
    def capabilities(self) -> Capabilities: ...

    async def upload(self, path: Path, sha256: str, report: Report) -> Uploaded:
        """Bring the clip (a FLAC file) to where the model can read it. Safe to repeat."""
        ...

    async def submit(self, order: Order) -> Ticket:
        """Order the remix, exactly once.

        Raises:
            SubmitUnknown: the answer was lost; whether the order stands is not known.
            EngineError: a complete answer, or none before anything was sent: the order does not stand.
        """
        ...

    async def follow(self, ticket: Ticket, order: Order, report: Report) -> Output:
        """Wait until the model has finished, without any limit of time, surviving outages.

        Raises:
            Withdrawn: the engine dropped the order (after a cancel).
            EngineError: the model's complete answer says that it failed.
        """
        ...

    async def fetch(self, output: Output, into: Path, report: Report) -> None:
        """Bring the audio to the file `into` (an earlier try may have left a part), whole or with an error."""
        ...

    async def cancel(self, ticket: Ticket) -> CancelAnswer:
        """Ask the engine to stop. `follow` goes on until the end is certain."""
        ...

    async def aclose(self) -> None:
        """Let go of connections. Orders that run go on."""
        ...
