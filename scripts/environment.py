"""The project's Python environment, .venv, for scripts/run.py. This module runs on Python 3.8 or newer.

An environment contains absolute paths, so it stops working if this copy of the project is moved, or if the Python that
made it is removed or updated. `make` notices both and makes the environment again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from machine import ROOT, Stop, apt_install, is_debian, is_mac, is_windows, say, succeeds, wait_for

OLDEST = (3, 11)  # oldest Python on which ace-bridge runs
NAMES = ("python3.14", "python3.13", "python3.12", "python3.11", "python3", "python")
VENV = ROOT / ".venv"
PROGRAMS = VENV / ("Scripts" if is_windows() else "bin")
PYTHON = str(PROGRAMS / ("python.exe" if is_windows() else "python"))
ABOUT_PYTHON = """\
import importlib.util, json, sys
found = {"version": sys.version_info[:3], "base": sys.base_prefix}
found["modules"] = all(map(importlib.util.find_spec, ("ensurepip", "venv")))
print(json.dumps(found))
"""
ABOUT_ENVIRONMENT = """\
import json, sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
try:
    installed = bool(version("ace-bridge"))
except PackageNotFoundError:
    installed = False
bridge = find_spec("bridge")
print(json.dumps({"version": sys.version_info[:2], "installed": installed, "bridge": bridge and bridge.origin}))
"""
STORE = "WindowsApps"  # folder in the path of each Python from the Microsoft Store
FROM_THE_STORE = """\
{} comes from the Microsoft Store. Windows redirects what such a Python writes to AppData, so REAPER would not see the
bridge's scripts. Install Python from https://www.python.org/downloads/ and run this command again."""


def make() -> None:
    """Make the environment if it is missing or does not work.

    Raises:
        Stop: there is no suitable Python, or .venv could not be made.
    """
    trouble = _trouble()
    if trouble is None:
        return
    python = _find_python()
    if not python["modules"]:
        if not is_debian():
            source = "from https://www.python.org" if is_windows() else "with the system's package manager"
            raise Stop(f"{python['path']} lacks its venv module; install Python {source}.")
        apt_install(["python{}.{}-venv".format(*python["version"])])
    say("{}Creating .venv with Python {}.{}.{}".format(trouble and f"{trouble} ", *python["version"]))
    _remove()
    wait_for([python["path"], "-m", "venv", str(VENV)])


def install(name: str, *arguments: str) -> None:
    """Run `pip install` with the versions in requirements.lock.

    Nothing happens if neither requirements.lock nor pyproject.toml has changed since the last `install` of this name.
    """
    wanted = [(ROOT / file).read_bytes() for file in ("pyproject.toml", "requirements.lock")]
    now = hashlib.sha256(b"".join(wanted)).hexdigest()
    stamp = stamp_of(name)
    if stamp.is_file() and stamp.read_text("utf-8") == now:
        return
    say("Installing ace-bridge and its requirements into .venv (once)")
    pip = [PYTHON, "-m", "pip"]
    if not succeeds([*pip, "--version"]):
        wait_for([PYTHON, "-m", "ensurepip", "--upgrade"])
    wait_for([*pip, "install", "--quiet", "--upgrade", "pip>=25.1"])  # the first version with --group
    (VENV / "constraints.txt").write_text(_without_hashes(wanted[1].decode("utf-8")), "utf-8")
    wait_for([*pip, "install", "--quiet", "--constraint", str(Path(".venv", "constraints.txt")), *arguments])
    stamp.write_text(now, "utf-8")


def stamp_of(name: str) -> Path:
    """Return the file that records the last `install` of this name."""
    return VENV / f".installed-{name}"


def _without_hashes(lock: str) -> str:
    """Return the lock file without its hashes, which pip refuses in the constraints of an editable install."""
    lines = (line for line in lock.splitlines() if "--hash" not in line)
    return "".join(re.sub(r" \\$", "", line) + "\n" for line in lines)


# --- whether the environment works -----------------------------------------------------------------------------------


