"""The same work on two sounds side by side: decoding, resampling and transforms let go of the interpreter's lock.

align.py and workers/tasks/compare.py treat the clip and its result alike; a second core halves the time.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
T = TypeVar("T")


def both(work: Callable[[A], T], first: A, second: A) -> tuple[T, T]:
    """Return `work` of both; the second is done in a thread of its own. What the first raises goes first."""
    with ThreadPoolExecutor(1) as beside:
        other = beside.submit(work, second)
        return work(first), other.result()
