"""Pytest hooks that end a test that hangs, even inside a C call that never returns.

pytest-timeout raises an exception in the test when its time is over, but only once the interpreter runs again. A call
into a C library that blocks prevents that. So a second timer, which needs no interpreter, prints the stacks of all
threads a minute later and ends the process. Under pytest-xdist only that worker ends: the test fails, its processes
are killed, and another worker goes on.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from tests import leftovers

GRACE = 60.0  # s after pytest-timeout's limit

_terminal = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_terminal] = os.dup(2)  # pytest captures 2 itself during a test


def limit(item: pytest.Item) -> float:
    """Return the seconds after which pytest-timeout ends a test."""
    mark = item.get_closest_marker("timeout")
    given = (mark.args[0] if mark.args else mark.kwargs["timeout"]) if mark else item.config.getini("timeout")
    return float(given)


@contextlib.contextmanager
def watched(item: pytest.Item) -> Iterator[None]:
    """Watch one phase of a test. Pytest stops all such timers after a failure, so each phase needs its own."""
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
    """Kill what a crashed worker has started, before another one takes its place."""
    if error:
        leftovers.kill(node.workerinput["testrunuid"], node.gateway.id)
