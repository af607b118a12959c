"""The player process for audition, started by player.py; it imports numpy and PortAudio, so that the daemon need not.

`python -m bridge.audition.process REQUEST`: sides → deck → audio device. Each line on stdin is a command, {"heard": 1}
or {"loop": true}; the end of stdin stops playback. One JSON line on stdout reports the start of playback or an error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from bridge.errors import AudioDeviceMissing, BridgeError, SourceMissing, SourceUnreadable, Unexpected
from bridge.util.stdin_pipe import take_stdin, take_stdout

BLOCK = 1024  # frames per write; a larger block delays every switch and stop
SYSTEM = "default"  # the system's default output
TAIL = 0.1  # s of silence after the end, because some outputs drop the last buffer


@dataclass(frozen=True, slots=True)
class PlayRequest:
    """The sides to play, and how to play them."""

    sides: Sequence[Mapping[str, Any]]  # each with path, start (s), length (s; None: to the end of the file), gain_db
    heard: int  # index of the side that is heard first
    loop: bool  # whether to loop
    device: str  # name of the output device, or a part of the name; "default" is the system's default output


class Stream(Protocol):
    """An open audio output."""

    @property
    def latency(self) -> float:
        """Return the output latency, s."""
        ...

    def write(self, data: Any) -> Any:
        """Wait until the output has room for a block (frames × channels, float32), then play the block."""
        ...

    def stop(self) -> Any:
        """Stop after everything has been played."""
        ...

    def close(self) -> Any: ...


OpenStream = Callable[[int, int], Stream]  # (sample rate in Hz, number of channels) → open output


def _sounddevice() -> Any:
    """Return the module `sounddevice`.

    Raises:
        AudioDeviceMissing: PortAudio is not installed, so the import fails (on Linux, with an OSError).
    """
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise AudioDeviceMissing(f"Audio cannot be played on this machine: {error}.") from error
    return sounddevice


def open_device(device: str) -> OpenStream:
    """Return a function that opens a PortAudio output.

    Raises:
        AudioDeviceMissing: PortAudio is not installed. The returned function raises the same error if the output cannot
            be opened.
    """
    library = _sounddevice()

    def start(sample_rate: int, channels: int) -> Stream:
        try:
            stream = library.OutputStream(
                samplerate=sample_rate,
                channels=channels,
                dtype="float32",
                device=None if device == SYSTEM else device,
                blocksize=BLOCK,
            )
            stream.start()
        except (library.PortAudioError, ValueError) as error:  # ValueError: no device has that name
            raise AudioDeviceMissing(f"The audio output cannot be opened: {error}.") from error
        opened: Stream = stream
        return opened

    return start


def outputs() -> list[dict[str, Any]]:
    """Return the name, interface (ALSA, Core Audio …) and channels of each audio output, and whether it is the default.

    Raises:
        AudioDeviceMissing: PortAudio is not installed, or there is no output.
    """
    library = _sounddevice()
    usual = library.default.device[1]
    found = [
        {
            "name": one["name"],
            "interface": library.query_hostapis(one["hostapi"])["name"],
            "channels": one["max_output_channels"],
            "default": index == usual,
        }
        for index, one in enumerate(library.query_devices())
        if one["max_output_channels"] > 0
    ]
    if not found:
        raise AudioDeviceMissing("This machine has no audio output.")
    return found


class Playing:
    """The playback of one request, controlled by commands on stdin."""

    def __init__(self, request: PlayRequest) -> None:
        """Prepare playback without opening a file."""
        self.stopped = threading.Event()
        self._request = request
        self._deck: Any = None

    def turn(self, line: str | bytes) -> None:
        """Handle one line of stdin; invalid lines are ignored."""
        with suppress(ValueError, TypeError, AttributeError):  # AttributeError: there is no deck yet
            word = json.loads(line)
            if word.get("heard") in range(len(self._request.sides)):
                self._deck.heard = word["heard"]
            if isinstance(word.get("loop"), bool):
                self._deck.loop = word["loop"]

    def run(self, start: OpenStream, started: Callable[[], None]) -> None:
        """Play to the end; if `stopped` is set earlier, fade out briefly and stop.

        Raises:
            SourceMissing, SourceUnreadable: a file cannot be played.
            AudioDeviceMissing: the output cannot be opened.
        """
        from bridge.audio.files import FileError, Missing

        try:
            with ExitStack() as opened:
                self._run(opened, start, started)
        except Missing as error:
            raise SourceMissing(str(error)) from error
        except FileError as error:
            raise SourceUnreadable(str(error)) from error

    def _run(self, opened: ExitStack, start: OpenStream, started: Callable[[], None]) -> None:
        from bridge.audio.ab_player import Deck
        from bridge.audio.block import silence
        from bridge.audio.files import Reader

        request = self._request
        readers = [opened.enter_context(Reader(Path(side["path"]))) for side in request.sides]
        rate = readers[-1].info.sample_rate  # the last side is the result
        frames = max(_frames(side, reader.info, rate) for side, reader in zip(request.sides, readers, strict=True))
        sides = [_side(one, reader, rate, frames) for one, reader in zip(request.sides, readers, strict=True)]
        self._deck = Deck(sides, rate, frames, heard=request.heard, loop=request.loop)
        stream = start(rate, 2)
        try:
            started()
            for block in self._deck.blocks(BLOCK, self.stopped):
                stream.write(block)
            for block in silence(int((stream.latency + TAIL) * rate), 2, BLOCK):
                stream.write(block)
            stream.stop()
        finally:
            stream.close()


def _frames(side: Mapping[str, Any], info: Any, rate: int) -> int:
    """Return the length of a side in output frames."""
    rest: float = max(0.0, info.frames / info.sample_rate - side["start"])
    return round((rest if side["length"] is None else side["length"]) * rate)


def _side(side: Mapping[str, Any], reader: Any, rate: int, frames: int) -> Callable[[], Iterator[Any]]:
    """Return a function that opens a side as a stereo stream of `frames` frames at the output rate, with its gain."""
    from bridge.audio import block, channels, resample

    info = reader.info
    first = min(info.frames, round(side["start"] * info.sample_rate))
    matrix = channels.mix(info.channels, "normal", None, False) * 10 ** (side["gain_db"] / 20)

    def opened() -> Iterator[Any]:
        stereo = channels.to_stereo(reader.blocks(first, info.frames - first), matrix)
        return block.exactly(resample.resampled(stereo, info.sample_rate, rate), frames, 2)

    return opened


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the request from the command line, or report the outputs; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bridge.audition.process", description="Plays a request until stdin ends."
    )
    parser.add_argument("request", metavar="REQUEST", help="JSON: sides, heard, loop, device; or the word “outputs”")
    options = parser.parse_args(arguments)
    stdout = take_stdout()
    try:
        if options.request == "outputs":
            _say(stdout, {"outputs": outputs()})
            return 0
        request = PlayRequest(**json.loads(options.request))
        playing = Playing(request)
        threading.Thread(target=_listen, args=(take_stdin(), playing), daemon=True).start()
        playing.run(open_device(request.device), lambda: _say(stdout, {"playing": True}))
    except Exception as error:
        ours = error if isinstance(error, BridgeError) else Unexpected(f"Playback failed: {error!r}.")
        _say(stdout, {"error": ours.to_wire()})
        return 1
    return 0


def _listen(stdin: BinaryIO, playing: Playing) -> None:
    for line in stdin:
        playing.turn(line)
    playing.stopped.set()


def _say(stdout: BinaryIO, word: Mapping[str, Any]) -> None:
    with suppress(OSError):  # the parent has ended, so stdin closes as well
        os.write(stdout.fileno(), json.dumps(word).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main())
