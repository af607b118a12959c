"""The table of the setup's steps, in their order."""

from __future__ import annotations

from bridge.cli.setup import autostart, checks, daws, engine, first_remix, next_steps
from bridge.cli.setup.step import Step

STEPS = (
    Step(
        "daws",
        "Your DAWs",
        "Adds the bridge's scripts to REAPER, Ableton Live or Ardour. Nothing is written before you agree.",
        daws.check,
        daws.do,
        undo="`{command} uninstall reaper` (or live, or ardour) removes the scripts and restores what was changed.",
    ),
    Step(
        "engine",
        "The engine",
        "Chooses what makes the remixes.",
        engine.check,
        engine.do,
        undo="`{command} setup --only engine` chooses another; `{command} config forget-key` deletes a stored key.",
    ),
    Step(
        "checks",
        "Checks",
        "Looks for an audio output and MIDI controllers, and starts the bridge in the background.",
        checks.check,
        checks.do,
        undo="`{command} stop` stops the bridge.",
    ),
    Step(
        "autostart",
        "Start at login",
        "The DAW's scripts start the bridge when needed. Controllers and hotkeys need a bridge that already runs.",
        autostart.check,
        autostart.do,
        undo="`{command} autostart off`.",
    ),
    Step(
        "remix",
        "A first remix",
        "Remixes a generated clip on this machine, to show that everything works.",
        first_remix.check,
        first_remix.do,
        undo="delete the result, and the `.recipe.json` file beside it.",
    ),
    Step("next", "What to press", "", next_steps.check, next_steps.do),
)
