"""The last screen of the setup: what to press in each DAW, where results are, and the most useful commands."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.cli.setup.daws import short
from bridge.cli.setup.step import Outcome, Session
from bridge.cli.terminal import cells, labelled
from bridge.installers.records import records

COLUMN = 10  # columns of the labels
DAWS = {
    "reaper": (
        "REAPER",
        "Actions > Show action list > New action > Load ReaScript: “ace-bridge_Install.lua” in Scripts/ACE Bridge. Run"
        " it once. Then select an item and run “Remix selected items (asks)”.",
    ),
    "live": (
        "Live",
        "Restart Live. In Settings > Link, Tempo & MIDI, choose AceBridge as a Control Surface. Then click an audio"
        " clip and run `{command} send /bridge/remix`.",
    ),
    "ardour": (
        "Ardour",
        "Restart Ardour. Select a region and run Edit > Lua Scripts > “ACE Bridge: Remix selected clip…”.",
    ),
}
NO_DAW = ("DAW", "none yet: `{command} setup --only daws`")
COMMANDS = (("remix FILE", "remix a sound file"), ("jobs", "list the remixes"), ("audition", "play the newest result"))


def check(session: Session) -> Outcome:
    """Return what to do next."""
    return Outcome("kept", f"`{session.command} remix FILE` makes a remix.", {"screen": list(screen(session))})


def do(session: Session) -> Outcome:
    """Show the screen."""
    lines = list(screen(session))
    for line in lines:
        session.say(line)
    return Outcome("kept", "", {"screen": lines})


def screen(session: Session) -> Iterator[str]:
    """Yield the lines of the screen."""
    installed = {one.daw for one in records(session.home)}
    known = [DAWS[daw] for daw in ("reaper", "live", "ardour") if daw in installed] or [NO_DAW]
    for name, text in known:
        yield from labelled(name, text.format(command=session.command), COLUMN)
    results = f"in the DAW: a new track. Of files: {short(session.home / 'results')}"
    yield from labelled("Results", results, COLUMN)
    longest = max(cells(f"{session.command} {words}") for words, _ in COMMANDS)
    for number, (words, text) in enumerate(COMMANDS):
        command = f"{session.command} {words}"
        padding = " " * (longest - cells(command))
        yield from labelled("" if number else "Commands", f"{command}{padding}  {text}", COLUMN)
    yield from labelled("Trouble", f"{session.command} doctor   finds problems and says how to fix them", COLUMN)
