"""Finds out which program is in front, so that a hotkey acts only while a DAW is.

A name is lower-case and has no “.exe”. A program can have several: on X11 the two parts of WM_CLASS and the name of the
process. Nobody has tried the macOS function on a Mac yet.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PureWindowsPath
from typing import Any

from bridge.errors import HotkeysMissing

# Windows: reaper.exe, “Ableton Live 12 Suite.exe”. macOS: “REAPER”, “Live”, “Ardour”. X11: WM_CLASS or process name.
DAW_PROGRAMS = ("reaper*", "ableton live*", "live", "ardour*")
EVERYWHERE = "*"  # value of `programs` under `[hotkeys]`

_QUERY_LIMITED = 0x1000  # PROCESS_QUERY_LIMITED_INFORMATION (processthreadsapi.h)
_PATH_LIMIT = 32_768  # characters; longest path that Windows returns
_ON_SCREEN = 1 | 16  # kCGWindowListOptionOnScreenOnly | kCGWindowListExcludeDesktopElements (CGWindow.h)

Front = Callable[[], frozenset[str]]  # returns the names of the program in front; empty: none or unknown


def is_daw(names: Iterable[str], more: Iterable[str]) -> bool:
    """Return whether the program with these names is a supported DAW or matches one of the user's own patterns.

    Args:
        names: the names of the program in front.
        more: the user's patterns; `*` and `?` as in file names, upper and lower case are the same.
    """
    patterns = [*DAW_PROGRAMS, *(plain(one) for one in more)]
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def plain(name: str) -> str:
    """Return a program's name in lower case and without “.exe”."""
    return name.strip().lower().removesuffix(".exe")


def front(platform: str = sys.platform) -> Front:
    """Return the function that names the program in front on this system.

    Raises:
        HotkeysMissing: this system does not tell which program is in front.
    """
    try:
        make = {"win32": _windows, "darwin": _macos}.get(platform, _x11)
        return make()
    except Exception as error:  # Xlib and pyobjc have many kinds of errors
        raise HotkeysMissing(
            f"Hotkeys do not work: the system does not say which program is in front ({error})."
        ) from error


# --- X11 -------------------------------------------------------------------------------------------------------------


def _x11() -> Front:
    """Read the active window from the window manager (EWMH, _NET_ACTIVE_WINDOW), else the window with the focus."""
    from Xlib import X, display, error

    screen: Any = display.Display()
    root = screen.screen().root
    active, process = screen.intern_atom("_NET_ACTIVE_WINDOW"), screen.intern_atom("_NET_WM_PID")

    def focused() -> Any:
        told = root.get_full_property(active, X.AnyPropertyType)
        if told is not None and len(told.value) and told.value[0]:
            return screen.create_resource_object("window", told.value[0])
        return screen.get_input_focus().focus

    def upwards(window: Any) -> Iterator[Any]:
        while hasattr(window, "query_tree") and window.id != root.id:  # PointerRoot and None are numbers
            yield window
            window = window.query_tree().parent

    def names() -> frozenset[str]:
        found: set[str] = set()
        try:
            for window in upwards(focused()):
                found.update(window.get_wm_class() or ())
                owner = window.get_full_property(process, X.AnyPropertyType)
                found.update(_process_name(int(owner.value[0])) if owner is not None else ())
        except error.XError:  # the window was closed meanwhile
            return frozenset()
        return frozenset(plain(one) for one in found)

    return names


def _process_name(pid: int) -> tuple[str, ...]:
    try:
        return ((Path("/proc") / str(pid) / "comm").read_text("utf-8", "replace"),)
    except OSError:  # a program in a sandbox reports the number that it has there
        return ()


# --- Windows and macOS -----------------------------------------------------------------------------------------------


def _windows() -> Front:
    """Read the program of the foreground window (GetForegroundWindow, QueryFullProcessImageNameW)."""
    import ctypes

    user, kernel = ctypes.WinDLL("user32"), ctypes.WinDLL("kernel32")  # type: ignore[attr-defined, unused-ignore]
    user.GetForegroundWindow.restype = ctypes.c_void_p
    user.GetWindowThreadProcessId.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
    kernel.OpenProcess.restype = ctypes.c_void_p
    kernel.QueryFullProcessImageNameW.argtypes = (ctypes.c_void_p, ctypes.c_uint32, ctypes.c_wchar_p, ctypes.c_void_p)
    kernel.CloseHandle.argtypes = (ctypes.c_void_p,)

    def names() -> frozenset[str]:
        pid = ctypes.c_uint32()
        user.GetWindowThreadProcessId(user.GetForegroundWindow(), ctypes.byref(pid))
        handle = kernel.OpenProcess(_QUERY_LIMITED, False, pid.value) if pid.value else None
        if not handle:
            return frozenset()
        try:
            path, size = ctypes.create_unicode_buffer(_PATH_LIMIT), ctypes.c_uint32(_PATH_LIMIT)
            if not kernel.QueryFullProcessImageNameW(handle, 0, path, ctypes.byref(size)):
                return frozenset()
            return frozenset({plain(PureWindowsPath(path.value).name)})
        finally:
            kernel.CloseHandle(handle)

    return names


def _macos() -> Front:
    """Read the owner of the frontmost normal window (CGWindowListCopyWindowInfo lists windows from front to back).

    The owner's name needs no permission. NSWorkspace.frontmostApplication would need a run loop to stay up to date.
    """
    import Quartz

    def names() -> frozenset[str]:
        for window in Quartz.CGWindowListCopyWindowInfo(_ON_SCREEN, 0) or ():
            if window.get("kCGWindowLayer") == 0:  # other layers: menu bar, Dock, floating panels of the system
                return frozenset({plain(str(window.get("kCGWindowOwnerName", "")))})
        return frozenset()

    return names