def _trouble() -> str | None:
    """Return None if the environment works, and otherwise the reason why not, which is empty if there is none yet."""
    if not VENV.is_dir():
        return ""
    found = _ask(PYTHON, ABOUT_ENVIRONMENT)
    if found is None:
        return "The Python that made .venv was removed or no longer starts."
    if tuple(found["version"]) < OLDEST:
        return "The Python of .venv is too old."
    about = _configuration()
    made_by = re.match(r"(\d+)\.(\d+)", about.get("version", about.get("version_info", "")))
    if made_by and [int(number) for number in made_by.groups()] != found["version"]:
        return "The Python that made .venv was updated to another version."
    made_at = re.search(r" -m venv (?:--\S+ )*(.+)$", about.get("command", ""))
    if made_at and not _is_same(Path(made_at.group(1)), VENV):
        return "This copy of ace-bridge was moved or copied."
    if found["installed"] and not _is_here(found["bridge"]):
        return "This copy of ace-bridge was moved or copied."
    return None


def _configuration() -> dict[str, str]:
    """Return the content of pyvenv.cfg; an empty dict if there is none."""
    file = VENV / "pyvenv.cfg"
    lines = file.read_text("utf-8", "replace").splitlines() if file.is_file() else []
    return {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and one.samefile(other)


def _is_here(module: str | None) -> bool:
    """Return whether a module is in this copy of the project or in its environment."""
    if module is None:
        return False
    places = (os.path.realpath(str(ROOT)), os.path.realpath(str(VENV)))
    folders = [os.path.normcase(str(folder)) for folder in Path(os.path.realpath(module)).parents]
    return any(os.path.normcase(place) in folders for place in places)


def _remove() -> None:
    """Remove the environment, or only the link to it.

    Raises:
        Stop: a program in the environment is running, which prevents this on Windows. Nothing was removed.
    """
    if VENV.is_symlink():
        VENV.unlink()
    if not VENV.is_dir():
        return
    old = VENV.with_name(".venv.old")
    shutil.rmtree(str(old), ignore_errors=True)
    try:
        VENV.rename(old)
    except OSError as error:
        raise Stop(
            f"{error}\nA program uses .venv. End it, for example with `ace-bridge stop`, and try again."
        ) from error
    shutil.rmtree(str(old), ignore_errors=True)


# --- the Python that makes it ----------------------------------------------------------------------------------------


def _find_python() -> Any:
    """Return what `ABOUT_PYTHON` prints for the first suitable Python, and its path.

    Raises:
        Stop: there is none.
    """
    from_the_store = None
    for path in _pythons():
        found = _ask(path, ABOUT_PYTHON)
        if found is None or tuple(found["version"]) < OLDEST:
            continue
        if is_windows() and STORE in re.split(r"[\\/]", found["base"]):
            from_the_store = path
            continue
        return {**found, "path": path}
    if from_the_store:
        raise Stop(FROM_THE_STORE.format(from_the_store))
    raise Stop(f"ace-bridge needs Python 3.11 or newer; {_how_to_get_it()}")


def _how_to_get_it() -> str:
    if is_mac():
        return "run:  brew install python"
    here = "this is {}.{}.{}".format(*sys.version_info[:3])
    return f"{here}. Install it from https://www.python.org/downloads/" if is_windows() else here


def _pythons() -> Iterator[str]:
    """Yield the paths of all Pythons found, preferred ones first, without those in the environment itself."""
    found = [os.environ.get("ACE_BRIDGE_PYTHON", "")]
    found += _listed_by_py() if is_windows() else []
    found += [shutil.which(name) or "" for name in NAMES]
    found.append(sys.executable)
    yield from (path for path in dict.fromkeys(found) if path and not _is_in_environment(path))


def _is_in_environment(path: str) -> bool:
    return VENV in Path(path).parents


def _listed_by_py() -> list[str]:
    """Return the paths that the Python launcher for Windows lists, newest version first."""
    try:
        done = subprocess.run(["py", "--list-paths"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return []
    return re.findall(r"[A-Za-z]:\\.*?python\.exe", done.stdout.decode("utf-8", "replace"), re.IGNORECASE)


def _ask(python: str, code: str) -> Any:
    """Return the JSON that a Python prints when it runs `code`; None if it does not start."""
    command: Sequence[str] = [python, "-I", "-c", code]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
        )
        return json.loads(done.stdout.decode("utf-8"))
    except (OSError, ValueError):
        return None
