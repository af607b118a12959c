"""Hotkeys, the process that listens: pynput loads here and never in the daemon (service.py starts it).

`python -m bridge.hotkeys.process COMBINATIONS`: one JSON line on stdout says that it listens, or why not; then one for
each combination that is pressed. It ends with its stdin.
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
from bridge.util.stdin_pipe import take_stdin, take_stdout

QUIET = 1.0  # s without it after which a combination counts again: a key that is held repeats itself more often


class Once:
    """Tells a press from the repetitions of a key that is held down."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin.

        Args:
            clock: s.
        """
        self._clock = clock
        self._last: dict[str, float] = {}

    def __call__(self, combination: str) -> bool:
        """Return whether this is a press of its own."""
        now = self._clock()
        before = self._last.get(combination, -QUIET)
        self._last[combination] = now
        return now - before >= QUIET


def for_pynput(combination: str) -> str:
    """Return a combination as pynput writes it: names of more than one letter in angle brackets."""
    return "+".join(f"<{part}>" if len(part) > 1 else part for part in combination.split("+"))


def listener(combinations: Sequence[str], pressed: Callable[[str], None]) -> Any:
    """Return what listens, not started yet.

    Raises:
        HotkeysMissing: pynput is not installed, or there is no keyboard that it can listen to.
    """
    try:
        from pynput import keyboard
    except ImportError as error:
        if "pynput" in str(error):
            raise HotkeysMissing("Keys cannot be listened to: the package pynput is not installed.") from error
        raise HotkeysMissing(f"Keys cannot be listened to here: {error}.") from error
    once = Once()

    def tell(combination: str) -> Callable[[], None]:
        return lambda: pressed(combination) if once(combination) else None

    try:
        return keyboard.GlobalHotKeys({for_pynput(one): tell(one) for one in combinations})
    except ValueError as error:
        raise HotkeysMissing(f"A key of [hotkeys] keys is not known: {error}.") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Listen until stdin ends; the process's whole life."""
    parser = argparse.ArgumentParser(
        prog="python -m bridge.hotkeys.process", description="Tells of keys until stdin ends."
    )
    parser.add_argument("combinations", type=json.loads, help="JSON list, for example [“alt+ctrl+r”]")
    options = parser.parse_args(arguments)
    stdout = take_stdout()

    def send(message: Mapping[str, Any]) -> None:
        with suppress(OSError):  # the daemon has gone; the end of stdin ends this process
            stdout.write(json.dumps(message).encode() + b"\n")
            stdout.flush()

    try:
        stdin = take_stdin()
        listens = listener(options.combinations, lambda combination: send({"pressed": combination}))
        listens.start()
        listens.wait()
        send({"listening": True})
    except Exception as error:
        ours = error if isinstance(error, BridgeError) else Unexpected(f"The keyboard failed: {error!r}.")
        send({"error": ours.to_wire()})
        return 1
    stdin.read()
    listens.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
