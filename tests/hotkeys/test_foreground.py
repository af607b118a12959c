"""Tests which program is in front: names and patterns, real X11 windows, and a Windows API with recorded answers."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.errors import HotkeysMissing
from bridge.hotkeys import foreground
from tests.daws.ardour.rig import screen
from tests.hotkeys.windows import Windows


@pytest.mark.parametrize(
    "name",
    [
        "reaper",
        "reaper_host64",  # a plug-in that REAPER runs in a process of its own
        "ableton live 12 suite",
        "ableton live 11 lite",
        "live",
        "ardour",
        "ardour-8.12.0",
    ],
)
def test_the_supported_daws_are_known(name: str) -> None:
    assert foreground.is_daw({"something else", name}, ())


@pytest.mark.parametrize("name", ["firefox", "chrome", "live chat", "liveupdate", "cubase13", ""])
def test_other_programs_are_not(name: str) -> None:
    assert not foreground.is_daw({name}, ())
    assert not foreground.is_daw((), ("cubase*",))


@pytest.mark.parametrize("pattern", ["Cubase*", "cubase13.exe", " CUBASE1? "])
def test_the_user_can_add_programs(pattern: str) -> None:
    assert foreground.is_daw({"cubase13"}, (pattern,))


# --- X11 -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Iterator[Windows]:
    with screen() as name:
        monkeypatch.setenv("DISPLAY", name)
        made = Windows(name)
        opened = _record_displays(monkeypatch)
        yield made
        for one in (*opened, made):
            one.close()


def _record_displays(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return a list of the connections that are opened from now on, so that the test can close them."""
    from Xlib import display

    opened: list[Any] = []
    real = display.Display
    monkeypatch.setattr(display, "Display", lambda: opened.append(real()) or opened[-1])
    return opened


@pytest.mark.needs("keyboard")
def test_the_window_with_the_focus_is_in_front(windows: Windows) -> None:
    names = foreground.front()
    assert names() == frozenset()
    windows.focus("REAPER")
    assert names() == {"reaper"}
    firefox = windows.focus("firefox")
    assert names() == {"firefox"}
    firefox.destroy()
    windows.activate(None)
    assert names() == frozenset()


@pytest.mark.needs("keyboard")
def test_the_window_managers_word_comes_first(windows: Windows) -> None:
    names, reaper = foreground.front(), windows.open("REAPER")
    windows.focus("firefox")
    windows.activate(reaper)
    assert names() == {"reaper"}


@pytest.mark.needs("keyboard")
def test_the_name_of_the_process_counts_too(windows: Windows) -> None:
    from Xlib import Xatom

    window = windows.open("main window")
    with subprocess.Popen(["sleep", "900"]) as sleeping:
        pid = windows._display.intern_atom("_NET_WM_PID")
        window.change_property(pid, Xatom.CARDINAL, 32, [sleeping.pid])
        windows.activate(window)
        assert foreground.front()() == {"main window", "sleep"}
        sleeping.kill()
    assert foreground.front()() == {"main window"}


@pytest.mark.needs("keyboard")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Xlib leaves its sockets open
def test_without_a_display_it_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", f":{os.getpid()}")
    with pytest.raises(HotkeysMissing, match="does not say which program is in front"):
        foreground.front("linux")


# --- Windows and macOS -----------------------------------------------------------------------------------------------


class Kernel:
    """The calls of kernel32 and user32 for one foreground window; values as documented on learn.microsoft.com."""

    def __init__(self, path: str | None) -> None:
        self.path = path  # of the program in front; None: access to the process is denied
        self.handles = 0
        self.GetForegroundWindow = lambda: 65552
        self.GetWindowThreadProcessId = _Call(self._process)
        self.OpenProcess = _Call(self._open)
        self.QueryFullProcessImageNameW = _Call(self._name)
        self.CloseHandle = _Call(self._close)

    def _process(self, window: int, pid: Any) -> int:
        assert window == 65552
        pid._obj.value = 4711
        return 1

    def _open(self, access: int, inherit: bool, pid: int) -> int | None:
        assert (access, inherit, pid) == (0x1000, False, 4711)
        self.handles += self.path is not None
        return None if self.path is None else 8

    def _name(self, handle: int, flags: int, buffer: Any, size: Any) -> int:
        assert (handle, flags, size._obj.value) == (8, 0, len(buffer))
        buffer.value = self.path
        return 1

    def _close(self, handle: int) -> int:
        self.handles -= 1
        return 1


class _Call:
    restype: Any = None
    argtypes: Any = None

    def __init__(self, call: Any) -> None:
        self._call = call

    def __call__(self, *values: Any) -> Any:
        return self._call(*values)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        (r"C:\Program Files\REAPER (x64)\reaper.exe", {"reaper"}),
        (r"C:\ProgramData\Ableton\Live 12 Suite\Program\Ableton Live 12 Suite.exe", {"ableton live 12 suite"}),
        (None, set()),
    ],
)
def test_windows_names_the_program_of_the_foreground_window(
    monkeypatch: pytest.MonkeyPatch, path: str | None, names: set[str]
) -> None:
    kernel = Kernel(path)
    kernel.GetForegroundWindow = _Call(lambda: 65552)  # type: ignore[assignment]
    monkeypatch.setattr(ctypes, "WinDLL", lambda _: kernel, raising=False)
    assert foreground.front("win32")() == names
    assert kernel.handles == 0


def test_macos_names_the_owner_of_the_first_normal_window(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [
        {"kCGWindowLayer": 25, "kCGWindowOwnerName": "Control Centre"},
        {"kCGWindowLayer": 0, "kCGWindowOwnerName": "Live"},
        {"kCGWindowLayer": 0, "kCGWindowOwnerName": "Safari"},
    ]
    quartz = SimpleNamespace(CGWindowListCopyWindowInfo=lambda options, window: listed if options == 17 else None)
    monkeypatch.setitem(sys.modules, "Quartz", quartz)  # type: ignore[arg-type]
    names = foreground.front("darwin")
    assert names() == {"live"}
    listed.clear()
    assert names() == frozenset()
