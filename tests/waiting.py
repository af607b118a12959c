"""Waiting for what another thread, process or task does: the tests' only way to, with one rule for both kinds.

A look is repeated until it returns something. While there is nothing, it returns None or False; another empty value, as
an empty list, is refused, because whoever wrote it may mean either.
"""

from __future__ import annotations

import asyncio
import linecache
import time
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Generic, TypeVar

PATIENCE = 240.0  # s for anything to happen on a busy machine; it only ends what hangs

_now = time.monotonic
Found = TypeVar("Found")


def until(look: Callable[[], Found | None], what: str = "", timeout: float = PATIENCE) -> Found:
    """Block until something is there, and return it.

    Args:
        look: returns the first value that is not None or False when it is there.
        what: the words for it in the error; without any, the line that the look is written in.
        timeout: in seconds.

    Raises:
        AssertionError: it did not come.
    """
    wait = _Wait(look, what, timeout)
    while not wait.is_over():
        time.sleep(0.01)
    return wait.found


async def eventually(look: Callable[[], Found | None], what: str = "", timeout: float = PATIENCE) -> Found:
    """Do the same as `until` and let the event loop run meanwhile."""
    wait = _Wait(look, what, timeout)
    while not wait.is_over():
        await asyncio.sleep(0.005)
    return wait.found


def described(look: Callable[[], object]) -> str:
    """Say what a look waits for: the line that it is written in, and where that is."""
    code = getattr(look, "__code__", None)
    if not isinstance(code, CodeType):
        return repr(look)
    line = linecache.getline(code.co_filename, code.co_firstlineno).strip()
    return f"`{line}` ({Path(code.co_filename).name}:{code.co_firstlineno})"


class _Wait(Generic[Found]):
    """The rule: what counts as found, and when it is too late."""

    found: Found

    def __init__(self, look: Callable[[], Found | None], what: str, timeout: float) -> None:
        self._look = look
        self._what = what
        self._timeout = timeout
        self._end = _now() + timeout

    def is_over(self) -> bool:
        """Look once; the last look comes after the end, however long the machine was busy with something else."""
        late = _now() >= self._end
        found = self._look()
        if found is not None and found is not False:
            if not found:
                raise TypeError(f"{found!r} is neither there nor not: {self._words()}")
            self.found = found
            return True
        if late:
            raise AssertionError(f"waited {self._timeout:g} s in vain for {self._words()}")
        return False

    def _words(self) -> str:
        return self._what or described(self._look)
