"""Ends the daemon and waits until it has ended, for `stop` and every command that stops a daemon."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from bridge.cli import history
from bridge.client import POLL, Client, ask_to_stop
from bridge.errors import HomeError, NotPossibleNow
from bridge.protocol.job import State

PATIENCE = 150.0  # s; the daemon first waits for fal to answer a submission, up to two minutes
QUIET = 2.0  # s; when stopping takes longer, the user is told why
TRIES = 10  # requests to stop without a reply, after which a daemon that hangs gets SIGTERM


def stop_daemon(client: Client, say: Callable[[str], None], patience: float = PATIENCE) -> int | None:
    """End a home's daemon as SIGTERM does, and wait until it has ended.

    The daemon is asked by `/bridge/stop`, because Windows has no SIGTERM: there, os.kill ends a process at once, even
    while it submits a remix. On other systems, a daemon that does not reply or does not know the message gets SIGTERM.

    Args:
        client: the client for the home.
        say: function that shows a line to the user.
        patience: time limit, s.

    Returns:
        The process ID of the daemon; None: no daemon was running.

    Raises:
        NotPossibleNow: the daemon has an older version, which cannot be stopped on Windows.
        HomeError: the daemon has not ended in time; it continues to end.
    """
    pid, silent, heard = None, 0, False
    begun, told = time.monotonic(), False
    while client.is_locked():
        about = client.described()
        if about is not None and int(about["pid"]) != pid:  # also a second daemon that takes over from the first
            pid, silent, heard = int(about["pid"]), 0, False
        if about is not None and not heard:
            heard = _asked(about)
            silent += not heard
            if silent == TRIES:
                _signal(about)
        late = time.monotonic() - begun
        if late > patience:
            text = f"The bridge (process {pid}) has not stopped within {patience:g} s{_busy(client)}."
            raise HomeError(text, hint="It goes on stopping, and nothing is lost. Look again with `ace-bridge status`.")
        if late > QUIET and not told:
            told = True
            say(f"The bridge is stopping{_busy(client)}.")
        time.sleep(POLL)
    return pid


def _asked(about: Mapping[str, Any]) -> bool:
    """Ask a daemon to end; return whether it replied."""
    reply = ask_to_stop(about)
    if b"unknown_command" in reply:
        if sys.platform == "win32":
            raise NotPossibleNow(
                f"The bridge that is running has version {about.get('version')}, which this version cannot stop.",
                hint=f"End process {about['pid']} in the Task Manager. Unfinished remixes continue at the next start.",
            )
        _signal(about)
    return reply.startswith(b"/bridge/ack") or b"unknown_command" in reply


def _signal(about: Mapping[str, Any]) -> None:
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):  # another user's process
            os.kill(int(about["pid"]), signal.SIGTERM)


def _busy(client: Client) -> str:
    """Return what the daemon may still be finishing, as the rest of a sentence."""
    names = [
        history.clips(job)
        for job, variations in history.still_open(client.home)
        if any(one.state == State.SUBMITTING for one in variations)
    ]
    return f", and waits for the answer to the submission of {', '.join(names)}" if names else ""
