"""Simulates a local network of two machines with two network namespaces and a virtual cable.

Requires Linux, and either root or the right to create user namespaces.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.waiting import PATIENCE

HERE, THERE = "10.77.0.1", "10.77.0.2"  # IP addresses of the bridge's machine and of the tablet
ROOT = Path(__file__).parents[2]
CABLE = """
set -e
ip link set lo up
ip link add cable0 type veth peer name cable1
ip address add 10.77.0.1/24 dev cable0
ip link set cable0 up
ip route add 224.0.0.0/4 dev cable0
unshare --net sleep infinity &
tablet=$!
until [ "$(readlink /proc/$tablet/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
ip link set cable1 netns $tablet
nsenter --target $tablet --net sh -ec '
    ip link set lo up
    ip address add 10.77.0.2/24 dev cable1
    ip link set cable1 up
    ip route add 224.0.0.0/4 dev cable1
'
echo $$ $tablet
wait
"""


class Lan:
    """The two simulated machines."""

    def __init__(self, here: int, there: int) -> None:
        self._inside = {HERE: here, THERE: there}  # machine's IP address → process that keeps its namespace alive

    def command(self, machine: str, *arguments: str) -> list[str]:
        """Return the command that runs Python on this machine."""
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        return ["nsenter", "--target", str(self._inside[machine]), *user, "--net", sys.executable, *arguments]

    def on(self, machine: str, program: str, *arguments: str) -> Any:
        """Run a Python program on this machine, and return the JSON that the program prints."""
        command = self.command(machine, "-c", program, *arguments)
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@contextlib.contextmanager
def lan() -> Iterator[Lan]:
    """Yield two connected machines, and remove them at the end."""
    own = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    holder = subprocess.Popen(
        ["unshare", *own, "--net", "sh", "-c", CABLE], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert holder.stdout is not None
    try:
        here, there = (int(word) for word in holder.stdout.readline().split())
        yield Lan(here, there)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(holder.pid, 15)
        holder.wait(timeout=PATIENCE)
        holder.stdout.close()
