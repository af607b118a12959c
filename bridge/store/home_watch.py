"""Notices that the home was removed, moved or replaced while the daemon runs.

The daemon's open files then belong to no home, or to another one, so nothing more may be submitted or written. Every
call to the journal checks this first (bridge.store.async_store), and the daemon checks it every second.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from bridge.config.home import FOLDERS, prepare_home
from bridge.errors import HomeError, HomeLost

log = logging.getLogger(__name__)

LOOK = 1.0  # seconds between checks
NAMES = ("", "bridge.db", "daemon.lock")  # the home itself, and the files that the daemon keeps open

Identity = tuple[int, int]  # device and inode; differs after a move, a removal or a restored backup


class HomeWatch:
    """The identity of one home, as it was at the start of the daemon."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._known = {name: _identity(home / name) for name in NAMES}

    def require(self) -> None:
        """Check that the home is the one of the start.

        Raises:
            HomeLost: the home was removed or replaced, or cannot be reached.
        """
        for name, known in self._known.items():
            if known is None or _identity(self._home / name) != known:
                raise HomeLost(f"The bridge's home {self._home} was removed or replaced while the bridge was running.")

    async def wait(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> HomeLost:
        """Return the error as soon as the home is lost; until then, create folders again that were removed from it."""
        while True:
            try:
                await asyncio.to_thread(self.require)
                await asyncio.to_thread(self._complete)
            except HomeLost as lost:
                return lost
            await sleep(LOOK)

    def _complete(self) -> None:
        missing = [name for name in FOLDERS if not (self._home / name).exists()]
        if missing:
            log.warning("the home has lost the folders %s; they are created again", ", ".join(missing))
            try:
                prepare_home(self._home)
            except HomeError as problem:
                log.error("%s", problem.text)


def _identity(path: Path) -> Identity | None:
    """Return a file's identity; None if it does not exist or cannot be reached."""
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_dev, about.st_ino
