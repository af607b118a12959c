"""The outbox: one file per DAW instance, with the state of the instance's jobs and the results to place.

State changes are written at once, and progress a few times per second. A separate thread writes the files, so a slow
disk does not block the event loop; changes that arrive during a write are combined into the next write.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import stat
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import msgspec

from bridge import PROTOCOL, __version__
from bridge.errors import BridgeError
from bridge.events import EventBus, JobChanged, JobProgress, VariationChanged
from bridge.jobs.registry import JobRegistry
from bridge.protocol.answers import (
    AskAnswer,
    DaemonAnswer,
    JobAnswer,
    OutboxFile,
    RefusalAnswer,
    cost_answer,
    variation_answer,
)
from bridge.protocol.job import ENDED, Job, State, Variation
from bridge.util import busy_files
from bridge.util.atomic import write_bytes

log = logging.getLogger(__name__)

STALE = 7 * 86400.0  # age in seconds at which an earlier daemon's file is removed
ONCE_MORE = 1.0  # seconds until a failed write is tried again


@dataclass(frozen=True, slots=True)
class Entry:
    """A job's encoded entry for the outbox files; it stays valid until the job or one of its variations changes."""

    job: Job
    variations: list[Variation]
    readers: frozenset[str]  # instances whose files contain the job
    ended: bool
    answer: msgspec.Raw  # the job as JSON


@dataclass(slots=True)
class Box:
    """The state of one instance's file."""

    timer: asyncio.TimerHandle | None = None  # timer of the next write
    due: float = 0.0  # loop time of the next write, s
    written: float = -1e9  # loop time of the last write, s
    errors: tuple[Mapping[str, str], ...] = ()  # errors of messages that were refused, for this instance
    ask: Mapping[str, str] | None = None  # a surface's request to the DAW
    left: bool = False  # the DAW has disconnected; the file is removed once no job in it is open
    writing: bool = False  # the writer thread is writing the file
    again: bool = False  # something has changed since the write began
    problem: str = ""  # why the last write failed


