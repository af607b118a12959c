"""The log: one rotating file in the home, from which secrets are removed.

The daemon sets up the log before anything else; every module uses `logging.getLogger(__name__)`.
"""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import time
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO, cast

from bridge.errors import HomeError
from bridge.util import busy_files
from bridge.util.redact import SCRUBBER, Scrubber

FILE = "bridge.log"
LARGEST = 2_000_000  # bytes; maximum size of one file
KEPT = 5  # number of older files to keep
_NAME = "ace-bridge"  # name of the handlers that `set_up` adds
_LINE = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_QUIET = ("httpx", "httpcore", "watchfiles", "asyncio")  # libraries that log every request or file, including URLs


class ScrubbingFormatter(logging.Formatter):
    """A formatter that removes secrets from each log line, including any traceback."""

    def __init__(self, scrubber: Scrubber = SCRUBBER) -> None:
        super().__init__(_LINE)
        self._scrubber = scrubber

    def format(self, record: logging.LogRecord) -> str:
        """Return the formatted record without secrets."""
        return self._scrubber.clean(super().format(record))

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - overrides logging's method
        """Return local time with milliseconds and UTC offset."""
        local = time.localtime(record.created)
        return f"{time.strftime('%Y-%m-%dT%H:%M:%S', local)}.{int(record.msecs):03d}{time.strftime('%z', local)}"


class PrivateFileHandler(logging.handlers.RotatingFileHandler):
    """A rotating file that only its owner can read and write."""

    def doRollover(self) -> None:  # noqa: N802 - overrides logging's method
        """Start a new file. While another program has the file open (on Windows), continue in the same file.

        This must not wait, because the event loop writes to the log. The older files move up only as far as the first
        number that is free, so that another attempt after a failure loses none of them.
        """
        if self.stream is not None:
            self.stream.close()
        names = [Path(self.baseFilename), *(Path(f"{self.baseFilename}.{n}") for n in range(1, self.backupCount + 1))]
        free = next((number for number in range(1, self.backupCount) if not names[number].exists()), self.backupCount)
        with contextlib.suppress(OSError):
            for number in range(free, 0, -1):
                busy_files.replace(names[number - 1], names[number], pauses=busy_files.NO_WAIT)
        self.stream = self._open()

    def _open(self) -> TextIOWrapper:
        opened = open(  # noqa: SIM115 - the handler closes it; Path.open takes no opener
            self.baseFilename,
            self.mode,
            encoding=self.encoding,
            errors=self.errors,
            opener=lambda path, flags: os.open(path, flags, 0o600),
        )
        return cast(TextIOWrapper, opened)


def set_up(home: Path, level: str = "INFO", console: TextIO | None = None) -> None:
    """Log to logs/bridge.log, and to a console if one is given.

    A second call replaces the handlers of the first.

    Args:
        home: the bridge's folder.
        level: "DEBUG", "INFO", "WARNING" or "ERROR".
        console: stream for a copy of the log, for example stderr.

    Raises:
        HomeError: the log file cannot be opened.
    """
    folder = home / "logs"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = PrivateFileHandler(
            folder / FILE, maxBytes=LARGEST, backupCount=KEPT, encoding="utf-8", errors="backslashreplace"
        )
    except OSError as problem:
        raise HomeError(f"The log {folder / FILE} cannot be written: {problem.strerror}.") from problem
    take_down()
    root = logging.getLogger()
    for handler in (file, logging.StreamHandler(console) if console else None):
        if handler:
            handler.setFormatter(ScrubbingFormatter())
            handler.set_name(_NAME)
            root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)


def take_down() -> None:
    """Remove the handlers that `set_up` added; other handlers stay."""
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if handler.get_name() == _NAME]:
        root.removeHandler(handler)
        handler.close()
    logging.captureWarnings(False)
