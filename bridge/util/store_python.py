"""Python from the Microsoft Store: Windows redirects what it writes to AppData and to the registry into private copies.

Files for REAPER, Live or Ardour, or an autostart entry, would exist only for this Python.
https://docs.python.org/3/using/windows.html (known issues of the Microsoft Store package)
"""

from __future__ import annotations

import sys
from pathlib import PureWindowsPath

from bridge.errors import StorePython

FOLDER = "windowsapps"  # in the path of every program from the Store


def is_from_store(base_prefix: str | None = None) -> bool:
    """Return whether a Python comes from the Store.

    Args:
        base_prefix: its `sys.base_prefix`, which is the same in virtual environments; None: of this Python.
    """
    return FOLDER in PureWindowsPath((base_prefix or sys.base_prefix).lower()).parts


def refuse_store_python() -> None:
    """Refuse to write for other programs with a Python from the Store.

    Raises:
        StorePython: this Python comes from the Store.
    """
    if is_from_store():
        raise StorePython
