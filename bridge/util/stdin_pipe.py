"""Lets a helper process read requests from its stdin in a thread while other threads load libraries.

On Windows a read that waits on a pipe holds up every other call on the same descriptor. OpenBLAS calls `fstat(0)` while
it is loaded, so `import numpy` waits for the next request and the process hangs (numpy/numpy#24290).
"""

from __future__ import annotations

import os
from typing import BinaryIO


def take_stdin() -> BinaryIO:
    """Return the process's stdin under another descriptor; descriptor 0 becomes the null device.

    Call it before any thread reads stdin. Child processes inherit the null device, not the pipe.

    Raises:
        OSError: the process was started without a stdin.
    """
    pipe = os.fdopen(os.dup(0), "rb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return pipe
