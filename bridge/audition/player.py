"""Audition, the daemon's side: starts the process that plays, turns it, and knows what is heard.

`/bridge/audition` → control/table.py → control/service.py → `Player` → `python -m bridge.audition.process ORDER` → the
audio device. Neither numpy nor PortAudio loads here.
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

START_PATIENCE = 15.0  # s until the device must have been opened; a cold start of the libraries takes one or two
STOP_PATIENCE = 2.0  # s until a child that was told to stop is ended


@dataclass(frozen=True, slots=True)
class Side:
    """One of the recordings that can be heard."""

    name: str  # "source" or "result"
    path: Path  # of the audio file
    start: float = 0.0  # s of the file before the clip
    length: float | None = None  # s of the clip; None: to the file's end
    gain_db: float = 0.0  # that brings both sides to the same loudness

    def to_wire(self) -> dict[str, Any]:
        """Return what the process that plays is told."""
        return {"path": os.fspath(self.path), "start": self.start, "length": self.length, "gain_db": self.gain_db}


class Player:
    """Plays one clip at a time, one of its sides being heard."""

    def __init__(
        self,
        device: str = "default",
        *,
        tell: Callable[[str], None] = lambda heard: None,
        command: Sequence[str] = (sys.executable, "-m", "bridge.audition.process"),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare; no process is started yet.

        Args:
            device: name of the output device, or a part of it; "default" is the system's.
            tell: told the name of the side that is heard from now on, "" when nothing is.
            command: what plays the order that is appended to it.
            environ: environment of the child, less the keys; None takes the daemon's own.
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
        self._turn = asyncio.Lock()  # one hand at a time on the child

    @property
    def playing(self) -> bool:
        """Tell whether something is heard just now."""
        return self._child is not None and self._child.alive

    @property
    def heard(self) -> str:
        """Return the name of the side that is heard, "" when nothing is."""
        return self._heard if self.playing else ""

    @property
    def loop(self) -> bool:
        """Tell whether what is played begins again at its end."""
        return self._loop

    async def play(self, sides: Sequence[Side], heard: str) -> None:
        """Let a side be heard; of a clip that is played already only the side is changed, at the same place.

        Returns as soon as it is heard.

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
        """Let the other side be heard, at the same place.

        Raises:
            NotPossibleNow: nothing is played, or the clip has one side only.
        """
        async with self._turn:
            others = [side.name for side in self._sides if side.name != self._heard]
            if not self.playing or not others:
                raise NotPossibleNow(
                    f"There is only the {self._heard} to hear." if self.playing else "Nothing is played just now."
                )
            await self._switch(others[0])

    async def set_loop(self, on: bool | None) -> bool:
        """Play on from the start at the end, or not; None turns it over. Returns how it is now."""
        async with self._turn:
            self._loop = not self._loop if on is None else on
            if self.playing:
                await self._say({"loop": self._loop})
            return self._loop

    async def stop(self) -> None:
        """Stop what is heard, if anything is."""
        async with self._turn:
            await self._end()

    # --- the child ---------------------------------------------------------------------------------------------------

    async def _start(self, sides: tuple[Side, ...], heard: str) -> None:
        order = {
            "sides": [side.to_wire() for side in sides],
            "heard": [side.name for side in sides].index(heard),
            "loop": self._loop,
            "device": self._device,
        }
        self._child = await ChildProcess.start(  # its stderr is thrown away: ALSA and JACK list missing devices there
            *self._command,
            json.dumps(order),  # escapes what is no UTF-8 in a path
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
            with contextlib.suppress(ConnectionError):  # it has just come to its end
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
            if child.alive:  # it hangs in a dead drive, so that it could not be killed
                self._watch.cancel()
            await asyncio.wait([self._watch])
            self._watch = None


async def _first_word(child: ChildProcess) -> BridgeError | None:
    """Wait for the child's line and return the error in it, if there is one."""
    try:
        word = await child.read(START_PATIENCE)
    except TimeoutError:
        return AudioDeviceMissing(f"The audio output did not open within {START_PATIENCE:g} s.")
    except ValueError:
        word = None
    if word is None:
        return Unexpected("The process that plays sound ended before it could say why.")
    return from_wire(word["error"]) if "error" in word else None
