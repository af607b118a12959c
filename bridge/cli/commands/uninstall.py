"""uninstall: remove the bridge's scripts from a DAW, wherever they were installed."""

from __future__ import annotations

import argparse
import sys

from bridge import __version__
from bridge.cli.commands.install import report, surroundings_of
from bridge.config.home import home
from bridge.errors import HomeError
from bridge.installers.installer import Installer, Pointer, start_command
from bridge.installers.records import TITLES
from bridge.installers.removal import remove


def uninstall(options: argparse.Namespace) -> int:
    """Remove the bridge's scripts from a DAW; return 1 if they could not be removed from a folder that is there."""
    if options.all == (options.daw is not None):
        options.parser.error(f"name a DAW ({', '.join(TITLES)}), or use --all")
    if options.all:
        from bridge.cli.commands.uninstall_all import uninstall_all  # imported only here, to keep `uninstall DAW` quick

        return uninstall_all(options)
    folder = home()
    installer = Installer(Pointer(folder, start_command(folder, sys.executable), __version__))
    removals = remove(options.daw, surroundings_of(options), folder, installer, dry=options.dry_run)
    if options.folder and removals[0].gone:
        raise HomeError(f"There is no folder {removals[0].folder}, or it is empty.", hint="Is its drive connected?")
    if len(removals) == 1 and removals[0].error:
        raise removals[0].error
    if not removals and not options.json:
        print(f"{TITLES[options.daw]}: nothing to do.")
    for one in removals:
        report(options, one)
    return 1 if any(one.error for one in removals) else 0
