"""Distributes the tests to the workers of pytest-xdist file by file, even after a worker has crashed."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# Files that must not run at the same time, because they start JACK servers, which share one registry per machine.
TOGETHER = {"tests/daws/ardour/test_triggers.py": "tests/midi/test_midi_jack.py"}


class FileScheduling(LoadScopeScheduling):
    """A scheduler that gives each worker one file at a time, in the order of collection.

    xdist's own scheduling by file has three faults: it endlessly repeats a test that has crashed a worker, it blames
    the following test for a crash during teardown, and it may wait forever for files that are already done.
    """

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # this option would start the files with the most tests first
        config.pluginmanager.register(self)
        self._running: set[str] = set()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._running.add(nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._running.discard(nodeid)

    def _split_scope(self, nodeid: str) -> str:
        name = nodeid.split("::", 1)[0]
        return TOGETHER.get(name, name)

    def remove_node(self, node: Any) -> str | None:
        """Remove a worker, and queue its remaining tests for another worker.

        Returns:
            The test in which the worker crashed. If no test was running, the worker's next test, or None.
        """
        files = self.assigned_work.pop(node)
        crashed = [(tests, test) for tests in files.values() for test in tests if test in self._running]
        waiting = [test for tests in files.values() for test, done in tests.items() if not done]
        for tests, test in crashed:
            tests[test] = True
            self._running.discard(test)
        left = [(name, tests) for name, tests in files.items() if not all(tests.values())]
        self.workqueue = OrderedDict([*left, *self.workqueue.items()])
        for other in self.assigned_work:
            self._reschedule(other)
        if crashed:
            return str(crashed[0][1])
        return waiting[0] if waiting else None
