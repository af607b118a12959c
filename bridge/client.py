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
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge import PROTOCOL
from bridge.errors import BridgeError, HomeError, NotRunning, from_wire
from bridge.util import busy_files
from bridge.util.lock_check import is_locked
from bridge.util.umask import private_files

if TYPE_CHECKING:
    import subprocess

POLL = 0.05  # s; time between two reads of the outbox
START_PATIENCE = 60.0  # s; time limit for a daemon to start, even on a slow disk that is busy
OVER = ("done", "failed", "cancelled", "unknown", "partial")  # states of a job that has ended
STOP_REPLY = 0.5  # s; time limit for the reply to /bridge/stop
DESCRIPTION = {"pid": int, "osc_port": int, "token": str}  # keys of daemon.json that commands rely on, and their types
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
        about = self.described()
        if about is None or not self.is_locked():
            return None
        return about if answers(int(about.get("osc_port") or 0)) else None

    def is_locked(self) -> bool:
        """Return whether a daemon has locked this home, even if it does not answer.

        Checking the port is not enough: after a crash, the daemon of a different home may use the same port.
        """
        return is_locked(self.home / "daemon.lock")

    def need_daemon(self) -> dict[str, Any]:
        """Return the content of daemon.json.

        Raises:
            NotRunning: no daemon answers.
        """
        about = self.daemon()
        if about is None:
            raise NotRunning
        return about

    def described(self) -> dict[str, Any] | None:
        """Return the content of daemon.json, even if that daemon does not answer; None: missing or damaged."""
        try:
            about = json.loads(busy_files.read(self.home / "daemon.json"))
        except (OSError, ValueError, RecursionError):
            return None
        whole = isinstance(about, dict) and all(type(about.get(key)) is kind for key, kind in DESCRIPTION.items())
        return about if whole and 0 < about["pid"] < 2**31 and 0 < about["osc_port"] < 2**16 else None

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
        from bridge.util import spawn  # imported only here, because `send` and `status` start no process

        with private_files():
            note.parent.mkdir(parents=True, exist_ok=True)
            (note.parent / "start.log").touch()
        busy_files.remove(note, missing_ok=True)
        command = [sys.executable, "-m", "bridge", "run", "--quiet"]
        environ = {**os.environ, "ACE_BRIDGE_HOME": str(self.home), "ACE_BRIDGE_START_NOTE": str(note)}
        with (note.parent / "start.log").open("ab") as log:
            return spawn.start(command, "daemon", log, environ)

    def _wait_until_up(self, process: subprocess.Popen[bytes], note: Path) -> dict[str, Any]:
        end = time.monotonic() + START_PATIENCE
        late = False
        while not late:
            late = time.monotonic() >= end  # read before the last look, because the machine may have slept meanwhile
            about = self.daemon()
            if about is not None:
                _end_rival(process, int(about["pid"]))
                return about
            if process.poll() is not None and not self.is_locked():  # no other daemon has started first
                about = self.daemon()
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
            partial = inbox / f".{message_id}.tmp"
            with private_files():
                inbox.mkdir(parents=True, exist_ok=True)
                partial.write_text(json.dumps(message, allow_nan=False), encoding="utf-8")
            busy_files.replace(partial, inbox / f"{message_id}.json")
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
            self._raise_refusal(json.loads(busy_files.read(self._outbox_path)), message_id)

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
            reason = json.loads(busy_files.read(self.home / "inbox" / "rejected" / f"{message_id}.json.error"))
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
    if process.pid != pid:
        process.terminate()
        process.wait()


def new_id() -> str:
    """Return a new UUID."""
    import uuid  # imported here to keep this module quick to import

    return str(uuid.uuid4())


def ask_to_stop(about: Mapping[str, Any]) -> bytes:
    """Ask the daemon that wrote a daemon.json to end, and return the first bytes of its reply; b"": no reply.

    The reply is `/bridge/ack`, or `/bridge/error` with the error's code.
    """
    words = [word.encode(errors="replace") for word in ("/bridge/stop", ",ss", about["token"], f"press:{new_id()}")]
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(STOP_REPLY)
        asking.connect(("127.0.0.1", int(about["osc_port"])))
        asking.send(b"".join(word + bytes(4 - len(word) % 4) for word in words))
        return asking.recv(2048)
    return b""


def answers(port: int, tries: int = 6) -> bool:
    """Return whether a bridge answers on this local OSC port; it has half a second for each try, as it may be busy."""
    if not port:
        return False
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ping:
        ping.settimeout(0.5)
        ping.connect(("127.0.0.1", port))
        for _ in range(tries):
            ping.send(PING)
            with contextlib.suppress(TimeoutError):
                return ping.recv(2048).startswith(b"/bridge/pong")
    return False