class Outbox:
    """The writer of the files `outbox/<instance>.json`."""

    def __init__(
        self,
        folder: Path,
        registry: JobRegistry,
        bus: EventBus,
        clock: Callable[[], float],
        *,
        progress_rate: float,
        keep: int,
    ) -> None:
        self._folder = folder
        self._registry = registry
        self._clock = clock
        self._interval = 1.0 / progress_rate
        self._keep = keep
        self._boxes: dict[str, Box] = {}
        self._entries: dict[str, Entry] = {}  # entries by job ID
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="outbox")
        self._alive = True
        bus.subscribe(self._hear, JobChanged, JobProgress, VariationChanged)

    def open(self, instance: str, errors: list[Mapping[str, str]] | None = None) -> None:
        """Start keeping an instance's file up to date."""
        box = self._boxes.setdefault(instance, Box())
        box.left = False
        if errors is not None:
            box.errors = tuple(errors)
        self._plan(instance, 0.0)

    def left_behind(self) -> set[str]:
        """Return the instances whose files from an earlier daemon show open jobs; remove files older than a week."""
        found = set()
        for path in self._folder.glob("*.json"):
            try:
                about = path.lstat()
                if not stat.S_ISREG(about.st_mode):
                    log.warning("%r in the outbox is not a file; it is ignored", path.name)
                elif about.st_mtime < self._clock() - STALE:
                    busy_files.remove(path, missing_ok=True)
                elif _says_open(path):  # other files are not rewritten and are removed after a week
                    found.add(path.stem)
            except OSError as problem:
                log.warning("%r in the outbox cannot be removed: %s", path.name, problem.strerror)
        return found

    def instance_in(self, name: str) -> str:
        """Return the known instance with whose ID a file's name begins, or ""."""
        known = {path.stem for path in self._folder.glob("*.json")} | set(self._boxes)
        fitting = [one for one in known if name == one or (name.startswith(one) and name[len(one)] in "._-")]
        return max(fitting, key=len, default="")

    def refuse(self, instance: str, message_id: str, error: BridgeError) -> None:
        """Report a refused message to its sender."""
        box = self._boxes.setdefault(instance, Box())
        others = [one for one in box.errors if one["message_id"] != message_id]
        box.errors = (*others, {"message_id": message_id, **error.to_wire()})[-self._keep :]
        self._plan(instance, 0.0)

    def ask(self, instance: str, what: Mapping[str, str] | None) -> None:
        """Send a request (`id` and `command`) to a DAW; None withdraws the previous request."""
        self._boxes.setdefault(instance, Box()).ask = what
        self._plan(instance, 0.0)

    def leave(self, instance: str) -> None:
        """Mark an instance as disconnected; its file is removed once the instance has no open jobs."""
        self._boxes.setdefault(instance, Box()).left = True
        self._plan(instance, 0.0)

    def close(self, *, write: bool = True) -> None:
        """Stop writing; unless `write` is False, write every file one last time, with the daemon marked as stopped."""
        self._alive = False
        self._disk.shutdown()
        for instance, box in tuple(self._boxes.items()):
            if box.timer is not None:
                box.timer.cancel()
            if write:
                self.write(instance)

    def write(self, instance: str) -> None:
        """Write an instance's file, and return once it is written."""
        try:
            if self._alive:
                self._disk.submit(self._replace, instance, self._next(instance)).result()
            else:
                self._replace(instance, self._next(instance))
        except BridgeError as error:
            log.error("outbox of %s: %s", instance, error.text)

    async def flush(self, instance: str) -> None:
        """Return once an instance's file has its present content; if the write fails, the planned one tries again."""
        if self._alive:
            loop = asyncio.get_running_loop()
            with contextlib.suppress(BridgeError):
                await loop.run_in_executor(self._disk, self._replace, instance, self._next(instance))

    def content(self, instance: str) -> OutboxFile:
        """Return the content of an instance's file; the jobs in it are already encoded."""
        entries = self._entries_of(instance)
        box = self._boxes.get(instance, Box())
        return OutboxFile(
            protocol=PROTOCOL,
            instance=instance,
            updated=self._clock(),
            daemon=DaemonAnswer(version=__version__, alive=self._alive),
            jobs=cast("list[JobAnswer]", [entry.answer for entry in entries]),
            place=[
                variation.id
                for entry in entries
                for variation in entry.variations
                if variation.state is State.PLACING and variation.placed_by == instance
            ],
            ask=AskAnswer(**box.ask) if box.ask else None,
            errors=[RefusalAnswer(**error) for error in box.errors],
        )

    # --- when --------------------------------------------------------------------------------------------------------

    def _hear(self, event: JobChanged | JobProgress | VariationChanged) -> None:
        entry = self._entry(self._registry.job(event.job_id))
        for instance in entry.readers:
            if instance in self._boxes or not entry.ended:  # ended jobs are not reported to disconnected instances
                self._plan(instance, self._interval if isinstance(event, JobProgress) else 0.0)

    def _plan(self, instance: str, interval: float) -> None:
        """Schedule a write at least `interval` seconds after the last write; all changes until then are included."""
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
        box.timer = loop.call_at(due, self._begin, instance)

    def _begin(self, instance: str) -> None:
        """Start writing an instance's file in the writer thread."""
        box = self._boxes[instance]
        box.timer = None
        if box.writing:
            box.again = True
            return
        loop = asyncio.get_running_loop()
        box.written, box.writing = loop.time(), True
        done = loop.run_in_executor(self._disk, self._replace, instance, self._next(instance))
        done.add_done_callback(partial(self._written, instance, box))

    def _written(self, instance: str, box: Box, done: asyncio.Future[None]) -> None:
        box.writing = False
        error = done.exception()
        text = error.text if isinstance(error, BridgeError) else ""
        if isinstance(error, BridgeError):  # a full disk must not stop the jobs, so the write is tried again
            if text != box.problem:  # reported once, not at every attempt
                log.error("outbox of %s: %s", instance, text)
            self._plan(instance, ONCE_MORE)
        elif error is not None:
            log.error("outbox of %s", instance, exc_info=error)
        box.problem = text
        if box.again:
            box.again = False
            self._plan(instance, 0.0)

    # --- what --------------------------------------------------------------------------------------------------------

    def _next(self, instance: str) -> bytes | None:
        """Return the next content of an instance's file, or None if the file has no reader and should be removed."""
        box = self._boxes.setdefault(instance, Box())
        if box.left and all(entry.ended for entry in self._entries_of(instance)):
            del self._boxes[instance]
            return None
        return _encoded(self.content(instance))

    def _replace(self, instance: str, content: bytes | None) -> None:
        """Write an instance's file, or remove it if `content` is None; called in the writer thread."""
        path = self._folder / f"{instance}.json"
        if content is None:
            busy_files.remove(path, missing_ok=True)
        else:
            write_bytes(path, content, sync=False)

    def _entries_of(self, instance: str) -> list[Entry]:
        """Return the entries of the instance's open jobs and of its last finished jobs, oldest first."""
        known = {job.id: self._entry(job) for job in self._registry.jobs()}
        self._entries = known  # drops the entries of jobs that are no longer in the registry
        mine = [entry for entry in known.values() if instance in entry.readers]
        finished = [entry.job.id for entry in mine if entry.ended]
        old = set(finished[: max(0, len(finished) - self._keep)])
        return [entry for entry in mine if entry.job.id not in old]

    def _entry(self, job: Job) -> Entry:
        """Return a job's entry; it is rebuilt only if the job has changed."""
        variations = self._registry.variations(job.id)
        entry = self._entries.get(job.id)
        # the lists nearly always contain the same objects, so the comparison is quick
        if entry is None or entry.job is not job or entry.variations != variations:
            readers = frozenset({job.instance, *(one.placed_by for one in variations if one.placed_by)})
            ended = self._registry.state(job.id) in (*ENDED, State.PARTIAL)
            answer = msgspec.Raw(_encoded(self._job(job, variations)))
            entry = self._entries[job.id] = Entry(job, variations, readers, ended, answer)
        return entry

    def _job(self, job: Job, variations: list[Variation]) -> JobAnswer:
        return JobAnswer(
            job_id=job.id,
            message_id=job.message_id,
            repeats=list(job.repeats),
            state=self._registry.state(job.id),
            engine=job.engine,
            cost=cost_answer(job),
            warnings=[dict(warning) for warning in job.warnings],
            variations=[variation_answer(variation) for variation in variations],
        )


def _encoded(content: OutboxFile | JobAnswer) -> bytes:
    try:
        return msgspec.json.encode(content)
    except UnicodeEncodeError:  # a path is not valid UTF-8, so it is written with escapes
        return json.dumps(msgspec.to_builtins(content)).encode()


def _says_open(path: Path) -> bool:
    """Return whether a file shows an open job; also True if the file is unreadable, so that it is rewritten."""
    try:
        jobs = json.loads(path.read_bytes())["jobs"]
        return any(job["state"] not in (*ENDED, State.PARTIAL) for job in jobs)
    except (OSError, ValueError, KeyError, TypeError):
        return True
