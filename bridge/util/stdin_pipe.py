"""Moves a helper process's pipes away from descriptors 0 and 1, so that libraries cannot disturb them.

stdin: on Windows a blocking read on a pipe delays every other call on the same descriptor. OpenBLAS calls `fstat(0)`
while it loads, so `import numpy` waits for the next request and the process hangs (numpy/numpy#24290).
stdout: a library may print text there, which the daemon would read as a message.
"""

from __future__ import annotations

import os
from typing import BinaryIO


def take_stdin() -> BinaryIO:
    """Return the process's stdin under a new descriptor; descriptor 0 becomes the null device.

    Call this before any thread reads stdin. Child processes inherit the null device, not the pipe.

    Raises:
        OSError: the process was started without a stdin.
    """
    pipe = os.fdopen(os.dup(0), "rb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return pipe


def take_stdout() -> BinaryIO:
    """Return the process's stdout under a new descriptor; descriptor 1 becomes stderr.

    Raises:
        OSError: the process was started without a stdout.
    """
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return pipe
