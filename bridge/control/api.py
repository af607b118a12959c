"""`BridgeApi`: the calls that commands make to the daemon, and their arguments and results.

control/table.py and the surfaces → BridgeApi ← control/service.py, which implements it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

SHOWN = 32  # open jobs in a snapshot; a surface shows no more, and a network drops a thousand packets sent at once
Value = str | int | float | bool  # a parameter's value from a surface


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a ping."""

    version: str  # of the package
    protocol: int  # highest message protocol that it supports


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted request."""

    message_id: str  # of the request's message
    job_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One message of an answer with several messages."""

    address: str  # of the table of messages
    arguments: tuple[Value, ...] = ()


Outcome = Pong | Accepted | None  # the result of a command
Answers = AsyncIterator[Answer]  # of a command that runs for a while


@dataclass(frozen=True, slots=True)
class ClipAsk:
    """A remix request in one message, for the user's own scripts."""

    path: str  # absolute path of the audio file
    offset: float  # s from the file's start
    length: float | None  # s; None: to the file's end
    position: float | None  # s on the sender's timeline, written to the result's time stamp; None: none
    preset: str  # "": the selected preset


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as surfaces show it."""

    id: str
    state: str  # a word of bridge.protocol.job.State
    fraction: float  # 0..1 of the whole job
    message: str  # the latest progress line
    cost: float  # money: billed if known, otherwise estimated


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The current state, as surfaces show it."""

    jobs: tuple[JobView, ...]  # the newest SHOWN of the open jobs and the newest job, oldest first
    preset: str  # name of the selected preset, "" for none
    params: Mapping[str, Value]  # parameters of the next remix from a surface: the preset's, and what surfaces set
    heard: str = ""  # what is playing: "source", "result", or "" for nothing


class Settings(Protocol):
    """The preset for the next remixes, and parameters that override it."""

    def select(self, name: str) -> None:
        """Select a preset (PresetUnknown, PresetInvalid)."""
        ...

    def step(self, steps: int) -> None:
        """Select the next (+1) or previous (-1) preset, wrapping around."""
        ...

    def set(self, name: str, value: Value) -> None:
        """Override a parameter or `amount` of the preset (ParamUnknown, ParamInvalid)."""
        ...


class Midi(Protocol):
    """Commands for MIDI controllers. Each answer ends by itself or with `stop_listening`."""

    def devices(self) -> AsyncIterator[Answer]:
        """List the controllers and the mapping of each."""
        ...

    def controls(self) -> AsyncIterator[Answer]:
        """List the command of every mapped control."""
        ...

    def learn(
        self, command: str, argument: str, seconds: float, encoder: str, light: bool, replace: bool
    ) -> AsyncIterator[Answer]:
        """Map the first control that moves to a command.

        Raises:
            MidiNotHeard: no control moved in time.
            MidiConflict: that control is already mapped, and `replace` is false.
        """
        ...

    def unlearn(self, command: str, argument: str) -> AsyncIterator[Answer]:
        """Remove the controls of a command."""
        ...

    def adopt(self, template: str) -> AsyncIterator[Answer]:
        """Copy a shipped mapping into the home."""
        ...

    def monitor(self, seconds: float) -> AsyncIterator[Answer]:
        """Report everything that the controllers send, without executing it."""
        ...

    def stop_listening(self) -> None:
        """End `learn` and `monitor`."""
        ...


class BridgeApi(Protocol):
    """The calls that commands make to the daemon. Methods raise BridgeErrors, which the surface shows.

    Methods without `async` return at once and touch only memory. Their effects are published as
    events (bridge/events.py).
    """

    def ping(self) -> Pong: ...

    async def inbox(self, message_id: str) -> Accepted | None:
        """Read the inbox now; return the job that `message_id` made, if any."""
        ...

    async def clip(self, ask: ClipAsk) -> Accepted:
        """Submit a remix of a span of a file. The folder adapter places it."""
        ...

    async def remix(self) -> Accepted:
        """Ask the most recently connected DAW for its selection and remix it.

        Raises:
            DawMissing: no DAW is connected, or it does not answer.
        """
        ...

    async def cancel(self, job: str) -> None:
        """Cancel a job; "": the newest open one. Here and below, a unique prefix of an ID is enough."""
        ...

    async def rerun(self, job: str) -> Accepted:
        """Submit a new job from a job's recipe; "": the newest job."""
        ...

    async def audition(self, variation: str, which: Literal["source", "result"]) -> None:
        """Play a variation or its source clip; "": the newest variation with a result.

        While that variation is playing, switch sides at the same position and loudness.
        """
        ...

    async def switch_audition(self) -> None:
        """Switch between source and result, or play the newest result if nothing is playing."""
        ...

    async def loop_audition(self, on: bool | None) -> None:
        """Turn looping on or off; None toggles it."""
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
