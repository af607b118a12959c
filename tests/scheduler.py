"""The order in which pytest-xdist's workers get the tests: file by file, also after a worker has crashed."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# Files that share something a machine has only one of run one after the other: libjack's servers share a registry.
TOGETHER = {"tests/daws/ardour/test_triggers.py": "tests/midi/test_midi_jack.py"}


class FileScheduling(LoadScopeScheduling):
    """Gives each worker one file after the other, in the order of collection.

    xdist's own scheduling by file runs a test that crashed a worker again and again, blames a crash in a test's
    teardown on the test after it, and may wait for ever for files that are done already.
    """

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # which would start the files with most tests first
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
        """Return the test in which a worker crashed, if it did, and give its other tests to the next worker."""
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
