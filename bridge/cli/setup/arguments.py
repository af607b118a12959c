"""The options of `ace-bridge setup`.

Slow imports are avoided here, because every run of `ace-bridge` imports this module.
"""

from __future__ import annotations

from typing import Any

from bridge.cli.options import OneOf, add_command, either

NAMES = ("daws", "engine", "checks", "autostart", "remix", "next")  # the steps, in their order


def add_setup(commands: Any) -> None:
    """Add the command to the parser."""
    command = add_command(
        commands,
        "setup",
        "setup:setup",
        "set up everything step by step, up to a first remix",
        "daws       find REAPER, Ableton Live and Ardour, and install the bridge's scripts in them\n"
        "engine     choose ACE-Step on fal, which needs a key, or remixes on this machine\n"
        "checks     check audio output, MIDI, the bridge and its ports\n"
        "autostart  start the bridge at login\n"
        "remix      remix a generated clip, and play both\n"
        "next       show what to press in each DAW\n"
        "Each step asks before it changes anything, can be skipped, and says how to undo it. Run the command again\n"
        "at any time: it shows what is set up, and changes only what you want.",
    )
    command.add_argument(
        "--yes",
        action="store_true",
        help="take the default answers without asking: install the scripts in every DAW, never spend money",
    )
    for name, text in (("--only", "run only this step"), ("--skip", "leave out this step")):
        command.add_argument(
            name,
            action="append",
            default=[],
            type=OneOf(NAMES),
            metavar="STEP",
            help=f"{text}: {either(NAMES)}; may be repeated",
        )
    command.add_argument(
        "--json",
        action="store_true",
        help="print one JSON object with the outcome of each step; without --yes, only look and change nothing",
    )
