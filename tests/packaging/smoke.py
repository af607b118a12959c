"""Uses an installed copy of the bridge, and exits with a sentence at the first thing that does not work.

    PYTHON -I smoke.py VERSION [EXTRA ...]

The copy's Python runs this script in an empty home and an empty folder. It needs only the standard library.
"""

from __future__ import annotations

import importlib
import importlib.util
import py_compile
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

PROGRAM = str(Path(sys.executable).with_name("ace-bridge"))
MODULES = {  # of each extra
    "hotkeys": ["pynput"],
    "keychain": ["keyring"],
    "lan": ["zeroconf.asyncio"],
    "midi": ["mido", "rtmidi2", "jack"],
    "stretch": ["python_stretch"],
}
FOUND_ONLY = {"pynput", "jack", "rtmidi2"}  # importing these needs a screen, JACK or ALSA
LEAST_PRESETS = 35


def bridge(*words: str, status: int = 0) -> str:
    """Run a command of the bridge and return what it printed."""
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    shown = f"ace-bridge {' '.join(words)}"
    check(done.returncode == status, f"{shown} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    check("Traceback" not in done.stderr, f"{shown} printed a traceback:\n{done.stderr}")
    return done.stdout


def check(fine: bool, sentence: str) -> None:
    """Exit with the sentence unless a check succeeded."""
    if not fine:
        sys.exit(sentence)


def files(folder: Path) -> dict[str, bytes]:
    """Return the files in a folder by their relative path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def the_package(version: str) -> None:
    """Check the Python version, and that the package is in this environment and complete."""
    import bridge

    folder = Path(bridge.__file__).parent
    found = "{}.{}".format(*sys.version_info)
    check(found == version, f"This is Python {found} instead of {version}.")
    check(Path(sys.prefix) in folder.parents, f"The package comes from {folder}, which is outside the environment.")
    check((folder / "py.typed").is_file(), "py.typed is missing.")
    listed = {Path(str(path)).name for path in distribution("ace-bridge").files or ()}
    check({"LICENSE", "THIRD_PARTY_NOTICES.md"} <= listed, "The licence or the notices are missing.")
    live = list((folder / "_assets" / "live_script").rglob("*.py"))
    check(bool(live), "Live's script is missing.")
    for path in live:
        py_compile.compile(str(path), cfile=str(Path.cwd() / "compiled"), doraise=True)


def the_commands() -> None:
    """Run the commands that need neither a DAW nor a key."""
    check(bridge("--help").startswith("usage: ace-bridge"), "--help shows no usage.")
    check(bridge("--version").strip().endswith(distribution("ace-bridge").version), "--version shows another version.")
    presets = [line for line in bridge("presets").splitlines() if line[:1].strip()]
    check(len(presets) >= LEAST_PRESETS, f"presets lists only {len(presets)} presets.")
    result = Path(bridge("demo").strip())
    check(result.is_file() and result.stat().st_size > 100_000, f"demo made no result: {result}")
    check("Python" in bridge("doctor"), "doctor does not say which Python runs the bridge.")


def reaper() -> None:
    """Install the scripts into a REAPER folder and remove them again."""
    folder = Path.cwd() / "REAPER folder"
    folder.mkdir()
    (folder / "reaper.ini").write_text("[REAPER]\n")
    before = files(folder)
    bridge("install", "reaper", "--folder", str(folder), "--yes")
    there = files(folder)
    check(any(name.endswith("ace-bridge_Install.lua") for name in there), "install reaper installed no scripts.")
    bridge("uninstall", "reaper", "--folder", str(folder))
    check(files(folder) == before, f"uninstall reaper left files: {sorted(files(folder).keys() - before.keys())}")


def the_extras(names: list[str]) -> None:
    """Import the modules of the installed extras."""
    for name in MODULES if names == ["all"] else names:
        for module in MODULES[name]:
            if module in FOUND_ONLY:
                check(importlib.util.find_spec(module) is not None, f"The extra {name} lacks the module {module}.")
            else:
                importlib.import_module(module)


if __name__ == "__main__":
    the_package(sys.argv[1])
    the_extras(sys.argv[2:])
    the_commands()
    reaper()
