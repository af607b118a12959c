"""The inbox: passes message files to the message handler, then removes or rejects the files.

The folder is watched through the operating system and also polled, and an OSC message triggers an immediate scan. A
message is first recorded in the store, then answered in the outbox; its file is removed last.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from watchfiles import awatch

from bridge.errors import BridgeError, HomeError, MessageTooLarge, MessageUnreadable, RequestError, Unexpected
from bridge.events import Alert, EventBus
from bridge.util.atomic import write_json

log = logging.getLogger(__name__)

SECOND_LOOK = 0.3  # seconds after which an unreadable file is read again, since it may have been half-written

Stamp = tuple[int, int, int]  # inode, size in bytes, modification time in ns; changes with every write


@dataclass(frozen=True, slots=True)
class Receipt:
    """The outcome of a handled message."""

    message_id: str
    job_id: str | None  # ID of the job concerned, if any
    error: BridgeError | None = None  # why the message was refused


class Inbox:
    """A folder whose files are passed to the message handler one at a time, oldest first."""

    def __init__(
        self,
        folder: Path,
        take: Callable[[bytes], Awaitable[Receipt]],
        bus: EventBus,
        *,
        native: bool,
        poll_interval: float,
        safety_interval: float,
        largest: int,
    ) -> None:
        self._folder = folder
        self._take = take
        self._bus = bus
        self._native = native
        self._poll_interval = poll_interval
        self._interval = safety_interval if native else poll_interval
        self._largest = largest
        self._suspects: dict[str, Stamp] = {}  # stamps of the files that were unreadable at the last scan, by file name
        self._scanning = asyncio.Lock()
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start watching and polling the folder."""
        self._tasks.append(asyncio.create_task(self._poll(), name="inbox"))
        if self._native:
            self._tasks.append(asyncio.create_task(self._watch(), name="inbox watch"))

    async def stop(self) -> None:
        """Stop watching and polling; files that arrive later are handled at the next start."""
        self._stop.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def scan(self) -> dict[str, Receipt]:
        """Handle all files in the folder; return the receipts by message ID."""
        receipts: dict[str, Receipt] = {}
        async with self._scanning:
            for path in await asyncio.to_thread(self._files):
                result = await self._process(path)
                if result is not None:
                    receipts[result.message_id] = result
        return receipts

    # --- inner parts -------------------------------------------------------------------------------------------------

    async def _poll(self) -> None:
        while not self._stop.is_set():
            await self._scan_safely()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), self._interval)

    async def _watch(self) -> None:
        """Scan when the operating system reports a change; if the folder cannot be watched, poll more often.

        Files that arrive between the first scan and the start of the watch are not reported. Therefore, the folder
        is scanned once more when the watch first reports that nothing has changed.
        """
        settled = False
        try:
            async for news in awatch(
                self._folder,
                recursive=False,
                debounce=20,
                step=5,
                stop_event=self._stop,
                rust_timeout=1000,
                yield_on_timeout=True,
            ):
                if news or not settled:
                    settled = settled or not news
                    await self._scan_safely()
        except (OSError, RuntimeError) as problem:
            log.warning("the inbox cannot be watched (%s); polling every %s s", problem, self._poll_interval)
            self._interval = self._poll_interval

    async def _scan_safely(self) -> None:
        try:
            await self.scan()
        except Exception:
            log.exception("the inbox could not be scanned")

    def _files(self) -> list[Path]:
        found = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name.endswith(".json") and not entry.name.startswith("."):
                    with contextlib.suppress(FileNotFoundError):
                        found.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry.name, Path(entry.path)))
        return [path for _, _, path in sorted(found)]

    async def _process(self, path: Path) -> Receipt | None:
        try:
            data, stamp = await asyncio.to_thread(self._read, path)
            receipt = await self._take(data)
        except FileNotFoundError:
            return None  # the sender removed the file, or an earlier scan handled it
        except RequestError as error:
            if await asyncio.to_thread(self._is_new_suspect, path):
                self._scan_later()
                return None
            await asyncio.to_thread(self._reject, path, error)
            return None
        except HomeError as error:  # a problem on this machine: the file stays until the problem is solved
            if await asyncio.to_thread(self._is_new_suspect, path):
                log.error("%s stays in the inbox: %s", path.name, error.text)
                self._bus.publish(Alert(error.code, error.text))
            return None
        except Exception:  # one message must not block the others
            log.exception("message %s", path.name)
            await asyncio.to_thread(self._reject, path, Unexpected())
            return None
        self._suspects.pop(path.name, None)
        if not await asyncio.to_thread(self._remove, path, stamp):
            self._scan_later()
        return receipt

    @staticmethod
    def _remove(path: Path, stamp: Stamp) -> bool:
        """Remove a handled file unless it has changed since it was read; return whether the file is gone."""
        with contextlib.suppress(FileNotFoundError):
            if _stamp(path.lstat()) != stamp:
                return False
            path.unlink()
        return True

    def _scan_later(self) -> None:
        asyncio.get_running_loop().call_later(SECOND_LOOK, self._scan_again)

    def _scan_again(self) -> None:
        if not self._stop.is_set():
            self._tasks = [task for task in self._tasks if not task.done()]
            self._tasks.append(asyncio.create_task(self._scan_safely(), name="inbox second scan"))

    def _read(self, path: Path) -> tuple[bytes, Stamp]:
        """Return a file's content and its stamp.

        Raises:
            FileNotFoundError: the file is gone.
            MessageTooLarge: the file is larger than a message may be.
            MessageUnreadable: the path is not a regular file, or a program is still writing to it.
        """
        try:
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        except FileNotFoundError:
            raise
        except OSError as problem:
            if problem.errno == errno.ELOOP:
                raise MessageUnreadable(f"{path.name} is a symbolic link; links are not followed.") from problem
            raise MessageUnreadable(f"{path.name} cannot be opened: {problem.strerror}.") from problem
        with os.fdopen(handle, "rb") as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode) or path.is_symlink():
                raise MessageUnreadable(f"{path.name} is not a regular file.")
            data = b"" if before.st_size > self._largest else file.read(self._largest + 1)
            after = os.fstat(file.fileno())
        size = max(before.st_size, after.st_size, len(data))
        if size > self._largest:
            raise MessageTooLarge(f"{path.name} has {size} bytes; a message may have {self._largest}.")
        if _stamp(before) != _stamp(after) or len(data) != after.st_size:
            raise MessageUnreadable(f"{path.name} changed while it was read.")
        return data, _stamp(after)

    def _is_new_suspect(self, path: Path) -> bool:
        """Return whether this version of the file fails for the first time, and record the version's stamp."""
        try:
            about = path.lstat()
        except FileNotFoundError:
            return True
        seen = _stamp(about)
        if self._suspects.get(path.name) == seen:
            return False
        self._suspects[path.name] = seen
        return True

    def _reject(self, path: Path, error: BridgeError) -> None:
        self._suspects.pop(path.name, None)
        rejected = self._folder / "rejected"
        rejected.mkdir(exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            path.replace(rejected / path.name)
        try:
            write_json(rejected / f"{path.name}.error", error.to_wire(), sync=False)
        except BridgeError as problem:
            log.error("the reason for rejecting %s could not be written: %s", path.name, problem.text)
        log.warning("%s was rejected: %s", path.name, error.text)
        self._bus.publish(Alert(error.code, error.text))


def _stamp(about: os.stat_result) -> Stamp:
    return about.st_ino, about.st_size, about.st_mtime_ns
