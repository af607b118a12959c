"""Tests the setup scripts on simulated machines that lack programs: PATH contains only programs that a test adds."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ("bash", "cat", "chmod", "cksum", "dirname", "env", "find", "grep", "ls", "mkdir", "rm", "sed", "cp")
OLD = 'case "$*" in *version_info*) exit 1;; *) echo Python 3.9.2;; esac'
BARE = (
    'case "$*" in *"(3, 11)"*) exit 0;; *print*) echo python3.11-venv;; *import*) exit 1;; *) echo Python 3.11.2;; esac'
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="shell scripts")


class Machine:
    """A simulated machine: a copy of the scripts, with a PATH of its own."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.calls = folder / "calls"
        self._bin = folder / "bin"
        self._bin.mkdir(parents=True)
        shutil.copytree(ROOT / "scripts", self.project / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / ".ci", self.project / ".ci")
        (self.project / "pyproject.toml").write_text("")
        (self.project / "requirements.lock").write_text("some==1.2 \\\n    --hash=sha256:00\n")
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

    def has_venv(self, *, lacks: str = "", **fails: int) -> None:
        """Create a fake virtual environment for the project.

        Args:
            lacks: system packages that are reported as missing until apt-get has run.
            fails: exit status of each program in the environment that fails; all other programs succeed.
        """
        tools = self.project / ".venv" / "bin"
        tools.mkdir(parents=True)
        parts = f'case "$*" in *parts.py*) grep -q "apt-get install" "$CALLS" || printf "%s" "{lacks}";; esac'
        for name in ("python", "ruff", "mypy"):
            body = f'echo "${{0##*/}} $*" >>"$CALLS"\n{parts}\nexit {fails.get(name, 0)}\n'
            (tools / name).write_text(f"#!{shutil.which('bash')}\n{body}")
            (tools / name).chmod(0o755)

    def runs(self, script: str, *words: str, status: int = 1, **environ: str) -> str:
        """Run a script, check its exit status and return its stderr."""
        environ |= {"PATH": str(self._bin), "CALLS": str(self.calls), "HOME": str(self.project)}
        done = subprocess.run(
            ["bash", script, *words],
            cwd=self.project,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == status, done.stderr
        return done.stderr

    def called(self) -> str:
        return self.calls.read_text() if self.calls.exists() else ""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_without_python_the_error_says_what_to_install(machine: Machine) -> None:
    assert "needs Python 3.11 or newer" in machine.runs("scripts/demo")
    machine.has("uname", "echo Darwin")
    assert "brew install python" in machine.runs("scripts/demo")


def test_an_error_names_the_version_of_an_old_python(machine: Machine) -> None:
    machine.has("python3", OLD)
    assert "3.11 or newer; python3 here is: Python 3.9.2" in machine.runs("scripts/demo")


def test_without_venv_the_command_to_type_is_printed(machine: Machine) -> None:
    machine.is_debian(root=False)
    machine.has("python3", BARE)
    assert "sudo apt-get install python3.11-venv" in machine.runs("scripts/demo")
    assert "apt-get" not in machine.called()


def test_a_missing_venv_module_is_installed_as_root(machine: Machine) -> None:
    machine.is_debian(root=True)
    machine.has("python3", BARE)
    machine.runs("scripts/demo", status=127)  # the fake Python does not create an environment
    assert "apt-get install -y -qq --no-install-recommends python3.11-venv" in machine.called()


def test_a_python_with_its_version_in_its_name_is_found(machine: Machine) -> None:
    machine.has("python3", OLD)
    machine.has("python3.12", BARE)
    assert "python3.12 lacks its venv module" in machine.runs("scripts/demo")


def test_the_whole_run_needs_system_packages(machine: Machine) -> None:
    machine.has_venv(lacks="ffmpeg sox")
    assert "The tests need ffmpeg sox; install them" in machine.runs("scripts/test", "--all")
    assert "tests/parts.py other" in machine.called()
    machine.has("uname", "echo Darwin")
    assert "brew install ffmpeg sox" in machine.runs("scripts/test", "--all")
    machine.is_debian(root=False)
    assert "sudo apt-get install ffmpeg sox" in machine.runs("scripts/test", "--all", "--yes")
    assert "apt-get" not in machine.called()


def test_system_packages_are_installed_only_on_request(machine: Machine) -> None:
    machine.has_venv(lacks="ffmpeg sox")
    machine.is_debian(root=True)
    said = machine.runs("scripts/test", "--all")
    assert "The tests need these system packages: ffmpeg sox" in said
    assert said.endswith("To install them, run:  scripts/test --all --yes\n")
    assert "apt-get" not in machine.called()
    machine.runs("scripts/test", "--all", "--yes", status=0)
    assert "apt-get install -y -qq --no-install-recommends ffmpeg sox" in machine.called()


@pytest.mark.parametrize(("script", "environ"), [("scripts/test --all", {"CI": "true"}), (".ci/run", {})])
def test_a_build_machine_installs_without_asking(machine: Machine, script: str, environ: dict[str, str]) -> None:
    machine.has_venv(lacks="ffmpeg sox")
    machine.is_debian(root=True)
    machine.runs(*script.split(), status=0, **environ)
    assert "apt-get install -y -qq --no-install-recommends ffmpeg sox" in machine.called()
    assert "--group real" in machine.called()


def test_the_fast_tests_need_only_python(machine: Machine) -> None:
    machine.has_venv(lacks="ffmpeg sox")
    machine.is_debian(root=True)
    machine.runs("scripts/test", "-x", status=0)
    called = machine.called()
    assert "parts.py" not in called
    assert "apt-get" not in called
    assert "pip install --quiet --constraint .venv/constraints.txt --editable .[midi] --group test" in called
    assert (machine.project / ".venv" / "constraints.txt").read_text() == "some==1.2\n"
    assert "-m not slow and not needs -x" in called


@pytest.mark.parametrize("words", [[], ["--all"]])
def test_a_file_that_is_named_needs_no_system_packages(machine: Machine, words: list[str]) -> None:
    machine.has_venv(lacks="ffmpeg sox")
    machine.is_debian(root=True)
    (machine.project / "tests").mkdir()
    (machine.project / "tests" / "test_it.py").touch()
    machine.runs("scripts/test", *words, "tests/test_it.py::test_it", "-x", status=0)
    called = machine.called()
    assert "parts.py" not in called
    assert "apt-get" not in called
    assert "-o junit_logging=no tests/test_it.py::test_it -x\n" in called


def test_a_failing_check_fails_the_run_and_is_named_at_the_end(machine: Machine) -> None:
    machine.has_venv(ruff=1)
    said = machine.runs("scripts/test", "--all")
    assert said.endswith("FAILED:\n  scripts/check\n")
    assert "Checks failed:\n  .venv/bin/ruff check .\n  .venv/bin/ruff format --check ." in said
    called = machine.called()
    group = "pip install --quiet --constraint .venv/constraints.txt --editable .[midi,stretch] --group real"
    steps = (group, "ruff check", "mypy --strict", "-m pytest", "leftovers.py", "skips.py .pytest_cache")
    assert [called.index(step) for step in steps] == sorted(called.index(step) for step in steps)
    assert called.count("--editable") == 1, "scripts/check finds everything installed"
