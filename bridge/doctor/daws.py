"""Checks each DAW: the bridge's scripts and their version, the last connection, and the result of the self-test."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bridge import __version__
from bridge.doctor import selftests
from bridge.doctor.base import Context, Finding, from_journal
from bridge.installers.installer import FOLDER

TITLES = {"ardour": "Ardour", "live": "Ableton Live", "reaper": "REAPER"}
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
        yield _connection(str(note.get("daw", "")), connections, context.clock())
    for daw, place in SELF_TESTS.items():
        yield from _self_test(daw, context.home / place)


def _scripts(note: Mapping[str, Any], context: Context) -> Finding:
    daw = str(note.get("daw", ""))
    title, files = TITLES.get(daw, daw), note.get("files", {})
    check, fix = f"{daw}.scripts", f"Run `ace-bridge install {daw}`."
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
        fix = f"To restore them, run `ace-bridge install {daw} --force`; a backup is kept."
        return Finding(check, "hint", text, fix)
    return Finding(check, "well", f"{title} has all {len(files)} files, in this version.")


def _state(path: Path, digest: str) -> str:
    try:
        data = path.read_bytes()
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
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _ago(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
