#!/usr/bin/env python3
r"""Run the demo, the checks or the tests of this copy of ace-bridge, on Linux, macOS or Windows.

  python3 scripts/run.py COMMAND [ARGUMENT ...]        on Windows:  py scripts\run.py COMMAND [ARGUMENT ...]

  demo                    a daemon in a temporary home remixes a generated clip; needs no key
  check                   lint, formatting and types; with --fix, correct what ruff can correct
  test                    the fast tests; they need only Python
  test --all              every check and test; asks before it installs system packages
  test --all --yes        the same, and installs without asking (so does CI=true)
  test --windows          the tests with a Windows Python under Wine
  test tests/x.py ...     these files only, with every test in them; installs no system packages
  lock                    write requirements.lock, which pins the packages for all systems and Python versions, with
                          hashes; --upgrade updates all pins, --upgrade-package NAME those of one package

Other arguments go to pytest or uv. Each command first makes or repairs the Python environment, .venv. The shell scripts
scripts/demo, check, test and lock run this script. CONTRIBUTING.md describes the parts of the test run.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import environment
from environment import PROGRAMS, PYTHON
from machine import (
    INTERRUPTED,
    ROOT,
    Stop,
    apt_install,
    call,
    confirm,
    is_debian,
    is_mac,
    is_root,
    is_windows,
    say,
    succeeds,
    wait_for,
)

REPORT = str(Path(".pytest_cache", "report.xml"))
WHOLE_PROGRAMS = ("packaging", "windows", "ardour8")  # modules in tests/ that test whole programs in roots of their own


def demo(arguments: Sequence[str]) -> int:
    """Install ace-bridge into .venv and run its demo."""
    environment.make()
    environment.install("bridge", "--editable", ".")
    return _become([str(PROGRAMS / "ace-bridge"), "demo", *arguments])


def check(arguments: Sequence[str]) -> int:
    """Check lint, formatting and types."""
    _test_environment()
    steps = Steps()
    if list(arguments[:1]) == ["--fix"]:
        steps.run("-m", "ruff", "check", "--fix", ".")
        steps.run("-m", "ruff", "format", ".")
    else:
        steps.run("-m", "ruff", "check", ".")
        steps.run("-m", "ruff", "format", "--check", ".")
    steps.run("-m", "mypy")
    scripts = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "scripts").glob("*.py"))
    steps.run("-m", "mypy", "--strict", "--follow-imports=silent", *scripts)
    return steps.end("Checks failed:")


def test(arguments: Sequence[str]) -> int:
    """Run the tests that the arguments name."""
    options = [one for one in arguments if one not in ("--all", "--yes", "--windows")]
    is_named = any(_names_tests(one) for one in options)
    whole = "--all" in arguments and not is_named
    consent = ["--yes"] if "--yes" in arguments or os.environ.get("CI") == "true" else []
    environment.make()
    if "--windows" in arguments:
        _test_environment()
        return call([PYTHON, "-m", "tests.windows", *consent, *options])
    if whole:
        _system_packages(yes=bool(consent))
        _real_environment()
        _node_packages()
    else:
        _test_environment()
    (ROOT / ".pytest_cache").mkdir(exist_ok=True)
    pytest = ["-m", "pytest", f"--junitxml={REPORT}", "-o", "junit_logging=no"]
    steps = Steps()
    if is_named:
        steps.run(*pytest, *options)
    else:
        _all_files(steps, pytest, options, consent, whole=whole)
    status = steps.end("FAILED:")
    if status == 0:
        say("All is well.")
    return status


def lock(arguments: Sequence[str]) -> int:
    """Write requirements.lock. Pins that still meet the requirements stay."""
    environment.make()
    uv = [PYTHON, "-m", "uv"]
    if not succeeds([*uv, "--version"]):
        wait_for([PYTHON, "-m", "pip", "install", "--quiet", "uv>=0.9"])
    compile_ = ["pip", "compile", "pyproject.toml", "--quiet", "--no-config", "--universal", "--python-version", "3.11"]
    what = ["--all-extras", "--group", "dev", "--generate-hashes", "--no-annotate"]
    where = ["--custom-compile-command", "scripts/lock", "--output-file", "requirements.lock"]
    return _become([*uv, *compile_, *what, *where, *arguments])


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {"demo": demo, "check": check, "test": test, "lock": lock}


class Steps:
    """Steps of a run, each a command of .venv's Python. A failed step does not prevent the next one."""

    def __init__(self) -> None:
        self._failed: list[str] = []

    def run(self, *words: str) -> None:
        """Print and run a step.

        Raises:
            KeyboardInterrupt: the user pressed Ctrl-C during the step.
        """
        shown = " ".join([os.path.relpath(PYTHON), *words])
        say(f"$ {shown}")
        status = call([PYTHON, *words])
        if status == INTERRUPTED:
            raise KeyboardInterrupt
        self.note(shown, status)

    def note(self, shown: str, status: int) -> None:
        """Note how a step ended."""
        if status:
            self._failed.append(f"  {shown}")

    def end(self, heading: str) -> int:
        """Print the failed steps and return the exit status."""
        if self._failed:
            sys.stderr.write("\n".join([heading, *self._failed]) + "\n")
        return 1 if self._failed else 0


