"""Runs a function on two sounds in parallel threads, since decoding, resampling and transforms release the GIL.

align.py and workers/tasks/compare.py process a clip and its result in the same way. A second core halves the
time.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
T = TypeVar("T")


def both(work: Callable[[A], T], first: A, second: A) -> tuple[T, T]:
    """Return `work(first)` and `work(second)`; the second call runs in another thread.

    If both calls fail, the error from `work(first)` is raised.

    >>> both(len, "ab", "c")
    (2, 1)
    """
    with ThreadPoolExecutor(1) as beside:
        other = beside.submit(work, second)
        return work(first), other.result()
