"""Checks the bridge's home folder: its location, free space, permissions, journal and inbox."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from bridge.config import home_check
from bridge.doctor.base import Context, Finding
from bridge.store import backup

TOO_LITTLE, TIGHT = 200 * 10**6, 2 * 10**9  # free bytes: minimum for a remix; minimum for an evening's work
STALE = 60.0  # seconds after which a message in the inbox counts as stuck


def look(context: Context) -> Iterator[Finding]:
    """Check the bridge's home folder."""
    home = context.home
    yield _location(context)
    yield _space(home)
    if not home.is_dir():
        text = f"The bridge's folder {home} does not exist yet; the first start creates it."
        yield Finding("home", "hint", text, "Run `ace-bridge start`.")
        return
    yield from _permissions(home)
    yield _journal(home, context.clock())
    yield _inbox(home, context.clock())


def _location(context: Context) -> Finding:
    why = home_check.unsafe_location(context.home, context.platform, context.mounts)
    if why is None:
        return Finding("home.place", "well", f"The bridge's folder is on a local disk ({context.home}).")
    allowed = context.settings.store.any_place
    text = f"The bridge's folder is not safe at {context.home}: {why}."
    text += " Your settings allow that." if allowed else " The bridge does not start there."
    fix = "Set ACE_BRIDGE_HOME to a folder on a local disk; projects and results can be anywhere."
    return Finding("home.place", "hint" if allowed else "trouble", text, fix)


def _space(home: Path) -> Finding:
    existing = next(path for path in (home, *home.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    text = f"{free / 1e9:.1f} GB are free on the disk of the bridge's folder"
    if free < TOO_LITTLE:
        return Finding("disk", "trouble", f"{text}: too little for a remix.", "Free some space.")
    if free < TIGHT:
        return Finding("disk", "hint", f"{text}: that will not last long.", "Free some space.")
    return Finding("disk", "well", f"{text}.")


def _permissions(home: Path) -> Iterator[Finding]:
    if not os.access(home, os.W_OK | os.X_OK):
        text = f"The bridge's folder {home} is not writable."
        yield Finding("home", "trouble", text, f"Run `chmod u+rwx {quote(str(home))}`.")
        return
    if os.name != "posix":
        yield Finding("home", "well", f"The bridge's folder {home} is writable.")
        return
    names = ("inbox", "outbox", "jobs", "logs", "credentials", "daemon.json", "bridge.db", backup.COPIES)
    paths = [home, *(home / name for name in names)]
    found = [(path, path.stat()) for path in paths if path.exists()]
    not_ours = [path for path, about in found if about.st_uid != os.geteuid()]
    exposed = [path for path, about in found if stat.S_IMODE(about.st_mode) & 0o077 and path != home]
    secret = home / "credentials"
    if not_ours:
        text = f"{not_ours[0]} belongs to another user, perhaps because the bridge once ran with sudo."
        yield Finding("home", "trouble", text, f"Run `sudo chown -R $(id -un) {quote(str(home))}`.")
    elif secret in exposed:
        text = "Other users of this machine can read your fal key."
        fix = f"Run `chmod 600 {quote(str(secret))}`, and create a new key at fal.ai/dashboard/keys."
        yield Finding("home", "trouble", text, fix)
    elif [path for path in exposed if path.is_dir()]:
        text = f"Other users of this machine can open {exposed[0]}; if they can write there, they can request remixes."
        fix = f"Run `chmod -R go= {quote(str(home))}`, or restart the bridge, which does the same."
        yield Finding("home", "trouble", text, fix)
    elif exposed and stat.S_IMODE(home.stat().st_mode) & 0o077:
        text = f"Other users of this machine can read {exposed[0]}."
        yield Finding("home", "hint", text, f"Run `chmod go= {quote(str(home))}`.")
    else:
        yield Finding("home", "well", "Only you can read the private files in the bridge's folder.")


def _journal(home: Path, now: float) -> Finding:
    path = home / backup.FILE
    if not os.path.lexists(path):
        return Finding("journal", "well", "There is no journal yet; the first start creates it.")
    try:
        trouble = backup.ailment(path)
    except (sqlite3.Error, OSError) as problem:
        return Finding(
            "journal", "trouble", f"The journal cannot be read: {problem}.", "Check the folder's permissions."
        )
    if trouble is not None:
        text = f"The journal {trouble}; paid results are not lost."
        fix = "Run `ace-bridge stop`, then `ace-bridge start`: the bridge rebuilds the journal."
        return Finding("journal", "trouble", text, fix)
    newest = backup.newest_copy(home)
    copied = "not copied yet" if newest is None else f"copied {max(0.0, now - newest) / 3600:.0f} hours ago"
    set_aside = len(list((home / backup.DAMAGED).glob("*")))
    before = f"; earlier damaged journals: {set_aside}, in {home / backup.DAMAGED}" if set_aside else ""
    return Finding("journal", "hint" if set_aside else "well", f"The journal is intact, and was {copied}{before}.")


def _inbox(home: Path, now: float) -> Finding:
    waiting = [path for path in (home / "inbox").glob("*.json") if now - path.lstat().st_mtime > STALE]
    rejected = list((home / "inbox" / "rejected").glob("*.json"))
    if waiting:
        text = f"{len(waiting)} messages have been in the inbox for over a minute, because no bridge is reading it."
        return Finding("inbox", "trouble", text, "Run `ace-bridge start`.")
    if rejected:
        text = f"{len(rejected)} invalid messages were moved to {home / 'inbox' / 'rejected'}."
        return Finding("inbox", "hint", text, "Install the DAW's scripts again: they may be another version.")
    return Finding("inbox", "well", "The inbox is empty: every message was handled.")
