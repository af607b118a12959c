"""A person at a real terminal (a pty) in which one command runs, and a machine with fake DAW folders for it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.fakes.processes import end, environment
from tests.system.test_whole_path import stop
from tests.waiting import PATIENCE, until

ROOT = Path(__file__).parents[3]
DAWS = {"reaper": ".config/REAPER", "live": "Music/Ableton/User Library", "ardour": ".config/ardour7"}
CTRL_C, CTRL_D = "\x03", "\x04"
COLOURS = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")


class Machine:
    """A user's home directory with DAWs, and the bridge's home in it."""

    def __init__(self, user: Path, *daws: str) -> None:
        self.user, self.home = user, user / "bridge"
        for daw in daws:
            (user / DAWS[daw]).mkdir(parents=True)
            if daw == "reaper":
                (user / DAWS[daw] / "reaper.ini").write_text("[REAPER]\n")

    def environ(self, **changes: str) -> dict[str, str]:
        """Return the environment, in which no audio output can be opened."""
        own = {"HOME": str(self.user), "PYTHONPATH": str(ROOT), "ACE_BRIDGE_AUDITION_DEVICE": "no such output"}
        found = environment(self.home, **own, **changes)
        return {name: value for name, value in found.items() if not name.startswith("XDG_")}

    def tree(self) -> dict[str, bytes]:
        """Return the content of every file in the DAWs' folders."""
        files = (path for place in DAWS.values() for path in sorted((self.user / place).rglob("*")) if path.is_file())
        return {str(path.relative_to(self.user)): path.read_bytes() for path in files}

    def setup(self, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Run `setup` without a terminal."""
        return subprocess.run(
            [sys.executable, "-m", "bridge", "setup", *words],
            env=self.environ(**changes),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )

    def stop(self) -> None:
        stop(self.home)


class Person:
    """A person who reads what a command prints and types answers."""

    def __init__(self, command: Sequence[str], environ: dict[str, str], columns: int) -> None:
        self.leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.process = subprocess.Popen(
            command,
            env=environ,
            stdin=follower,
            stdout=follower,
            stderr=follower,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that Ctrl-C is a signal
        )
        os.close(follower)
        self.seen = ""  # everything that was printed
        self._read = 0  # how much of it the person has read

    def sees(self, text: str) -> str:
        """Wait for a text after the last one, and return everything up to its end."""

        def look() -> str | None:
            self._take()
            plain = self.plain
            at = plain.find(text, self._read)
            if at < 0:
                assert self.process.poll() is None or self._pending(), f"no “{text}” in:\n{plain}"
                return None
            before, self._read = self._read, at + len(text)
            return plain[before : self._read]

        try:
            return until(look, f"“{text}”")
        except AssertionError:
            sys.stdout.write(self.plain)
            raise

    def types(self, text: str, enter: str = "\n") -> None:
        os.write(self.leader, (text + enter).encode())

    def answers(self, question: str, answer: str) -> None:
        self.sees(question)
        self.sees("] ")
        self.types(answer)

    def leaves(self) -> tuple[int, str]:
        """Wait for the end of the command; return its exit status and everything it printed."""
        status = until(lambda: self._ended(), "the end of the command")
        return status[0], self.plain

    @property
    def plain(self) -> str:
        """What was printed, without colours and carriage returns."""
        return COLOURS.sub("", self.seen).replace("\r\n", "\n")

    def _ended(self) -> tuple[int] | None:
        self._take()
        return None if self.process.poll() is None or self._pending() else (self.process.returncode,)

    def _pending(self) -> bool:
        before = len(self.seen)
        self._take()
        return len(self.seen) > before

    def _take(self) -> None:
        with contextlib.suppress(OSError):  # Linux reports EIO at the end
            while select.select([self.leader], [], [], 0)[0]:
                part = os.read(self.leader, 65536)
                if not part:
                    return
                self.seen += part.decode("utf-8", "replace")


@contextlib.contextmanager
def at_terminal(machine: Machine, *words: str, columns: int = 80, **changes: str) -> Iterator[Person]:
    """Run `ace-bridge setup` on a terminal; end it, and the daemon that it started, afterwards."""
    environ = {**machine.environ(**changes), "TERM": "xterm"}
    environ.pop("COLUMNS", None)
    person = Person([sys.executable, "-m", "bridge", "setup", *words], environ, columns)
    try:
        yield person
    finally:
        end(person.process)
        os.close(person.leader)
        machine.stop()
