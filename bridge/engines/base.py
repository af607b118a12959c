"""The Protocol of engines: what every engine does, the values it exchanges, and what it declares about itself.

Stages import this module and no concrete engine. Tests use tests/fakes/fake_engine.py.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine supports; interfaces show only this.

    >>> from bridge.engines.offline import CAPABILITIES
    >>> CAPABILITIES.remote, sorted(CAPABILITIES.honours)
    (False, ['amount', 'seed', 'tags'])
    """

    name: str  # "fal", "offline"
    label: str  # for people: "ACE-Step on fal", "offline remix (signal processing, not ACE-Step)"
    ace_step: bool  # whether the result is made by ACE-Step
    remote: bool  # whether the clip leaves this machine
    honours: frozenset[str]  # names of the parameters it uses
    inert: frozenset[str]  # those of them that probably change nothing in the model's edit mode
    longest: float | None  # s of audio per submission; longer clips are split into segments. None: no limit
    price_per_second: float  # per second of generated audio
    currency: str  # ISO code
    submit_once: bool  # a submission costs, so it is not repeated automatically if its answer was lost
    upload_host: str = ""  # the host of its uploads; part of the upload cache's key


@dataclass(frozen=True, slots=True)
class Order:
    """The input of one submission; rebuilt from the journal whenever it is needed.

    >>> params = {"tags": "dub", "lyrics": "[inst]", "seed": 7}
    >>> order = Order("https://v3.fal.media/clip.flac", params, 8.0, None, 120.0, (), (), Path("jobs/1/variation-1"))
    >>> order.params["seed"], order.family
    (7, '')
    """

    audio_url: str  # from `Uploaded`
    params: Mapping[str, Any]  # complete and validated, by the names of presets/parameters.py, without audio_url
    seconds: float  # length of the sent audio, s
    amount: float | None  # 0 (like the source) to 1 (as different as possible); None: the engine's default
    tempo: float | None  # BPM of the DAW at the clip
    beats: tuple[float, ...]  # s from the start of the sent audio; empty: no grid known
    downbeats: tuple[int, ...]  # indices into beats
    scratch: Path  # the variation's folder, for engines on this machine
    chosen: frozenset[str] = frozenset()  # names of the parameters set by the user or the preset
    family: str = ""  # the preset's hint for engines that have style families
    preset: str = ""  # name of the preset; "": none


@dataclass(frozen=True, slots=True)
class Uploaded:
    """Where the engine can read the clip.

    >>> Uploaded("https://v3.fal.media/clip.flac", host="v3.fal.media", expires=None).host
    'v3.fal.media'
    """

    url: str
    host: str  # part of the upload cache's key
    expires: float | None  # unix time after which the URL is invalid; None: never


@dataclass(frozen=True, slots=True)
class Ticket:
    """Proof that the engine accepted a submission; on disk before the first poll.

    >>> Ticket("764cabcf", {"status": "https://queue.fal.run/764cabcf/status"}).request_id
    '764cabcf'
    """

    request_id: str
    urls: Mapping[str, str] = field(default_factory=dict)  # "status", "response" and "cancel", as the engine gave them


@dataclass(frozen=True, slots=True)
class Output:
    """The model's complete answer.

    >>> Output("https://v3.fal.media/result.wav", seed=7, billed_units=8.0, answer={"seed": 7}).warnings
    ()
    """

    url: str  # of the audio
    seed: int | None  # as the model reports it
    billed_units: float | None  # what the engine charged
    answer: Mapping[str, Any]  # the unchanged answer, for the recipe
    warnings: tuple[Mapping[str, str], ...] = ()  # code and text, for the user


class CancelAnswer(enum.Enum):
    """The engine's answer to a cancel, which the user sees.

    >>> CancelAnswer("too late")
    <CancelAnswer.TOO_LATE: 'too late'>
    """

    REMOVED = "removed"  # it never ran; nothing is billed
    REQUESTED = "requested"  # accepted; it may still complete and be billed
    TOO_LATE = "too late"  # it had finished
    UNKNOWN = "unknown"  # the engine does not know the submission


class Report(Protocol):
    """Reports the engine's progress; every argument is optional, and None means no change."""

    def __call__(
        self,
        *,
        fraction: float | None = None,  # 0..1 of this stage
        message: str | None = None,  # a line for people
        queue_position: int | None = None,  # submissions ahead
        running: bool | None = None,  # the model has started
    ) -> None: ...


class Engine(Protocol):
    """One way to make a remix."""

    @property
    def capabilities(self) -> Capabilities: ...

    async def upload(self, path: Path, sha256: str, report: Report) -> Uploaded:
        """Upload the clip (a FLAC file) to where the model can read it. Safe to repeat."""
        ...

    async def submit(self, order: Order) -> Ticket:
        """Submit the remix, exactly once.

        Raises:
            SubmitUnknown: the answer was lost, so the remix may be running.
            EngineError: the engine refused, or nothing was sent; nothing is running.
        """
        ...

    async def follow(self, ticket: Ticket, order: Order, report: Report) -> Output:
        """Wait until the model has finished; no time limit, and outages are waited out.

        Raises:
            Withdrawn: the engine dropped the remix after a cancel.
            EngineError: the model failed.
        """
        ...

    async def fetch(self, output: Output, into: Path, report: Report) -> None:
        """Download the audio to `into`, completely or with an error. An earlier try may have left a part there."""
        ...

    async def cancel(self, ticket: Ticket) -> CancelAnswer:
        """Ask the engine to stop. `follow` continues until the outcome is certain."""
        ...

    async def aclose(self) -> None:
        """Close connections. Submitted remixes continue."""
        ...
