"""Delays Ctrl-C while files are written, so that no step ends halfway."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def delayed_interrupt() -> Iterator[None]:
    """Delay Ctrl-C until the block has ended. Use it only for blocks that end within a moment.

    Raises:
        KeyboardInterrupt: the user pressed Ctrl-C during the block.
    """
    pressed: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        pressed.append(number)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt
