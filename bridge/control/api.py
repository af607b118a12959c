"""`BridgeApi`: the calls that commands make to the daemon, and their arguments and results.

control/table.py and the surfaces call `BridgeApi`; control/service.py implements it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

SHOWN = 32  # most jobs in a snapshot: surfaces show no more, and a network drops packets if a thousand come at once
Value = str | int | float | bool  # a parameter's value from a surface


@dataclass(frozen=True, slots=True)
class Pong:
    """The reply to a ping."""

    version: str  # version of the package
    protocol: int  # highest message protocol that the bridge supports


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted request."""

    message_id: str  # ID of the message that contained the request
    job_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One message of an answer that consists of several messages."""

    address: str  # OSC address from the table of messages
    arguments: tuple[Value, ...] = ()


Outcome = Pong | Accepted | None  # the result of a command
Answers = AsyncIterator[Answer]  # the messages of a command that runs for a while


@dataclass(frozen=True, slots=True)
class ClipAsk:
    """A remix request that fits in one message, for the user's own scripts."""

    path: str  # absolute path of the audio file
    offset: float  # s from the file's start
    length: float | None  # s; None: to the file's end
    position: float | None  # s on the sender's timeline, for the result file's time stamp; None: no time stamp
    preset: str  # "": the selected preset


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as surfaces show it."""

    id: str
    state: str  # a value of bridge.protocol.job.State
    fraction: float  # progress of the whole job, 0 to 1
    message: str  # the latest progress line
    cost: float  # cost in the engine's currency: billed if known, otherwise estimated


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The current state, as surfaces show it."""

    jobs: tuple[JobView, ...]  # open jobs and the newest job, at most the newest SHOWN, oldest first
    preset: str  # name of the selected preset, "" for none
    params: Mapping[str, Value]  # parameters of a surface's next remix: the preset's, overridden by surfaces
    heard: str = ""  # what is playing: "source", "result", or "" for nothing


class Settings(Protocol):
    """The preset for the next remixes, and the parameters that override its values."""

    def select(self, name: str) -> None:
        """Select a preset.

        Raises:
            PresetUnknown: no preset has this name.
            PresetInvalid: the preset's file has an error.
        """
        ...

    def step(self, steps: int) -> None:
        """Select the next (+1) or previous (-1) preset, wrapping around."""
        ...

    def set(self, name: str, value: Value) -> None:
        """Override a parameter or the `amount` of the preset.

        Raises:
            ParamUnknown: no parameter has this name.
            ParamInvalid: the parameter does not accept this value.
        """
        ...


class Midi(Protocol):
    """Commands for MIDI controllers. Every answer ends by itself; `stop_listening` ends `learn` and `monitor` early."""

    def devices(self) -> AsyncIterator[Answer]:
        """List the controllers, each with its mapping."""
        ...

    def controls(self) -> AsyncIterator[Answer]:
        """List the command of every mapped control."""
        ...

    def learn(
        self, command: str, argument: str, seconds: float, encoder: str, light: bool, replace: bool
    ) -> AsyncIterator[Answer]:
        """Map a command to the first control that moves.

        Raises:
            MidiNotHeard: no control moved in time.
            MidiConflict: the control that moved is already mapped, and `replace` is false.
        """
        ...

    def unlearn(self, command: str, argument: str) -> AsyncIterator[Answer]:
        """Remove all mappings of a command."""
        ...

    def adopt(self, template: str) -> AsyncIterator[Answer]:
        """Copy a shipped mapping into the home."""
        ...

    def monitor(self, seconds: float) -> AsyncIterator[Answer]:
        """Report all input from the controllers, without executing any command."""
        ...

    def stop_listening(self) -> None:
        """End `learn` and `monitor`."""
        ...


class BridgeApi(Protocol):
    """The calls that commands make to the daemon. Methods raise `BridgeError`s, which the surface shows.

    Methods without `async` return at once and use only memory. Their effects are published as events
    (bridge/events.py).
    """

    def ping(self) -> Pong: ...

    async def inbox(self, message_id: str) -> Accepted | None:
        """Read the inbox now; return the job that the message with this ID created, if any."""
        ...

    async def clip(self, ask: ClipAsk) -> Accepted:
        """Submit a remix of a span of a file. The folder adapter places the result."""
        ...

    async def remix(self) -> Accepted:
        """Ask the most recently connected DAW for its selection and remix it.

        Raises:
            DawMissing: no DAW is connected, or it does not answer.
        """
        ...

    async def cancel(self, job: str) -> None:
        """Cancel a job; "": the newest open job. Here and below, a unique prefix of the ID is enough."""
        ...

    async def rerun(self, job: str) -> Accepted:
        """Submit a new job from a job's recipe; "": the newest job."""
        ...

    async def audition(self, variation: str, which: Literal["source", "result"]) -> None:
        """Play a variation or its source clip; "": the newest variation with a result.

        If that variation is already playing, switch to the other side at the same position and loudness.
        """
        ...

    async def switch_audition(self) -> None:
        """Switch between source and result, or play the newest result if nothing is playing."""
        ...

    async def loop_audition(self, on: bool | None) -> None:
        """Turn looping on or off; None toggles looping."""
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
