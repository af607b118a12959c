"""A local network of two machines: two network namespaces of this one, joined by a cable that nothing else is on.

Only root, or who may make namespaces of their own, can have one; Linux alone has them.
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

HERE, THERE = "10.77.0.1", "10.77.0.2"  # the bridge's machine, and the tablet's
ROOT = Path(__file__).parents[2]
CABLE = """
set -e
ip link set lo up
ip link add cable0 type veth peer name cable1
ip address add 10.77.0.1/24 dev cable0
ip link set cable0 up
ip route add 224.0.0.0/4 dev cable0
unshare --net sleep 600 &
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
    """The two machines."""

    def __init__(self, here: int, there: int) -> None:
        self._inside = {HERE: here, THERE: there}  # process that holds each machine's namespace

    def command(self, machine: str, *words: str) -> list[str]:
        """Return a command of Python as it is run on one of them."""
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        return ["nsenter", "--target", str(self._inside[machine]), *user, "--net", sys.executable, *words]

    def on(self, machine: str, program: str, *words: str) -> Any:
        """Run a program of Python there, and return what it has printed as JSON."""
        command = self.command(machine, "-c", program, *words)
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@contextlib.contextmanager
def lan() -> Iterator[Lan]:
    """Lay the cable, and take it away at the end."""
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
