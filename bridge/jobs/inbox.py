"""The inbox: passes message files to the message handler, then removes or rejects the files.

The folder is watched through the operating system and also polled, and an OSC message triggers an immediate scan. A
message is first recorded in the store, then answered in the outbox; its file is removed last.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from watchfiles import awatch

from bridge.errors import BridgeError, HomeError, MessageTooLarge, MessageUnreadable, RequestError, Unexpected
from bridge.events import Alert, EventBus
from bridge.util import busy_files
from bridge.util.atomic import make_folder, write_json

log = logging.getLogger(__name__)

SECOND_LOOK = 0.3  # seconds after which an unreadable file is read again, since it may have been half-written
BEGINNING = 65536  # bytes of a rejected message that are searched for its sender

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
        refused: Callable[[str, bytes, BridgeError], None] = lambda name, data, error: None,
    ) -> None:
        """Prepare the inbox without reading it.

        Args:
            folder: folder of the message files.
            take: function that handles a message.
            bus: receives an alert for each message that is rejected.
            native: whether the operating system reports new files.
            poll_interval: time between two scans if it does not, s.
            safety_interval: time between two scans if it does, s.
            largest: largest size of a message, bytes.
            refused: function that tells a message's sender about its rejection; it gets the file's name without .json,
                the beginning of its content, and the error.
        """
        self._folder = folder
        self._take = take
        self._bus = bus
        self._native = native
        self._poll_interval = poll_interval
        self._interval = safety_interval if native else poll_interval
        self._largest = largest
        self._refused = refused
        self._suspects: dict[str, Stamp] = {}  # stamps of the files that were unreadable at the last scan, by file name
        self._ignored: dict[str, Stamp] = {}  # stamps of the entries that can be neither read nor moved, by file name
        self._problem = ""  # why the folder could not be listed at the last scan
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
        except OSError as problem:
            if str(problem) != self._problem:  # reported once, not at every scan
                log.error("the inbox cannot be read: %s", problem)
            self._problem = str(problem)
        except Exception:
            log.exception("the inbox could not be scanned")
        else:
            self._problem = ""

    def _files(self) -> list[Path]:
        """Return the entries to handle, oldest first; an entry that could be neither read nor moved is left out.

        Raises:
            OSError: the folder cannot be listed.
        """
        found: list[tuple[int, str, Path]] = []
        ignored: dict[str, Stamp] = {}
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if not entry.name.endswith(".json") or entry.name.startswith("."):
                    continue
                with contextlib.suppress(OSError):
                    about = entry.stat(follow_symlinks=False)
                    if self._ignored.get(entry.name) == _stamp(about):
                        ignored[entry.name] = _stamp(about)
                    else:
                        found.append((about.st_mtime_ns, entry.name, Path(entry.path)))
        self._ignored = ignored
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
            await self._give_up(path, error)
            return None
        except HomeError as error:  # a problem on this machine: the file stays until the problem is solved
            if await asyncio.to_thread(self._is_new_suspect, path):
                log.error("%s stays in the inbox: %s", _shown(path), error.text)
                self._bus.publish(Alert(error.code, error.text))
            return None
        except Exception:  # one message must not block the others
            log.exception("message %s", _shown(path))
            await self._give_up(path, Unexpected())
            return None
        if not await asyncio.to_thread(self._remove, path, stamp):
            self._scan_later()
        return receipt

    def _remove(self, path: Path, stamp: Stamp) -> bool:
        """Remove a handled file; return False if it has changed since it was read, so that it is read again soon.

        A file that cannot be removed stays. Each scan then handles it again, which repeats only its receipt.
        """
        try:
            if _stamp(path.lstat()) != stamp:
                return False
            busy_files.remove(path, missing_ok=True)
        except FileNotFoundError:
            pass
        except OSError as problem:
            if self._is_new_suspect(path):  # reported once, not at every scan
                log.error("%s was handled but cannot be removed: %s", _shown(path), problem.strerror)
            return True
        self._suspects.pop(path.name, None)
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
            MessageUnreadable: the path is not a readable regular file, or a program is still writing to it.
            HomeError: on Windows, another program has the file open for itself, or this user may not read it.
        """
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                raise MessageUnreadable(f"{_shown(path)} is {_kind(path)}, not a file.")
            flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
            handle = busy_files.when_free(lambda: os.open(path, flags))
        except FileNotFoundError:
            raise
        except OSError as problem:
            if busy_files.is_in_use(problem):  # for example by a virus scanner: the message is complete, only not yet
                raise HomeError(f"{_shown(path)} is open in another program, or may not be read.") from problem
            raise MessageUnreadable(f"{_shown(path)} cannot be opened: {problem.strerror}.") from problem
        try:
            return self._content(path, handle)
        except OSError as problem:
            raise MessageUnreadable(f"{_shown(path)} cannot be read: {problem.strerror}.") from problem

    def _content(self, path: Path, handle: int) -> tuple[bytes, Stamp]:
        """Read and close an open file (see `_read`)."""
        if not stat.S_ISREG(os.stat(handle).st_mode):  # replaced since it was checked
            os.close(handle)
            raise MessageUnreadable(f"{_shown(path)} is not a file.")
        with os.fdopen(handle, "rb") as file:
            before = os.fstat(file.fileno())
            data = b"" if before.st_size > self._largest else file.read(self._largest + 1)
            after = os.fstat(file.fileno())
        size = max(before.st_size, after.st_size, len(data))
        if size > self._largest:
            raise MessageTooLarge(f"{_shown(path)} has {size} bytes; a message may have {self._largest}.")
        if _stamp(before) != _stamp(after) or len(data) != after.st_size:
            raise MessageUnreadable(f"{_shown(path)} changed while it was read.")
        return data, _stamp(after)

    def _is_new_suspect(self, path: Path) -> bool:
        """Return whether this version of the file fails for the first time, and record the version's stamp."""
        try:
            about = path.lstat()
        except OSError:
            return True
        seen = _stamp(about)
        if self._suspects.get(path.name) == seen:
            return False
        self._suspects[path.name] = seen
        return True

    async def _give_up(self, path: Path, error: BridgeError) -> None:
        """Reject a message, and tell its sender."""
        data = await asyncio.to_thread(_beginning, path)
        await asyncio.to_thread(self._reject, path, error)
        self._refused(path.stem, data, error)

    def _reject(self, path: Path, error: BridgeError) -> None:
        """Move an entry to `rejected`, with the reason; if it cannot be moved, ignore it from now on."""
        self._suspects.pop(path.name, None)
        try:
            moved = self._moved(path)
        except OSError as problem:
            with contextlib.suppress(OSError):
                self._ignored[path.name] = _stamp(path.lstat())
            log.warning("%s is ignored and stays in the inbox (%s): %s", _shown(path), problem.strerror, error.text)
        else:
            try:
                write_json(moved.with_name(f"{moved.name}.error"), error.to_wire(), sync=False)
            except BridgeError as problem:
                log.error("the reason for rejecting %s could not be written: %s", _shown(path), problem.text)
            log.warning("%s was rejected: %s", _shown(path), error.text)
        self._bus.publish(Alert(error.code, error.text))

    def _moved(self, path: Path) -> Path:
        """Move an entry to `rejected`, under another name if a folder has its name there; return the new path.

        Raises:
            OSError: the entry cannot be moved.
        """
        rejected = self._folder / "rejected"
        make_folder(rejected)
        names = (path.name, *(f"{path.stem}-{count}.json" for count in range(2, 1000)))
        target = next(rejected / name for name in names if _may_replace(rejected / name, path))
        with contextlib.suppress(FileNotFoundError):
            busy_files.replace(path, target)
        return target


def _may_replace(target: Path, path: Path) -> bool:
    """Return whether `path` may be renamed to `target`: a folder neither replaces anything nor is replaced."""
    return not os.path.lexists(target) or not (target.is_dir() or path.is_dir())


def _kind(path: Path) -> str:
    """Return what an entry is if it is not a regular file."""
    mode = path.lstat().st_mode
    kinds = {
        stat.S_IFDIR: "a folder",
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
    }
    return kinds.get(stat.S_IFMT(mode), "a device")


def _shown(path: Path) -> str:
    """Return a file's name for a log or an error; bytes that are not UTF-8 become question marks."""
    return path.name.encode(errors="replace").decode()


def _beginning(path: Path) -> bytes:
    """Return the beginning of a file, or nothing if it is not a regular file or cannot be read."""
    with contextlib.suppress(OSError):
        if stat.S_ISREG(path.lstat().st_mode):
            with path.open("rb") as file:
                return file.read(BEGINNING)
    return b""


def _stamp(about: os.stat_result) -> Stamp:
    return about.st_ino, about.st_size, about.st_mtime_ns
