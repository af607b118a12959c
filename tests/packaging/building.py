"""Builds the wheel and the source distribution of this folder."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

from tests.progress import StepFailed, run

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = "import sys, hatchling.build as build; getattr(build, sys.argv[1])(sys.argv[2])"


def build(folder: Path) -> Path:
    """Build both into a folder and return the wheel.

    Raises:
        StepFailed: the build failed, or the source distribution gives another wheel than this folder.
    """
    wheel = built("wheel", ROOT, folder / "dist", "*.whl")
    sdist = built("sdist", ROOT, folder / "dist", "*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "source", filter="data")
    again = built("wheel", next((folder / "source").iterdir()), folder / "again", "*.whl")
    if differing := differences(wheel, again):
        raise StepFailed(
            "The wheel from the source distribution differs from the wheel from this folder: " + ", ".join(differing)
        )
    return wheel


def built(kind: str, source: Path, target: Path, pattern: str) -> Path:
    """Build a wheel or a source distribution (“sdist”) and return its path."""
    target.mkdir(exist_ok=True)
    run([sys.executable, "-c", BUILD, f"build_{kind}", target], target.parent / "build.log", cwd=source)
    return next(target.glob(pattern))


def differences(one: Path, other: Path) -> list[str]:
    """Return the names of the files that are in only one of two wheels, or differ."""
    first, second = content(one), content(other)
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))


def content(wheel: Path) -> dict[str, bytes]:
    """Return the files of a wheel by name."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
