"""A variant of `ace-bridge run` whose monotonic clock a test can move forward, while the daemon is stopped.

The environment variable SHIFT names a file of eight bytes with the shift in seconds, as a double.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
import time
from functools import partial
from pathlib import Path

from bridge import daemon
from bridge.cli.main import main

FORMAT = struct.Struct("d")


def write_shift(path: Path, seconds: float) -> None:
    """Write the shift of a daemon's clock, s."""
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.write(FORMAT.pack(seconds))


if __name__ == "__main__":
    with Path(os.environ["SHIFT"]).open("rb") as shift:
        shared = mmap.mmap(shift.fileno(), FORMAT.size, access=mmap.ACCESS_READ)
    monotonic = time.monotonic
    time.monotonic = lambda: monotonic() + FORMAT.unpack(shared[:])[0]
    daemon.new_event_loop = partial(daemon.new_event_loop, time.monotonic)  # type: ignore[misc]
    sys.exit(main(["run"]))
