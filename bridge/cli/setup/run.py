"""Runs the steps of the setup one after the other. A step that fails or is skipped does not stop the next one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.cli.setup.step import Outcome, Session, SkipStep, Step
from bridge.cli.terminal import labelled
from bridge.errors import BridgeError

log = logging.getLogger(__name__)

SIGNS = {"done": "done", "kept": "ok", "skipped": "skip", "failed": "FAIL", "todo": "todo"}
INDENT = 6  # columns
INTERRUPTED = 130  # exit status after Ctrl-C


@dataclass(frozen=True, slots=True)
class Report:
    """How the steps ended."""

    results: tuple[tuple[Step, Outcome], ...]
    command: str  # what the user types to run this copy of ace-bridge
    stopped: bool = False  # whether the user pressed Ctrl-C

    @property
    def failed(self) -> list[str]:
        """The titles of the steps that failed."""
        return [step.title for step, outcome in self.results if outcome.state == "failed"]

    @property
    def status(self) -> int:
        """The exit status."""
        return INTERRUPTED if self.stopped else int(bool(self.failed))

    def document(self) -> dict[str, Any]:
        """Return the report for --json."""
        steps = [
            {
                "step": step.name,
                "state": outcome.state,
                "text": outcome.text,
                "undo": undo(step, outcome, self.command),
                **outcome.details,
            }
            for step, outcome in self.results
        ]
        return {"event": "setup", "ok": self.status == 0, "stopped": self.stopped, "steps": steps}


def run(steps: Sequence[Step], session: Session) -> Report:
    """Run the steps and say how each ended."""
    results: list[tuple[Step, Outcome]] = []
    try:
        for number, step in enumerate(steps, 1):
            session.say("")
            _say(session, f"{number}/{len(steps)}", step.title)
            _say(session, "", step.about)
            outcome = _outcome(step, step.do, session)
            results.append((step, outcome))
            _say(session, SIGNS[outcome.state], outcome.text)
            if how := undo(step, outcome, session.command):
                _say(session, "", f"To undo this: {how}")
    except (KeyboardInterrupt, EOFError):
        _say_stopped(results, steps[len(results) :][:1], session)
        return Report(tuple(results), session.command, stopped=True)
    report = Report(tuple(results), session.command)
    if report.failed:
        session.say("")
        session.say(f"Not everything worked: {', '.join(report.failed)}. `{session.command} setup` tries it again.")
    return report


def look(steps: Iterable[Step], session: Session) -> Report:
    """Report what is set up, without changing anything."""
    return Report(tuple((step, _outcome(step, step.check, session)) for step in steps), session.command)


def undo(step: Step, outcome: Outcome, command: str) -> str:
    """Return how to undo a step; empty if there is nothing to undo."""
    return step.undo.format(command=command) if outcome.state in ("done", "kept") else ""


def _outcome(step: Step, function: Callable[[Session], Outcome], session: Session) -> Outcome:
    try:
        return function(session)
    except EOFError:  # Ctrl-D ends the setup, as Ctrl-C does
        raise
    except SkipStep:
        return Outcome("skipped", "Skipped. Nothing was changed.")
    except BridgeError as problem:
        return Outcome("failed", f"{problem.text} {problem.hint}", {"error": problem.to_wire()})
    except OSError as problem:
        where = f"{problem.filename}: " if problem.filename else ""
        return Outcome("failed", f"The system refused this step: {where}{problem.strerror or problem}.")
    except Exception as problem:
        log.exception("setup: the step %s failed", step.name)
        return Outcome("failed", f"This step failed because of a defect ({type(problem).__name__}). Please report it.")


def _say_stopped(results: Iterable[tuple[Step, Outcome]], interrupted: Sequence[Step], session: Session) -> None:
    """Say what has been done, and how to continue. After the last step, no step was interrupted."""
    session.say("")
    session.say("")
    session.say("Stopped. What is done stays done:")
    now = [(step, _outcome(step, step.check, session)) for step in interrupted]  # it may have changed something
    for step, outcome in (*results, *now):
        _say(session, SIGNS[outcome.state], f"{step.title}: {outcome.text}")
    session.say(f"To continue, run `{session.command} setup` again.")


def _say(session: Session, label: str, text: str) -> None:
    for line in labelled(label, text, INDENT) if text else ():
        session.say(line)
