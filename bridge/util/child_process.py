"""A helper process that exchanges JSON lines with the daemon over its stdin and stdout.

The caller chooses the program and the time limits, and decides what to do when the process ends or does not answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from bridge.util import spawn
from bridge.util.redact import without_secrets

log = logging.getLogger(__name__)

LINE_LIMIT = 2**20  # bytes; default maximum length of one line
SHOWN = 200  # number of bytes of an invalid line to log
KILL_SECONDS = 2.0  # s to wait for a killed process to end, which a disconnected drive may prevent


def shown(line: bytes) -> str:
    """Return a line for the log: shortened, with control characters escaped."""
    return repr(line[:SHOWN].decode(errors="replace")) + ("…" if len(line) > SHOWN else "")


class ChildProcess:
    """A helper process and its pipes."""

    LOG_NAME: ClassVar[str] = ""  # label of the process's stderr in the log; "": stderr is discarded

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Wrap a running process.

        Raises:
            RuntimeError: the process has no pipes.
        """
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the process was started without pipes")
        self.process = process
        self._stdin, self._stdout = process.stdin, process.stdout
        self._logging = asyncio.create_task(self._log(process.stderr)) if self.LOG_NAME and process.stderr else None

    @classmethod
    async def start(
        cls,
        *command: str,
        environ: Mapping[str, str] | None = None,
        line_limit: int = LINE_LIMIT,
    ) -> Self:
        """Start a process.

        Args:
            command: the program and its arguments.
            environ: environment of the process, from which API keys are removed; None: the daemon's environment.
            line_limit: maximum length of a line on its stdout, bytes.

        Raises:
            OSError: the program cannot be started.
        """
        inherited = without_secrets(environ)
        return cls(await spawn.start_with_pipes(command, inherited, line_limit=line_limit, log=bool(cls.LOG_NAME)))

    @property
    def alive(self) -> bool:
        """Return whether the process is running."""
        return self.process.returncode is None

    @property
    def how_it_ended(self) -> str:
        """Return the signal or exit code of the ended process, as text."""
        code = self.process.returncode
        return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"

    def write(self, message: Mapping[str, Any]) -> None:
        """Write one line without waiting; do nothing if the process is ending."""
        if not self._stdin.is_closing():
            self._stdin.write(json.dumps(message).encode() + b"\n")

    async def send(self, message: Mapping[str, Any]) -> None:
        """Write one line; wait while the pipe is full.

        Raises:
            ConnectionError: the process has ended.
        """
        self.write(message)
        await self._stdin.drain()

    async def read(self, timeout_seconds: float | None = None) -> dict[str, Any] | None:
        """Return the JSON object on the next line, or None at the end of the output.

        Raises:
            TimeoutError: no complete line arrived within `timeout_seconds`.
            ValueError: the line is not a JSON object, or too long.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                line = await self._stdout.readline()
        except ConnectionError:  # on Windows: the other end of the pipe is closed
            return None
        except ValueError as error:  # asyncio has discarded the line
            raise ValueError("longer than the limit") from error
        if not line.endswith(b"\n"):
            return None
        try:
            message = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"not JSON: {shown(line)}") from error
        if not isinstance(message, dict):
            raise ValueError(f"not a JSON object: {shown(line)}")
        return message

    async def read_valid(self, timeout_seconds: float | None = None) -> dict[str, Any] | None:
        """Return the next JSON object, or None at the end of the output. Log and skip every other line.

        Raises:
            TimeoutError: no JSON object arrived within `timeout_seconds`.
        """
        async with asyncio.timeout(timeout_seconds):
            while True:
                try:
                    return await self.read()
                except ValueError as error:  # for example, a warning printed by a library
                    log.warning("ignored a line of process %d: %s", self.process.pid, error)

    async def end(self, wait_seconds: float) -> bool:
        """Close the process's stdin, which tells the process to end, then call `wait_for_end`."""
        self._stdin.close()
        return await self.wait_for_end(wait_seconds)

    async def wait_for_end(self, wait_seconds: float | None = None) -> bool:
        """Wait for the process to end, and kill it after `wait_seconds`; return whether it ended without being killed.

        None means KILL_SECONDS. The process is not killed immediately: if it has just ended, sending a signal would
        collect its exit code (subprocess.Popen.send_signal polls), and asyncio's watcher, which comes too late, would
        report 255.
        """
        await self._wait(KILL_SECONDS if wait_seconds is None else wait_seconds)
        if not self.alive:
            return True
        await self.kill()
        return False

    async def kill(self) -> None:
        """Kill the process and wait until it has ended."""
        with contextlib.suppress(ProcessLookupError):  # the process has just ended
            self.process.kill()
        await self._wait(KILL_SECONDS)

    async def _wait(self, seconds: float) -> None:
        """Wait until the process has ended and its output has been read; then close its pipes.

        asyncio reads to the end of the output, which another process that inherited the pipes may delay.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.process.wait()
                if self._logging is not None:
                    await asyncio.wait([self._logging])
        if not self.alive:
            self.process._transport.close()  # type: ignore[attr-defined]  # asyncio has no public function for this

    async def _log(self, stderr: asyncio.StreamReader) -> None:
        """Copy the process's stderr, including library output, to the log."""
        while text := await stderr.read(LINE_LIMIT):
            log.info("%s %d: %s", self.LOG_NAME, self.process.pid, text.decode(errors="replace").rstrip())
