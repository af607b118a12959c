"""Functions that wait for a thread, process or task: `until` blocks, and `eventually` awaits.

Tests wait in no other way. Both functions call a given function until that function returns a value. None and False
mean “not yet”. Any other empty value, such as an empty list, is an error, because it might mean “not yet” or be the
awaited value.
"""

from __future__ import annotations

import asyncio
import linecache
import time
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Generic, TypeVar

PATIENCE = 240.0  # s; so long that only a hang reaches it, even on a busy machine
LONG = 1200.0  # s; the same for many minutes of audio

_now = time.monotonic
Found = TypeVar("Found")


def until(look: Callable[[], Found | None], what: str = "", timeout: float = PATIENCE) -> Found:
    """Block until `look` returns a value, and return that value.

    Args:
        look: function that returns None or False until there is a value.
        what: name of the value for the error message; by default the source line of `look`.
        timeout: maximum time to wait, s.

    Raises:
        AssertionError: `look` returned no value within the timeout.
    """
    wait = _Wait(look, what, timeout)
    while not wait.is_over():
        time.sleep(0.01)
    return wait.found


async def eventually(look: Callable[[], Found | None], what: str = "", timeout: float = PATIENCE) -> Found:
    """Do the same as `until`, but without blocking the event loop."""
    wait = _Wait(look, what, timeout)
    while not wait.is_over():
        await asyncio.sleep(0.005)
    return wait.found


def described(look: Callable[[], object]) -> str:
    """Return the source line of a function, with the file name and line number."""
    code = getattr(look, "__code__", None)
    if not isinstance(code, CodeType):
        return repr(look)
    line = linecache.getline(code.co_filename, code.co_firstlineno).strip()
    return f"`{line}` ({Path(code.co_filename).name}:{code.co_firstlineno})"


class _Wait(Generic[Found]):
    """The state of one wait: the function to call, the end of the timeout, and the value once it is found."""

    found: Found

    def __init__(self, look: Callable[[], Found | None], what: str, timeout: float) -> None:
        self._look = look
        self._what = what
        self._timeout = timeout
        self._end = _now() + timeout

    def is_over(self) -> bool:
        """Call the function once, and return whether it has returned a value.

        The last call is made after the timeout, so there is at least one call even if the machine is very busy.
        """
        late = _now() >= self._end
        found = self._look()
        if found is not None and found is not False:
            if not found:
                raise TypeError(f"{found!r} is neither a value nor None or False: {self._words()}")
            self.found = found
            return True
        if late:
            raise AssertionError(f"waited {self._timeout:g} s without success for {self._words()}")
        return False

    def _words(self) -> str:
        return self._what or described(self._look)
