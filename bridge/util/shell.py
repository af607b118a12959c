"""Commands as a user types them: for sh, or on Windows for PowerShell, the default in Windows Terminal.

PowerShell runs a quoted path only after "&".
https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_operators#call-operator-
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

PLAIN = re.compile(r"[\w.:\\/+-]+")  # what PowerShell takes as a path without quotes


def typed(words: Sequence[str], platform: str) -> str:
    """Return a command with the quotes that the shell needs; `platform` is as in `sys.platform`."""
    if platform != "win32":
        return shlex.join(words)
    quoted = [word if PLAIN.fullmatch(word) else "'{}'".format(word.replace("'", "''")) for word in words]
    return " ".join(["&", *quoted] if quoted[0] != words[0] else quoted)
