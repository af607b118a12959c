"""Tests that requirements.lock (written by `scripts/lock`) pins every requirement in pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
UNLOCKED = {"bench"}  # not locked, because librosa needs numba, which has no wheels for Intel Macs

Pins = dict[str, list[Requirement]]  # package → its pins, which may depend on the Python version


def about() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def requirements(pyproject: dict[str, Any]) -> Iterator[Requirement]:
    """Yield the requirements in pyproject.toml for building, running and testing the project."""
    project, groups = pyproject["project"], pyproject["dependency-groups"]
    lists = [pyproject["build-system"]["requires"], project["dependencies"], *project["optional-dependencies"].values()]
    lists += [items for name, items in groups.items() if name not in UNLOCKED]
    found = (Requirement(text) for items in lists for text in items if isinstance(text, str))
    yield from (one for one in found if one.name != project["name"])  # the extra `all` names the others


def pins(lock: str) -> Pins:
    found: Pins = {}
    for line in lock.splitlines():
        if line and not line.startswith(("#", " ")):
            pin = Requirement(line.removesuffix("\\"))
            found.setdefault(canonicalize_name(pin.name), []).append(pin)
    return found


def version(pin: Requirement) -> str:
    (specifier,) = pin.specifier
    assert specifier.operator == "==", f"{pin} is not pinned"
    return specifier.version


def unlocked(wanted: Iterator[Requirement], lock: str) -> list[str]:
    """Return each requirement that is missing from the lock or pinned to a version outside its range."""
    locked = pins(lock)
    return [
        str(one)
        for one in wanted
        if not (found := locked.get(canonicalize_name(one.name)))
        or not all(one.specifier.contains(version(pin)) for pin in found)
    ]


def test_every_requirement_is_locked_within_its_range() -> None:
    assert unlocked(requirements(about()), LOCK) == [], "run scripts/lock"


@pytest.mark.parametrize(
    ("requirement", "found"),
    [
        ("numpy>=2.0", 0),
        ("NumPy >= 2 ; sys_platform == 'linux'", 0),
        ("numpy>=99", 1),
        ("httpx<0.1", 1),
        ("no-such-package", 1),
    ],
)
def test_a_missing_or_wrong_pin_is_found(requirement: str, found: int) -> None:
    assert len(unlocked(iter([Requirement(requirement)]), LOCK)) == found


def test_every_group_is_locked_or_left_out_on_purpose() -> None:
    names = {canonicalize_name(one.name) for one in requirements(about())}
    assert {"hatchling", "httpx", "keyring", "pytest", "pre-commit"} <= names
    assert set(about()["dependency-groups"]) >= UNLOCKED


def test_every_pin_has_a_hash() -> None:
    blocks = re.split(r"\n(?=\S)", LOCK.partition("scripts/lock\n")[2].strip())
    assert len(blocks) == sum(len(found) for found in pins(LOCK).values()) > 50
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_the_lock_names_no_host_and_no_folder() -> None:
    assert [line for line in LOCK.splitlines() if "://" in line or re.search(r"\s@\s|^-|(?<!\w)/\w", line)] == []


def test_the_lock_covers_every_system() -> None:
    markers = {str(pin.marker) for found in pins(LOCK).values() for pin in found}
    assert any("darwin" in marker for marker in markers)
    assert any("win32" in marker for marker in markers)
    assert any("linux" in marker for marker in markers)
