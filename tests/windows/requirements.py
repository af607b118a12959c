"""Finds which packages of requirements.lock the tests need on Windows, and their hashes.

pip evaluates the conditions of requirements, such as `sys_platform == "win32"`, for the system that it runs on. Here,
that is Linux. Therefore this module evaluates them, and pip gets a complete list.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.progress import StepFailed

ROOT = Path(__file__).resolve().parent.parent.parent
WINDOWS = default_environment() | {  # the environment of the Python that the tests run on
    "sys_platform": "win32",
    "os_name": "nt",
    "platform_system": "Windows",
    "platform_machine": "AMD64",
    "python_version": "3.11",
    "python_full_version": "3.11.9",
}
LEFT_OUT = {  # not needed on Windows: checks of the source text, which have the same result on each system
    "mypy", "ruff", "check-jsonschema", "py2tosc", "fal-client", "hatchling", "ruamel-yaml",
}  # fmt: skip
EXTRAS = ("midi",)


def locked(lock: Path = ROOT / "requirements.lock") -> dict[str, str]:
    """Return each package's entry in a lock file without its condition: the version and the hashes."""
    found = {}
    for entry in re.findall(r"^\S.*(?:\n .*)*", lock.read_text("utf-8"), re.MULTILINE):
        requirement, *hashes = entry.replace("\\\n", "\n").splitlines()
        if not requirement.startswith("#") and _applies(Requirement(requirement)):
            pin = requirement.partition(";")[0].strip()
            found[canonicalize_name(pin.partition("==")[0])] = " ".join([pin, *map(str.strip, hashes)])
    return found


def needed() -> set[str]:
    """Return the packages that the project, its extras and its tests need on Windows, with what those need."""
    found: set[str] = set()
    waiting = list(_of_project())
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in LEFT_OUT or not _applies(requirement) or name in found:
            continue
        found.add(name)
        waiting += _of_package(name, requirement.extras)
    return found


def lines() -> list[str]:
    """Return the lines of a requirements file for pip, each with hashes.

    Raises:
        StepFailed: requirements.lock has no entry for a package.
    """
    entries = locked()
    if lacking := sorted(needed() - set(entries)):
        raise StepFailed(f"requirements.lock has no entry for {', '.join(lacking)}. Run scripts/lock.")
    return [entries[name] for name in sorted(needed())]


def _of_project() -> Iterator[Requirement]:
    about = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = [*about["project"]["dependencies"], *about["dependency-groups"]["test"]]
    for extra in EXTRAS:
        wanted += about["project"]["optional-dependencies"][extra]
    yield from map(Requirement, wanted)


def _of_package(name: str, extras: set[str]) -> list[Requirement]:
    try:
        wanted = metadata.requires(name) or []
    except metadata.PackageNotFoundError:  # a package for Windows only, such as colorama; none of them needs another
        return []
    return [one for one in map(Requirement, wanted) if _applies(one, extras)]


def _applies(requirement: Requirement, extras: set[str] | None = None) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate(dict(WINDOWS) | {"extra": extra}) for extra in extras or {""})
