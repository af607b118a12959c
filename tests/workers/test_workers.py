"""Tests the worker pool with real child processes and crashing tasks."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import SourceMissing, Unexpected, WorkerDied
from bridge.workers.pool import Workers
from tests.fakes import kills
from tests.waiting import PATIENCE, eventually

ROOT = Path(__file__).resolve().parents[2]
ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT), "FAL_KEY": "secret"}


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    pool = Workers(2, tasks="tests.fakes.tasks", environ=ENVIRON)
    yield pool
    await pool.aclose()


async def started(path: Path) -> int:
    await eventually(lambda: path.exists() and path.read_text() != "")
    return int(path.read_text())


async def test_a_task_gets_its_arguments_and_returns_its_result(workers: Workers) -> None:
    args = {"path": "/mnt/Ö 🎸/x.wav", "length": 0.1, "section": None}
    assert await workers.run("echo", args) == args


async def test_progress_arrives_in_order_and_thinned_out(workers: Workers) -> None:
    seen: list[float] = []
    await workers.run("steps", {"count": 1000}, seen.append)
    assert seen == sorted(seen)
    assert 50 <= len(seen) <= 101
    again: list[float] = []
    await asyncio.gather(*(workers.run("steps", {"count": 4}, again.append) for _ in range(2)))
    assert sorted(again) == [0.25, 0.25, 0.5, 0.5, 0.75, 0.75]


async def test_a_bridge_error_keeps_its_type(workers: Workers) -> None:
    with pytest.raises(SourceMissing) as caught:
        await workers.run("refuse", {})
    assert caught.value.to_wire() == {
        "code": "source_missing",
        "text": "The file is not there: é.wav.",
        "hint": "Look again.",
    }


@pytest.mark.parametrize(("task", "trace"), [("fail", "ZeroDivisionError"), ("absent", "ModuleNotFoundError")])
async def test_any_other_error_is_unexpected_with_its_traceback_in_the_log(
    workers: Workers, caplog: pytest.LogCaptureFixture, task: str, trace: str
) -> None:
    with pytest.raises(Unexpected) as caught:
        await workers.run(task, {})
    assert trace in caplog.text
    assert trace not in caught.value.text
    assert await workers.run("echo", {"still": "here"}) == {"still": "here"}


async def test_an_answer_that_is_not_json_is_unexpected(workers: Workers) -> None:
    with pytest.raises(Unexpected):
        await workers.run("rubbish", {})


@pytest.mark.parametrize(
    ("task", "how"), [("crash", "exit code 15" if os.name == "nt" else "signal 9"), ("leave", "exit code 3")]
)
async def test_a_process_that_dies_takes_only_its_task_with_it(
    workers: Workers, tmp_path: Path, task: str, how: str
) -> None:
    other = asyncio.create_task(workers.run("hang", {"started": str(tmp_path / "pid")}))
    pid = await started(tmp_path / "pid")
    with pytest.raises(WorkerDied, match=how):
        await workers.run(task, {})
    assert await workers.run("echo", {"a": 1}) == {"a": 1}
    assert not other.done()
    assert not kills.gone(pid)
    other.cancel()
    await asyncio.wait([other])


async def test_a_task_whose_process_is_killed_runs_once_more(workers: Workers, tmp_path: Path) -> None:
    assert (await workers.run("crash_once", {"mark": str(tmp_path / "mark")}))["pid"]
    assert (tmp_path / "mark").exists()


class Unnoticed:
    """A process whose end is noticed only if `wait` is called."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.returncode: int | None = None

    async def wait(self) -> int:
        self.returncode = await self._process.wait()
        return self.returncode

    def __getattr__(self, name: str) -> Any:
        return getattr(self._process, name)


async def test_a_retry_gets_a_new_process(workers: Workers) -> None:
    """If memory runs low, the system may kill several processes at once; the pool detects this only a moment later."""
    await asyncio.gather(*(workers.run("steps", {"count": 4}) for _ in range(2)))
    assert len(workers._idle) == 2
    for child in workers._idle:
        kills.kill(child.process.pid)
        child.process = Unnoticed(child.process)  # type: ignore[assignment]
    assert await workers.run("echo", {"x": 1}) == {"x": 1}


