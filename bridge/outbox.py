"""The outbox: one file per instance that says how its jobs stand and what it is asked to place.

Listens to the bus; a change of state is written at once, progress a few times a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bridge import PROTOCOL, __version__
from bridge.answers import AskAnswer, DaemonAnswer, JobAnswer, OutboxFile, RefusalAnswer, cost_answer, variation_answer
from bridge.book import Book
from bridge.disk import write_bytes
from bridge.errors import BridgeError
from bridge.events import Event, EventBus
from bridge.job import ENDED, Job, State

log = logging.getLogger("bridge.outbox")

STALE = 7 * 86400.0  # s
ONCE_MORE = 1.0  # s until a file that could not be written is written again


@dataclass(slots=True)
class Box:
    """What is known about one instance's file."""

    timer: asyncio.TimerHandle | None = None  # the next write
    due: float = 0.0  # loop time of that write
    written: float = -1e9  # loop time of the last write
    errors: tuple[Mapping[str, str], ...] = ()  # messages of this instance that have no effect
    ask: Mapping[str, str] | None = None  # what the DAW is asked for, by a surface
    left: bool = False  # it said bye: the file goes as soon as nothing of it is open


class Outbox:
    """Writes `outbox/<instance>.json`."""

    def __init__(
        self, folder: Path, book: Book, bus: EventBus, clock: Callable[[], float], *, progress_rate: float, keep: int
    ) -> None:
        self._folder = folder
        self._book = book
        self._clock = clock
        self._interval = 1.0 / progress_rate
        self._keep = keep
        self._boxes: dict[str, Box] = {}
        self._alive = True
        bus.subscribe(self._hear)

    def open(self, instance: str, errors: list[Mapping[str, str]] | None = None) -> None:
        """Begin to write for an instance."""
        box = self._boxes.setdefault(instance, Box())
        box.left = False
        if errors is not None:
            box.errors = tuple(errors)
        self._plan(instance, 0.0)

    def left_behind(self) -> set[str]:
        """Return the instances that may wait for news of an earlier daemon's file; what is a week old goes."""
        found = set()
        for path in self._folder.glob("*.json"):
            if path.stat().st_mtime < self._clock() - STALE:
                path.unlink(missing_ok=True)
            elif _says_open(path):  # the others keep their age, or no file would ever go
                found.add(path.stem)
        return found

    def refuse(self, instance: str, message_id: str, error: BridgeError) -> None:
        """Tell an instance that a message of it has no effect."""
        box = self._boxes.setdefault(instance, Box())
        others = [one for one in box.errors if one["message_id"] != message_id]
        box.errors = (*others, {"message_id": message_id, **error.to_wire()})[-self._keep :]
        self.write(instance)

    def ask(self, instance: str, what: Mapping[str, str] | None) -> None:
        """Ask a DAW for something (id, command), or take the question back."""
        self._boxes.setdefault(instance, Box()).ask = what
        self.write(instance)

    def leave(self, instance: str) -> None:
        """Forget an instance that said bye; its file goes unless something of it is still open."""
        self._boxes.setdefault(instance, Box()).left = True
        self.write(instance)

    def close(self) -> None:
        """Write a last time that the daemon is gone."""
        self._alive = False
        for instance in tuple(self._boxes):
            self.write(instance)

    def write(self, instance: str) -> None:
        """Write an instance's file now."""
        box = self._boxes.setdefault(instance, Box())
        if box.timer:
            box.timer.cancel()
            box.timer = None
        if box.left and not self._has_open(instance):
            del self._boxes[instance]
            (self._folder / f"{instance}.json").unlink(missing_ok=True)
            return
        with contextlib.suppress(RuntimeError):  # no loop: the daemon has stopped
            box.written = asyncio.get_running_loop().time()
        try:
            write_bytes(self._folder / f"{instance}.json", _encoded(self.content(instance)), sync=False)
        except BridgeError as error:  # a full disk must not stop the work, nor keep its end from whoever waits for it
            log.error("outbox of %s: %s", instance, error.text)
            self._plan(instance, ONCE_MORE)

    def content(self, instance: str) -> OutboxFile:
        """Return what the file says."""
        jobs = self._jobs(instance)
        box = self._boxes.get(instance, Box())
        return OutboxFile(
            protocol=PROTOCOL,
            instance=instance,
            updated=self._clock(),
            daemon=DaemonAnswer(version=__version__, alive=self._alive),
            jobs=[self._job(job) for job in jobs],
            place=[
                variation.id
                for job in jobs
                for variation in self._book.variations(job.id)
                if variation.state is State.PLACING and variation.placed_by == instance
            ],
            ask=AskAnswer(**box.ask) if box.ask else None,
            errors=[RefusalAnswer(**error) for error in box.errors],
        )

    # --- inner parts -------------------------------------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        if not event.job_id or event.kind not in ("job", "progress", "variation"):
            return
        job = self._book.job(event.job_id)
        instances = {job.instance, *(one.placed_by for one in self._book.variations(job.id) if one.placed_by)}
        for instance in instances:
            if instance in self._boxes or self._is_open(job):  # nobody reads on for one that said bye
                self._plan(instance, self._interval if event.kind == "progress" else 0.0)

    def _plan(self, instance: str, interval: float) -> None:
        """Write soon, but not sooner than `interval` after the last time; several changes at once make one write."""
        if not self._alive:
            return
        loop = asyncio.get_running_loop()
        box = self._boxes.setdefault(instance, Box())
        due = max(loop.time(), box.written + interval)
        if box.timer is not None:
            if box.due <= due:
                return
            box.timer.cancel()
        box.due = due
        box.timer = loop.call_at(due, self.write, instance)

    def _has_open(self, instance: str) -> bool:
        return any(self._is_open(job) for job in self._jobs(instance))

    def _is_open(self, job: Job) -> bool:
        return self._book.state(job.id) not in (*ENDED, State.PARTIAL)

    def _jobs(self, instance: str) -> list[Job]:
        """Return the instance's open jobs and the last finished ones, oldest first."""
        mine = [
            job
            for job in self._book.jobs()
            if job.instance == instance or any(one.placed_by == instance for one in self._book.variations(job.id))
        ]
        finished = [job for job in mine if self._book.state(job.id) in (*ENDED, State.PARTIAL)]
        old = {job.id for job in finished[: max(0, len(finished) - self._keep)]}
        return [job for job in mine if job.id not in old]

    def _job(self, job: Job) -> JobAnswer:
        return JobAnswer(
            job_id=job.id,
            message_id=job.message_id,
            state=self._book.state(job.id),
            engine=job.engine,
            cost=cost_answer(job),
            warnings=[dict(warning) for warning in job.warnings],
            variations=[variation_answer(variation) for variation in self._book.variations(job.id)],
        )


def _encoded(content: OutboxFile) -> bytes:
    try:
        return msgspec.json.encode(content)
    except UnicodeEncodeError:  # a path that is no UTF-8 stands in it escaped
        return json.dumps(msgspec.to_builtins(content)).encode()


def _says_open(path: Path) -> bool:
    """Tell whether a file speaks of work that has not ended; one that cannot be read is written anew."""
    try:
        jobs = json.loads(path.read_bytes())["jobs"]
        return any(job["state"] not in (*ENDED, State.PARTIAL) for job in jobs)
    except (OSError, ValueError, KeyError, TypeError):
        return True
