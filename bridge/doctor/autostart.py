"""Checks the entry that starts the daemon at login, if there is one."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from bridge.doctor.base import Context, Finding
from bridge.installers.autostart import RECORD, autostart_of


def look(context: Context) -> Iterator[Finding]:
    """Check the autostart entry that this home has written."""
    if not (context.home / RECORD).exists():
        return
    status = autostart_of(context.home, context.environ, context.platform, sys.executable).status()
    again = "Run `ace-bridge autostart on`, or `ace-bridge autostart off`."
    if not status.present:
        text = f"The entry that starts the bridge at login was removed ({status.place})."
        yield Finding("autostart", "hint", text, again)
    elif status.problem:
        yield Finding("autostart", "trouble", f"The bridge does not start at login. {status.problem}", again)
    elif not status.enabled:
        yield Finding("autostart", "hint", f"The bridge's entry {status.place} is switched off in the system.", again)
    else:
        yield Finding("autostart", "well", f"The bridge starts at login ({status.place}).")
