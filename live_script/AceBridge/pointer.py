"""Functions that find and start the bridge. They read daemon.json and the pointer file next to this script.

`ace-bridge install live` writes the pointer file, and the daemon writes it again whenever it starts.
"""

from __future__ import annotations

import json
import os
import re
from collections import namedtuple

from . import files

NAME = "ace-bridge.json"

# home: the bridge's folder; command: the command that starts the daemon; version: version of the bridge;
# terminal: what the user types in a terminal to run the bridge
Pointer = namedtuple("Pointer", "home command version terminal")


def read(folder):
    """Return the Pointer from the pointer file in a folder, or None if the bridge is not installed for Live."""
    found = _json(os.path.join(folder, NAME))
    if not isinstance(found, dict) or not isinstance(found.get("home"), str):
        return None
    command = [str(word) for word in found.get("command") or []]
    return Pointer(found["home"], command, str(found.get("version", "")), str(found.get("terminal") or "ace-bridge"))


def with_commands(text, pointer):
    """Replace each command `ace-bridge …` in a text by one that runs this copy of the bridge."""
    if pointer is None:
        return text
    return re.sub("`ace-bridge([^`]*)`", lambda found: "`%s%s`" % (pointer.terminal, found.group(1)), text)


def lost_program(command):
    """Return the path of the program in a command if it no longer exists; otherwise None."""
    missing = command and os.path.isabs(command[0]) and not os.path.exists(command[0])
    return command[0] if missing else None


def daemon(home):
    """Return the content of daemon.json, or an empty dict if no daemon is running."""
    found = _json(os.path.join(home, "daemon.json"))
    return found if isinstance(found, dict) else {}


def start(command):
    """Start the daemon in the background; return the new process, or None if it cannot be started."""
    if not command:
        return None
    try:
        import subprocess
    except ImportError:  # Live 11 and 12.0 on Windows, because their Python has no msvcrt
        return None
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if os.name == "nt":
        quiet["creationflags"] = 0x08000000  # CREATE_NO_WINDOW
    try:
        return subprocess.Popen(command, **quiet)
    except OSError:
        return None


def _json(path):
    try:
        return json.loads(files.read(path).decode("utf-8"))
    except (OSError, ValueError):
        return None
