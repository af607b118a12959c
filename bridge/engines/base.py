"""The `Engine` Protocol, the values that its methods take and return, and the capabilities of an engine.

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
    """The capabilities of an engine. User interfaces offer only features that the engine has.

    >>> from bridge.engines.offline import CAPABILITIES
    >>> CAPABILITIES.remote, sorted(CAPABILITIES.honours)
    (False, ['amount', 'seed', 'tags'])
    """

    name: str  # "fal", "offline"
    label: str  # shown to users: "ACE-Step on fal", "offline remix (signal processing, not ACE-Step)"
    ace_step: bool  # whether the result is made by ACE-Step
    remote: bool  # whether the clip leaves this machine
    honours: frozenset[str]  # names of the parameters that the engine uses
    inert: frozenset[str]  # parameters in `honours` that probably have no effect in audio-to-audio
    longest: float | None  # maximum audio per submission, s; longer clips are split into segments. None: no limit
    price_per_second: float  # price per second of generated audio, in `currency`
    currency: str  # ISO code
    submit_once: bool  # whether a submission costs money and so is not repeated after a lost answer
    upload_host: str = ""  # host that receives the clips; part of each lookup key in the upload cache


@dataclass(frozen=True, slots=True)
class Order:
    """The input of one submission. It can be rebuilt from the journal at any time.

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
    beats: tuple[float, ...]  # beat times, s from the start of the sent audio; empty: the grid is unknown
    downbeats: tuple[int, ...]  # indices into beats
    scratch: Path  # the variation's folder; used by engines on this machine
    chosen: frozenset[str] = frozenset()  # names of the parameters set by the user or the preset
    family: str = ""  # the preset's style family, for engines that have families
    preset: str = ""  # name of the preset; "": none


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An uploaded clip: its URL, from which the engine reads the clip.

    >>> Uploaded("https://v3.fal.media/clip.flac", host="v3.fal.media", expires=None).host
    'v3.fal.media'
    """

    url: str
    host: str  # part of each lookup key in the upload cache
    expires: float | None  # unix time after which the URL is invalid; None: never


@dataclass(frozen=True, slots=True)
class Ticket:
    """The proof that the engine accepted a submission. The ticket is written to disk before the first poll.

    >>> Ticket("764cabcf", {"status": "https://queue.fal.run/764cabcf/status"}).request_id
    '764cabcf'
    """

    request_id: str
    urls: Mapping[str, str] = field(default_factory=dict)  # the engine's URLs for "status", "response" and "cancel"


@dataclass(frozen=True, slots=True)
class Output:
    """A finished remix: the URL of its audio, and what the engine reports about the remix.

    >>> Output("https://v3.fal.media/result.wav", seed=7, billed_units=8.0, answer={"seed": 7}).warnings
    ()
    """

    url: str  # URL of the audio
    seed: int | None  # as reported by the model
    billed_units: float | None  # what the engine charged, in the engine's units
    answer: Mapping[str, Any]  # the engine's unchanged answer, for the recipe
    warnings: tuple[Mapping[str, str], ...] = ()  # code and text of each warning, for the user


def reported(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the seed, tags and lyrics in an engine's answer, unchanged; what the engine does not report is missing.

    >>> reported({"audio": {"url": "https://v3.fal.media/result.wav"}, "seed": 7, "tags": "dub"})
    {'seed': 7, 'tags': 'dub'}
    """
    return {name: answer[name] for name in ("seed", "tags", "lyrics") if name in answer}


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
        queue_position: int | None = None,  # number of submissions ahead in the engine's queue
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
            EngineError: nothing is running, because the engine refused the order or nothing was sent.
        """
        ...

    async def follow(self, ticket: Ticket, order: Order, report: Report) -> Output:
        """Wait until the model has finished. There is no time limit: an outage only prolongs the wait.

        Raises:
            Withdrawn: the engine dropped the remix after a cancel.
            EngineError: the model failed.
        """
        ...

    async def fetch(self, output: Output, into: Path, report: Report) -> None:
        """Download all audio to `into`, or raise an error. `into` may hold part of it from an earlier attempt."""
        ...

    async def cancel(self, ticket: Ticket) -> CancelAnswer:
        """Ask the engine to stop the remix. `follow` continues until the outcome is certain."""
        ...

    async def aclose(self) -> None:
        """Close the connections. Submitted remixes are not cancelled."""
        ...
