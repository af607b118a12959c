"""The worker processes as the daemon sees them: `await workers.run("render", {...})`.

Stages and the offline engine call this, `bridge.workers.process` is the other end. No GIL-holding library stalls the
daemon's loop and no hostile file kills the daemon: a process that dies takes one task with it, and the next task gets a
new one.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from bridge.errors import Unexpected, WorkerDied, from_wire
from bridge.util.child_process import ChildProcess

log = logging.getLogger(__name__)

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
LINE_LIMIT = 16 * 2**20  # bytes of one answer


class Child(ChildProcess):
    """One worker process."""

    LOG_NAME = "worker"

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        super().__init__(process)
        self.timer: asyncio.TimerHandle | None = None  # ends it when it has been idle for long

    async def send(self, message: Mapping[str, Any]) -> None:
        """Write one request.

        Raises:
            WorkerDied: the process is gone.
        """
        try:
            await super().send(message)
        except ConnectionError as error:
            raise await self.death() from error

    async def receive(self) -> dict[str, Any]:
        """Return the next answer.

        Raises:
            WorkerDied: the process ended before it answered.
            ValueError: it is no answer at all.
        """
        answer = await self.read()
        if answer is None:
            raise await self.death()
        return answer

    async def death(self) -> WorkerDied:
        """Wait for the process's end and describe it."""
        await self.wait_for_end()
        return WorkerDied(f"The process that reads and writes audio ended unexpectedly ({self.how_it_ended}).")


class Workers:
    """At most `count` processes, started when needed or by `warm`, ended after `idle_seconds` without work."""

    def __init__(
        self,
        count: int = 2,
        idle_seconds: float = 60.0,
        *,
        tasks: str = "bridge.workers.task_table",
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare; nothing is started yet.

        Args:
            count: processes at most.
            idle_seconds: s without work until a process ends.
            tasks: module with the table TASKS.
            environ: environment of the processes, less the keys; None takes the daemon's own.
        """
        self._idle_seconds = idle_seconds
        self._count = count
        self._tasks = tasks
        self._environ = environ
        self._places = asyncio.Semaphore(count)
        self._children: set[Child] = set()
        self._idle: list[Child] = []
        self._background: set[asyncio.Task[None]] = set()  # warming and retiring
        self._closed = False

    async def run(
        self, task: str, args: Mapping[str, Any], progress: Callable[[float], None] | None = None
    ) -> dict[str, Any]:
        """Run a task in a process of its own and return its result; cancelling kills that process.

        When the process dies, a fresh one takes the task once more: every task can be repeated, and what killed the
        first need not be the file (the system ends processes when memory is short).

        Args:
            task: a name of the table TASKS.
            args: paths and small values; they cross as JSON.
            progress: told the share done, 0..1.

        Raises:
            BridgeError: as the task raised it; WorkerDied when its process ended, Unexpected for anything else.
        """
        request = {"task": task, "args": dict(args)}
        try:
            answer = await self._answer(request, progress)
        except WorkerDied as death:
            if self._closed:
                raise
            log.warning("task %s: %s It is tried once more.", task, death.text)
            answer = await self._answer(request, progress, fresh=True)
        if "error" in answer:
            if "traceback" in answer:
                log.error("task %s failed\n%s", task, answer["traceback"])
            raise from_wire(answer["error"])
        result: dict[str, Any] = answer["result"]
        return result

    def warm(self) -> None:
        """Start the processes in the background and let them import, so that the first clip does not wait for it."""
        for _ in range(self._count - len(self._children)):
            self._do(self._warm_one())

    async def aclose(self) -> None:
        """End every process; tasks that still run get WorkerDied."""
        self._closed = True
        while self._children or self._background:  # one that was just being started is still to come, and to be ended
            await asyncio.gather(*(self._drop(child) for child in tuple(self._children)))
            await asyncio.gather(*self._background, return_exceptions=True)

    async def _answer(
        self, request: Mapping[str, Any], progress: Callable[[float], None] | None, *, fresh: bool = False
    ) -> dict[str, Any]:
        """Give one process a request and return its answer."""
        async with self._places:
            if fresh and self._idle:  # what killed one may have killed those too, and nobody has noticed yet
                await self._drop(self._idle.pop())
            child = await (self._start() if fresh else self._take())
            try:
                answer = await self._converse(child, request, progress)
            except BaseException:
                await self._drop(child)
                raise
            self._give_back(child)
        return answer

    async def _converse(
        self, child: Child, request: Mapping[str, Any], progress: Callable[[float], None] | None
    ) -> dict[str, Any]:
        """Send one request and return its answer, passing on progress meanwhile."""
        await child.send(request)
        while True:
            try:
                answer = await child.receive()
            except ValueError as error:  # neither JSON nor of a sane length: what else it says cannot be trusted
                raise Unexpected from error
            if "progress" not in answer:
                return answer
            if progress is not None:
                progress(float(answer["progress"]))

    async def _take(self) -> Child:
        """Return an idle process, or start one."""
        while self._idle:
            child = self._idle.pop()
            if child.timer is not None:
                child.timer.cancel()
            if child.alive:
                return child
            self._children.discard(child)
        return await self._start()

    async def _start(self) -> Child:
        if self._closed:
            raise WorkerDied("The bridge is shutting down, so no audio is read or written any more.")
        try:
            child = await Child.start(
                sys.executable,
                "-P",  # the folder the daemon was started in must not shadow a library
                "-X",
                "faulthandler",
                "-m",
                "bridge.workers.process",
                self._tasks,
                environ=self._environment(),
                line_limit=LINE_LIMIT,
            )
        except OSError as error:
            raise WorkerDied(f"The process that reads and writes audio could not be started: {error}.") from error
        self._children.add(child)
        return child

    def _environment(self) -> dict[str, str]:
        inherited = os.environ if self._environ is None else self._environ
        here = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, (here, inherited.get("PYTHONPATH", ""))))
        return {**inherited, **ONE_THREAD, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the background that nobody waits for."""
        job = asyncio.create_task(work)
        self._background.add(job)
        job.add_done_callback(self._background.discard)

    async def _warm_one(self) -> None:
        """Start one process, unless tasks have started enough meanwhile, and let it import."""
        async with self._places:
            if len(self._children) >= self._count:
                return
            try:
                child = await self._start()
                await child.send({"warm": True})
            except WorkerDied:
                log.warning("a worker could not be started ahead of time", exc_info=True)
            else:
                self._give_back(child)

    def _give_back(self, child: Child) -> None:
        """Keep the process for the next task, for a while."""
        if self._closed:
            self._do(self._drop(child))
            return
        self._idle.append(child)
        child.timer = asyncio.get_running_loop().call_later(self._idle_seconds, self._retire, child)

    def _retire(self, child: Child) -> None:
        self._idle.remove(child)
        self._do(self._drop(child))

    async def _drop(self, child: Child) -> None:
        """End a process that is not to be used again."""
        if child.timer is not None:
            child.timer.cancel()
        if child in self._idle:
            self._idle.remove(child)
        self._children.discard(child)
        await child.kill()
