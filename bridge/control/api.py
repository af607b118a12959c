"""`BridgeApi`: what the commands ask of the daemon, and the values that they exchange.

control/table.py and the surfaces → here ← control/service.py, which does it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

SHOWN = 32  # open jobs of the present state; a surface has no room for more, and a network drops a thousand at once
Value = str | int | float | bool  # what a parameter may be set to from a surface


@dataclass(frozen=True, slots=True)
class Pong:
    """Who answers."""

    version: str  # of the package
    protocol: int  # highest message protocol that it speaks


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request was taken on."""

    message_id: str  # of the message that the bridge wrote for it
    job_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One message of an answer that has several."""

    address: str  # of the table of messages
    arguments: tuple[Value, ...] = ()


Outcome = Pong | Accepted | None  # what a command comes to
Answers = AsyncIterator[Answer]  # of what goes on for a while


@dataclass(frozen=True, slots=True)
class ClipAsk:
    """A whole request in one message, for a script of the user's own."""

    path: str  # absolute path of the audio file
    offset: float  # s from the file's start
    length: float | None  # s; None: to the file's end
    position: float | None  # s on a timeline of the asker's own, carried into the result's time stamp; None: none
    preset: str  # "" is the one that is selected


@dataclass(frozen=True, slots=True)
class JobView:
    """What surfaces show of a job."""

    id: str
    state: str  # a word of bridge.protocol.job.State
    fraction: float  # 0..1 of the whole job
    message: str  # the last line for people
    cost: float  # money: billed once that is known, else estimated


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a surface needs to show the present state."""

    jobs: tuple[JobView, ...]  # the newest open ones and the newest of all, at most SHOWN, oldest first
    preset: str  # name of the selected preset, "" for none
    params: Mapping[str, Value]  # what the next remix from a surface gets: the preset and what was set over it
    heard: str = ""  # the side that is played: "source", "result", or "" when nothing is


class Settings(Protocol):
    """What surfaces set for the remixes to come: a preset, and parameters over it."""

    def select(self, name: str) -> None:
        """Select a preset (PresetUnknown, PresetInvalid)."""
        ...

    def step(self, steps: int) -> None:
        """Select the next (+1) or previous (-1) preset, round in a circle."""
        ...

    def set(self, name: str, value: Value) -> None:
        """Set a parameter or `amount` over the preset (ParamUnknown, ParamInvalid)."""
        ...


class Midi(Protocol):
    """What can be asked about MIDI controllers; every answer ends by itself, or with `stop_listening`."""

    def devices(self) -> AsyncIterator[Answer]:
        """Tell which controllers are there, and which mapping each has."""
        ...

    def controls(self) -> AsyncIterator[Answer]:
        """Tell what every mapped control does."""
        ...

    def learn(
        self, command: str, argument: str, seconds: float, encoder: str, light: bool, replace: bool
    ) -> AsyncIterator[Answer]:
        """Map the first control that changes to a command.

        Raises:
            MidiNotHeard: nothing changed for so long.
            MidiConflict: that control does something else already, and `replace` is false.
        """
        ...

    def unlearn(self, command: str, argument: str) -> AsyncIterator[Answer]:
        """Take away what does this command."""
        ...

    def adopt(self, template: str) -> AsyncIterator[Answer]:
        """Put a shipped mapping into the home."""
        ...

    def monitor(self, seconds: float) -> AsyncIterator[Answer]:
        """Tell everything that the controllers send; meanwhile it does nothing."""
        ...

    def stop_listening(self) -> None:
        """End `learn` and `monitor`."""
        ...


class BridgeApi(Protocol):
    """What the commands ask of the daemon. Every method raises BridgeErrors, which the surface tells its user.

    Methods without `async` return at once and touch only memory. Their effects are published as
    events (bridge/events.py).
    """

    def ping(self) -> Pong: ...

    async def inbox(self, message_id: str) -> Accepted | None:
        """Look into the inbox at once; tell what became of `message_id` ("" if not given), if it made a job."""
        ...

    async def clip(self, ask: ClipAsk) -> Accepted:
        """Take on a remix of a span of a file, placed by the folder adapter."""
        ...

    async def remix(self) -> Accepted:
        """Ask the DAW that said hello last for its selection and remix it.

        Raises:
            DawMissing: there is none, or it does not answer.
        """
        ...

    async def cancel(self, job: str) -> None:
        """Stop a job; "" is the newest open one. A unique beginning of an id is enough, here and below."""
        ...

    async def rerun(self, job: str) -> Accepted:
        """Make a new job from a job's recipe; "" is the newest one."""
        ...

    async def audition(self, variation: str, which: Literal["source", "result"]) -> None:
        """Play a variation ("" is the newest that has a result), or the clip it was made from.

        While that variation is played already, only the side changes, at the same place and equally loud.
        """
        ...

    async def switch_audition(self) -> None:
        """Let the other side be heard; where nothing is played, begin with the newest result."""
        ...

    async def loop_audition(self, on: bool | None) -> None:
        """Begin again at the end, or not; None turns it over."""
        ...

    async def stop_audition(self) -> None: ...

    def snapshot(self) -> Snapshot: ...

    def newest_job(self) -> str:
        """Return the id of the job that was asked for last, "" for none."""
        ...

    @property
    def surface_settings(self) -> Settings: ...

    @property
    def midi(self) -> Midi: ...
