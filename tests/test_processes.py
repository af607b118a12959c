"""Tests the functions with which tests run daemons."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tests.fakes.processes import Daemon, ending_all, running


def test_a_daemon_that_a_test_does_not_end_is_killed_and_reported(home: Path) -> None:
    with running(home) as outer:
        with pytest.raises(AssertionError, match="did not end the daemons"), ending_all():
            left = Daemon(home.parent / "other")
        assert left.process.returncode is not None
        assert left.process.stdout is not None
        assert left.process.stdout.closed
        assert outer.process.poll() is None
    assert outer in Daemon.started
    assert left not in Daemon.started


def test_a_test_that_fails_need_not_end_its_daemon(home: Path) -> None:
    with contextlib.suppress(ZeroDivisionError), ending_all():
        left = Daemon(home)
        raise ZeroDivisionError
    assert left.process.returncode is not None
