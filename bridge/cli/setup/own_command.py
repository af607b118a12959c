"""Finds out what the user must type to run this copy of ace-bridge."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from bridge.installers.installer import start_command
from bridge.installers.terminal import terminal_text

NAME = "ace-bridge"


def own_command(
    which: Callable[[str], str | None], home: Path, python: str = sys.executable, platform: str = sys.platform
) -> str:
    """Return `ace-bridge` if that runs this copy, or else this copy's absolute command, quoted for a terminal.

    Args:
        which: returns the path of a program that the shell finds by its name, or None.
        home: the bridge's home.
        python: path of this copy's Python.
        platform: as in `sys.platform`.
    """
    folder = Path(python).parent
    program = folder / (f"{NAME}.exe" if platform == "win32" else NAME)
    on_path = which(NAME)
    if on_path is not None and _runs(Path(on_path), program):
        return NAME
    return terminal_text(start_command(home, python), platform)


def _runs(on_path: Path, program: Path) -> bool:
    """Return whether the program on PATH is this copy's. pipx and uv put links to it, or a copy, in another folder."""
    try:
        if on_path.resolve() == program.resolve() or on_path.resolve().parent == program.resolve().parent:
            return True
        if on_path.suffix.lower() == ".exe":
            return program.exists() and on_path.read_bytes() == program.read_bytes()
        first = on_path.read_bytes()[:1024].splitlines()[:3]
    except OSError:
        return False
    return any(os.fsencode(program.parent) in line for line in first)
