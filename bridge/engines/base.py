"""The `Engine` Protocol: an engine's methods, the values passed to and from it, and its declared capabilities.

The stages import this module, never a concrete engine. Tests use tests/fakes/fake_engine.py.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine supports. User interfaces offer nothing else.

    >>> from bridge.engines.offline import CAPABILITIES
    >>> CAPABILITIES.remote, sorted(CAPABILITIES.honours)
    (False, ['amount', 'seed', 'tags'])
    """

    name: str  # "fal", "offline"
    label: str  # shown to users: "ACE-Step on fal", "offline remix (signal processing, not ACE-Step)"
    ace_step: bool  # whether the result is made by ACE-Step
    remote: bool  # whether the clip leaves this machine
    honours: frozenset[str]  # names of the parameters it uses
    inert: frozenset[str]  # parameters in `honours` that probably have no effect in audio-to-audio
    longest: float | None  # maximum s of audio per submission; longer clips are split into segments. None: no limit
    price_per_second: float  # per second of generated audio, in `currency`
    currency: str  # ISO code
    submit_once: bool  # whether a submission costs money, so that one whose answer was lost is not repeated
    upload_host: str = ""  # host that clips are uploaded to; part of the upload cache's key


@dataclass(frozen=True, slots=True)
class Order:
    """The input of one submission; rebuilt from the journal whenever it is needed.

    >>> params = {"tags": "dub", "lyrics": "[inst]", "seed": 7}
    >>> order = Order("https://v3.fal.media/clip.flac", params, 8.0, None, 120.0, (), (), Path("jobs/1/variation-1"))
    >>> order.params["seed"], order.family
    (7, '')
    """

    audio_url: str  # the clip's URL, from `Uploaded`
    params: Mapping[str, Any]  # complete and validated; names as in presets/parameters.py, without audio_url
    seconds: float  # length of the sent audio, s
    amount: float | None  # 0 (like the source) to 1 (as different as possible); None: the engine's default
    tempo: float | None  # the DAW's tempo at the clip, BPM
    beats: tuple[float, ...]  # beat times, s from the start of the sent audio; empty: no known grid
    downbeats: tuple[int, ...]  # indices into beats
    scratch: Path  # the variation's folder; used by engines on this machine
    chosen: frozenset[str] = frozenset()  # names of the parameters set by the user or the preset
    family: str = ""  # the preset's style family, for engines that have families
    preset: str = ""  # name of the preset; "": none


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An uploaded clip: where the engine can read it.

    >>> Uploaded("https://v3.fal.media/clip.flac", host="v3.fal.media", expires=None).host
    'v3.fal.media'
    """

    url: str
    host: str  # part of the upload cache's key
    expires: float | None  # unix time after which the URL is invalid; None: never


@dataclass(frozen=True, slots=True)
class Ticket:
    """Proof that the engine accepted a submission. It is written to disk before the first poll.

    >>> Ticket("764cabcf", {"status": "https://queue.fal.run/764cabcf/status"}).request_id
    '764cabcf'
    """

    request_id: str
    urls: Mapping[str, str] = field(default_factory=dict)  # "status", "response", "cancel": sent by the engine


@dataclass(frozen=True, slots=True)
class Output:
    """A finished remix: the URL of its audio, and what the engine reports about it.

    >>> Output("https://v3.fal.media/result.wav", seed=7, billed_units=8.0, answer={"seed": 7}).warnings
    ()
    """

    url: str  # URL of the audio
    seed: int | None  # as reported by the model
    billed_units: float | None  # what the engine charged, in its units
    answer: Mapping[str, Any]  # the engine's unchanged answer, for the recipe
    warnings: tuple[Mapping[str, str], ...] = ()  # code and text of each warning, for the user


class CancelAnswer(enum.Enum):
    """The engine's answer to a cancel request, which is shown to the user.

    >>> CancelAnswer("too late")
    <CancelAnswer.TOO_LATE: 'too late'>
    """

    REMOVED = "removed"  # the remix never ran; nothing is billed
    REQUESTED = "requested"  # accepted, but the remix may still complete and be billed
    TOO_LATE = "too late"  # the remix had already finished
    UNKNOWN = "unknown"  # the engine does not know the submission


class Report(Protocol):
    """A callback for an engine's progress. Every argument is optional; None means no change."""

    def __call__(
        self,
        *,
        fraction: float | None = None,  # completed fraction of this stage, 0..1
        message: str | None = None,  # one line for the user
        queue_position: int | None = None,  # number of submissions ahead
        running: bool | None = None,  # whether the model has started
    ) -> None: ...


class Engine(Protocol):
    """An engine that makes remixes."""

    @property
    def capabilities(self) -> Capabilities: ...

    async def upload(self, path: Path, sha256: str, report: Report) -> Uploaded:
        """Upload the clip (a FLAC file) to a place where the model can read it. Safe to repeat."""
        ...

    async def submit(self, order: Order) -> Ticket:
        """Submit the remix, exactly once.

        Raises:
            SubmitUnknown: the answer was lost, so the remix may be running.
            EngineError: the engine refused the order or nothing was sent, so nothing is running.
        """
        ...

    async def follow(self, ticket: Ticket, order: Order, report: Report) -> Output:
        """Wait until the model has finished. There is no time limit; an outage only prolongs the wait.

        Raises:
            Withdrawn: the engine dropped the remix after a cancel.
            EngineError: the model failed.
        """
        ...

    async def fetch(self, output: Output, into: Path, report: Report) -> None:
        """Download all audio to `into`, or raise an error. An earlier attempt may have left part of it there."""
        ...

    async def cancel(self, ticket: Ticket) -> CancelAnswer:
        """Ask the engine to stop the remix. `follow` continues until the outcome is certain."""
        ...

    async def aclose(self) -> None:
        """Close connections. Submitted remixes continue."""
        ...
