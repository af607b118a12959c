"""Tells a program to end when the user or the system asks it to: by a signal, Ctrl-C, or a closed terminal window.

On Windows, closing the console window or ending the session is no signal. The system calls a function in a thread of
its own, and ends the process as soon as that function returns, or after about five seconds. See
https://learn.microsoft.com/en-us/windows/console/handlerroutine. A program without a window gets no such call when the
session ends if it has loaded user32.dll.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator

CLOSED = (2, 5, 6)  # CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT
LONGEST = 60.0  # s to keep the system waiting for the program's end; the system itself waits for a shorter time


@contextlib.contextmanager
def on_end(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` in the running event loop when the process is asked to end in this block.

    The block must last until the program has ended its work: a closed console window on Windows waits for its end.
    """
    loop = asyncio.get_running_loop()
    ended = threading.Event()
    if sys.platform == "win32":
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGBREAK):
            signal.signal(number, lambda _number, _frame: loop.call_soon_threadsafe(stop))
        release = _watch_console(closing(lambda: loop.call_soon_threadsafe(stop), ended))
    else:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores SIGHUP
                loop.add_signal_handler(number, stop)
        release = _nothing
    try:
        yield
    finally:
        ended.set()
        release()


def closing(stop: Callable[[], object], ended: threading.Event) -> Callable[[int], bool]:
    """Return a console handler for Windows, which returns whether the event needs no other handler.

    Args:
        stop: tells the program to end; called in any thread.
        ended: set when the program has ended its work.
    """

    def handle(event: int) -> bool:
        if event not in CLOSED:
            return False  # Ctrl-C and Ctrl-Break become signals
        with contextlib.suppress(RuntimeError):  # the event loop is closed
            stop()
        ended.wait(LONGEST)
        return True

    return handle


def _watch_console(handle: Callable[[int], bool]) -> Callable[[], None]:
    """Register a console handler on Windows, and return the function that removes it."""
    import ctypes

    kernel = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined, unused-ignore]
    registered = ctypes.WINFUNCTYPE(ctypes.c_int, ctypes.c_uint)(handle)  # type: ignore[attr-defined, unused-ignore]
    kernel.SetConsoleCtrlHandler(registered, 1)
    return lambda: kernel.SetConsoleCtrlHandler(registered, 0)


def _nothing() -> None: ...
