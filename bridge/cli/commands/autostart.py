"""autostart: switch the start of the daemon at login on or off, or show it."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict

from bridge.client import Client
from bridge.config.home import home, prepare_home
from bridge.installers.autostart import Autostart, autostart_of
from bridge.util.store_python import refuse_store_python


def autostart(options: argparse.Namespace) -> int:
    """Switch autostart on or off, or show it; `status` returns 3 if the daemon does not start at login."""
    entry = autostart_of(home(), os.environ, sys.platform, sys.executable)
    client = Client(home())
    if options.action == "on":
        _on(entry, client)
    elif options.action == "off":
        entry.off()
    status = entry.status()
    running = client.daemon() is not None
    if options.json:
        print(json.dumps({**asdict(status), "running": running}))
    else:
        state = "starts at login" if status.on else "does not start at login"
        print(f"The bridge {state}, and is {'running' if running else 'not running'} now.")
        if status.present:
            print(f"  entry {status.place}" + ("" if status.enabled else " (switched off in the system)"))
        if status.problem:
            print(f"  {status.problem} `ace-bridge autostart on` writes it again.")
        if options.action == "on":
            _warn()
    return 3 if options.action == "status" and not status.on else 0


def _on(entry: Autostart, client: Client) -> None:
    refuse_store_python()  # before the home is created
    prepare_home(client.home)
    entry.on(now=client.daemon() is None)
    if not entry.supervises:
        client.start()


def _warn() -> None:
    """Say which environment variables the daemon does not get at login."""
    own = [name for name in os.environ if name.startswith(("FAL_KEY", "ACE_BRIDGE_")) and name != "ACE_BRIDGE_HOME"]
    if own:
        print(
            f"  At login, the bridge does not get {', '.join(sorted(own))} from this terminal. Store the key with"
            " `ace-bridge config set-key`, and settings in config.toml."
        )
