"""Tests the wait functions: which values end a wait, and which error messages a failed wait gives."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import processes
from tests.fakes.windows_files import WindowsFiles, sharing_violation
from tests.waiting import eventually, until


def soon(look: Callable[[], Any], what: str = "", timeout: float = 0.0) -> Any:
    return asyncio.run(eventually(look, what, timeout))


@pytest.mark.parametrize("wait", [until, soon])
class TestBoth:
    def test_the_first_value_is_returned(self, wait: Callable[..., Any]) -> None:
        values = iter([None, False, None, "there", "too late"])
        assert wait(lambda: next(values), timeout=60.0) == "there"

    def test_the_error_names_what_was_missing(self, wait: Callable[..., Any]) -> None:
        with pytest.raises(AssertionError, match=r"^waited 0 s without success for the moon$"):
            wait(lambda: None, "the moon", timeout=0.0)
        with pytest.raises(AssertionError, match=r"wait\(lambda: 2 \+ 2 == 5.*test_waiting\.py:\d+"):
            wait(lambda: 2 + 2 == 5, timeout=0.0)

    def test_an_empty_value_is_an_error(self, wait: Callable[..., Any]) -> None:
        with pytest.raises(TypeError, match=r"^\[\] is neither a value nor None or False: the news$"):
            wait(list, "the news", timeout=0.0)

    def test_the_last_call_is_after_the_timeout(
        self, wait: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A clock simulates a machine that was busy for longer than the timeout."""
        clock = iter([0.0, 0.0, 1000.0])
        monkeypatch.setattr("tests.waiting._now", lambda: next(clock))
        looks = iter([False, True])
        assert wait(lambda: next(looks), timeout=10.0) is True


def jobs(monkeypatch: pytest.MonkeyPatch, *seen: tuple[str, float]) -> None:
    """Let `job_of` see these states and progress values, one per look."""
    documents = iter([{"errors": [], "jobs": [{"message_id": "m", "state": one, "progress": at}]} for one, at in seen])
    monkeypatch.setattr(processes, "outbox", lambda _home, _instance: next(documents))


def test_a_job_that_changes_is_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    jobs(monkeypatch, ("queued", 0.0), ("running", 0.1), ("running", 0.2), ("done", 1.0))
    assert processes.job_of(tmp_path, "m", "done", timeout=0.0)["state"] == "done"


def test_a_job_that_stands_still_fails_the_test(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    jobs(monkeypatch, ("running", 0.1), ("running", 0.1), ("done", 1.0))
    with pytest.raises(AssertionError, match="for the state done; last seen"):
        processes.job_of(tmp_path, "m", "done", timeout=0.0)


def test_an_outbox_that_is_being_replaced_is_not_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, windows_files: WindowsFiles
) -> None:
    job = {"message_id": "m", "variations": [{"state": "running"}, {"state": "waiting"}]}
    (tmp_path / "outbox").mkdir()
    (tmp_path / "outbox" / "test.json").write_text(json.dumps({"jobs": [job], "errors": []}))
    read, refusals = Path.read_bytes, iter([sharing_violation(tmp_path, None)] * 2)

    def refused(path: Path) -> bytes:
        for refusal in refusals:
            raise refusal
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refused)
    assert processes.states_of(tmp_path, "m") == ["running", "waiting"]
    assert len(windows_files.pauses) == 2


def test_without_a_job_there_are_no_states(tmp_path: Path) -> None:
    assert processes.states_of(tmp_path, "m") == []


def test_an_outbox_that_is_cut_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "outbox").mkdir()
    (tmp_path / "outbox" / "test.json").write_text('{"jobs": [')
    with pytest.raises(ValueError, match="Expecting value"):
        processes.outbox(tmp_path)


def test_a_daemon_ends_with_its_test(tmp_path: Path) -> None:
    program = ("-c", "import time; time.sleep(1000)")
    with pytest.raises(ZeroDivisionError), processes.Daemon(tmp_path, program=program) as daemon:
        raise ZeroDivisionError
    assert daemon.process.returncode is not None
