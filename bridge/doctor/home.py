"""The bridge's folder: its place, who can read it, the room there is, and whether journal and inbox are well."""

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

LITTLE, TIGHT = 200 * 10**6, 2 * 10**9  # bytes: nothing works below the one, an evening's work fits above the other
STALE = 60.0  # s that a message may lie in the inbox


def look(context: Context) -> Iterator[Finding]:
    """Look at the home."""
    home = context.home
    yield _place(context)
    yield _room(home)
    if not home.is_dir():
        text = f"The bridge's folder {home} is not there yet; the first start makes it."
        yield Finding("home", "hint", text, "ace-bridge start")
        return
    yield from _permissions(home)
    yield _store(home, context.clock())
    yield _inbox(home, context.clock())


def _place(context: Context) -> Finding:
    why = home_check.unsafe_location(context.home, context.platform, context.mounts)
    if why is None:
        return Finding("home.place", "well", f"The bridge's folder lies on a disk of this machine ({context.home}).")
    allowed = context.settings.store.any_place
    text = f"The bridge's folder is not safe at {context.home}: {why}."
    text += " You have allowed that." if allowed else " The bridge does not start there."
    fix = "Set ACE_BRIDGE_HOME to a folder on this machine's own disk; projects and results may lie anywhere."
    return Finding("home.place", "hint" if allowed else "trouble", text, fix)


def _room(home: Path) -> Finding:
    there = next(path for path in (home, *home.parents) if path.exists())
    free = shutil.disk_usage(there).free
    text = f"{free / 1e9:.1f} GB are free on the disk of the bridge's folder"
    if free < LITTLE:
        return Finding("disk", "trouble", f"{text}: too little for a remix.", "Free some space there.")
    if free < TIGHT:
        return Finding("disk", "hint", f"{text}: that does not last long.", "Free some space there.")
    return Finding("disk", "well", f"{text}.")


def _permissions(home: Path) -> Iterator[Finding]:
    if not os.access(home, os.W_OK | os.X_OK):
        yield Finding(
            "home", "trouble", f"{home} cannot be written to.", f"Make it yours: chmod u+rwx {quote(str(home))}."
        )
        return
    if os.name != "posix":
        yield Finding("home", "well", f"{home} can be written to.")
        return
    names = ("inbox", "outbox", "jobs", "logs", "credentials", "daemon.json", "bridge.db", backup.COPIES)
    paths = [home, *(home / name for name in names)]
    found = [(path, path.stat()) for path in paths if path.exists()]
    foreign = [path for path, about in found if about.st_uid != os.geteuid()]
    inner = [path for path, about in found if stat.S_IMODE(about.st_mode) & 0o077 and path != home]
    secret = home / "credentials"
    if foreign:
        text = f"{foreign[0]} belongs to another user, perhaps because the bridge once ran with sudo."
        yield Finding("home", "trouble", text, f"sudo chown -R $(id -un) {quote(str(home))}")
    elif secret in inner:
        text = "Other users of this machine could read your fal key."
        yield Finding("home", "trouble", text, f"chmod 600 {quote(str(secret))}, and make a new key at fal.")
    elif [path for path in inner if path.is_dir()]:
        text = f"Other users of this machine can look into {inner[0]}; who can write there can order remixes."
        yield Finding(
            "home", "trouble", text, f"chmod -R go= {quote(str(home))}; the next start of the bridge does it too."
        )
    elif inner and stat.S_IMODE(home.stat().st_mode) & 0o077:
        text = f"Other users of this machine can read {inner[0]}."
        yield Finding("home", "hint", text, f"chmod go= {quote(str(home))}")
    else:
        yield Finding("home", "well", "The bridge's folder is yours, and what matters in it is closed to others.")


def _store(home: Path, now: float) -> Finding:
    path = home / backup.FILE
    if not path.exists():
        return Finding("journal", "well", "There is no journal yet; the first start makes it.")
    try:
        trouble = backup.ailment(path)
    except sqlite3.Error as problem:
        return Finding(
            "journal", "trouble", f"The journal cannot be read: {problem}.", "Check the folder's permissions."
        )
    if trouble is not None:
        text = f"The journal {trouble}; what was paid is not lost."
        fix = "ace-bridge stop, then ace-bridge start: it is set aside and put together again from the last copy."
        return Finding("journal", "trouble", text, fix)
    newest = backup.newest_copy(home)
    copied = "not copied yet" if newest is None else f"copied {max(0.0, now - newest) / 3600:.0f} hours ago"
    set_aside = len(list((home / backup.DAMAGED).glob("*")))
    before = f"; it was damaged {set_aside} times before, see {home / backup.DAMAGED}" if set_aside else ""
    return Finding("journal", "hint" if set_aside else "well", f"The journal is sound, and was {copied}{before}.")


def _inbox(home: Path, now: float) -> Finding:
    waiting = [path for path in (home / "inbox").glob("*.json") if now - path.stat().st_mtime > STALE]
    rejected = list((home / "inbox" / "rejected").glob("*.json"))
    if waiting:
        text = f"{len(waiting)} requests of your DAW lie in the inbox and nobody takes them in."
        return Finding("inbox", "trouble", text, "ace-bridge start")
    if rejected:
        text = f"{len(rejected)} messages could not be read and lie in {home / 'inbox' / 'rejected'}."
        return Finding("inbox", "hint", text, "Install the DAW's scripts anew: they may be of another version.")
    return Finding("inbox", "well", "The inbox is empty: every request was taken in.")
