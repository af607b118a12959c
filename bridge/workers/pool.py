"""The pool of worker processes: `await workers.run("render", {...})`.

Stages and the offline engine call the pool, which runs each task in a worker process (process.py). Separate processes
keep libraries that hold the GIL from blocking the daemon's event loop, and malformed files from crashing the daemon. If
a process dies, only its current task is interrupted, and a new process takes its place.
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
LINE_LIMIT = 16 * 2**20  # bytes; maximum length of an answer


class Child(ChildProcess):
    """One worker process."""

    LOG_NAME = "worker"

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        super().__init__(process)
        self.timer: asyncio.TimerHandle | None = None  # ends the process after `idle_seconds` without a task

    async def send(self, message: Mapping[str, Any]) -> None:
        """Write one request.

        Raises:
            WorkerDied: the process has ended.
        """
        try:
            await super().send(message)
        except ConnectionError as error:
            raise await self.death() from error

    async def receive(self) -> dict[str, Any]:
        """Return the next answer.

        Raises:
            WorkerDied: the process ended before it answered.
            ValueError: the process wrote a line that is not a valid answer.
        """
        answer = await self.read()
        if answer is None:
            raise await self.death()
        return answer

    async def death(self) -> WorkerDied:
        """Wait until the process has ended, and return an error that gives the cause."""
        await self.wait_for_end()
        return WorkerDied(f"The process that reads and writes audio ended unexpectedly ({self.how_it_ended}).")


class Workers:
    """A pool of up to `count` worker processes.

    A process starts on demand or in `warm`, and ends when it has been idle for `idle_seconds`.
    """

    def __init__(
        self,
        count: int = 2,
        idle_seconds: float = 60.0,
        *,
        tasks: str = "bridge.workers.task_table",
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare the pool without starting a process.

        Args:
            count: maximum number of processes.
            idle_seconds: idle time after which a process is ended, s.
            tasks: name of the module that contains the table TASKS.
            environ: environment of the processes, from which API keys are removed; None: the daemon's environment.
        """
        self._idle_seconds = idle_seconds
        self._count = count
        self._tasks = tasks
        self._environ = environ
        self._places = asyncio.Semaphore(count)
        self._children: set[Child] = set()
        self._idle: list[Child] = []
        self._background: set[asyncio.Task[None]] = set()  # tasks that warm or end processes
        self._closed = False

    async def run(
        self, task: str, args: Mapping[str, Any], progress: Callable[[float], None] | None = None
    ) -> dict[str, Any]:
        """Run a task in a worker process and return the task's result; cancelling the call kills the process.

        If the process dies, a new process runs the task once more. This is safe, because every task can be repeated,
        and often helps, because the system also kills processes when memory is low.

        Args:
            task: name of the task in the table TASKS.
            args: paths and small values, sent as JSON.
            progress: called with the completed fraction, 0..1.

        Raises:
            BridgeError: the task raised this error.
            WorkerDied: the process ended before the task did.
            Unexpected: the task raised any other exception.
        """
        request = {"task": task, "args": dict(args)}
        try:
            answer = await self._answer(request, progress)
        except WorkerDied as death:
            if self._closed:
                raise
            log.warning("task %s: %s Trying again.", task, death.text)
            answer = await self._answer(request, progress, fresh=True)
        if "error" in answer:
            if "traceback" in answer:
                log.error("task %s failed\n%s", task, answer["traceback"])
            raise from_wire(answer["error"])
        result: dict[str, Any] = answer["result"]
        return result

    def warm(self) -> None:
        """Start the processes in the background and import their libraries, so that the first clip need not wait."""
        for _ in range(self._count - len(self._children)):
            self._do(self._warm_one())

    async def aclose(self) -> None:
        """End all processes; running tasks raise WorkerDied."""
        self._closed = True
        while self._children or self._background:  # includes processes that are still starting
            await asyncio.gather(*(self._drop(child) for child in tuple(self._children)))
            await asyncio.gather(*self._background, return_exceptions=True)

    async def _answer(
        self, request: Mapping[str, Any], progress: Callable[[float], None] | None, *, fresh: bool = False
    ) -> dict[str, Any]:
        """Send a request to one process and return its answer."""
        async with self._places:
            if fresh and self._idle:  # an idle process may have been killed too
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
        """Send one request, report its progress and return the answer."""
        await child.send(request)
        while True:
            try:
                answer = await child.receive()
            except ValueError as error:  # not JSON, or too long; `_answer` then drops the process
                raise Unexpected from error
            if "progress" not in answer:
                return answer
            if progress is not None:
                progress(float(answer["progress"]))

    async def _take(self) -> Child:
        """Return an idle process, or a new process if none is idle."""
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
            raise WorkerDied("The bridge is shutting down and no longer reads or writes audio.")
        try:
            child = await Child.start(
                sys.executable,
                "-P",  # the working directory must not shadow a library
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
        """Run a coroutine in the background."""
        job = asyncio.create_task(work)
        self._background.add(job)
        job.add_done_callback(self._background.discard)

    async def _warm_one(self) -> None:
        """Start one process and import its libraries, unless tasks have already started enough processes."""
        async with self._places:
            if len(self._children) >= self._count:
                return
            try:
                child = await self._start()
                await child.send({"warm": True})
            except WorkerDied:
                log.warning("could not start a worker in advance", exc_info=True)
            else:
                self._give_back(child)

    def _give_back(self, child: Child) -> None:
        """Keep the process for the next task, until it has been idle for `idle_seconds`."""
        if self._closed:
            self._do(self._drop(child))
            return
        self._idle.append(child)
        child.timer = asyncio.get_running_loop().call_later(self._idle_seconds, self._retire, child)

    def _retire(self, child: Child) -> None:
        self._idle.remove(child)
        self._do(self._drop(child))

    async def _drop(self, child: Child) -> None:
        """End a process that will not be used again."""
        if child.timer is not None:
            child.timer.cancel()
        if child in self._idle:
            self._idle.remove(child)
        await child.kill()
        self._children.discard(child)  # not before, because `aclose` waits for all processes in this set
