"""Audition, the process that plays: numpy and PortAudio load here and never in the daemon (player.py starts it).

`python -m bridge.audition.process ORDER`: sides → deck → the audio device. Each line on stdin turns the deck, {"heard":
1} or {"loop": true}; the end of stdin stops it. One JSON line on stdout says that it plays, or why not.
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
from bridge.util.stdin_pipe import take_stdin

BLOCK = 1024  # frames written at a time: how soon a switch or a stop is heard
SYSTEM = "default"  # the output that the system has chosen, whatever it is called
TAIL = 0.1  # s of silence after a sound, since some outputs cut off what is in their last buffer


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be played."""

    sides: Sequence[Mapping[str, Any]]  # path, start (s), length (s, None: to the end), gain_db of each
    heard: int  # index of the side that is heard first
    loop: bool
    device: str  # name of the output or a part of it; "default" is the system's


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


def _sounddevice() -> Any:
    """Return the library.

    Raises:
        AudioDeviceMissing: PortAudio is not installed; its absence shows as OSError on Linux.
    """
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise AudioDeviceMissing(f"Sound cannot be played here: {error}.") from error
    return sounddevice


def open_device(device: str) -> OpenStream:
    """Return what opens PortAudio's output.

    Raises:
        AudioDeviceMissing: PortAudio is not installed, or later: there is no such output.
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
        except (library.PortAudioError, ValueError) as error:  # ValueError: no device of that name
            raise AudioDeviceMissing(f"The audio output cannot be opened: {error}.") from error
        opened: Stream = stream
        return opened

    return start


def outputs() -> list[dict[str, Any]]:
    """Return the audio outputs: name, interface (ALSA, Core Audio …), channels, whether it is the system's.

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
        raise AudioDeviceMissing("There is no audio output on this machine.")
    return found


class Playing:
    """One order on its way to the output, and the hands that turn it meanwhile."""

    def __init__(self, order: Order) -> None:
        """Prepare; no file is opened yet."""
        self.stopped = threading.Event()
        self._order = order
        self._deck: Any = None

    def turn(self, line: str | bytes) -> None:
        """Take one line of stdin; what is no order is left alone."""
        with suppress(ValueError, TypeError, AttributeError):  # AttributeError: before the deck is laid on
            word = json.loads(line)
            if word.get("heard") in range(len(self._order.sides)):
                self._deck.heard = word["heard"]
            if isinstance(word.get("loop"), bool):
                self._deck.loop = word["loop"]

    def run(self, start: OpenStream, started: Callable[[], None]) -> None:
        """Play to the end, or until `stopped`, then with a short fade.

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

        order = self._order
        readers = [opened.enter_context(Reader(Path(side["path"]))) for side in order.sides]
        rate = readers[-1].info.sample_rate  # the result's
        frames = max(_frames(side, reader.info, rate) for side, reader in zip(order.sides, readers, strict=True))
        sides = [_side(one, reader, rate, frames) for one, reader in zip(order.sides, readers, strict=True)]
        self._deck = Deck(sides, rate, frames, heard=order.heard, loop=order.loop)
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
    """Return how long a side is, in frames of the output."""
    rest: float = max(0.0, info.frames / info.sample_rate - side["start"])
    return round((rest if side["length"] is None else side["length"]) * rate)


def _side(side: Mapping[str, Any], reader: Any, rate: int, frames: int) -> Callable[[], Iterator[Any]]:
    """Return what opens a side: stereo, at the output's rate and its own gain, exactly `frames` long."""
    from bridge.audio import block, channels, resample

    info = reader.info
    first = min(info.frames, round(side["start"] * info.sample_rate))
    matrix = channels.mix(info.channels, "normal", None, False) * 10 ** (side["gain_db"] / 20)

    def opened() -> Iterator[Any]:
        stereo = channels.to_stereo(reader.blocks(first, info.frames - first), matrix)
        return block.exactly(resample.resampled(stereo, info.sample_rate, rate), frames, 2)

    return opened


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the order of the command line; the process's whole life."""
    parser = argparse.ArgumentParser(
        prog="python -m bridge.audition.process", description="Plays an order until stdin ends."
    )
    parser.add_argument("order", help="JSON: sides, heard, loop, device; or the word “outputs”")
    options = parser.parse_args(arguments)
    try:
        if options.order == "outputs":
            _say({"outputs": outputs()})
            return 0
        order = Order(**json.loads(options.order))
        playing = Playing(order)
        threading.Thread(target=_listen, args=(take_stdin(), playing), daemon=True).start()
        playing.run(open_device(order.device), lambda: _say({"playing": True}))
    except Exception as error:
        ours = error if isinstance(error, BridgeError) else Unexpected(f"Playing failed: {error!r}.")
        _say({"error": ours.to_wire()})
        return 1
    return 0


def _listen(stdin: BinaryIO, playing: Playing) -> None:
    for line in stdin:
        playing.turn(line)
    playing.stopped.set()


def _say(word: Mapping[str, Any]) -> None:
    with suppress(OSError):  # whoever started this has gone; the end of stdin says so too
        os.write(1, json.dumps(word).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main())
