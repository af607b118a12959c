"""The process that listens to the keyboard, started by service.py. Only this process loads pynput.

`python -m bridge.hotkeys.process COMBINATIONS PROGRAMS`: the first JSON line on stdout reports that the process is
listening, or why it cannot. Each further line names a combination that was pressed, or one that was ignored because no
DAW was in front. The process ends when its stdin ends.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from bridge.errors import BridgeError, HotkeysMissing, Unexpected
from bridge.hotkeys import foreground
from bridge.util.stdin_pipe import take_stdin, take_stdout
from bridge.util.this_copy import this_copy

QUIET = 1.0  # s; a combination that is reported again within this time comes from a held key


class RepeatFilter:
    """A filter that distinguishes a new key press from the repeats of a held key."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Create a filter without any previous key press.

        Args:
            clock: function that returns the time, s.
        """
        self._clock = clock
        self._last: dict[str, float] = {}

    def __call__(self, combination: str) -> bool:
        """Return whether a reported combination is a new key press."""
        now = self._clock()
        before = self._last.get(combination, -QUIET)
        self._last[combination] = now
        return now - before >= QUIET


def for_pynput(combination: str) -> str:
    """Return a combination in pynput's notation, with key names of more than one letter in angle brackets."""
    return "+".join(f"<{part}>" if len(part) > 1 else part for part in combination.split("+"))


def listener(combinations: Sequence[str], pressed: Callable[[str], None]) -> Any:
    """Return pynput's listener, not yet started.

    Raises:
        HotkeysMissing: pynput is not installed or cannot listen here, or a key is unknown.
    """
    try:
        from pynput import keyboard
    except ImportError as error:
        if "pynput" in str(error):
            hint = f"Run `{this_copy().to_add('hotkeys')}`, then restart the bridge."
            raise HotkeysMissing("Hotkeys do not work: the package pynput is not installed.", hint=hint) from error
        raise HotkeysMissing(f"Hotkeys do not work here: {error}.") from error
    is_new = RepeatFilter()

    def report(combination: str) -> Callable[[], None]:
        return lambda: pressed(combination) if is_new(combination) else None

    try:
        return keyboard.GlobalHotKeys({for_pynput(one): report(one) for one in combinations})
    except ValueError as error:
        raise HotkeysMissing(f"[hotkeys] keys has an unknown key: {error}.") from error


def reporter(programs: Sequence[str], send: Callable[[Mapping[str, Any]], None]) -> Callable[[str], None]:
    """Return the function that reports a pressed combination, as ignored unless a DAW is in front.

    Args:
        programs: patterns for the names of more programs.
        send: sends a message to the daemon.

    Raises:
        HotkeysMissing: the system does not say which program is in front.
    """
    if foreground.EVERYWHERE in programs:
        return lambda combination: send({"pressed": combination})
    names = foreground.front()

    def report(combination: str) -> None:
        present = names()
        if foreground.is_daw(present, programs):
            send({"pressed": combination})
        else:
            send({"ignored": combination, "front": sorted(present)})

    return report


def main(arguments: Sequence[str] | None = None) -> int:
    """Report pressed combinations until stdin ends."""
    parser = argparse.ArgumentParser(
        prog="python -m bridge.hotkeys.process", description="Reports key presses until stdin ends."
    )
    parser.add_argument("combinations", type=json.loads, help="JSON list, for example [“alt+ctrl+r”]")
    parser.add_argument("programs", type=json.loads, help="JSON list: more programs than the DAWs; [“*”]: all")
    options = parser.parse_args(arguments)
    stdout = take_stdout()

    def send(message: Mapping[str, Any]) -> None:
        with suppress(OSError):  # the daemon has ended; this process ends when stdin closes
            stdout.write(json.dumps(message).encode() + b"\n")
            stdout.flush()

    try:
        stdin = take_stdin()
        keyboard = listener(options.combinations, reporter(options.programs, send))
        keyboard.start()
        keyboard.wait()
        send({"listening": True})
    except Exception as error:
        ours = error if isinstance(error, BridgeError) else Unexpected(f"The keyboard failed: {error!r}.")
        send({"error": ours.to_wire()})
        return 1
    stdin.read()
    keyboard.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
