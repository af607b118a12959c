"""Reads and writes values of the current user in the Windows registry."""

from __future__ import annotations

import contextlib
import sys

from bridge.errors import HomeError


class Registry:
    """The registry of this machine; without one, there are no values."""

    def get(self, key: str, name: str) -> str | bytes | None:
        """Return a value, or None if there is none of these types."""
        if sys.platform == "win32":
            import winreg

            with contextlib.suppress(OSError), winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as opened:
                value = winreg.QueryValueEx(opened, name)[0]
                return value if isinstance(value, str | bytes) else None
        return None

    def put(self, key: str, name: str, value: str) -> None:
        """Write a text value.

        Raises:
            HomeError: Windows refuses it.
        """
        if sys.platform == "win32":
            import winreg

            try:
                with winreg.CreateKey(winreg.HKEY_CURRENT_USER, key) as opened:
                    winreg.SetValueEx(opened, name, 0, winreg.REG_SZ, value)
            except OSError as problem:
                raise HomeError(f"Windows does not allow the value {name} in {key}: {problem.strerror}.") from problem

    def delete(self, key: str, name: str) -> None:
        """Delete a value, if there is one."""
        if sys.platform == "win32":
            import winreg

            with (
                contextlib.suppress(OSError),
                winreg.OpenKey(winreg.HKEY_CURRENT_USER, key, 0, winreg.KEY_SET_VALUE) as opened,
            ):
                winreg.DeleteValue(opened, name)
