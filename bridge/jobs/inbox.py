"""The inbox: how a message file becomes a job, whatever happens in between.

The folder is watched natively and looked at now and then all the same; OSC may ring to have it looked at once. A
message goes whole into the store first, then into the outbox's answer, and only then does its file go.
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

SECOND_LOOK = 0.3  # s after which a message that could not be read is read once more: it may have been half-written

Stamp = tuple[int, int, int]  # inode, size in bytes and time of the last change in ns: differ after every write


@dataclass(frozen=True, slots=True)
class Receipt:
    """A message that was taken in."""

    message_id: str
    job_id: str | None  # the job it made, if it asked for one
    error: BridgeError | None = None  # why it has no effect


class Inbox:
    """Takes the files of a folder in, oldest first, one after the other."""

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
        self._suspects: dict[str, Stamp] = {}  # files that could not be read once, by name
        self._looking = asyncio.Lock()
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to look."""
        self._tasks.append(asyncio.create_task(self._look_now_and_then(), name="inbox"))
        if self._native:
            self._tasks.append(asyncio.create_task(self._watch(), name="inbox watch"))

    async def stop(self) -> None:
        """Stop looking; files that come now are taken in at the next start."""
        self._stop.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def scan(self) -> dict[str, Receipt]:
        """Take in what is there; return it by message_id."""
        receipts: dict[str, Receipt] = {}
        async with self._looking:
            for path in await asyncio.to_thread(self._files):
                result = await self._process(path)
                if result is not None:
                    receipts[result.message_id] = result
        return receipts

    # --- inner parts -------------------------------------------------------------------------------------------------

    async def _look_now_and_then(self) -> None:
        while not self._stop.is_set():
            await self._scan_safely()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), self._interval)

    async def _watch(self) -> None:
        """Look as soon as the system says that something is new; when it cannot say so, look more often.

        What came after the first look and before the system began to watch is told by nobody: the first time that it
        has nothing to say, there is one more look.
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
            log.warning("the system does not tell of new files (%s): looking every %s s", problem, self._poll_interval)
            self._interval = self._poll_interval

    async def _scan_safely(self) -> None:
        try:
            await self.scan()
        except Exception:
            log.exception("the inbox could not be looked at")

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
            return None  # taken back, or taken in by an earlier look
        except RequestError as error:
            if await asyncio.to_thread(self._is_new_suspect, path):
                self._scan_later()
                return None
            await asyncio.to_thread(self._reject, path, error)
            return None
        except HomeError as error:  # this machine's trouble: the message stays and is taken in when it is over
            if await asyncio.to_thread(self._is_new_suspect, path):
                log.error("%s waits in the inbox: %s", path.name, error.text)
                self._bus.publish(Alert(error.code, error.text))
            return None
        except Exception:  # one message must not keep the others from being taken in
            log.exception("message %s", path.name)
            await asyncio.to_thread(self._reject, path, Unexpected())
            return None
        self._suspects.pop(path.name, None)
        if not await asyncio.to_thread(self._remove, path, stamp):
            self._scan_later()
        return receipt

    @staticmethod
    def _remove(path: Path, stamp: Stamp) -> bool:
        """Remove a file that was taken in; return False if it has changed since it was read, and keep it."""
        with contextlib.suppress(FileNotFoundError):
            if _stamp(path.lstat()) != stamp:
                return False
            path.unlink()
        return True

    def _scan_later(self) -> None:
        asyncio.get_running_loop().call_later(SECOND_LOOK, self._look_again)

    def _look_again(self) -> None:
        if not self._stop.is_set():
            self._tasks = [task for task in self._tasks if not task.done()]
            self._tasks.append(asyncio.create_task(self._scan_safely(), name="inbox second look"))

    def _read(self, path: Path) -> tuple[bytes, Stamp]:
        """Return a file's content and its stamp.

        Raises:
            FileNotFoundError: the file is gone.
            MessageTooLarge: it has more bytes than a message may have.
            MessageUnreadable: it is no regular file, or a program is still writing it.
        """
        try:
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        except FileNotFoundError:
            raise
        except OSError as problem:
            if problem.errno == errno.ELOOP:
                raise MessageUnreadable(f"{path.name} is a symbolic link, which is not followed.") from problem
            raise MessageUnreadable(f"{path.name} cannot be opened: {problem.strerror}.") from problem
        with os.fdopen(handle, "rb") as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode) or path.is_symlink():
                raise MessageUnreadable(f"{path.name} is no regular file.")
            data = b"" if before.st_size > self._largest else file.read(self._largest + 1)
            after = os.fstat(file.fileno())
        size = max(before.st_size, after.st_size, len(data))
        if size > self._largest:
            raise MessageTooLarge(f"{path.name} has {size} bytes; a message may have {self._largest}.")
        if _stamp(before) != _stamp(after) or len(data) != after.st_size:
            raise MessageUnreadable(f"{path.name} changed while it was read.")
        return data, _stamp(after)

    def _is_new_suspect(self, path: Path) -> bool:
        """Tell whether this file deserves a second look: it was not seen like this before."""
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
            log.error("why %s was rejected cannot be written beside it: %s", path.name, problem.text)
        log.warning("%s was rejected: %s", path.name, error.text)
        self._bus.publish(Alert(error.code, error.text))


def _stamp(about: os.stat_result) -> Stamp:
    return about.st_ino, about.st_size, about.st_mtime_ns
