"""Tests the setup scripts on simulated machines that lack programs: PATH contains only programs that a test adds."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import PATIENCE, until

ROOT = Path(__file__).resolve().parent.parent.parent
TOOLS = ("bash", "dirname", "env", "grep", "sleep")
LOG = 'echo "${0##*/} $*" >>"$CALLS"'

pytestmark = pytest.mark.only_on("posix", because="shell scripts")


class Machine:
    """A simulated machine: a copy of the scripts, with a PATH of its own. Its folder has a space and a letter ü."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "Müsic tools" / "project"
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
        self.platform = "linux"

    def has(self, program: str, body: str = LOG) -> None:
        path = self._bin / program
        path.write_text(f"#!{shutil.which('bash')}\n{body}\n")
        path.chmod(0o755)

    def has_python(self, name: str = "python3", *, version: str = "3.11.2", lacks: str = "") -> None:
        """Add a Python under this name, which lacks these modules."""
        fake = {
            "version": [int(part) for part in version.split(".")],
            "platform": self.platform,
            "lacks": lacks.split(),
            "path": str(self._bin / name),
            "real": sys.executable,
        }
        program = Path(__file__).with_name("fake_python.py")
        exports = f"export FAKE={shlex.quote(json.dumps(fake))}"
        version_line = f'if [ "$*" = --version ]; then echo Python {version}; exit; fi'
        self.has(name, f'{version_line}\n{exports}\nexec {sys.executable} -B {program} "$@"')

    def is_mac(self) -> None:
        self.platform = "darwin"
        self.has("uname", "echo Darwin")

    def is_debian(self, *, root: bool) -> None:
        self.has("apt-get")
        self.has("dpkg-query")
        self.has("id", f"echo {0 if root else 1000}")

    def has_venv(self, *, lacks: str = "", **fails: int) -> None:
        """Create a fake virtual environment for the project.

        Args:
            lacks: system packages that are reported as missing until apt-get has run.
            fails: exit status of each module or script that fails when the fake Python runs it; all others succeed.
        """
        tools = self.project / ".venv" / "bin"
        tools.mkdir(parents=True)
        about = {"version": [3, 11], "installed": True, "bridge": str(self.project / "bridge" / "__init__.py")}
        statuses = "".join(f'*"{name}"*) exit {status};; ' for name, status in fails.items())
        body = (
            f'case "$*" in *find_spec*) echo {shlex.quote(json.dumps(about))}; exit;; esac\n{LOG}\n'
            f'case "$*" in *parts.py*) grep -q "apt-get install" "$CALLS" || printf "%s" "{lacks}";; esac\n'
            f'case "$*" in {statuses} esac\n'
        )
        for name in ("python", "ace-bridge"):
            (tools / name).write_text(f"#!{shutil.which('bash')}\n{body}")
            (tools / name).chmod(0o755)

    def starts(self, script: str, *words: str, **environ: str) -> subprocess.Popen[str]:
        """Start a script."""
        environ |= {"PATH": str(self._bin), "CALLS": str(self.calls), "HOME": str(self.project)}
        return subprocess.Popen(
            ["bash", script, *words],
            cwd=self.project,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def runs(self, script: str, *words: str, status: int = 1, **environ: str) -> str:
        """Run a script, check its exit status and return its stderr."""
        with self.starts(script, *words, **environ) as process:
            said = process.communicate(timeout=PATIENCE)[1]
        assert process.returncode == status, said
        return said

    def called(self) -> str:
        return self.calls.read_text() if self.calls.exists() else ""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_without_python_the_error_says_what_to_install(machine: Machine) -> None:
    assert "needs Python 3.11 or newer" in machine.runs("scripts/demo")
    machine.is_mac()
    assert "brew install python" in machine.runs("scripts/demo")


def test_without_python_debian_gets_one_as_root(machine: Machine) -> None:
    machine.is_debian(root=False)
    assert "sudo apt-get install python3 python3-venv\n" in machine.runs("scripts/demo")
    assert machine.called() == ""
    machine.is_debian(root=True)
    assert "no Python" in machine.runs("scripts/demo")  # the fake apt-get installs nothing
    assert "apt-get install -y -qq --no-install-recommends python3 python3-venv\n" in machine.called()


def test_an_error_names_the_version_of_an_old_python(machine: Machine) -> None:
    machine.has_python(version="3.7.3")  # cannot run scripts/run.py
    assert "3.11 or newer; python3 here is: Python 3.7.3\n" in machine.runs("scripts/demo")
    machine.has_python(version="3.9.2")
    assert machine.runs("scripts/demo") == "ace-bridge needs Python 3.11 or newer; this is 3.9.2\n"
    machine.is_mac()
    machine.has_python(version="3.9.2")
    assert "brew install python" in machine.runs("scripts/demo")


def test_without_venv_the_command_to_type_is_printed(machine: Machine) -> None:
    machine.is_debian(root=False)
    machine.has_python(lacks="ensurepip")
    assert "sudo apt-get install python3.11-venv\n" in machine.runs("scripts/demo")
    assert "apt-get" not in machine.called()


def test_a_missing_venv_module_is_installed_as_root(machine: Machine) -> None:
    machine.is_debian(root=True)
    machine.has_python(lacks="ensurepip")
    machine.runs("scripts/demo")  # the fake apt-get installs nothing
    assert "apt-get install -y -qq --no-install-recommends python3.11-venv\n" in machine.called()


def test_a_python_with_its_version_in_its_name_is_found(machine: Machine) -> None:
    machine.has_python(version="3.9.2")
    machine.has_python("python3.12", version="3.12.1", lacks="venv")
    assert "python3.12 lacks its venv module; install Python with the system's" in machine.runs("scripts/demo")


def test_the_demo_gets_its_arguments_and_its_exit_status_counts(machine: Machine) -> None:
    machine.has_python(version="3.9.2")  # with an environment, any Python will do
    machine.has_venv()
    machine.runs("scripts/demo", "--engine", "a b", status=0)
    assert machine.called().endswith("--editable .\nace-bridge demo --engine a b\n")
    (machine.project / ".venv" / "bin" / "ace-bridge").write_text("#!/bin/sh\nexit 7\n")
    machine.runs("scripts/demo", status=7)


def test_an_unknown_command_shows_the_usage(machine: Machine) -> None:
    machine.has_python()
    assert "test --all --yes" in machine.runs("scripts/_python", "tset", status=2)
    assert "test --all --yes" in machine.runs("scripts/_python", "--help", status=0)


def test_the_whole_run_needs_system_packages(machine: Machine) -> None:
    machine.has_python()
    machine.has_venv(lacks="ffmpeg sox")
    assert "The tests need ffmpeg sox; install them" in machine.runs("scripts/test", "--all")
    assert "tests/parts.py other" in machine.called()
    machine.is_mac()
    machine.has_python()
    assert "brew install ffmpeg sox" in machine.runs("scripts/test", "--all")
    machine.platform = "linux"
    machine.has_python()
    machine.is_debian(root=False)
    assert "sudo apt-get install ffmpeg sox" in machine.runs("scripts/test", "--all", "--yes")
    assert "apt-get" not in machine.called()


def test_system_packages_are_installed_only_on_request(machine: Machine) -> None:
    machine.has_python()
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
    machine.has_python()
    machine.has_venv(lacks="ffmpeg sox")
    machine.is_debian(root=True)
    machine.runs(*script.split(), status=0, **environ)
    assert "apt-get install -y -qq --no-install-recommends ffmpeg sox" in machine.called()
    assert "--group real" in machine.called()


def test_the_fast_tests_need_only_python(machine: Machine) -> None:
    machine.has_python()
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
    machine.has_python()
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
    machine.has_python()
    machine.is_debian(root=True)
    machine.has_venv(ruff=1)
    said = machine.runs("scripts/test", "--all")
    assert said.endswith("FAILED:\n  scripts/check\n")
    assert "Checks failed:\n  .venv/bin/python -m ruff check .\n  .venv/bin/python -m ruff format --check ." in said
    called = machine.called()
    group = "pip install --quiet --constraint .venv/constraints.txt --editable .[midi,stretch] --group real"
    steps = (group, "ruff check", "mypy --strict", "-m pytest", "leftovers.py", "skips.py .pytest_cache")
    assert [called.index(step) for step in steps] == sorted(called.index(step) for step in steps)
    assert called.count("--editable") == 1, "scripts/check finds everything installed"


def test_the_whole_run_ends_with_the_programs_in_roots_of_their_own(machine: Machine) -> None:
    machine.has_python()
    machine.is_debian(root=True)
    machine.has_venv(**{"-m tests.windows": 1})
    for module in ("packaging", "windows", "ardour8"):
        (machine.project / "tests" / module).mkdir(parents=True)
    said = machine.runs("scripts/test", "--all", "--yes")
    assert said.endswith("FAILED:\n  .venv/bin/python -m tests.windows --yes\n")
    called = machine.called()
    steps = [f"-m tests.{module} --yes" for module in ("packaging", "windows", "ardour8")]
    assert [called.count(step) for step in steps] == [1, 1, 1]
    assert [called.index(step) for step in steps] == sorted(called.index(step) for step in steps)


def test_the_tests_under_wine_can_run_alone(machine: Machine) -> None:
    machine.has_python()
    machine.has_venv()
    machine.runs("scripts/test", "--windows", "--yes", "-v", status=0)
    assert machine.called().endswith("--group test\npython -m tests.windows --yes -v\n")


def test_lock_passes_its_arguments_to_uv(machine: Machine) -> None:
    machine.has_python()
    machine.has_venv(**{"pip compile": 3})
    machine.runs("scripts/lock", "--upgrade", status=3)
    assert machine.called().endswith("--output-file requirements.lock --upgrade\n")


def test_a_run_that_is_ended_kills_what_it_has_started(machine: Machine) -> None:
    machine.has_python()
    machine.has_venv()
    python = machine.project / ".venv" / "bin" / "python"
    python.write_text(python.read_text() + 'case "$*" in *"-m pytest"*) exec sleep 1000;; esac\n')
    with machine.starts("scripts/test") as process:
        until(lambda: "-m pytest" in machine.called())
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 128 + signal.SIGTERM
    last = machine.called().splitlines()[-1].split()
    assert last[1] == "tests/leftovers.py"
    assert last[3] == "now"
