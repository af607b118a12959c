"""Tests that every package that users install has a wheel for their system, so that pip needs no compiler."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = (  # uv's names; not musl, for which soxr has no wheel and requirements cannot have a condition
    "x86_64-pc-windows-msvc",
    "aarch64-pc-windows-msvc",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-manylinux_2_28",
    "aarch64-manylinux_2_28",
)


def required() -> list[str]:
    return list(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"])


def resolve(requirements: list[str], system: str, python: str) -> subprocess.CompletedProcess[str]:
    """Resolve requirements from wheels only. The error output names the package that has none."""
    where = ["--python-platform", system, "--python-version", python]
    how = ["--only-binary", ":all:", "--no-header", "--no-annotate", "--no-config", "--quiet"]
    words = [sys.executable, "-m", "uv", "pip", "compile", "-", *where, *how]
    return subprocess.run(words, input="\n".join(requirements), capture_output=True, text=True, timeout=300)


@pytest.mark.needs("wheels")
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_every_requirement_has_a_wheel(system: str, python: str) -> None:
    done = resolve(required(), system, python)
    assert done.returncode == 0, done.stderr
    assert "numpy==" in done.stdout


@pytest.mark.needs("wheels")
def test_a_package_without_a_wheel_is_named() -> None:
    done = resolve(["numpy>=2", "soxr>=1"], "aarch64-pc-windows-msvc", "3.12")
    assert done.returncode != 0
    assert "soxr" in done.stderr
