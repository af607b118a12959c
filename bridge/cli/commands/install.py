"""install, uninstall: add the bridge's scripts to a DAW, or remove them again."""

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


def install(options: argparse.Namespace) -> int:
    """Install the bridge's scripts in a DAW."""
    planned, installer = _planned(options), _installer(options)
    changes = installer.install(planned, dry=True, force=options.force)
    declined = _declined(planned, changes, options)
    if declined:
        planned = replace(planned, edits=())
    if not options.dry_run:
        changes = installer.install(planned, force=options.force)
    _show(options, planned, changes)
    if not options.json and not options.dry_run:
        for change in declined:
            print(f"skipped, needs --yes: {change.path}: {change.why}")
        for step in planned.steps:
            print(f"- {step}")
    return 0


def uninstall(options: argparse.Namespace) -> int:
    """Remove the bridge's scripts from a DAW."""
    planned, installer = _planned(options), _installer(options)
    _show(options, planned, installer.uninstall(planned, dry=options.dry_run))
    return 0


def _planned(options: argparse.Namespace) -> Installation:
    folder = Path(options.folder).expanduser().absolute() if options.folder else None
    return plan(options.daw, Surroundings(os.environ, sys.platform, folder))


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


def _show(options: argparse.Namespace, planned: Installation, changes: Sequence[Change]) -> None:
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
        print(f"{planned.title}: nothing to do.")
