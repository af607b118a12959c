"""install: add the bridge's scripts to a DAW; print changes, for `uninstall` too."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bridge import __version__
from bridge.cli.confirm import agreed
from bridge.config.home import home, prepare_home
from bridge.installers.base import Installation, Surroundings
from bridge.installers.installer import Change, Installer, Pointer, start_command
from bridge.installers.plans import plan
from bridge.installers.reaper import has_actions
from bridge.installers.records import TITLES
from bridge.installers.removal import Removal
from bridge.installers.terminal import terminal_text, with_commands
from bridge.util.store_python import refuse_store_python

LEFT_IN_REAPER = (
    "REAPER's action list still has the bridge's actions, which only REAPER can remove: the action"
    " “ace-bridge_Uninstall.lua” does so if you run it first; otherwise, use New action > Remove in the action list."
)


def install(options: argparse.Namespace) -> int:
    """Install the bridge's scripts in a DAW."""
    refuse_store_python()  # before anything is looked for
    planned, installer = plan(options.daw, surroundings_of(options)), _installer(options)
    changes = installer.install(planned, dry=True, force=options.force)
    declined = _declined(planned, changes, options)
    if declined:
        planned = replace(planned, edits=())
    if not options.dry_run:
        changes = installer.install(planned, force=options.force)
    show(options, planned.title, changes)
    if not options.json and not options.dry_run:
        for change in declined:
            print(f"skipped, needs --yes: {change.path}: {change.why}")
        terminal = terminal_text(start_command(home(), sys.executable))
        for step in planned.steps:
            print(f"- {with_commands(step, terminal)}")
    return 0


def surroundings_of(options: argparse.Namespace) -> Surroundings:
    """Return this process's surroundings, with the folder of `--folder`."""
    folder = Path(options.folder).expanduser().absolute() if options.folder else None
    return Surroundings(os.environ, sys.platform, folder)


def _installer(options: argparse.Namespace) -> Installer:
    folder = home()
    if not options.dry_run:
        prepare_home(folder)
    return Installer(Pointer(folder, start_command(folder, sys.executable), __version__))


def _declined(planned: Installation, changes: Sequence[Change], options: argparse.Namespace) -> list[Change]:
    """Ask for consent to change the DAW's own files; return the changes that the user rejects."""
    edited = {edit.path for edit in planned.edits}
    asked = [change for change in changes if change.path in edited and change.action != "keep"]
    if not asked or options.yes or options.dry_run:
        return []
    if not options.json and sys.stdin.isatty():
        for change in asked:
            print(f"{change.path}: {change.why}")
        if agreed("Change these files of the DAW? Backups are kept.", "Nothing was changed."):
            return []
    return asked


def show(options: argparse.Namespace, title: str, changes: Sequence[Change]) -> None:
    """Print the changes to the files of a DAW."""
    if options.json:
        for change in changes:
            print(json.dumps({"action": change.action, "path": str(change.path), "why": change.why}))
        return
    done = [change for change in changes if change.action != "keep"]
    would = "would " if options.dry_run else ""
    for change in changes:
        if change.action != "keep" or change.why == "was changed by hand":
            print(f"{would}{change.action} {change.path}" + (f" ({change.why})" if change.why else ""))
    if not done:
        print(f"{title}: nothing to do.")


def report(options: argparse.Namespace, removal: Removal) -> None:
    """Print what was removed from one folder."""
    title = TITLES[removal.daw]
    if removal.error or removal.gone:
        why = removal.error.text if removal.error else "The folder is not there. Is its drive connected?"
        later = f"To remove the scripts later, run `ace-bridge uninstall {removal.daw}` again."
        if options.json:
            print(json.dumps({"action": "skip", "path": str(removal.folder), "why": why}))
        else:
            print(f"{title}: nothing was removed from {removal.folder}. {why} {later}")
        return
    show(options, title, removal.changes)
    if removal.daw == "reaper" and has_actions(removal.folder) and not options.json:
        print(LEFT_IN_REAPER)
