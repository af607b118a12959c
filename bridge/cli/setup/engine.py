"""The step that chooses what makes the remixes. A new engine is one row in CHOICES."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.cli.setup import fal_key
from bridge.cli.setup.step import Outcome, Session
from bridge.client import Client
from bridge.config.credentials import find
from bridge.config.edit import set_value
from bridge.config.home import prepare_home
from bridge.config.load import load
from bridge.errors import KeyInvalid

OFFLINE = "Remixes are made offline, by signal processing on this machine. That is free, but it is not ACE-Step."


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine that the user can choose."""

    name: str  # the engine's name, as in `--engine`
    about: str  # what it is and what it costs, in one line
    set_up: Callable[[Session], Outcome]  # asks for what the engine needs, and stores it
    automatic: bool = False  # whether `[engine] default = "auto"` uses this engine once it is set up


def choices(session: Session) -> tuple[Choice, ...]:
    """Return the engines, the suggested one last."""
    price = fal_key.price(session)
    return (
        Choice("fal", f"ACE-Step, an AI model, on fal's servers: {price}", fal_key.set_up, automatic=True),
        Choice("offline", "signal processing on this machine: free, without an account", _offline),
    )


def check(session: Session) -> Outcome:
    """Return the engine in use."""
    try:
        key = find(session.environ, session.home)
    except KeyInvalid as problem:
        return Outcome("todo", f"{problem.text} {problem.hint}", {"engine": _current(session)})
    name = _current(session)
    if name == "offline":
        return Outcome("kept" if key or _default(session) == name else "todo", OFFLINE, {"engine": name})
    return Outcome("kept", f"Remixes are made by {name}. {fal_key.origin(key)}", {"engine": name})


def do(session: Session) -> Outcome:
    """Let the user choose an engine, and set it up."""
    offered, current = choices(session), _current(session)
    for number, choice in enumerate(offered, 1):
        session.say(f"      {number}  {choice.name:<8} {choice.about}")
    names = tuple(choice.name for choice in offered)
    name = session.questions.choose("Which engine?", names, current)
    if not session.questions.attended or name not in names:
        found = check(session)
        return Outcome("kept", found.text, found.details)
    chosen = offered[names.index(name)]
    outcome = chosen.set_up(session)
    if outcome.state in ("done", "kept") and _use(session, chosen):
        outcome = Outcome("done", outcome.text + _after_change(session, chosen))
    return Outcome(outcome.state, outcome.text, {"engine": _current(session)})


def _offline(_: Session) -> Outcome:
    return Outcome("kept", OFFLINE)


def _default(session: Session) -> str:
    return load(session.home, session.environ).engine.default


def _current(session: Session) -> str:
    """Return the name of the engine that makes a remix now."""
    default = _default(session)
    if default != "auto":
        return default
    return "offline" if fal_key.stored(session) is None else "fal"


def _use(session: Session, choice: Choice) -> bool:
    """Make this the default engine; return whether the settings had to be changed."""
    if _current(session) == choice.name:
        return False
    prepare_home(session.home)
    set_value(session.home, "engine", "default", "auto" if choice.automatic else choice.name)
    return True


def _after_change(session: Session, choice: Choice) -> str:
    """Return what keeps the new default engine from being used at once, as a sentence; empty if nothing does."""
    if _current(session) != choice.name:
        return f" But {load(session.home, session.environ).origins['engine.default']} overrides this setting."
    if Client(session.home).daemon() is None:
        return ""
    return f" The running bridge uses this after `{session.command} stop`; the next remix starts it again."
