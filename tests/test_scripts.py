"""The set-up scripts on machines that lack something, simulated by the programs in PATH; the good case is every run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ("bash", "cat", "chmod", "cksum", "dirname", "env", "find", "grep", "ls", "mkdir", "rm")
OLD = 'case "$*" in *version_info*) exit 1;; *) echo Python 3.9.2;; esac'
BARE = (
    'case "$*" in *"(3, 11)"*) exit 0;; *print*) echo python3.11-venv;; *import*) exit 1;; *) echo Python 3.11.2;; esac'
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="shell scripts")


class Machine:
    """A copy of the scripts, and a PATH of its own."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.calls = folder / "calls"
        self._bin = folder / "bin"
        self._bin.mkdir(parents=True)
        shutil.copytree(ROOT / "scripts", self.project / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / ".ci", self.project / ".ci")
        (self.project / "pyproject.toml").write_text("")
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found, tool
            (self._bin / tool).symlink_to(found)
        self.has("uname", "echo Linux")
        self.has("id", "echo 1000")

    def has(self, program: str, body: str = 'echo "${0##*/} $*" >>"$CALLS"') -> None:
        path = self._bin / program
        path.write_text(f"#!{shutil.which('bash')}\n{body}\n")
        path.chmod(0o755)

    def is_debian(self, *, root: bool) -> None:
        self.has("apt-get")
        self.has("dpkg-query", "echo install ok installed")
        self.has("id", f"echo {0 if root else 1000}")

    def runs(self, script: str) -> str:
        """Run a script that is expected to fail and return what it says."""
        environ = {"PATH": str(self._bin), "CALLS": str(self.calls), "HOME": str(self.project)}
        done = subprocess.run(
            ["bash", script], cwd=self.project, env=environ, capture_output=True, text=True, timeout=60
        )
        assert done.returncode != 0
        return done.stderr

    def called(self) -> str:
        return self.calls.read_text() if self.calls.exists() else ""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_no_python_at_all(machine: Machine) -> None:
    assert "needs Python 3.11 or newer" in machine.runs("scripts/demo")
    machine.has("uname", "echo Darwin")
    assert "brew install python" in machine.runs("scripts/demo")


def test_an_old_python_is_named(machine: Machine) -> None:
    machine.has("python3", OLD)
    assert "3.11 or newer; python3 here is: Python 3.9.2" in machine.runs("scripts/demo")


def test_without_venv_a_person_is_told_what_to_type(machine: Machine) -> None:
    machine.is_debian(root=False)
    machine.has("python3", BARE)
    assert "sudo apt-get install python3.11-venv" in machine.runs("scripts/demo")
    assert "apt-get" not in machine.called()


def test_without_venv_root_gets_it_installed(machine: Machine) -> None:
    machine.is_debian(root=True)
    machine.has("python3", BARE)
    machine.runs("scripts/demo")
    assert "apt-get install -y -qq --no-install-recommends python3.11-venv" in machine.called()


def test_a_newer_python_of_another_name_is_found(machine: Machine) -> None:
    machine.has("python3", OLD)
    machine.has("python3.12", BARE)
    assert "python3.12 lacks its venv module" in machine.runs("scripts/demo")


@pytest.mark.parametrize("script", ["scripts/test", ".ci/run"])
def test_programs_that_tests_need_are_installed_or_named(machine: Machine, script: str) -> None:
    machine.has("uname", "echo Darwin")
    machine.has("sox")
    assert "brew install ffmpeg node openssl" in machine.runs(script)
    machine.has("uname", "echo Linux")
    assert "The tests need ffmpeg" in machine.runs(script)
    machine.is_debian(root=False)
    machine.has("dpkg-query", "exit 1")
    said = machine.runs(script)
    assert "sudo apt-get install ffmpeg strace openssl pulseaudio pulseaudio-utils nodejs npm" in said
    assert "lua5.4 lua-check gcc libc6-dev linux-libc-dev libportaudio2" in said
    assert "xmoto-data" in said


def test_a_failing_check_fails_the_whole_and_is_named_at_the_end(machine: Machine) -> None:
    machine.is_debian(root=True)
    for program in ("ffmpeg", "sox", "strace", "openssl", "pulseaudio", "parec", "node", "npm"):
        machine.has(program)
    tools = machine.project / ".venv" / "bin"
    tools.mkdir(parents=True)
    body = f'#!{shutil.which("bash")}\necho "${{0##*/}} $*" >>"$CALLS"\n'
    for name, status in (("python", 0), ("ruff", 1), ("mypy", 0)):
        (tools / name).write_text(f"{body}exit {status}\n")
        (tools / name).chmod(0o755)
    said = machine.runs("scripts/test")
    assert said.endswith("FAILED:\n  scripts/check\n")
    assert "Not in order:\n  .venv/bin/ruff check .\n  .venv/bin/ruff format --check ." in said
    called = machine.called()
    for step in ("pip install --quiet --editable .[midi,stretch] --group test", "scripts/docs.py --check", "-m pytest"):
        assert step in called
    assert (
        called.index("ruff check") < called.index("mypy") < called.index("scripts/docs.py") < called.index("-m pytest")
    )
