"""The client for the command line: writes messages to the inbox, reads its own outbox and starts the daemon.

It uses only the standard library so that it imports quickly, because a user who has pressed a key is waiting.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge import PROTOCOL
from bridge.errors import BridgeError, HomeError, NotRunning, from_wire

if TYPE_CHECKING:
    import subprocess

POLL = 0.05  # s; time between two reads of the outbox
START_PATIENCE = 20.0  # s; time limit for a daemon to start, even on a slow disk
OVER = ("done", "failed", "cancelled", "unknown", "partial")  # states of a job that has ended
PING = b"/bridge/ping\0\0\0\0,\0\0\0"  # one OSC message without arguments


class Client:
    """The client for one run of a command."""

    def __init__(self, home: Path) -> None:
        self.home = home

    @cached_property
    def instance(self) -> str:
        """The instance ID of this run."""
        return new_id()

    # --- the daemon --------------------------------------------------------------------------------------------------

    def daemon(self) -> dict[str, Any] | None:
        """Return the content of daemon.json if the daemon that it describes answers, else None."""
        try:
            about: dict[str, Any] = json.loads((self.home / "daemon.json").read_bytes())
        except (OSError, ValueError):
            return None
        alive = answers(int(about.get("osc_port") or 0)) and self._is_locked()
        return about if alive else None

    def _is_locked(self) -> bool:
        """Return whether a daemon has locked this home.

        Checking the port is not enough: after a crash, the daemon of a different home may use the same port.
        """
        if sys.platform == "win32":
            return True  # on Windows, a shared lock needs an extra library, so only the port is checked
        import fcntl

        with contextlib.suppress(FileNotFoundError), (self.home / "daemon.lock").open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
        return False

    def need_daemon(self) -> dict[str, Any]:
        """Return the content of daemon.json.

        Raises:
            NotRunning: no daemon answers.
        """
        about = self.daemon()
        if about is None:
            raise NotRunning
        return about

    def start(self) -> dict[str, Any]:
        """Start the daemon if none is running, and return the content of daemon.json.

        Raises:
            BridgeError: the daemon did not start; the error gives the reason.
        """
        about = self.daemon()
        if about is not None:
            return about
        note = self.home / "logs" / "start.json"
        try:
            process = self._spawn(note)
        except OSError as problem:
            where = problem.filename or self.home
            raise HomeError(f"The daemon cannot be started ({where}: {problem.strerror}).") from problem
        return self._wait_until_up(process, note)

    def _spawn(self, note: Path) -> subprocess.Popen[bytes]:
        """Start the daemon as a detached process, which writes any startup error to the file `note`."""
        import subprocess  # imported only here, because `send` and `status` need no subprocess

        for folder in (self.home, note.parent):  # mkdir applies the mode only to the last folder, not to its parents
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        note.unlink(missing_ok=True)
        detached: dict[str, Any] = (
            {"creationflags": 0x00000208}  # DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP
            if sys.platform == "win32"
            else {"start_new_session": True}
        )
        with (note.parent / "start.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "bridge", "run", "--quiet"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "ACE_BRIDGE_HOME": str(self.home), "ACE_BRIDGE_START_NOTE": str(note)},
                **detached,
            )

    def _wait_until_up(self, process: subprocess.Popen[bytes], note: Path) -> dict[str, Any]:
        end = time.monotonic() + START_PATIENCE
        while time.monotonic() < end:
            about = self.daemon()
            if about is not None:
                _end_rival(process, int(about["pid"]))
                return about
            if process.poll() is not None:
                about = self.daemon()  # another daemon may have taken the lock first
                if about is not None:
                    return about
                break
            time.sleep(POLL)
        with contextlib.suppress(OSError, ValueError):
            raise from_wire(json.loads(note.read_bytes()))
        raise HomeError(f"The daemon did not start; see {self.home / 'logs' / 'start.log'}.")

    # --- messages ----------------------------------------------------------------------------------------------------

    def send(self, command: str, args: dict[str, Any]) -> str:
        """Write a message to the inbox and return its ID."""
        message_id = new_id()
        message = {
            "protocol": PROTOCOL,
            "message_id": message_id,
            "command": command,
            "instance": self.instance,
            "args": args,
        }
        inbox = self.home / "inbox"
        try:
            for folder in (self.home, inbox):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            partial = inbox / f".{message_id}.tmp"
            partial.write_text(json.dumps(message, allow_nan=False), encoding="utf-8")
            partial.replace(inbox / f"{message_id}.json")
        except OSError as problem:
            raise HomeError(f"The message cannot be written to {inbox}: {problem.strerror}.") from problem
        return message_id

    def follow(self, message_id: str) -> Iterator[dict[str, Any]]:
        """Yield the job that a message started, each time it changes, until it has ended.

        Raises:
            BridgeError: the message was refused, or the daemon has stopped.
        """
        last: dict[str, Any] | None = None
        for document in self._outbox(message_id):
            self._raise_refusal(document, message_id)
            job = next((one for one in document["jobs"] if one["message_id"] == message_id), None)
            if job is not None and job != last:
                last = job
                yield job
                if job["state"] in OVER:
                    return

    def follow_again(
        self, job_id: str, instance: str, ended: Callable[[], dict[str, Any] | None]
    ) -> Iterator[dict[str, Any]]:
        """Yield a retried job, each time it changes, until it has ended.

        Args:
            job_id: the job.
            instance: the instance that requested the job; the job is read from the outbox of this instance.
            ended: function that returns the job once it has ended according to the journal, else None; the outbox may
                still show the end of an earlier attempt.

        Raises:
            NotRunning: the daemon has stopped.
        """
        last: dict[str, Any] | None = None
        path, looked = self.home / "outbox" / f"{instance}.json", time.monotonic()
        while (end := ended()) is None:
            with contextlib.suppress(OSError, ValueError):
                jobs = json.loads(path.read_bytes())["jobs"]
                job = next((one for one in jobs if one["job_id"] == job_id), None)
                if job is not None and job != last and job["state"] not in OVER:
                    last = job
                    yield job
            if time.monotonic() - looked > 2.0:
                looked = time.monotonic()
                if self.daemon() is None:
                    raise NotRunning("The daemon has stopped. This remix continues after the next `ace-bridge start`.")
            time.sleep(2 * POLL)
        yield end

    def answer(self, message_id: str) -> None:
        """Wait until the daemon has handled a message that starts no job.

        Raises:
            BridgeError: the message was refused.
        """
        path = self.home / "inbox" / f"{message_id}.json"
        while path.exists():
            self.need_daemon()
            time.sleep(POLL)
        self._raise_rejection(message_id)
        with contextlib.suppress(OSError, ValueError):
            self._raise_refusal(json.loads(self._outbox_path.read_bytes()), message_id)

    def bye(self) -> None:
        """Disconnect from the daemon; jobs continue."""
        with contextlib.suppress(BridgeError):
            self.send("bye", {})

    @property
    def _outbox_path(self) -> Path:
        return self.home / "outbox" / f"{self.instance}.json"

    def _outbox(self, message_id: str) -> Iterator[dict[str, Any]]:
        """Yield the outbox's content after each change; raise an error if the daemon stops or rejects the message."""
        seen: object = None
        quiet_since = time.monotonic()
        while True:
            try:
                about = self._outbox_path.stat()  # compared in full, because two changes may have the same timestamp
                stamp: object = (about.st_mtime_ns, about.st_ino, about.st_size)
                document = json.loads(self._outbox_path.read_bytes()) if stamp != seen else None
            except (OSError, ValueError):
                stamp, document = seen, None
            if document is not None:
                seen, quiet_since = stamp, time.monotonic()
                if not document["daemon"]["alive"]:
                    raise NotRunning("The daemon was stopped. This remix continues after the next `ace-bridge start`.")
                yield document
            elif time.monotonic() - quiet_since > 2.0:
                quiet_since = time.monotonic()
                self._raise_rejection(message_id)
                if self.daemon() is None:
                    raise NotRunning("The daemon has stopped. This remix continues after the next `ace-bridge start`.")
            time.sleep(POLL)

    def _raise_rejection(self, message_id: str) -> None:
        """Raise the error for a message that was rejected in the inbox."""
        try:
            reason = json.loads((self.home / "inbox" / "rejected" / f"{message_id}.json.error").read_bytes())
        except (OSError, ValueError):
            return
        raise from_wire(reason)

    @staticmethod
    def _raise_refusal(document: dict[str, Any], message_id: str) -> None:
        for error in document.get("errors", []):
            if error["message_id"] == message_id:
                raise from_wire(error)


def _end_rival(process: subprocess.Popen[bytes], pid: int) -> None:
    """Stop our daemon if another started first; otherwise ours would take over as soon as the other one stops."""
    if sys.platform != "win32" and process.pid != pid:  # on Windows `process` may be a launcher with a different pid
        process.terminate()
        process.wait()


def new_id() -> str:
    """Return a new UUID."""
    import uuid  # imported here to keep this module quick to import

    return str(uuid.uuid4())


def answers(port: int, timeout: float = 0.5) -> bool:
    """Return whether a bridge answers on this local OSC port."""
    if not port:
        return False
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ping:
        ping.settimeout(timeout)
        ping.connect(("127.0.0.1", port))
        ping.send(PING)
        return ping.recv(2048).startswith(b"/bridge/pong")
    return False
