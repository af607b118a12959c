"""Checks each DAW: the bridge's scripts and their version, the last connection, and the result of the self-test."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from shlex import quote
from typing import Any

from bridge import __version__
from bridge.doctor import selftests
from bridge.doctor.base import Context, Finding, from_journal
from bridge.installers.base import FOLDER, Surroundings
from bridge.installers.find import find
from bridge.installers.places import Places, user_folder
from bridge.installers.reaper import INSTALL, REAPACK
from bridge.installers.records import SCRIPTS, TITLES, folder_of
from bridge.util import busy_files

SELF_TESTS = {"live": "live/selftest.json", "reaper": "reaper/logs/selftest.json"}  # reports in the bridge's home


def look(context: Context) -> Iterator[Finding]:
    """Check every DAW in which the bridge's scripts are installed."""
    notes = [(path, _read(path)) for path in sorted((context.home / FOLDER).glob("*.json"))]
    connections = _connections(context.home)
    if not notes:
        text = "No DAW has the bridge's scripts yet; `ace-bridge remix FILE` remixes files without a DAW."
        yield Finding("daws", "hint", text, "Run `ace-bridge install reaper` (or live, or ardour).")
    for path, note in notes:
        if note is None:
            yield Finding("daws", "trouble", f"{path} cannot be read.", "Install the DAW's scripts again.")
            continue
        yield _scripts(note, context)
        yield from _twice(note)
        yield _connection(str(note.get("daw", "")), connections, context.clock())
    for daw, place in SELF_TESTS.items():
        yield from _self_test(daw, context.home / place)


def _scripts(note: Mapping[str, Any], context: Context) -> Finding:
    daw = str(note.get("daw", ""))
    title, files = TITLES.get(daw, daw), note.get("files")
    folder = folder_of(daw, Path(str(note.get("pointer", "")))) if daw in SCRIPTS else context.home
    check, fix = f"{daw}.scripts", f"Run `{_install_command(daw, folder, context)}`."
    if not isinstance(files, dict):
        return Finding(check, "trouble", f"The record of {title}'s scripts is damaged.", fix)
    if not folder.is_dir():
        text = f"{title}'s folder {folder}, which has the bridge's scripts, is not there."
        return Finding(check, "hint", text, "Connect its drive, if it has one of its own.")
    states = {path: _state(Path(path), digest) for path, digest in files.items()}
    missing = [path for path, state in states.items() if state == "missing"]
    changed = [path for path, state in states.items() if state == "changed"]
    if missing:
        text = f"Files that {title} needs are missing ({len(missing)}), for example {missing[0]}."
        return Finding(check, "trouble", text, fix)
    pointer = _read(Path(str(note.get("pointer", "")))) or {}
    if pointer.get("home") != str(context.home):
        text = f"{title}'s scripts use another bridge folder ({pointer.get('home', 'none')})."
        return Finding(check, "trouble", text, fix)
    if note.get("version") != __version__:
        text = f"{title}'s scripts are version {note.get('version')}, but the bridge is {__version__}."
        return Finding(check, "trouble", text, fix)
    if changed:
        text = f"Some of {title}'s scripts were edited by hand ({len(changed)}), for example {changed[0]}."
        fix = f"To restore them, run `{_install_command(daw, folder, context)} --force`; a backup is kept."
        return Finding(check, "hint", text, fix)
    return Finding(check, "well", f"{title} has all {len(files)} files, in this version.")


def _install_command(daw: str, folder: Path, context: Context) -> str:
    """Return the command that installs the scripts again in this folder."""
    here = Surroundings(context.environ, context.platform)
    places = Places(user_folder(here.environ, here.platform), ())  # no other drives: the check must be quick
    usual = {one.folder for one in find(here, context.home, places) if one.kind != "chosen"}
    named = "" if folder in usual else f" --folder {quote(str(folder))}"
    return f"ace-bridge install {daw}{named}"


def _twice(note: Mapping[str, Any]) -> Iterator[Finding]:
    """Check whether ReaPack has installed REAPER's scripts a second time."""
    folder = Path(str(note.get("pointer", ""))).parent
    packaged = folder / REAPACK[-1] / INSTALL
    if note.get("daw") == "reaper" and str(folder / INSTALL) in (note.get("files") or ()) and packaged.is_file():
        text = f"REAPER's scripts are installed twice: by ace-bridge, and by ReaPack in {packaged.parent}."
        yield Finding("reaper.twice", "hint", text, "Run `ace-bridge install reaper`; it removes its own copy.")


def _state(path: Path, digest: str) -> str:
    try:
        data = busy_files.read(path)
    except OSError:
        return "missing"
    pointer = path.suffix == ".json"  # may differ, because the daemon rewrites it at each start
    return "there" if pointer or hashlib.sha256(data).hexdigest() == digest else "changed"


def _connection(daw: str, connections: list[tuple[str, str, float]], now: float) -> Finding:
    title = TITLES.get(daw, daw)
    own = [(version, at) for name, version, at in connections if name == daw]
    if not own:
        text = f"{title} has not connected yet: it is not running, or its script has not started."
        return Finding(f"{daw}.hello", "hint", text, f"Start {title} and run one of the bridge's actions.")
    version, at = max(own, key=lambda one: one[1])
    return Finding(f"{daw}.hello", "well", f"{title} {version} connected {_ago(now - at)} ago.")


def _connections(home: Path) -> list[tuple[str, str, float]]:
    """Return, for each connection in the journal, the DAW's name, the DAW's version and the Unix time."""
    rows = from_journal(home, lambda database: list(database.instances()))
    return [(daw, version, at) for _, daw, version, _, at in rows]


def _self_test(daw: str, path: Path) -> Iterator[Finding]:
    if not path.exists():
        return
    title, report = TITLES[daw], _read(path)
    check, again = f"{daw}.selftest", f"Run the self-test in {title} again."
    if report is None:
        yield Finding(check, "hint", f"The report of {title}'s self-test cannot be read.", again)
    elif report.get("error"):
        yield Finding(check, "trouble", f"{title}'s self-test failed: {report['error']}.", again)
    elif report.get("finished") is False:
        yield Finding(check, "hint", f"{title}'s self-test did not finish.", again)
    elif "script" in report and report["script"] != __version__:
        text = f"{title}'s self-test ran in version {report['script']}, but the bridge is {__version__}."
        yield Finding(check, "hint", text, again)
    else:
        yield from selftests.found(daw, title, report)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(busy_files.read(path))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _ago(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
