"""The step that finds the DAWs and installs the bridge's scripts in them, with consent for each DAW."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from bridge import __version__
from bridge.cli.setup.interrupts import delayed_interrupt
from bridge.cli.setup.step import Outcome, Session, SkipStep, State
from bridge.config.home import prepare_home
from bridge.errors import BridgeError, DawRunning
from bridge.installers.base import Installation, Surroundings
from bridge.installers.find import FoundDaw, find
from bridge.installers.installer import Change, Installer, Pointer, start_command
from bridge.installers.plans import plan
from bridge.installers.records import TITLES

NONE = (
    "No DAW was found. Start your DAW once and run this again, or run `{command} install reaper --folder PATH` (or"
    " live, or ardour). `{command} remix FILE` works without a DAW."
)
ORDER: tuple[State, ...] = ("failed", "done", "todo", "kept", "skipped")  # the first that occurs is the step's state


def check(session: Session) -> Outcome:
    """Return which DAWs there are, and which of them have the scripts."""
    return _together(session, [(daw, _check(session, daw)) for daw in _found(session)])


def do(session: Session) -> Outcome:
    """Offer to install the scripts in each DAW."""
    results: list[tuple[FoundDaw, Outcome]] = []
    found = _found(session)
    for daw in found:
        try:
            results.append((daw, _install(session, daw)))
        except SkipStep:
            results += [(one, Outcome("skipped", "Skipped.")) for one in found[len(results) :]]
            break
        except (BridgeError, OSError) as problem:
            results.append((daw, Outcome("failed", _sentence(problem))))
    return _together(session, results)


def _found(session: Session) -> list[FoundDaw]:
    return find(Surroundings(session.environ, session.platform), session.home)


def _installer(session: Session) -> Installer:
    return Installer(Pointer(session.home, start_command(session.home, sys.executable), __version__))


def _plan(session: Session, daw: FoundDaw) -> Installation:
    return plan(daw.daw, Surroundings(session.environ, session.platform, daw.folder))


def _check(session: Session, daw: FoundDaw) -> Outcome:
    if daw.problem:
        return Outcome("skipped", daw.problem)
    try:
        if not _needed(_installer(session).install(_plan(session, daw), dry=True)):
            return Outcome("kept", "The scripts are installed.")
    except (BridgeError, OSError) as problem:
        return Outcome("failed", _sentence(problem))
    outdated = bool(daw.installed)
    return Outcome("todo", "The scripts are another version." if outdated else "The scripts are not installed.")


def _install(session: Session, daw: FoundDaw) -> Outcome:
    if daw.problem:
        return Outcome("skipped", daw.problem)
    planned, installer = _plan(session, daw), _installer(session)
    changes = _needed(installer.install(planned, dry=True))
    if not changes:
        return Outcome("kept", "The scripts are installed.")
    session.say(f"      {name(daw)}")
    for note in daw.notes:
        session.say(f"        {note}")
    for line in _listed(planned, changes):
        session.say(f"        {line}")
    if not session.questions.yes(f"Install the scripts in {TITLES[daw.daw]}?", default=True):
        return Outcome("skipped", "Nothing was installed.")
    while True:
        try:
            prepare_home(session.home)
            with delayed_interrupt():
                installer.install(planned)
        except DawRunning as problem:
            session.say(f"      {problem.text}")
            question = f"Quit {TITLES[daw.daw]}, then press Enter. Try again?"
            if not session.questions.yes(question, default=True, unattended=False):
                raise
        else:
            return Outcome("done", "The scripts were installed.")


def _needed(changes: Sequence[Change]) -> list[Change]:
    return [change for change in changes if change.action != "keep"]


def _listed(planned: Installation, changes: Sequence[Change]) -> Iterator[str]:
    """Yield one line for each folder with new files, and one for each file of the DAW that is changed."""
    edited = {edit.path for edit in planned.edits}
    folders = Counter((change.action, change.path.parent) for change in changes if change.path not in edited)
    for (action, folder), number in folders.items():
        yield f"{action} {number} file{'' if number == 1 else 's'} in {short(folder)}"
    for change in changes:
        if change.path in edited:
            verb = "create" if change.action == "create" else "change (a backup is kept)"
            yield f"{verb} {short(change.path)}: {change.why}"


def name(daw: FoundDaw) -> str:
    """Return a DAW's title, version, kind and folder."""
    kind = "" if daw.kind == "normal" else f", {daw.kind}"
    return f"{TITLES[daw.daw]}{f' {daw.version}' if daw.version else ''}{kind}: {short(daw.folder)}"


def short(path: Path) -> str:
    """Return a path, with ~ for the user's home directory."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(path)


def _sentence(problem: BridgeError | OSError) -> str:
    if isinstance(problem, BridgeError):
        return f"{problem.text} {problem.hint}"
    return f"The system refused to write {problem.filename or 'a file'}: {problem.strerror}."


def _together(session: Session, results: Sequence[tuple[FoundDaw, Outcome]]) -> Outcome:
    """Return the outcome of the step from the outcomes of the DAWs."""
    if not results:
        return Outcome("todo", NONE.format(command=session.command), {"daws": []})
    states = {outcome.state for _, outcome in results}
    text = "\n".join(f"{name(daw)}: {outcome.text}" for daw, outcome in results)
    daws = [
        {
            "daw": daw.daw,
            "folder": str(daw.folder),
            "kind": daw.kind,
            "version": daw.version,
            "state": outcome.state,
            "text": outcome.text,
        }
        for daw, outcome in results
    ]
    return Outcome(next(state for state in ORDER if state in states), text, {"daws": daws})
