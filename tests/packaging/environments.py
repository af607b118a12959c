"""Clean Python environments into which the wheel is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests import cache
from tests.progress import StepFailed, run, say, step
from tests.roots import Root, root, without_addresses

SMOKE = Path(__file__).with_name("smoke.py")
NEWEST = "3.14"
ROOT_NAME, PACKAGES = "python314", ("python3.14-venv",)
SUITES = ("testing", "sid")  # releases of Debian that have Python 3.14, in order of preference
PROGRAMS = "/usr/local/bin:/usr/bin:/bin"  # PATH of an environment


class Machine(Protocol):
    """Where the programs of an environment run. It sees `folder`, at the same path."""

    def command(self, words: Sequence[str | Path], *, cwd: str, env: Mapping[str, str]) -> Sequence[str | Path]: ...


@dataclass(frozen=True)
class ThisSystem:
    """Runs programs on this system, with no other variables than the given ones."""

    def command(self, words: Sequence[str | Path], *, cwd: str, env: Mapping[str, str]) -> Sequence[str | Path]:
        start = ["env", "-i", *(f"{name}={value}" for name, value in env.items())]
        return [*start, "sh", "-c", 'cd "$0" && exec "$@"', cwd, *map(str, words)]


@dataclass(frozen=True)
class InRoot:
    """Runs programs in a root of Debian."""

    system: Root
    folder: Path

    def command(self, words: Sequence[str | Path], *, cwd: str, env: Mapping[str, str]) -> Sequence[str | Path]:
        binds = [(self.folder, str(self.folder)), (SMOKE, "/mnt/smoke.py")]
        return self.system.command(words, cwd=cwd, env=env, binds=binds)


@dataclass(frozen=True)
class Environment:
    """A virtual environment in a folder of its own, with an empty home and an empty working folder."""

    folder: Path
    python: str  # the Python that makes it
    version: str
    machine: Machine
    smoke_script: str
    offline: bool  # whether pip must get its packages from this system, because the machine has no settings for pip

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def program(self) -> Path:
        return self.folder / "env" / "bin" / "python"

    def install(self, wheel: Path, *extras: str) -> None:
        """Make the environment and install the wheel into it."""
        wanted = f"{wheel}[{','.join(extras)}]" if extras else str(wheel)
        with step(f"Installing the wheel{' with ' if extras else ''}{', '.join(extras)} on Python {self.version}"):
            self._run([self.python, "-m", "venv", self.folder / "env"])
            pip = [self.program, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            if self.offline:
                wanted = wanted.replace(str(wheel.parent), str(self._download(wanted)))
                self._run([*pip, "--no-index", "--find-links", self.folder / "packages", wanted])
            else:
                run([*pip, wanted], self.log, tries=3, hide=without_addresses)

    def add(self, extra: str) -> None:
        """Install an extra with the command that this copy of the bridge tells its users."""
        code = f"from bridge.util.this_copy import this_copy; print(this_copy().to_add({extra!r}))"
        command = subprocess.run([self.program, "-I", "-c", code], capture_output=True, text=True, check=True).stdout
        with step(f"Adding the extra “{extra}” with the command that the bridge shows"):
            run(["sh", "-c", command], self.log, tries=3, hide=without_addresses)

    def smoke(self, *extras: str) -> None:
        """Use the bridge in the environment."""
        with step(f"Using the bridge on Python {self.version}"):
            self._run([self.program, "-I", self.smoke_script, self.version, *extras])

    def size(self) -> int:
        """Return the size of the environment, in bytes."""
        return sum(path.lstat().st_size for path in (self.folder / "env").rglob("*") if not path.is_dir())

    def _run(self, words: Sequence[str | Path]) -> None:
        home, work = self.folder / "home", self.folder / "work"
        for folder in (home, work):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        env = {"HOME": str(home), "PATH": PROGRAMS, "LANG": "C.UTF-8", "TMPDIR": str(work)}
        run(self.machine.command(words, cwd=str(work), env=env), self.log, hide=without_addresses)

    def _download(self, wanted: str) -> Path:
        """Download the wheel's requirements for this version of Python, and return their folder."""
        target = self.folder / "packages"
        words = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--implementation=cp"]
        words += [f"--python-version={self.version}", "--dest", str(target), wanted]
        run(words, self.log, tries=3, hide=without_addresses)
        return target


def here(folder: Path) -> Environment:
    """Return an environment with this Python, not yet made."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = str(Path(sys.base_prefix, "bin", f"python{version}"))
    return Environment(_made(folder, version), python, version, ThisSystem(), str(SMOKE), offline=False)


def newest(folder: Path) -> Environment:
    """Return an environment with Python 3.14, not yet made.

    Raises:
        StepFailed: neither this system nor Debian has it, or this system cannot make a root.
    """
    own, at = shutil.which(f"python{NEWEST}"), _made(folder, NEWEST)
    if own:
        return Environment(at, own, NEWEST, ThisSystem(), str(SMOKE), offline=False)
    machine = InRoot(_debian(), at)
    return Environment(at, f"/usr/bin/python{NEWEST}", NEWEST, machine, "/mnt/smoke.py", offline=True)


def has_newest() -> bool:
    """Return whether this system or the cache has Python 3.14, so that only packages are downloaded."""
    return bool(shutil.which(f"python{NEWEST}")) or any(cache.folder().glob(f"{ROOT_NAME}-*/"))


def _debian() -> Root:
    reasons = []
    for suite in SUITES:
        try:
            return root(ROOT_NAME, suite, PACKAGES)
        except StepFailed as error:
            reasons.append(f"{suite}: {error}")
            say(f"  Debian {suite} gave no Python {NEWEST}")
    raise StepFailed("\n".join([f"There is no Python {NEWEST} for the test, neither here nor from Debian.", *reasons]))


def _made(folder: Path, version: str) -> Path:
    made = folder / f"python {version}"
    made.mkdir()
    return made
