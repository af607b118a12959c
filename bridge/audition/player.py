"""Controls audition in the daemon: starts the player process and switches sides.

`/bridge/audition` → control/table.py → control/service.py → `Player` → `python -m bridge.audition.process` → the audio
device. Neither numpy nor PortAudio is imported here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.errors import AudioDeviceMissing, BridgeError, NotPossibleNow, Unexpected, from_wire
from bridge.util.child_process import ChildProcess

START_PATIENCE = 15.0  # s; time limit for opening the device; loading the libraries alone takes 1 to 2 s
STOP_PATIENCE = 2.0  # s; time limit for the player process to stop before it is killed


@dataclass(frozen=True, slots=True)
class Side:
    """A recording to audition."""

    name: str  # "source" or "result"
    path: Path  # the audio file
    start: float = 0.0  # start of the clip in the file, s
    length: float | None = None  # length of the clip, s; None plays to the end of the file
    gain_db: float = 0.0  # dB; gives both sides the same loudness

    def to_wire(self) -> dict[str, Any]:
        """Return the side as JSON values for the player process."""
        return {"path": os.fspath(self.path), "start": self.start, "length": self.length, "gain_db": self.gain_db}


class Player:
    """A player for one clip at a time; only one side of the clip is heard."""

    def __init__(
        self,
        device: str = "default",
        *,
        tell: Callable[[str], None] = lambda heard: None,
        command: Sequence[str] = (sys.executable, "-m", "bridge.audition.process"),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare the player without starting a process.

        Args:
            device: name of the output device, or a part of the name; "default" is the system's default output.
            tell: function that is called with the name of the side that is now heard, or "" when playback has ended.
            command: the command that starts the player process; the JSON request is appended as the last argument.
            environ: environment of the player process, from which API keys are removed; None: the daemon's environment.
        """
        self._device = device
        self._tell = tell
        self._command = tuple(command)
        self._environ = environ
        self._child: ChildProcess | None = None
        self._watch: asyncio.Task[None] | None = None
        self._sides: tuple[Side, ...] = ()
        self._heard = ""
        self._loop = False
        self._turn = asyncio.Lock()  # lets only one command run at a time

    @property
    def playing(self) -> bool:
        """Return whether a clip is playing."""
        return self._child is not None and self._child.alive

    @property
    def heard(self) -> str:
        """Return the name of the side that is heard, or "" if nothing is playing."""
        return self._heard if self.playing else ""

    @property
    def loop(self) -> bool:
        """Return whether playback loops."""
        return self._loop

    async def play(self, sides: Sequence[Side], heard: str) -> None:
        """Play one side; if the clip is already playing, switch to this side at the same position.

        The call returns when playback has started.

        Raises:
            AudioDeviceMissing: there is no audio output, or PortAudio is not installed.
            SourceMissing, SourceUnreadable: a file cannot be played.
        """
        async with self._turn:
            if self.playing and tuple(sides) == self._sides:
                await self._switch(heard)
                return
            await self._end()
            await self._start(tuple(sides), heard)

    async def switch(self) -> None:
        """Switch to the other side at the same position.

        Raises:
            NotPossibleNow: nothing is playing, or the clip has only one side.
        """
        async with self._turn:
            others = [side.name for side in self._sides if side.name != self._heard]
            if not self.playing or not others:
                raise NotPossibleNow(f"Only the {self._heard} is available." if self.playing else "Nothing is playing.")
            await self._switch(others[0])

    async def set_loop(self, on: bool | None) -> bool:
        """Turn looping on or off, or toggle it if `on` is None; return the new state."""
        async with self._turn:
            self._loop = not self._loop if on is None else on
            if self.playing:
                await self._say({"loop": self._loop})
            return self._loop

    async def stop(self) -> None:
        """Stop playback if a clip is playing."""
        async with self._turn:
            await self._end()

    # --- the child ---------------------------------------------------------------------------------------------------

    async def _start(self, sides: tuple[Side, ...], heard: str) -> None:
        request = {
            "sides": [side.to_wire() for side in sides],
            "heard": [side.name for side in sides].index(heard),
            "loop": self._loop,
            "device": self._device,
        }
        self._child = await ChildProcess.start(  # stderr is discarded: ALSA and JACK list missing devices there
            *self._command,
            json.dumps(request),  # escapes bytes of a path that are not UTF-8
            environ=self._environ,
        )
        try:
            error = await _first_word(self._child)
        except BaseException:
            await self._end()
            raise
        if error is not None:
            await self._end()
            raise error
        self._sides, self._heard = sides, heard
        self._watch = asyncio.create_task(self._until_silence(self._child), name="audition")
        self._tell(heard)

    async def _switch(self, name: str) -> None:
        if name == self._heard:
            return
        await self._say({"heard": [side.name for side in self._sides].index(name)})
        self._heard = name
        self._tell(name)

    async def _say(self, word: Mapping[str, Any]) -> None:
        if self._child is not None:
            with contextlib.suppress(ConnectionError):  # the player process may have just ended
                await self._child.send(word)

    async def _until_silence(self, child: ChildProcess) -> None:
        try:
            await child.process.wait()
        finally:
            self._tell("")

    async def _end(self) -> None:
        child, self._child = self._child, None
        self._sides, self._heard = (), ""
        if child is None:
            return
        await child.end(STOP_PATIENCE)
        if self._watch is not None:
            if child.alive:  # a process that a disconnected drive blocks cannot be killed
                self._watch.cancel()
            await asyncio.wait([self._watch])
            self._watch = None


async def _first_word(child: ChildProcess) -> BridgeError | None:
    """Wait for the first line of the player process and return the error in it, if any."""
    try:
        word = await child.read_valid(START_PATIENCE)
    except TimeoutError:
        return AudioDeviceMissing(f"The audio output did not open within {START_PATIENCE:g} s.")
    if word is None:
        return Unexpected("The player process ended without giving a reason.")
    return from_wire(word["error"]) if "error" in word else None