def _all_files(
    steps: Steps, pytest: Sequence[str], options: Sequence[str], consent: Sequence[str], *, whole: bool
) -> None:
    """Run all fast tests, or every check and test. Processes that they leave behind are killed.

    Args:
        steps: the steps of the run.
        pytest: arguments of Python that run pytest.
        options: the user's arguments for pytest, which come last and so have priority.
        consent: `--yes` if the user has agreed to downloads, otherwise nothing.
        whole: whether to run every check and test.
    """
    run = f"{os.getpid()}-{secrets.token_hex(4)}"  # tests/leftovers.py finds this run's processes by the ID
    os.environ["PYTEST_XDIST_TESTRUNUID"] = run
    os.environ["PYTHONFAULTHANDLER"] = "1"  # makes a process that hangs tell where
    parts = [] if whole else ["-m", "not slow and not needs"]
    try:
        if whole:
            steps.note("scripts/check", check(()))
        steps.run(*pytest, "-n", "auto", "--dist", "loadfile", "--testrunuid", run, *parts, *options)
        steps.run("tests/leftovers.py", run)
        if whole and is_debian():  # elsewhere, some tests are skipped
            steps.run("scripts/skips.py", REPORT)
            for module in WHOLE_PROGRAMS:
                if any((ROOT / "tests").glob(f"{module}*")):
                    steps.run("-m", f"tests.{module}", *consent)
    finally:
        succeeds([PYTHON, "tests/leftovers.py", run, "now"])


def _names_tests(argument: str) -> bool:
    path = argument.replace("\\", "/")
    return path == "tests" or path.startswith("tests/") or path.partition("::")[0].endswith(".py")


def _test_environment() -> None:
    environment.make()
    environment.install("test", "--editable", ".[midi]", "--group", "test")


def _real_environment() -> None:
    environment.install("real", "--editable", ".[midi,stretch]", "--group", "real")
    shutil.copyfile(str(environment.stamp_of("real")), str(environment.stamp_of("test")))  # which it includes


def _system_packages(*, yes: bool) -> None:
    """Install the system packages that the tests with real programs need; tests/parts.py lists them."""
    manager = "apt" if is_debian() else "brew" if is_mac() else "other"
    wanted = _missing(manager)
    if not wanted:
        return
    if manager == "brew":
        raise Stop(f"The tests need some programs. Run:  brew install {wanted}")
    if manager == "other":
        raise Stop(f"The tests need {wanted}; install them with the system's package manager.")
    if is_root():
        confirm(f"The tests need these system packages: {wanted}", yes=yes)
    apt_install(wanted.split())
    wanted = _missing(manager)
    if wanted:
        raise Stop(f"Still missing after the installation: {wanted}")


def _missing(manager: str) -> str:
    done = subprocess.run([PYTHON, "tests/parts.py", manager], stdout=subprocess.PIPE, cwd=str(ROOT), check=False)
    if done.returncode:
        raise Stop("tests/parts.py failed")
    return done.stdout.decode("utf-8").strip()


def _node_packages() -> None:
    """Install the JavaScript clients, each in the folder of the tests that use it."""
    for manifest in sorted((ROOT / "tests").rglob("package.json")):
        if "node_modules" in manifest.parts:
            continue
        now, folder = hashlib.sha256(manifest.read_bytes()).hexdigest(), manifest.parent
        stamp = folder / "node_modules" / ".installed"
        if stamp.is_file() and stamp.read_text("utf-8") == now:
            continue
        say(f"$ npm install in {folder.relative_to(ROOT)}")
        wait_for(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"], folder)
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(now, "utf-8")


def _become(command: Sequence[str]) -> int:
    """Run a command in place of this program; on Windows, which cannot do this, run it and return its status."""
    if is_windows():
        return call(command)
    sys.stderr.flush()
    try:
        os.execv(command[0], list(command))
    except OSError as error:
        raise Stop(f"Cannot run {command[0]}: {error.strerror}") from error


def _end(number: int, _: object) -> NoReturn:
    """Handle a signal that ends this program, so that it cleans up first."""
    sys.exit(128 + number)


def main(words: Sequence[str]) -> int:
    """Run a command and return the exit status."""
    if not words or words[0] not in COMMANDS:
        sys.stderr.write(__doc__ or "")
        return 0 if words and words[0] in ("-h", "--help") else 2
    os.chdir(str(ROOT))
    signal.signal(signal.SIGTERM, _end)
    if not is_windows():
        signal.signal(signal.SIGHUP, _end)
    try:
        return COMMANDS[words[0]](words[1:])
    except Stop as stop:
        sys.stderr.write(f"{stop}\n")
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
