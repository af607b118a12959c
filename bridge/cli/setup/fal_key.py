"""Sets up fal: explains the account and the price, takes the key, and checks the key before it is stored."""

from __future__ import annotations

from dataclasses import replace

from bridge.cli.commands.doctor import context_of
from bridge.cli.setup.step import Outcome, Session
from bridge.config.credentials import Found, find, mask, set_key
from bridge.config.home import prepare_home
from bridge.config.key_text import clean, shape_problem
from bridge.config.load import load
from bridge.doctor.engine import REJECTED, online
from bridge.errors import KeyInvalid
from bridge.jobs.budget import money

EXAMPLE = 16.0  # seconds of the clip in the price example
STEPS = (
    "1. Create an account at fal.ai, which runs the model.",
    "2. Buy prepaid credit at fal.ai/dashboard/billing: {price}.",
    "3. Create a key at fal.ai/dashboard/keys, copy it and paste it here. It stays on this machine.",
)
CHECK = "Check the key with fal now? This costs nothing and sends no audio."


def price(session: Session) -> str:
    """Return what a remix costs, as a clause."""
    return f"a remix of {EXAMPLE:.0f} s costs about {money(cost(session, EXAMPLE))}"


def cost(session: Session, seconds: float) -> float:
    """Return the estimated cost of a remix in US dollars."""
    return seconds * load(session.home, session.environ).fal.price_per_second


def origin(key: Found | None) -> str:
    """Return a sentence about where the key comes from."""
    return f"The fal key comes from {key.origin} and begins with {mask(key.key)}." if key else "There is no fal key."


def stored(session: Session) -> Found | None:
    """Return the fal key, or None if there is none or it cannot be used."""
    try:
        return find(session.environ, session.home)
    except KeyInvalid:
        return None


def set_up(session: Session) -> Outcome:
    """Ask for the fal key and store it, or keep the key that is there."""
    found = stored(session)
    if found is not None:
        session.say(f"      {origin(found)}")
        if not session.questions.yes("Enter another key?", default=False):
            return _keep(session, found)
    for step in STEPS:
        session.say(f"      {step.format(price=price(session))}")
    return _enter(session)


def _keep(session: Session, found: Found) -> Outcome:
    if session.questions.yes(CHECK, default=True) and (problem := _refusal(session, found)):
        return Outcome("failed", problem)
    return Outcome("kept", f"Remixes are made by ACE-Step on fal. {origin(found)}")


def _enter(session: Session) -> Outcome:
    """Ask for a key until one is stored or the user gives up."""
    while True:
        text = session.questions.secret("      fal key (the input is hidden; Enter for none): ")
        if not text.strip():
            return Outcome("skipped", "No key was entered, and nothing was stored.")
        try:
            key = clean(text)
        except KeyInvalid as problem:
            session.say(f"      {problem.text} {problem.hint}")
            continue
        if _is_wanted(session, key):
            break
        session.say("      The key was not stored.")
    prepare_home(session.home)
    path = set_key(session.home, key)
    text = f"The key is stored in {path}, which only you can read. Remixes are made by ACE-Step on fal."
    found = stored(session)
    if found is not None and found.key != key:
        text += f" But the key from {found.origin} is used instead while it is set."
    return Outcome("done", text)


def _is_wanted(session: Session, key: str) -> bool:
    """Check a key that was just entered; if there is a problem, ask whether to store the key nevertheless."""
    unusual = shape_problem(key)
    if unusual:
        session.say(f"      This does not look like a fal key: {unusual}.")
        if not session.questions.yes("Use it nevertheless?", default=False):
            return False
    if not session.questions.yes(CHECK, default=True):
        return True
    problem = _refusal(session, Found(key, "your input"))
    if not problem:
        return True
    session.say(f"      {problem}")
    return session.questions.yes("Store the key nevertheless?", default=REJECTED not in problem)


def _refusal(session: Session, found: Found) -> str:
    """Ask fal about a key. Return what is wrong, or "" if fal accepts the key."""
    session.say("      Asking fal …")
    findings = list(online(found, replace(context_of(online=True), environ=session.environ)))
    for one in findings:
        if one.level != "trouble":
            session.say(f"      {one.text}")
    return " ".join(f"{one.text} {one.fix}" for one in findings if one.level == "trouble")
