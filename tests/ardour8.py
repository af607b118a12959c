"""Runs the tests of the Ardour scripts in Ardour 8, which this system's Debian release does not have.

    python -m tests.ardour8                       all tests in tests/daws/ardour
    python -m tests.ardour8 -k tempo -x           arguments for pytest

Ardour is installed in a root of Debian 13 (tests/roots.py); the screen and the tests run on this system. The command
asks before it downloads what is missing, unless `--yes` or CI=true is given.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from scripts.skips import skipped
from tests import cache, leftovers
from tests.daws.ardour.program import ROOT, installed
from tests.parts import PARTS
from tests.progress import StepFailed, may_download, say
from tests.roots import root

NAME, SUITE, PACKAGES = "ardour", "trixie", ("ardour",)
PROJECT = Path(__file__).resolve().parent.parent
TESTS = PROJECT / "tests" / "daws" / "ardour"
REPORT = PROJECT / ".pytest_cache" / "ardour8.xml"

DOWNLOAD = f"about 200 MB (Debian's {SUITE} and Ardour)"


def main(arguments: Sequence[str]) -> int:
    """Prepare the root, run the tests, end what they have left running, and return the exit status."""
    begun = time.monotonic()
    given = [one for one in arguments if one != "--yes"]
    if not (any(cache.folder().glob(f"{NAME}-*/")) or may_download("tests.ardour8", DOWNLOAD, arguments)):
        return 1
    try:
        _check_programs()
        system = root(NAME, SUITE, PACKAGES)
        say(f"Testing the scripts in Ardour {installed(system).version}")
        failed = _failed(system.folder, given)
    except StepFailed as error:
        say(str(error))
        return 1
    say(f"Ardour 8: {'failed' if failed else 'passed'} after {time.monotonic() - begun:.0f} s")
    return 1 if failed else 0


def _check_programs() -> None:
    """Check for the programs outside the root: the screen and what tests use on it."""
    wanted = {program: package for program, package in PARTS["ardour"].programs.items() if package != "ardour"}
    lacking = sorted({package for program, package in wanted.items() if shutil.which(program) is None})
    if lacking:
        raise StepFailed(f"Not found here: the packages {', '.join(lacking)}. Install them with apt.")


def _failed(folder: Path, arguments: Sequence[str]) -> bool:
    """Run the tests with the Ardour in a root; return whether one failed, was skipped or left a process running."""
    run = f"ardour8-{os.getpid()}-{secrets.token_hex(4)}"  # by this ID, tests/leftovers.py finds the run's processes
    words = [sys.executable, "-m", "pytest", TESTS, f"--junitxml={REPORT}", "-o", "junit_logging=no"]
    words += ["-n", "auto", "--dist", "loadfile", "--testrunuid", run, *arguments]
    try:
        environ = {**os.environ, ROOT: str(folder)}
        done = subprocess.run(words, cwd=PROJECT, env=environ, stdin=subprocess.DEVNULL, check=False)
        lines = skipped(REPORT) if done.returncode == 0 else []
        for line in lines:
            say(f"skipped, so something it needs is missing: {line}")
        return done.returncode != 0 or bool(lines) or leftovers.main(run) != 0
    finally:
        leftovers.kill(run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
