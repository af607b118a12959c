"""Builds the wheel and the source distribution, installs the wheel in clean environments, and runs the bridge there.

    python -m tests.packaging

The environments have this Python and Python 3.14. They know nothing of this folder: their working folder and their
home are empty. If this system has no Python 3.14, it comes from Debian, in a root (tests/roots.py). The command asks
before it downloads that, unless `--yes` or CI=true is given.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.packaging import building, environments
from tests.progress import StepFailed, may_download, say, step

WITHOUT_COMPILER = ("keychain", "lan", "midi")  # pip builds one of the packages of `hotkeys`

DOWNLOAD = "about 100 MB (Debian with Python 3.14, and packages)"


def main(arguments: Sequence[str]) -> int:
    """Build and test the packages, and return the exit status."""
    begun = time.monotonic()
    if not (environments.has_newest() or may_download("tests.packaging", DOWNLOAD, arguments)):
        return 1
    try:
        with tempfile.TemporaryDirectory(prefix="ace-bridge-packaging-") as folder:
            _test(Path(folder))
    except StepFailed as error:
        say(f"{error}\nPackaging: failed after {time.monotonic() - begun:.0f} s")
        return 1
    say(f"Packaging: passed after {time.monotonic() - begun:.0f} s")
    return 0


def _test(folder: Path) -> None:
    with step("Building the wheel and the source distribution"):
        wheel = building.build(folder)
    here = environments.here(folder)
    here.install(wheel)
    say(f"  {here.size() / 1e6:.0f} MB without extras")
    here.smoke()
    here.add("all")
    say(f"  {here.size() / 1e6:.0f} MB with the extra “all”")
    here.smoke("all")
    newest = environments.newest(folder)
    newest.install(wheel, *WITHOUT_COMPILER)
    newest.smoke(*WITHOUT_COMPILER)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
