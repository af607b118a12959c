"""run, start, stop, status: control the daemon."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from bridge import __version__
from bridge.client import OVER, Client
from bridge.config.home import home, prepare_home
from bridge.errors import BridgeError, NotPossibleNow


def run(options: argparse.Namespace) -> int:
    """Run the daemon until it is stopped."""
    from bridge import daemon
    from bridge.config import home_check
    from bridge.config.load import load
    from bridge.presets.library import standard
    from bridge.util import logs
    from bridge.util.umask import make_private

    make_private()
    folder = home()
    _open(options.listen)
    try:
        settings = load(folder, os.environ)
        if not settings.store.any_place:
            home_check.require(folder, sys.platform)
        prepare_home(folder)
        logs.set_up(folder, "INFO")
        bridge = daemon.Daemon(folder, settings, os.environ, standard(folder))
        daemon.run(bridge, lambda about: None if options.quiet else _greet(about))
    except BridgeError as error:
        daemon.explain_start(error, os.environ.get("ACE_BRIDGE_START_NOTE"))
        raise
    return 0


def start(options: argparse.Namespace) -> int:
    """Start the daemon in the background, unless it is running. A daemon of an older version is stopped first."""
    client = Client(home())
    before = client.daemon()
    if before and _is_older(str(before.get("version"))):  # after an update; unfinished remixes continue
        stop(options)
        before = None
    if before and options.listen and before.get("osc_host") != options.listen:
        raise NotPossibleNow(
            f"The bridge is already running and listens on {before.get('osc_host')}.",
            hint="Run `ace-bridge stop`, then `ace-bridge start --listen`.",
        )
    _open(options.listen)
    about = before or client.start()
    _refresh_autostart(client.home)
    if options.json:
        print(json.dumps(_public(about) | {"started_now": before is None}))
    else:
        _greet(about, "was already running" if before else "has started")
    return 0


def _is_older(version: str) -> bool:
    """Return whether a version, such as "0.1.0", is older than this one."""
    older, own = ([int(part) for part in re.findall(r"\d+", text)[:3]] for text in (version, __version__))
    return bool(older) and older < own


def _refresh_autostart(folder: Path) -> None:
    """Correct the autostart entry if this copy of the bridge has moved; `doctor` reports an entry that stays wrong."""
    from bridge.installers.autostart import RECORD, autostart_of

    if (folder / RECORD).exists():
        with contextlib.suppress(BridgeError):
            autostart_of(folder, os.environ, sys.platform, sys.executable).refresh()


def stop(options: argparse.Namespace) -> int:
    """Stop the daemon and wait until it has ended."""
    from bridge.cli import history
    from bridge.cli.console import Console
    from bridge.cli.stopping import stop_daemon

    client = Client(home())
    pid = stop_daemon(client, Console(as_json=options.json).say)
    if pid is None:
        print(json.dumps({"stopped": None}) if options.json else "The bridge is not running.")
        return 0
    left = sum(one.state not in OVER for _, variations in history.still_open(client.home) for one in variations)
    if options.json:
        print(json.dumps({"stopped": pid, "open": left}))
    else:
        remixes = f"{left} unfinished remixes continue" if left > 1 else "One unfinished remix continues"
        print("The bridge has stopped." + (f" {remixes} at the next start." if left else ""))
    return 0


def status(options: argparse.Namespace) -> int:
    """Show whether the daemon is running; return 3 if it is not, following the convention for service scripts."""
    client = Client(home())
    about = client.daemon()
    if options.json:
        known = {"running": about is not None, "home": str(client.home), **_public(about or {})}
        print(json.dumps({**known, "jobs": _open_jobs(client)}))
    elif about is None:
        print(f"The bridge is not running. Start it with `ace-bridge start`.\n  home {client.home}")
    else:
        _greet(about)
        print(f"  home {client.home}")
        if about.get("http_port"):
            print(f"  OSCQuery http://127.0.0.1:{about['http_port']}/")
        jobs = _open_jobs(client)
        if not jobs:
            print("  no unfinished jobs")
        for job in jobs:
            print(f"  {', '.join(job['clips'])} ({job['job_id'][:8]}): {job['state']} ({job['engine']})")
    return 0 if about else 3


def _open(listen: str | None) -> None:
    """Set the OSC host in the environment, for a daemon in this process or in a child process."""
    if listen:
        os.environ["ACE_BRIDGE_OSC_HOST"] = listen


def _open_jobs(client: Client) -> list[dict[str, Any]]:
    """Return the unfinished jobs from the journal, with states from the outbox files, which may be more recent."""
    newer: dict[str, str] = {}
    for path in (client.home / "outbox").glob("*.json"):
        with contextlib.suppress(OSError, ValueError):
            jobs = json.loads(path.read_bytes())["jobs"] if path.is_file() else ()  # reading a pipe would block
            newer |= {job["job_id"]: job["state"] for job in jobs}
    if all(state in OVER for state in newer.values()):
        return []
    from bridge.cli import history  # imported only if there are open jobs: `status` must be fast

    found = [history.document(one) for one in history.still_open(client.home)]
    return [{**job, "state": newer.get(job["job_id"], job["state"])} for job in found]


def _greet(about: Any, what: str = "is running") -> None:
    port, pid, version = about["osc_port"], about["pid"], about["version"]
    print(f"The bridge {what}: version {version}, process {pid}, OSC port {port}.", flush=True)
    host = about.get("osc_host", "127.0.0.1")
    if host != "127.0.0.1":
        from bridge.util.addresses import own_address  # imported only here: `status` must be fast

        where = own_address(host) or "(no network at the moment)"
        print(f"  other devices on the network can control it at {where}", flush=True)


def _public(about: dict[str, Any]) -> dict[str, Any]:
    """Return the content of daemon.json without the token."""
    return {name: value for name, value in about.items() if name != "token"}
