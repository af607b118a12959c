"""What a user types in a terminal to run this copy of ace-bridge, for the scripts' messages and the steps of `install`.

`ace-bridge` alone works only if the copy is installed on PATH, and may run another copy.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bridge.config.home import home_folder
from bridge.errors import HomeError
from bridge.util.shell import typed

MODULE = ("-P", "-m", "bridge")  # Python's arguments in the command that starts the daemon
NAMED = re.compile(r"`ace-bridge( [^`]*)?`")  # a command in a message or a hint


def terminal_text(start: Sequence[str], platform: str = sys.platform, environ: Mapping[str, str] = os.environ) -> str:
    """Return the text to type before a subcommand such as `doctor`, from any folder.

    Args:
        start: the command that starts the daemon, as in the pointer file.
        platform: the system's name, as in `sys.platform`.
        environ: the environment variables. The home is left out if a terminal without ACE_BRIDGE_HOME uses it too.
    """
    python, *rest = start[:-1]
    program = Path(python).with_name("ace-bridge.exe" if platform == "win32" else "ace-bridge")
    if tuple(rest[:3]) == MODULE and program.is_file():
        python, rest = str(program), rest[3:]
    if rest[-2:] == ["--home", _usual_home(platform, environ)]:
        rest = rest[:-2]
    return typed((python, *rest), platform)


def with_commands(text: str, terminal: str) -> str:
    """Replace each command `ace-bridge …` in a text by one that runs this copy; `terminal` is its `terminal_text`."""
    return NAMED.sub(lambda found: f"`{terminal}{found[1] or ''}`", text)


def _usual_home(platform: str, environ: Mapping[str, str]) -> str | None:
    kept = {name: value for name, value in environ.items() if name != "ACE_BRIDGE_HOME"}
    try:
        return str(home_folder(kept, platform))
    except HomeError:
        return None
