"""Pytest hooks that end a hanging test, even inside a C call that never returns.

If a test exceeds its time limit, pytest-timeout raises an exception in the test, but only when the interpreter runs
again. A blocking call into a C library prevents this. Therefore a second timer, which does not need the interpreter,
prints the stacks of all threads a minute later and ends the process. Under pytest-xdist, that process is one worker:
the test fails, the processes that the worker started are killed, and a new worker continues.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from tests import leftovers

GRACE = 60.0  # time between pytest-timeout's limit and the second timer, s

_terminal = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_terminal] = os.dup(2)  # a copy, because pytest captures descriptor 2 during a test


def limit(item: pytest.Item) -> float:
    """Return the time limit (in seconds) that pytest-timeout applies to a test."""
    mark = item.get_closest_marker("timeout")
    given = (mark.args[0] if mark.args else mark.kwargs["timeout"]) if mark else item.config.getini("timeout")
    return float(given)


@contextlib.contextmanager
def watched(item: pytest.Item) -> Iterator[None]:
    """Run the second timer during one phase of a test: setup, call or teardown.

    Each phase needs a new timer, because pytest stops the timer after a failure.
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
    """Kill the processes started by a crashed worker before a new worker replaces it."""
    if error:
        leftovers.kill(node.workerinput["testrunuid"], node.gateway.id)
