"""uninstall --all: remove everything that the bridge has written, except the user's own work."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from bridge import __version__
from bridge.cli.commands import daemon
from bridge.cli.commands.install import report
from bridge.cli.confirm import agreed
from bridge.cli.unsaved import unsaved
from bridge.client import Client
from bridge.config.credentials import forget_keychain, from_keychain
from bridge.config.home import home
from bridge.errors import ConfirmNeeded, HomeError, NotPossibleNow
from bridge.installers.autostart import Autostart, autostart_of
from bridge.installers.base import FOLDER, Surroundings
from bridge.installers.home_contents import Content, check_own, clear, contents
from bridge.installers.installer import Installer, Pointer, start_command
from bridge.installers.places import user_folder
from bridge.installers.records import TITLES
from bridge.installers.removal import Removal, remove
from bridge.store.home_lock import NAME as LOCK
from bridge.store.home_lock import home_lock
from bridge.util.this_copy import this_copy


def uninstall_all(options: argparse.Namespace) -> int:
    """Remove the scripts from all DAWs, the autostart entry and the home's contents; results and presets stay."""
    folder = home()
    entry = autostart_of(folder, os.environ, sys.platform, sys.executable)
    check_own(folder, user_folder(os.environ, sys.platform))
    _refuse_to_lose(folder, options)
    planned, found, key = _remove_scripts(folder, dry=True), contents(folder), from_keychain() is not None
    goes = [one for one in found if not one.stays]
    is_needed = bool(goes or entry.is_own() or key or any(one.changes or one.gone for one in planned))
    if not is_needed:
        print("Nothing to remove.", file=sys.stderr if options.json else sys.stdout)
    _show(options, planned, entry, found, has_key=key)
    if options.dry_run:
        return 0
    if is_needed:
        _ask(options)
    if Client(folder).is_locked():  # also a daemon that is starting or does not answer
        daemon.stop(options)
    with home_lock(folder) if folder.is_dir() else nullcontext():  # no script may start the daemon meanwhile
        _refuse_to_lose(folder, options)  # another remix may have begun
        removals = _remove(folder, entry, options)
        clear(folder, [*_records_of_gone(folder), folder / LOCK])
    clear(folder, _records_of_gone(folder))  # Windows does not remove a locked file
    _end(options, removals, [one for one in found if one.stays], is_needed=is_needed)
    return 0


def _remove(folder: Path, entry: Autostart, options: argparse.Namespace) -> list[Removal]:
    """Remove what is outside the home.

    Raises:
        HomeError: the scripts could not be removed from every DAW.
    """
    removals = _remove_scripts(folder, dry=False)
    failed = [one for one in removals if one.error]
    for one in failed:
        report(options, one)
    if failed:
        raise HomeError(
            "The scripts could not be removed from every DAW, so the bridge's home stays.",
            hint="Solve the problem above, then repeat the command.",
        )
    if entry.is_own():
        entry.off()
    forget_keychain()
    return removals


def _refuse_to_lose(folder: Path, options: argparse.Namespace) -> None:
    """Refuse while paid results are not in a file of the user.

    Raises:
        NotPossibleNow: there are such results, and `--force` is not set.
    """
    jobs = [] if options.force else unsaved(folder)
    if jobs:
        raise NotPossibleNow(
            f"Paid remixes are not finished: {', '.join(jobs)}. Nothing was removed.",
            hint="Run `ace-bridge start` and wait for them (`ace-bridge jobs --state open`), `ace-bridge retry JOB` if"
            " one has failed, or give them up with --force.",
        )


def _remove_scripts(folder: Path, *, dry: bool) -> list[Removal]:
    installer = Installer(Pointer(folder, start_command(folder, sys.executable), __version__))
    here = Surroundings(os.environ, sys.platform)
    return [one for daw in TITLES for one in remove(daw, here, folder, installer, dry=dry)]


def _show(
    options: argparse.Namespace,
    planned: Sequence[Removal],
    entry: Autostart,
    found: Sequence[Content],
    *,
    has_key: bool,
) -> None:
    """Print what goes and what stays, with sizes."""
    goes = [
        *((f"scripts for {TITLES[one.daw]}", str(one.folder), None) for one in planned if not one.gone),
        *([("the autostart entry", entry.status().place, None)] if entry.is_own() else []),
        *([("the fal key", "the system's keychain", None)] if has_key else []),
        *((one.what, ", ".join(map(str, one.paths)), one.size) for one in found if not one.stays),
    ]
    stays = [(one.what, ", ".join(map(str, one.paths)), one.size) for one in found if one.stays]
    foreign = entry.status().present and not entry.is_own()
    other = [("an autostart entry of another home, or changed by hand", entry.status().place, None)] if foreign else []
    for action, rows in (("remove", goes), ("keep", [*stays, *other])):
        for what, where, size in rows:
            if options.json:
                print(json.dumps({"action": action, "what": what, "path": where, "bytes": size}))
            else:
                print(f"{action:<7} {what}{'' if size is None else f', {_size(size)}'}: {where}")
    for one in planned:
        if one.gone:
            report(options, one)
    if stays and not options.json:
        print("Results that were placed in projects, or saved with --out, stay as well.")


def _ask(options: argparse.Namespace) -> None:
    if options.yes:
        return
    if options.json or not sys.stdin.isatty():
        raise ConfirmNeeded("Nothing was removed yet: this needs your consent.", hint="Repeat the command with --yes.")
    if not agreed("Remove this?", "Nothing was removed."):
        raise ConfirmNeeded("Nothing was removed.", hint="`--dry-run` shows the list again.")


def _records_of_gone(folder: Path) -> list[Path]:
    """Return the records, with their backups, of the DAW folders that are not there at the moment."""
    left = sorted((folder / FOLDER).glob("*.json"))  # the removal has deleted the others
    return [path for record in left for path in (record, record.with_name(f"{record.stem}-backup")) if path.exists()]


def _end(
    options: argparse.Namespace, removals: Sequence[Removal], stays: Sequence[Content], *, is_needed: bool
) -> None:
    last = this_copy().to_remove()
    kept = [str(path) for one in stays for path in one.paths]
    if options.json:
        gone = [str(one.folder) for one in removals if one.gone]
        print(json.dumps({"event": "done", "kept": kept, "not_connected": gone, "then": last}))
        return
    if is_needed:
        print("Everything else was removed." if kept else "Everything was removed.")
    print(f"To remove ace-bridge itself: {last}")


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
