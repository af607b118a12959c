"""Audition: plays one file at a time in a process of its own, so that neither numpy nor PortAudio loads in the daemon.

`/bridge/audition` → commands.py → `Player` in the daemon → `python -m bridge.preview PATH` → the audio device.
The child says on its stdout, in one JSON line, that it plays or why not, and ends when its stdin does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from bridge.errors import AudioDeviceMissing, BridgeError, SourceMissing, SourceUnreadable, Unexpected, from_wire
from bridge.workers import SECRETS

START_PATIENCE = 15.0  # s until the device must have been opened; a cold start of the libraries takes one or two
STOP_PATIENCE = 2.0  # s until a child that was told to stop is ended
BLOCK = 1024  # frames written at a time: how soon a stop is heard
TAIL = 0.1  # s of silence after a sound, since some outputs cut off what is in their last buffer
FADE = 0.005  # s of fade when a sound is stopped in its middle, so that it does not click


# --- in the daemon ---------------------------------------------------------------------------------------------------


class Player:
    """Plays one file at a time."""

    def __init__(
        self,
        device: str = "",
        *,
        command: Sequence[str] = (sys.executable, "-m", "bridge.preview"),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare; no process is started yet.

        Args:
            device: name of the output device, or a part of it; "" is the system's.
            command: what plays a file that is appended to it.
            environ: environment of the child, less the keys; None takes the daemon's own.
        """
        self._command = (*command, *(("--device", device) if device else ()))
        inherited = os.environ if environ is None else environ
        self._environ = {name: value for name, value in inherited.items() if name not in SECRETS}
        self._child: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()  # one hand at a time on the child

    @property
    def playing(self) -> bool:
        """Tell whether something is heard just now."""
        return self._child is not None and self._child.returncode is None

    async def play(self, path: Path) -> None:
        """Stop what is heard, play a file, and return as soon as it is heard.

        Raises:
            AudioDeviceMissing: there is no audio output, or PortAudio is not installed.
            SourceMissing, SourceUnreadable: the file cannot be played.
        """
        async with self._turn:
            await self._end()
            self._child = await asyncio.create_subprocess_exec(
                *self._command,
                "--",
                str(path),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,  # ALSA and JACK list there every device that they do not find
                env=self._environ,
            )
            try:
                error = await _first_word(self._child)
            except BaseException:
                await self._end()
                raise
            if error is not None:
                await self._end()
                raise error

    async def stop(self) -> None:
        """Stop what is heard, if anything is."""
        async with self._turn:
            await self._end()

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        if child.stdin is not None:
            child.stdin.close()
        try:
            await asyncio.wait_for(child.wait(), STOP_PATIENCE)
        except TimeoutError:
            with suppress(ProcessLookupError):  # it ended by itself just now
                child.kill()
            await child.wait()


async def _first_word(child: asyncio.subprocess.Process) -> BridgeError | None:
    """Wait for the child's line and return the error in it, if there is one."""
    if child.stdout is None:
        raise RuntimeError("the child was started with a pipe")
    try:
        line = await asyncio.wait_for(child.stdout.readline(), START_PATIENCE)
    except TimeoutError:
        return AudioDeviceMissing(f"The audio output did not open within {START_PATIENCE:g} s.")
    try:
        word = json.loads(line)
    except ValueError:
        return Unexpected("The process that plays sound ended before it could say why.")
    return from_wire(word["error"]) if "error" in word else None


# --- in the child ----------------------------------------------------------------------------------------------------


class Stream(Protocol):
    """An open audio output."""

    @property
    def latency(self) -> float:
        """Return how long a sample is on its way, s."""
        ...

    def write(self, data: Any) -> Any:
        """Play a block (frames × channels, float32); waits until the output has room for it."""
        ...

    def stop(self) -> Any:
        """Return when everything has been heard."""
        ...

    def close(self) -> Any: ...


OpenStream = Callable[[int, int], Stream]  # from sample rate (Hz) and channels


def open_device(device: str) -> OpenStream:
    """Return what opens PortAudio's output.

    Raises:
        AudioDeviceMissing: PortAudio is not installed; its absence shows as OSError on Linux.
    """
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise AudioDeviceMissing(f"Sound cannot be played here: {error}.") from error

    def start(sample_rate: int, channels: int) -> Stream:
        try:
            stream = sounddevice.OutputStream(
                samplerate=sample_rate, channels=channels, dtype="float32", device=device or None, blocksize=BLOCK
            )
            stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:  # ValueError: no device of that name
            raise AudioDeviceMissing(f"The audio output cannot be opened: {error}.") from error
        opened: Stream = stream
        return opened

    return start


def play_file(path: Path, start: OpenStream, stopped: threading.Event, started: Callable[[], None]) -> None:
    """Play a file to its end, or until `stopped`, then with a short fade.

    Raises:
        SourceMissing, SourceUnreadable: the file cannot be played.
        AudioDeviceMissing: the output cannot be opened.
    """
    from bridge.audio.files import FileError, Missing, Reader

    try:
        with Reader(path) as reader:
            info = reader.info
            stream = start(info.sample_rate, info.channels)
            try:
                started()
                for block in reader.blocks(0, info.frames, BLOCK):
                    if stopped.is_set():
                        stream.write(_faded(block, int(FADE * info.sample_rate)))
                        break
                    stream.write(block)
                stream.write(_silence(block, int((stream.latency + TAIL) * info.sample_rate)))
                stream.stop()
            finally:
                stream.close()
    except Missing as error:
        raise SourceMissing(str(error)) from error
    except FileError as error:
        raise SourceUnreadable(str(error)) from error


def _faded(block: Any, frames: int) -> Any:
    """Return the first `frames` of a block (frames × channels), going down to silence in a straight line."""
    faded = block[:frames].copy()
    for index in range(len(faded)):
        faded[index] *= 1.0 - (index + 1) / len(faded)
    return faded


def _silence(like: Any, frames: int) -> Any:
    """Return `frames` frames of silence with the type and channels of a block (frames × channels)."""
    return like[:1].repeat(frames, axis=0) * 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the file of the command line; the child's whole life."""
    parser = argparse.ArgumentParser(prog="python -m bridge.preview", description="Plays a file until stdin ends.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--device", default="", help="name of the output, or a part of it")
    options = parser.parse_args(arguments)
    stopped = threading.Event()

    def wait_for_end() -> None:
        while os.read(0, 4096):
            """What is said is not listened to; only the end counts."""
        stopped.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    try:
        play_file(options.path, open_device(options.device), stopped, lambda: _say({"playing": True}))
    except Exception as error:
        ours = error if isinstance(error, BridgeError) else Unexpected(f"Playing failed: {error!r}.")
        _say({"error": ours.to_wire()})
        return 1
    return 0


def _say(word: Mapping[str, Any]) -> None:
    with suppress(OSError):  # whoever started this has gone; the end of stdin says so too
        os.write(1, json.dumps(word).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main())
