"""The options of the commands that add the bridge to this machine and remove it: install, uninstall, autostart."""

from __future__ import annotations

from typing import Any

from bridge.cli.options import OneOf, add_command, add_json, either

DAWS = ("ardour", "live", "reaper")
AUTOSTART = ("on", "off", "status")


def add_install_commands(commands: Any) -> None:
    """Add install, uninstall and autostart."""
    summaries = {
        "install": "install the bridge's scripts in a DAW",
        "uninstall": "remove the bridge's scripts from a DAW, or everything (--all)",
    }
    for name, summary in summaries.items():
        command = add_command(commands, name, f"{name}:{name}", summary)
        words: dict[str, Any] = {"nargs": "?"} if name == "uninstall" else {}
        command.add_argument("daw", type=OneOf(DAWS), metavar="DAW", help=either(DAWS), **words)
        command.add_argument(
            "--folder",
            "--resource-path",
            "--user-library",
            metavar="PATH",
            help="the DAW's folder for user files, if it is not in the standard place",
        )
        command.add_argument("--dry-run", action="store_true", help="list the changes without making them")
        command.add_argument("--yes", action="store_true", help="allow changes to the DAW's own settings files")
        if name == "install":
            command.add_argument(
                "--force", action="store_true", help="replace files not installed by ace-bridge (a backup is kept)"
            )
        else:
            _uninstall_all(command)
        add_json(command)
    _autostart(commands)


def _uninstall_all(command: Any) -> None:
    command.add_argument(
        "--all",
        action="store_true",
        help="remove everything that the bridge has written, on this machine; your results and presets stay",
    )
    command.add_argument("--force", action="store_true", help="with --all: give up paid remixes that are not finished")


def _autostart(commands: Any) -> None:
    command = add_command(
        commands,
        "autostart",
        "autostart:autostart",
        "switch the start at login on or off, or show it",
        "on      add an entry: for systemd or the desktop on Linux, launchd on macOS, the Run key on Windows\n"
        "off     remove that entry\n"
        "status  show it; the exit status is 3 if the daemon does not start at login",
    )
    command.add_argument(
        "action",
        nargs="?",
        type=OneOf(AUTOSTART),
        default="status",
        metavar="ACTION",
        help=f"{either(AUTOSTART)} (default: status)",
    )
    add_json(command)
