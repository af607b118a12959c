"""The step that lets the bridge start at login."""

from __future__ import annotations

import sys

from bridge.cli.setup.step import Outcome, Session
from bridge.client import Client
from bridge.config.home import prepare_home
from bridge.installers.autostart import Autostart, autostart_of

OFF = "The bridge does not start at login."
ON = "The bridge starts at login."


def check(session: Session) -> Outcome:
    """Return whether the bridge starts at login."""
    status = _entry(session).status()
    return Outcome("kept", ON) if status.on else Outcome("todo", f"{OFF} {status.problem}".strip())


def do(session: Session) -> Outcome:
    """Offer to start the bridge at login."""
    now = check(session)
    if now.state != "todo" or not session.questions.yes("Start the bridge at login?", default=False):
        return now
    prepare_home(session.home)
    entry = _entry(session)
    entry.on(now=Client(session.home).daemon() is None)
    return Outcome("done", ON)


def _entry(session: Session) -> Autostart:
    return autostart_of(session.home, session.environ, session.platform, sys.executable)
