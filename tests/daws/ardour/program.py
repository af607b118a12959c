"""The Ardour under test: the one of this system, or the one in a root of another Debian release (tests/roots.py).

An Ardour in a root sees this system's /tmp, processes and network, so the tests control both in the same way.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.roots import Root
from tests.waiting import PATIENCE

ROOT = "ARDOUR_ROOT"  # variable with the folder of the root; unset or empty: this system's Ardour
HOST = "OUTSIDE_ROOT"  # variable that names a process outside the root, whose mounts `LEAVE` enters

# In a root, stands for the Python of the tests, which the root lacks: runs that Python outside the root.
LEAVE = f"""#!/bin/sh
exec nsenter --target="${HOST}" --mount --root --wd="$PWD" -- "$0" "$@"
"""
NAME = re.compile(r"ardour-((\d+)\.\d+)[.\d]*(~\w+)?")  # the program's own file, such as ardour-8.12.0~ds

# Ardour 8.12's program for new sessions may end while one of its threads is being cancelled. The C library then aborts
# the program, which has written the session by then.
LATE_ABORT = "FATAL: exception not rethrown"


@dataclass(frozen=True)
class Program:
    """An installed Ardour."""

    series: int  # major version, which is part of the names of its programs and folders
    version: str  # for example "8.12"
    root: Root | None = None  # the system that has it, if not this one

    @property
    def config(self) -> str:
        """Name of the settings folder."""
        return f"ardour{self.series}"

    @property
    def used(self) -> str:
        """Name of the empty file that tells Ardour that it has run before."""
        return f".a{self.series}"

    @property
    def jack(self) -> str:
        """Name of the audio system JACK."""
        return "JACK" if self.series == 7 else "JACK/Pipewire"

    @property
    def keys(self) -> Path:
        """The file of the default key bindings."""
        return self._system / "etc" / self.config / "ardour.keys"

    @property
    def _system(self) -> Path:
        return self.root.folder if self.root else Path("/")

    def command(self, words: Sequence[str | Path], environ: Mapping[str, str], home: Path) -> list[str]:
        """Return the command that runs one of Ardour's programs with some variables; its process is the program's own.

        `home` is the program's home and working folder, below this system's folder for temporary files.
        """
        if self.root is None:
            return ["env", f"--chdir={home}", *(f"{name}={value}" for name, value in environ.items()), *map(str, words)]
        instead = home / "outside"
        instead.mkdir(exist_ok=True)
        python = instead / Path(sys.executable).name
        python.write_text(LEAVE)
        python.chmod(0o755)
        temporary = {Path("/tmp"), Path(tempfile.gettempdir())}  # the screen's socket, and the tests' files
        binds = [*((one, str(one)) for one in temporary), (instead, str(Path(sys.executable).parent.resolve()))]
        if "JACK_DEFAULT_SERVER" in environ:
            # The database of names that JACK's clients share cannot be opened by the Berkeley DB of another release.
            (home / "jack_db").mkdir(exist_ok=True)
            binds.append((home / "jack_db", f"/dev/shm/jack_db-{os.getuid()}"))
        environ = {**environ, HOST: str(os.getpid())}
        return self.root.command(words, cwd=str(home), env=environ, binds=binds, own_processes=False)

    def new_session(self, folder: Path, name: str, rate: int) -> Path:
        """Make an empty session, and return the path of its session file."""
        home = folder.parent
        home.mkdir(parents=True, exist_ok=True)
        environ = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".new")}
        words = [f"ardour{self.series}-new_session", "-s", str(rate), folder, name]
        done = subprocess.run(
            self.command(words, environ, home), check=False, capture_output=True, text=True, timeout=PATIENCE
        )
        late = done.returncode == -signal.SIGABRT and LATE_ABORT in done.stderr
        assert done.returncode == 0 or late, done.stderr
        assert "Created session in" in done.stdout, done.stdout
        return folder / f"{name}.ardour"


def under_test() -> Program:
    """Return the Ardour in the root that the environment names, or else this system's Ardour."""
    folder = os.environ.get(ROOT)
    return installed(Root(Path(folder)) if folder else None)


def installed(root: Root | None) -> Program:
    """Return the Ardour of a root or of this system, with the version that its program's file has in its name."""
    files = ((root.folder if root else Path("/")) / "usr/lib").glob("ardour*/ardour-*")
    (found,) = (match for one in files if (match := NAME.fullmatch(one.name)))
    return Program(series=int(found[2]), version=found[1], root=root)
