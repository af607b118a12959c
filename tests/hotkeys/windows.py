"""Windows of programs on an X11 display without a window manager."""

from __future__ import annotations

from typing import Any


class Windows:
    """Opens windows that have the names of programs, and puts them in front."""

    def __init__(self, display: str) -> None:
        from Xlib import X
        from Xlib.display import Display

        self._x = X
        self._display: Any = Display(display)
        self._root = self._display.screen().root
        self._active = self._display.intern_atom("_NET_ACTIVE_WINDOW")

    def open(self, name: str) -> Any:
        """Open a window whose WM_CLASS names a program, and return it."""
        made = self._root.create_window(0, 0, 200, 100, 0, self._x.CopyFromParent)
        made.set_wm_class(name.lower(), name)
        made.map()
        self._display.sync()
        return made

    def focus(self, name: str) -> Any:
        """Open a window and give an inner window of it the keyboard focus, as toolkits do; return the window."""
        made = self.open(name)
        inner = made.create_window(0, 0, 50, 50, 0, self._x.CopyFromParent)
        inner.map()
        self._display.sync()
        inner.set_input_focus(self._x.RevertToParent, self._x.CurrentTime)
        self._display.sync()
        return made

    def activate(self, window: Any) -> None:
        """Name the active window, as a window manager does; None: it names none."""
        from Xlib import Xatom

        self._root.change_property(self._active, Xatom.WINDOW, 32, [window.id if window is not None else 0])
        self._display.sync()

    def close(self) -> None:
        """Close all windows."""
        self._root.delete_property(self._active)
        self._display.sync()
        self._display.close()
