"""Runs real daemons as processes, each with its own home."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from bridge.util import busy_files
from tests.fakes import kills
from tests.waiting import PATIENCE, until

KEY = "test-key-id:test-key-secret"


def environment(home: Path, **changes: str) -> dict[str, str]:
    """Return environment variables for this home, without the user's own keys and settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FAL_", "ACE_BRIDGE_"))}
    free = {"ACE_BRIDGE_OSC_PORT": "0", "ACE_BRIDGE_HTTP_PORT": "0"}
    return {**kept, "ACE_BRIDGE_HOME": str(home), **free, **changes}


def fal_environment(url: str, **changes: str) -> dict[str, str]:
    """Return environment variables that point the bridge to a fake fal."""
    return {"FAL_KEY": KEY, "ACE_BRIDGE_FAL_QUEUE_URL": url, "ACE_BRIDGE_FAL_REST_URL": url, **changes}


RUN = ("-m", "bridge", "run")
PATIENT = ("-m", "tests.fakes.patient_daemon")  # for tests in which the daemon asks a DAW script for the selection


def end(process: subprocess.Popen[Any], patience: float = 10.0) -> None:
    """Terminate a process; kill the process if it is still running after `patience` seconds."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(PATIENCE)


class Daemon:
    """A running `ace-bridge run` process."""

    started: ClassVar[list[Daemon]] = []  # daemons for `ending_all`

    def __init__(
        self, home: Path, *, program: tuple[str, ...] = RUN, prefix: tuple[str, ...] = (), **environ: str
    ) -> None:
        self.home = home
        self.environ = environment(home, **environ)
        self.process = subprocess.Popen(
            [*prefix, sys.executable, *program],
            cwd=Path(__file__).parents[2],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        self.started.append(self)

    def __enter__(self) -> Daemon:
        return self

    def __exit__(self, *_: object) -> None:
        """Kill the daemon if it is still running, as after a failed assertion."""
        self.kill()

    def wait_until_up(self) -> dict[str, Any]:
        def about() -> dict[str, Any] | None:
            assert self.process.poll() is None, self.process.communicate()[0]
            with contextlib.suppress(OSError, ValueError):
                found: dict[str, Any] = json.loads((self.home / "daemon.json").read_bytes())
                return found if found["pid"] == self.process.pid else None
            return None

        return until(about, "daemon.json")

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)

    def stop(self) -> str:
        """Stop the daemon and return its output: with SIGTERM or, on Windows, as `ace-bridge stop` does."""
        if self.process.poll() is None and os.name == "nt":
            subprocess.run([sys.executable, "-m", "bridge", "stop"], env=self.environ, check=True, timeout=PATIENCE)
        elif self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        output, _ = self.process.communicate(timeout=PATIENCE)
        return output


def crash(home: Path, moment: str, timeout: float = PATIENCE, **environ: str) -> None:
    """Run a daemon that kills itself at a moment (see `crashing_daemon.py`), and wait for its end."""
    with Daemon(home, program=("-m", "tests.fakes.crashing_daemon", moment), **environ) as daemon:
        output, _ = daemon.process.communicate(timeout=timeout)
        assert daemon.process.returncode == kills.STATUS, output


@contextlib.contextmanager
def ending_all() -> Iterator[None]:
    """Kill the daemons that were started in this context and are still running, which is an error."""
    before = len(Daemon.started)
    left = []
    try:
        yield
    finally:
        for daemon in Daemon.started[before:]:
            left += [daemon.home] if daemon.process.poll() is None else []
            daemon.kill()
        del Daemon.started[before:]
    assert not left, f"the test did not end the daemons of {left}"


@contextlib.contextmanager
def running(
    home: Path, *, program: tuple[str, ...] = RUN, prefix: tuple[str, ...] = (), **environ: str
) -> Iterator[Daemon]:
    """Run a daemon, stop it at the end, and check that its exit status is 0."""
    with Daemon(home, program=program, prefix=prefix, **environ) as daemon:
        try:
            daemon.wait_until_up()
            yield daemon
            output = daemon.stop()
            assert daemon.process.returncode == 0, output
        except BaseException:
            with contextlib.suppress(OSError):  # shows the daemon's log in pytest's report
                log = (home / "logs" / "bridge.log").read_text("utf-8", "replace")
                sys.stdout.write("".join(log.splitlines(keepends=True)[-60:]))
            raise


def put(home: Path, command: str, args: Mapping[str, Any], *, instance: str = "test", message_id: str = "") -> str:
    """Write a message into the inbox as a DAW script does."""
    message_id = message_id or str(uuid.uuid4())
    message = {
        "protocol": 1,
        "message_id": message_id,
        "command": command,
        "instance": instance,
        "args": dict(args),
    }
    partial = home / "inbox" / f".{message_id}.tmp"
    partial.write_text(json.dumps(message), encoding="utf-8")
    partial.replace(home / "inbox" / f"{message_id}.json")
    return message_id


def outbox(home: Path, instance: str = "test") -> dict[str, Any]:
    """Return the outbox of a DAW instance; if the file does not exist yet, return an empty outbox.

    The daemon replaces the file whole, so a file that cannot be read or parsed is an error.
    """
    try:
        found: dict[str, Any] = json.loads(busy_files.read(home / "outbox" / f"{instance}.json"))
    except FileNotFoundError:
        return {"jobs": [], "errors": [], "place": []}
    return found


def states_of(home: Path, message_id: str, instance: str = "test") -> list[str]:
    """Return the states of the variations that a message requested, as they are now; without its job, an empty list."""
    jobs = outbox(home, instance)["jobs"]
    return [one["state"] for job in jobs if job["message_id"] == message_id for one in job["variations"]]


def job_of(
    home: Path, message_id: str, *states: str, instance: str = "test", timeout: float = PATIENCE
) -> dict[str, Any]:
    """Wait until the job requested by a message is in one of these states; return the job from the outbox.

    The time limit starts again while the job changes, because a busy machine may need very long for long audio.
    """
    last: dict[str, Any] = {}

    def look() -> dict[str, Any] | None:
        nonlocal last
        document = outbox(home, instance)
        assert not [one for one in document["errors"] if one["message_id"] == message_id], document["errors"]
        for job in document["jobs"]:
            if job["message_id"] == message_id:
                last = job
                return job if job["state"] in states else None
        return None

    while True:
        before = last
        try:
            return until(look, f"the state {' or '.join(states)}", timeout)
        except AssertionError as error:
            if last == before:
                raise AssertionError(f"{error}; last seen: {json.dumps(last, indent=1)}") from None
