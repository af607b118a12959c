"""Pytest hooks that end a hanging test, even inside a C call that never returns.

pytest-timeout raises an exception in a test that exceeds its time limit, but only once the interpreter runs again. A
blocking call into a C library prevents this. Therefore a second timer, which needs no interpreter, prints the stacks of
all threads a minute later and ends the process. Under pytest-xdist only this worker ends: the test fails, its processes
are killed, and a new worker continues.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from tests import leftovers

GRACE = 60.0  # s between pytest-timeout's limit and the second timer

_terminal = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_terminal] = os.dup(2)  # pytest captures descriptor 2 during a test


def limit(item: pytest.Item) -> float:
    """Return the time limit that pytest-timeout applies to a test, s."""
    mark = item.get_closest_marker("timeout")
    given = (mark.args[0] if mark.args else mark.kwargs["timeout"]) if mark else item.config.getini("timeout")
    return float(given)


@contextlib.contextmanager
def watched(item: pytest.Item) -> Iterator[None]:
    """Run the timer during one phase of a test.

    Each phase needs its own timer, because pytest stops all such timers after a failure.
    """
    faulthandler.dump_traceback_later(limit(item) + GRACE, exit=True, file=item.config.stash[_terminal])
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    with watched(item):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    with watched(item):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    with watched(item):
        return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Kill the processes that a crashed worker has started, before a new worker replaces it."""
    if error:
        leftovers.kill(node.workerinput["testrunuid"], node.gateway.id)
