"""`BridgeApi`, through which commands call the daemon, with the types of its arguments and results.

control/table.py and the surfaces call `BridgeApi`. control/service.py implements it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

SHOWN = 32  # maximum number of jobs in a snapshot; networks drop packets if a thousand are sent at once
Value = str | int | float | bool  # value that a surface sends for a parameter


@dataclass(frozen=True, slots=True)
class Pong:
    """The reply to a ping."""

    version: str  # version of the ace-bridge package
    protocol: int  # highest protocol version that the bridge supports


@dataclass(frozen=True, slots=True)
class Accepted:
    """The reply to an accepted request."""

    message_id: str  # ID of the message that contained the request
    job_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the messages that answer a command."""

    address: str  # OSC address from the table of messages
    arguments: tuple[Value, ...] = ()


Outcome = Pong | Accepted | None  # the result of a command
Answers = AsyncIterator[Answer]  # the messages that answer a long-running command


@dataclass(frozen=True, slots=True)
class ClipAsk:
    """A remix request that fits in one message, for the user's own scripts."""

    path: str  # absolute path of the audio file
    offset: float  # seconds from the start of the file
    length: float | None  # seconds; None: to the end of the file
    position: float | None  # seconds on the sender's timeline, for the result file's time stamp; None: no time stamp
    preset: str  # name of a preset; "": the selected preset


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as surfaces show it."""

    id: str
    state: str  # a value of bridge.protocol.job.State
    fraction: float  # progress of the whole job, 0 to 1
    message: str  # the latest progress message
    cost: float  # cost in the engine's currency: billed if known, otherwise estimated


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The current state, as surfaces show it."""

    jobs: tuple[JobView, ...]  # open jobs and the newest job, oldest first; only the newest SHOWN of these
    preset: str  # name of the selected preset; "": none
    params: Mapping[str, Value]  # parameters of the next remix: the preset's values, or those set on surfaces
    heard: str = ""  # what is playing: "source" or "result"; "": nothing


class Settings(Protocol):
    """The selected preset, and the values that override its parameters in the next remixes."""

    def select(self, name: str) -> None:
        """Select a preset.

        Raises:
            PresetUnknown: no preset has this name.
            PresetInvalid: the preset's file has an error.
        """
        ...

    def step(self, steps: int) -> None:
        """Select the next (+1) or previous (-1) preset; the first preset follows the last."""
        ...

    def set(self, name: str, value: Value) -> None:
        """Override a parameter of the selected preset, or its `amount`.

        Raises:
            ParamUnknown: no parameter has this name.
            ParamInvalid: the parameter does not accept this value.
        """
        ...


class Midi(Protocol):
    """Commands for MIDI controllers. `learn` and `monitor` end after a time limit, or earlier with `stop_listening`."""

    def devices(self) -> AsyncIterator[Answer]:
        """List all connected or mapped controllers, each with its mapping."""
        ...

    def controls(self) -> AsyncIterator[Answer]:
        """List every mapped control with its command."""
        ...

    def learn(
        self, command: str, argument: str, seconds: float, encoder: str, light: bool, replace: bool
    ) -> AsyncIterator[Answer]:
        """Map a command to the first control that the user moves.

        Raises:
            MidiNotHeard: no control moved in time.
            MidiConflict: the moved control is already mapped, and `replace` is false.
        """
        ...

    def unlearn(self, command: str, argument: str) -> AsyncIterator[Answer]:
        """Remove all mappings of a command."""
        ...

    def adopt(self, template: str) -> AsyncIterator[Answer]:
        """Copy a mapping that is included with the bridge into the bridge's home."""
        ...

    def monitor(self, seconds: float) -> AsyncIterator[Answer]:
        """Report all input from the controllers without executing commands."""
        ...

    def stop_listening(self) -> None:
        """End `learn` and `monitor` before their time limit."""
        ...


class BridgeApi(Protocol):
    """The interface through which commands call the daemon. Methods raise `BridgeError`s, which the surface shows.

    Methods without `async` return at once and use only data in memory. All effects are published as events
    (bridge/events.py).
    """

    def ping(self) -> Pong: ...

    def stop(self) -> None:
        """End the daemon as SIGTERM does: requests in flight are finished, and unfinished jobs continue later."""
        ...

    async def inbox(self, message_id: str) -> Accepted | None:
        """Read the inbox now. Return the job that the message with this ID created, or None."""
        ...

    async def clip(self, ask: ClipAsk) -> Accepted:
        """Submit a remix of a span of an audio file. The result is delivered as a file, without a DAW."""
        ...

    async def remix(self) -> Accepted:
        """Ask the most recently connected DAW what is selected in it, and remix this selection.

        Raises:
            DawMissing: no DAW is connected, or the DAW does not answer.
        """
        ...

    async def cancel(self, job: str) -> None:
        """Cancel the job with this ID or unique ID prefix; "": the newest open job."""
        ...

    async def rerun(self, job: str) -> Accepted:
        """Submit a new job with the recipe of an earlier job, given by its ID or a unique ID prefix; "": the newest."""
        ...

    async def audition(self, variation: str, which: Literal["source", "result"]) -> None:
        """Play the result or the source clip of a variation.

        The variation is given by its ID or a unique prefix of the ID; "": the newest variation with a result. If the
        variation is already playing, playback switches to the requested side at the same position and loudness.
        """
        ...

    async def switch_audition(self) -> None:
        """Switch playback between source and result. If nothing is playing, play the newest result."""
        ...

    async def loop_audition(self, on: bool | None) -> None:
        """Turn looping on or off, or toggle it if `on` is None."""
        ...

    async def stop_audition(self) -> None: ...

    def snapshot(self) -> Snapshot: ...

    def newest_job(self) -> str:
        """Return the ID of the newest job, or "" if there is none."""
        ...

    @property
    def surface_settings(self) -> Settings: ...

    @property
    def midi(self) -> Midi: ...
