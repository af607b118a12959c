"""Runs the portable tests, and those for Windows only, in a genuine Python for Windows under Wine.

    python -m tests.windows                         everything listed in SELECTION
    python -m tests.windows tests/util -k stdin     arguments for pytest

It needs root on Debian or Ubuntu, and asks before it downloads what is missing, unless `--yes` or CI=true is given.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.fakes.fal_server import FalServer
from tests.fakes.processes import KEY
from tests.progress import StepFailed, may_download, run, say, step
from tests.windows import python, wine_faults

ROOT = Path(__file__).resolve().parent.parent.parent
TREE = ("tests", "scripts", "docs", "presets", "live_script", "ardour_scripts", "reaper_scripts", "surfaces", "install")
FILES = ("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE")
PROJECT = "ace-bridge"  # folder on drive C: with everything but the package `bridge`, which is installed

# What runs by default. Not here: long signal processing and anything that reads the source text, which have the same
# result on each system, the parts that need other programs, and files of tests that start dozens of processes.
SELECTION = (
    "tests/windows",
    "tests/cli",
    "tests/engines",
    "tests/jobs",
    "tests/store",
    "tests/osc",
    "tests/workers/test_workers.py",
    "tests/config",
    "tests/control",
    "tests/doctor",
    "tests/install/test_cmd_on_windows.py",
    "tests/installers",
    "tests/presets",
    "tests/protocol",
    "tests/util",
    "tests/audio/test_endings.py",
    "tests/audio/test_streams.py",
    "tests/audio/test_writers.py",
    "tests/audition/test_player.py",
    "tests/daws/live",
    "tests/midi",
    "tests/system/test_restart.py",
    "tests/test_events.py",
    "tests/test_light_imports.py",
)
TOO_LONG = (  # in the folders above; each takes a minute or more, mostly because a process starts slowly under Wine
    "tests/cli/test_cli_bench.py",
    "tests/cli/test_command_line.py",
    "tests/cli/test_output_encoding.py",
    "tests/daws/live/test_live_timing.py",
    "tests/daws/live/test_live_whole_way.py",
    "tests/jobs/test_length_rule.py",
    "tests/jobs/test_mono.py",
    "tests/jobs/test_silent_clips.py",
    "tests/midi/test_midi_surface.py",
    "tests/store/test_damaged_rows.py",
    "tests/store/test_lost_journal_files.py",
)
PTY = ("tests/cli/setup",)  # a person at a terminal: pty exists only on Linux and macOS
OPEN = {  # tests that fail on Windows for a reason nobody has found yet → what is known
    "tests/cli/test_console.py::test_every_bar_shows_name_percentage_and_time": "rich draws other bars",
    "tests/cli/test_console.py::test_names_with_brackets_and_wide_characters_are_shown": "see above",
}

DOWNLOAD = "about 300 MB (Wine, Python for Windows and packages)"


def main(arguments: Sequence[str]) -> int:
    """Prepare Windows, run the tests and the reproductions of Wine's faults, and return the exit status."""
    begun = time.monotonic()
    given = [one for one in arguments if one != "--yes"]
    if not (python.is_prepared() or may_download("tests.windows", DOWNLOAD, arguments)):
        return 1
    try:
        with python.copied(python.prepare()) as windows, tempfile.TemporaryDirectory() as folder:
            _install(windows, Path(folder))
            passed = _tests(windows, given)
            passed = not wine_faults.stale(windows) and passed
    except StepFailed as error:
        say(str(error))
        return 1
    say(f"Windows under Wine: {'passed' if passed else 'failed'} after {time.monotonic() - begun:.0f} s")
    return 0 if passed else 1


def _install(windows: python.Windows, folder: Path) -> None:
    """Build a wheel of this folder, install it with pip on Windows, and copy the rest of the project."""
    with step("Installing the project"):
        log = folder / "log"
        words = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
        run([*words, "--wheel-dir", folder, ROOT], log)
        wheel = next(folder.glob("*.whl"))
        install = [r"C:\Python\python.exe", "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
        run(windows.command([*install, f"Z:\\mnt\\wheel\\{wheel.name}"], binds=[(folder, "/mnt/wheel")]), log)
        target = windows.drive / PROJECT
        leave = shutil.ignore_patterns("node_modules", "__pycache__", ".*")
        for name in TREE:
            shutil.copytree(ROOT / name, target / name, ignore=leave)
        for name in FILES:
            shutil.copyfile(ROOT / name, target / name)


def _tests(windows: python.Windows, arguments: Sequence[str]) -> bool:
    """Run pytest on Windows, and return whether every test passed and none was skipped."""
    named = any(one.startswith("tests") for one in arguments)
    words = [r"C:\Python\python.exe", "-m", "pytest", "-p", "no:cacheprovider", "-n", "auto", "--dist", "loadfile"]
    words += ["-m", "not slow and not needs", "--junitxml=report.xml", "-o", "junit_logging=no"]
    words += [*wine_faults.left_out(), *(f"--deselect={test}" for test in OPEN), *arguments]
    if not named:
        words += [*(f"--ignore={path}" for path in (*TOO_LONG, *PTY)), *SELECTION]
    with FalServer(zero_delay=True, key=KEY) as fal:
        command = windows.command(words, cwd=PROJECT, env={"TESTS_WINDOWS_FAL": fal.url})
        passed = subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode == 0
    for test, known in OPEN.items():
        say(f"left out: {test}: {known}")
    report = windows.drive / PROJECT / "report.xml"
    skips = [sys.executable, ROOT / "scripts" / "skips.py", report]
    return passed and (named or subprocess.run(skips, check=False).returncode == 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
