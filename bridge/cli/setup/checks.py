"""The step that checks sound, MIDI, the daemon and its port, and whether the daemon sees new files."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bridge.cli.commands.doctor import SIGNS, context_of
from bridge.cli.setup.step import Outcome, Session, SkipStep
from bridge.cli.terminal import labelled
from bridge.client import POLL, Client
from bridge.doctor import connections, midi, system
from bridge.doctor.base import Finding, worst
from bridge.errors import BridgeError

PATIENCE = 30.0  # s to wait until the daemon has read a message


def check(session: Session) -> Outcome:
    """Check what can be checked without starting the daemon."""
    del session
    context = context_of()
    return _summary([system.audio(context), *midi.look(context), *connections.look(context)], asked=False)


def do(session: Session) -> Outcome:
    """Start the daemon, check everything and say each result at once."""
    if not session.questions.yes("Check this machine, and start the bridge in the background?", default=True):
        raise SkipStep
    findings = []
    for finding in _all(session):
        findings.append(finding)
        for line in _lines(finding):
            session.say(line)
    return _summary(findings, asked=True)


def _all(session: Session) -> Iterator[Finding]:
    context = context_of()
    yield system.audio(context)
    yield from midi.look(context)
    client = Client(session.home)
    try:
        client.start()
    except BridgeError as problem:
        yield Finding("daemon", "trouble", problem.text, problem.hint)
        return
    yield from connections.look(context)
    yield inbox(client)


def inbox(client: Client, patience: float = PATIENCE) -> Finding:
    """Check whether the daemon reads a message from its inbox, as it does for every remix of a DAW."""
    message = client.home / "inbox" / f"{client.send('bye', {})}.json"
    end = time.monotonic() + patience
    while message.exists():
        if time.monotonic() > end:
            fix = 'Set `watch = "poll"` under `[inbox]` in config.toml and restart the bridge.'
            return Finding("inbox", "trouble", "The bridge does not notice new files in its inbox.", fix)
        time.sleep(POLL)
    return Finding("inbox", "well", "The bridge notices new files in its inbox, so DAWs reach it.")


def _lines(finding: Finding) -> Iterator[str]:
    yield from labelled(SIGNS[finding.level], finding.text, 6, indent=6)
    if finding.fix:
        yield from labelled("", f"→ {finding.fix}", 6, indent=6)


def _summary(findings: list[Finding], *, asked: bool) -> Outcome:
    details = {"findings": [finding.plain() for finding in findings]}
    if worst(findings) == "trouble":
        failed = " ".join(f"{one.text} {one.fix}" for one in findings if one.level == "trouble")
        return Outcome("failed", failed, details)
    hints = sum(finding.level == "hint" for finding in findings)
    tail = f" {hints} of the checks have a hint; remixing does not depend on them." if hints else ""
    return Outcome("done" if asked else "todo", f"No problem was found.{tail}", details)
