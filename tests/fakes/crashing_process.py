"""A daemon that kills itself at planned moments and logs its progress, for tests/system/test_crash_matrix.py.

The module runs the real `ace-bridge run` in a child process of the server in prefork_server.py. The moments are:

    before:NAME  after:NAME     before and after a write to the journal: `take_in`, `add_job`, `applied`, `spend`,
                                `bill`, `add_upload`, `note`, `finish:STAGE`, `mark:intent`, `mark:ticket`,
                                `state:STATE`
    state:STATE                 after a variation reaches the state, on disk or (for `running`) in memory

The plan is a list of kills, each `{"moment", "nth", "delay", "who"}`. `delay` seconds after the n-th occurrence of the
moment, SIGKILL ends the daemon or, if `who` is "worker", all of its workers; with a delay of 0, the kill is immediate.
If a variation is about to leave its stage before the delay has passed, the daemon is killed at once, so that the kill
interrupts the planned stage on a machine of any speed. The diary, a log file, has one line `variation state` for each
state reached and one line `= who moment variation` for each kill.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bridge.cli import main
from bridge.jobs.registry import JobRegistry
from bridge.protocol.job import State
from bridge.store.database import Database
from bridge.workers import pool
from tests.fakes.prefork_server import fork_child

STAGES = {  # state of a variation → the stage that a kill interrupts
    "new": "taken",
    "waiting": "taken",
    "rendering": "render",
    "uploading": "upload",
    "submitting": "submit",
    "queued": "queue",
    "running": "model",
    "fetching": "fetch",
    "fitting": "fit",
    "ready": "place",
    "placing": "place",
    "done": "confirmed",
}
JOURNAL = ("take_in", "add_job", "applied", "spend", "bill", "add_upload", "save_job")


class KillPlan:
    """The planned kills of one run."""

    def __init__(self, plan: list[dict[str, Any]], diary: str, kill_workers: Callable[[], None]) -> None:
        self._plan = plan
        self._seen: dict[str, int] = {}
        self._target_stages: dict[str, str] = {}  # variation → stage in which to kill the daemon
        self._diary = os.open(diary, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._kill_workers = kill_workers

    def write(self, line: str) -> None:
        """Write a line to the diary, unbuffered, so that it survives the kill."""
        os.write(self._diary, f"{line}\n".encode())

    def reached(self, moment: str, variation_id: str = "-") -> None:
        """Count an occurrence of a moment, and carry out the kills planned for that occurrence."""
        count = self._seen[moment] = self._seen.get(moment, 0) + 1
        for death in self._plan:
            if death["moment"] != moment or death["nth"] != count:
                continue
            self.write(f"= {death['who']} {moment} {variation_id}")
            if death["delay"]:
                if death["who"] == "daemon" and variation_id != "-":
                    self._target_stages[variation_id] = STAGES[moment.removeprefix("state:")]
                timer = threading.Timer(death["delay"], self._kill, [death["who"]])
                timer.daemon = True
                timer.start()
            else:
                self._kill(death["who"])

    def leaving(self, variation_id: str, state: str) -> None:
        """Kill the daemon now if the variation's next state would end the stage in which the kill is planned."""
        if self._target_stages.get(variation_id, STAGES.get(state)) != STAGES.get(state):
            self._kill("daemon")

    def _kill(self, who: str) -> None:
        if who == "worker":
            self._kill_workers()
        else:
            os.kill(os.getpid(), signal.SIGKILL)


