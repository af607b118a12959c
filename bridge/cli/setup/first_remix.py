"""The step that remixes a generated clip, and plays the clip and the remix."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bridge.cli import history
from bridge.cli.commands.demo import SECONDS, make_clip, picture, request
from bridge.cli.commands.remix import heading
from bridge.cli.console import Console, Show
from bridge.cli.progress_text import LABELS
from bridge.cli.setup import fal_key
from bridge.cli.setup.playback import play
from bridge.cli.setup.step import Outcome, Session, SkipStep
from bridge.client import Client
from bridge.config.home import prepare_home
from bridge.config.load import load
from bridge.errors import BridgeError
from bridge.jobs.budget import money

CLIP = Path("setup", "first clip.wav")  # in the bridge's home
HEARD = 8.0  # s of each file to play
BACKGROUND = "The remix continues in the background."


def check(session: Session) -> Outcome:
    """Return whether there has been a remix yet."""
    if history.newest(session.home, 1):
        return Outcome("kept", "There is already a remix.")
    return Outcome("todo", "There is no remix yet.")


def do(session: Session) -> Outcome:
    """Remix a generated clip, and let the user hear or see both."""
    has_one = check(session).state == "kept"
    question = f"Make a{'nother' if has_one else ' first'} remix now, of a generated clip of {SECONDS:.0f} s?"
    if not session.questions.yes(question, default=not has_one):
        return check(session) if has_one else _skipped()
    engine = _engine(session)
    session.say("      Generating the clip …")
    source = _clip(session.home)
    job = _remix(session, source, engine)
    paths = [Path(one["result"]["path"]) for one in job["variations"] if one["result"]]
    if job["state"] != "done" or not paths:
        return Outcome("failed", _problem(job), {"engine": engine})
    _compare(session, source, paths[0])
    return Outcome("done", f"The remix is {paths[0]} ({LABELS[engine]}).", {"engine": engine, "path": str(paths[0])})


def _skipped() -> Outcome:
    raise SkipStep


def _engine(session: Session) -> str:
    """Return the engine for this remix. fal is used only if the user agrees to its price."""
    if fal_key.stored(session) is None or load(session.home, session.environ).engine.default not in ("auto", "fal"):
        return "offline"
    price = money(fal_key.cost(session, SECONDS))
    question = f"Remix it with ACE-Step on fal for about {price}? (n: offline, free)"
    return "fal" if session.questions.yes(question, default=False) else "offline"


def _clip(home: Path) -> Path:
    prepare_home(home)
    path = home / CLIP
    path.parent.mkdir(mode=0o700, exist_ok=True)
    make_clip(path)
    return path


def _remix(session: Session, source: Path, engine: str) -> dict[str, Any]:
    client = Client(session.home)
    client.start()
    args = {**request(source, {"engine": engine, "seed": 7}), "confirmed": engine != "offline"}
    message_id = client.send("remix", args)
    job: dict[str, Any] = {}
    try:
        with _progress(session) as show:
            for job in client.follow(message_id):
                show(job)
    except KeyboardInterrupt:
        session.say(f"\n      {BACKGROUND} `{session.command} jobs` shows it.")
        raise
    finally:
        client.bye()
    return job


@contextlib.contextmanager
def _progress(session: Session) -> Iterator[Show]:
    if not session.shows_progress:
        yield lambda job: None
        return
    with Console(as_json=False).progress(lambda job_id: heading(session.home, job_id)) as show:
        yield show


def _problem(job: dict[str, Any]) -> str:
    """Return why there is no result, in whole sentences."""
    for one in job["variations"]:
        if one["error"]:
            return f"{one['error']['text']} {one['error']['hint']}"
    return " ".join(one["message"] for one in job["variations"]) or "The remix was not made."


def _compare(session: Session, source: Path, result: Path) -> None:
    """Play both files, or draw their levels if they cannot be played."""
    files = (("the clip", source), ("the remix", result))
    if session.plays and session.questions.yes(f"Play both, {HEARD:.0f} s each?", default=True):
        device = load(session.home, session.environ).audition.device
        try:
            for name, path in files:
                session.say(f"      Playing {name} …")
                play(path, HEARD, device)
        except BridgeError as problem:
            session.say(f"      {problem.text} These are the levels:")
        else:
            return
    if session.shows_progress:
        for name, path in files:
            session.say(f"{name:>9} {picture(path)}")
