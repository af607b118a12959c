"""A JACK server without audio hardware, with its own /dev/shm."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.processes import end
from tests.waiting import PATIENCE, until

# JACK drops a client that takes longer than 2 s to answer, so the server and its clients run at higher priority.
HURRY = ("nice", "-n", "-10")  # without permission for this, `nice` only prints a warning

PREPARE = """
mount -t tmpfs tmpfs /dev/shm
mkdir "/dev/shm/jack_db-$(id -u)"
echo "set_flags DB_NOLOCKING on" > "/dev/shm/jack_db-$(id -u)/DB_CONFIG"
echo ready
exec cat
"""


@dataclass(frozen=True)
class Sandbox:
    """A mount namespace with a private /dev/shm, the folder through which JACK's server and clients find each other."""

    prefix: tuple[str, ...]  # command prefix that enters the namespace
    environ: dict[str, str]  # environment variables that name the JACK server; for every program in the sandbox


def variables(name: str) -> dict[str, str]:
    """Return the environment variables for a JACK server with this name and for its clients."""
    return {"JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1", "JACK_NO_AUDIO_RESERVATION": "1"}


@contextlib.contextmanager
def sandbox(name: str) -> Iterator[Sandbox]:
    """Yield a sandbox for a JACK server with this name; JACK's files disappear when the sandbox's last program ends.

    JACK keeps metadata in a Berkeley DB under /dev/shm, which every program locks directly. The locks of a killed
    program remain, and any other program, even a later server, may then wait for ever. In a sandbox, the database is
    new and has no locking; tests store only port names in it.
    """
    as_root = os.geteuid() == 0
    command = ["unshare", "--mount", *([] if as_root else ["--map-root-user"]), "sh", "-ec", PREPARE]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n", "no private /dev/shm: are mount namespaces allowed here?"
        enter = ["nsenter", f"--target={holder.pid}", "--mount", "--wd=."]
        enter += [] if as_root else ["--user", "--preserve-credentials"]
        yield Sandbox(tuple(enter), variables(name))
    finally:
        end(holder)
        holder.communicate()


@contextlib.contextmanager
def jack_server(
    room: Sandbox, log: Path, rate: int = 48_000, period: int = 2048, *, patient: bool = False
) -> Iterator[None]:
    """Run a JACK server without audio hardware; its output goes to `log`.

    A patient server (`--sync`) waits for late clients; any other server loses the messages of late clients.
    """
    name = room.environ["JACK_DEFAULT_SERVER"]
    options = ["--no-realtime", *(["--sync"] if patient else []), "-t", "10000", "-n", name]
    driver = ["-d", "dummy", "-r", str(rate), "-p", str(period), "-C", "2", "-P", "2"]
    environ = {**os.environ, **room.environ}
    with log.open("ab") as said:
        server = subprocess.Popen(
            [*HURRY, *room.prefix, "jackd", *options, *driver],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )

        def up() -> bool:
            assert server.poll() is None, f"jackd did not start: {log.read_text()}"
            asked = subprocess.run([*room.prefix, "jack_lsp"], env=environ, capture_output=True, timeout=PATIENCE)
            return asked.returncode == 0

        try:
            until(up, "the JACK server")
            yield
        finally:
            end(server)