class ForkedWorker:
    """A process forked by a prefork server, with the interface that `bridge.workers.pool.Child` needs."""

    living: dict[int, ForkedWorker] = {}  # noqa: RUF012 - process ID → worker

    def __init__(self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = pid
        self.stdin, self.stdout, self.stderr = writer, reader, asyncio.StreamReader()
        self.stderr.feed_eof()
        self._transport = writer.transport  # ChildProcess closes it when the process has ended
        self.returncode: int | None = None
        self._ended = asyncio.Event()
        try:
            self._handle = os.pidfd_open(pid)
        except ProcessLookupError:
            self._over()
        else:
            ForkedWorker.living[pid] = self
            asyncio.get_running_loop().add_reader(self._handle, self._died)

    async def wait(self) -> int | None:
        await self._ended.wait()
        return self.returncode

    def kill(self) -> None:
        if self.returncode is None:
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def _died(self) -> None:
        asyncio.get_running_loop().remove_reader(self._handle)
        os.close(self._handle)
        ForkedWorker.living.pop(self.pid, None)
        self._over()

    def _over(self) -> None:
        self.returncode = -signal.SIGKILL
        self.stdin.close()
        self._ended.set()


def kill_workers() -> None:
    """Kill all workers at once."""
    for pid in tuple(ForkedWorker.living):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def watch_journal(plan: KillPlan) -> None:
    """Patch the journal so that it notifies the plan before and after every write."""

    def around(name: str, label: Callable[..., str]) -> None:
        real = getattr(Database, name)

        def call(database: Database, *args: Any, **kwargs: Any) -> Any:
            moment = label(*args, **kwargs)
            if name == "save_variation":
                plan.leaving(args[0].id, args[0].state)
            plan.reached(f"before:{moment}")
            found = real(database, *args, **kwargs)
            if name == "save_variation":
                plan.write(f"{args[0].id} {args[0].state}")
                plan.reached(f"state:{args[0].state}", args[0].id)
            plan.reached(f"after:{moment}")
            return found

        setattr(Database, name, call)

    def saved(variation: Any, *, is_open: bool, mark: tuple[str, str, Mapping[str, Any]] | None = None) -> str:
        if mark is not None and mark[1] == "remix" and "sent" in mark[2]:
            return "mark:ticket" if "ticket" in mark[2] else "mark:intent"
        return f"state:{variation.state}"

    for name in JOURNAL:
        around(name, lambda *_args, _name=name, **_kwargs: "note" if _name == "save_job" else _name)
    around("finish_stage", lambda _unit, stage, _result: f"finish:{stage}")
    around("save_variation", saved)
    move = JobRegistry.move

    def moved(registry: JobRegistry, variation_id: str, state: State, **fields: Any) -> None:
        plan.leaving(variation_id, state)
        move(registry, variation_id, state, **fields)
        plan.write(f"{variation_id} {state}")
        plan.reached(f"state:{state}", variation_id)

    JobRegistry.move = moved  # type: ignore[method-assign]


def fork_workers(socket_path: Path) -> None:
    """Make `bridge.workers.pool` take its processes from a prefork server."""

    async def start(owner: pool.Workers) -> pool.Child:
        if owner._closed:
            raise pool.WorkerDied("The bridge is shutting down, so no audio is read or written any more.")
        ours, theirs = socket.socketpair()
        with theirs:
            fds = (theirs.fileno(), theirs.fileno(), 2)
            pid = await asyncio.to_thread(fork_child, socket_path, "tests.fakes.crashing_process:worker", {}, fds)
        reader, writer = await asyncio.open_connection(sock=ours, limit=pool.LINE_LIMIT)
        child = pool.Child(ForkedWorker(pid, reader, writer))  # type: ignore[arg-type]
        owner._children.add(child)
        return child

    pool.Workers._start = start  # type: ignore[method-assign]


def daemon(args: dict[str, Any]) -> int:
    """Run the daemon with a plan of kills."""
    os.environ.clear()
    os.environ.update(args["environ"])
    plan = KillPlan(args["plan"], args["diary"], kill_workers)
    watch_journal(plan)
    fork_workers(Path(args["workers"]))
    return main.main(["run", "--quiet"])


def worker(_args: dict[str, Any]) -> int:
    """Run a worker process."""
    from bridge.workers import process as program

    program.main([])
    return 0