async def test_cancelling_kills_that_process_and_frees_its_place(tmp_path: Path) -> None:
    pool = Workers(1, tasks="tests.fakes.tasks", environ=ENVIRON)
    running = asyncio.create_task(pool.run("hang", {"started": str(tmp_path / "pid")}))
    pid = await started(tmp_path / "pid")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert kills.gone(pid)
    assert await pool.run("echo", {"next": True}) == {"next": True}
    await pool.aclose()


async def test_processes_are_limited_and_reused(workers: Workers) -> None:
    workers.warm()
    pids = {answer["pid"] for answer in await asyncio.gather(*(workers.run("pid", {}) for _ in range(12)))}
    assert 1 <= len(pids) <= 2
    assert (await workers.run("pid", {}))["pid"] in pids


async def test_prints_do_not_corrupt_the_answers(workers: Workers, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bridge.util.child_process")
    assert await workers.run("pollute", {}) == {"clean": True}
    await eventually(lambda: "from a C library" in caplog.text and "from Python" in caplog.text)


async def test_the_process_gets_one_thread_per_library_and_no_key(workers: Workers) -> None:
    environment = await workers.run("environment", {})
    assert environment["OMP_NUM_THREADS"] == environment["OPENBLAS_NUM_THREADS"] == "1"
    assert "FAL_KEY" not in environment


async def test_an_idle_process_ends() -> None:
    pool = Workers(1, idle_seconds=0.05, tasks="tests.fakes.tasks", environ=ENVIRON)
    first = (await pool.run("pid", {}))["pid"]
    await eventually(lambda: kills.gone(first))
    assert (await pool.run("pid", {}))["pid"] != first
    await pool.aclose()


async def test_closing_ends_a_busy_process_with_its_task(tmp_path: Path) -> None:
    pool = Workers(1, tasks="tests.fakes.tasks", environ=ENVIRON)
    running = asyncio.create_task(pool.run("hang", {"started": str(tmp_path / "pid")}))
    pid = await started(tmp_path / "pid")
    await pool.aclose()
    with pytest.raises(WorkerDied):
        await running
    assert kills.gone(pid)
    with pytest.raises(WorkerDied, match="shutting down"):
        await pool.run("echo", {})


async def test_closing_waits_for_a_process_whose_task_was_just_cancelled(tmp_path: Path) -> None:
    pool = Workers(1, tasks="tests.fakes.tasks", environ=ENVIRON)
    running = asyncio.create_task(pool.run("hang", {"started": str(tmp_path / "pid")}))
    await started(tmp_path / "pid")
    (child,) = pool._children
    running.cancel()
    await asyncio.sleep(0)  # the task has been cancelled, but its process has not ended
    await pool.aclose()
    assert not child.alive
    await asyncio.wait([running])


def test_a_busy_child_ends_when_the_daemon_is_gone(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "bridge.workers.process", "tests.fakes.tasks"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=ENVIRON,
        cwd=ROOT,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    request = {"task": "hang", "args": {"started": str(tmp_path / "pid")}}
    try:
        child.stdin.write(json.dumps({"task": "echo", "args": {}}).encode() + b"\n")
        child.stdin.write(json.dumps(request).encode() + b"\n")
        child.stdin.flush()
        assert json.loads(child.stdout.readline()) == {"result": {}}
        child.stdin.close()  # as when the daemon is killed
        assert child.wait(PATIENCE) == 0
    finally:
        child.kill()
        child.stdin.close()
        child.stdout.close()


def test_a_worker_whose_daemon_has_ended_keeps_its_files(tmp_path: Path) -> None:
    """A worker started by the next daemon may already be writing a file with the same name."""
    (tmp_path / "part.wav").touch()
    child = subprocess.Popen(
        [sys.executable, "-m", "bridge.workers.process", "tests.fakes.tasks"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=ENVIRON,
        cwd=ROOT,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdout.close()  # stdin stays open, since closing it would end the process anyway
        task = {"task": "remove_at_the_end", "args": {"path": str(tmp_path / "part.wav")}}
        child.stdin.write(json.dumps(task).encode() + b"\n")
        child.stdin.flush()
        assert child.wait(PATIENCE) == 0
    finally:
        child.kill()
        child.stdin.close()
    assert (tmp_path / "part.wav").exists()


async def test_closing_ends_a_process_that_is_still_starting() -> None:
    pool = Workers(2, tasks="tests.fakes.tasks", environ=ENVIRON)
    pool.warm()
    await asyncio.sleep(0)  # the warm-up has begun, but no process has started
    await pool.aclose()
    assert not pool._children
    assert not pool._background
