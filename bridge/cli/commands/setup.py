"""setup: leads from nothing to a first remix, step by step."""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import sys
from collections.abc import Sequence

from bridge.cli.setup import run
from bridge.cli.setup.own_command import own_command
from bridge.cli.setup.questions import Asked, Defaults
from bridge.cli.setup.step import Session, Step
from bridge.cli.setup.steps import STEPS
from bridge.config.home import home
from bridge.errors import ConfirmNeeded
from bridge.util.store_python import refuse_store_python

WELCOME = "Enter takes the answer in capitals, s skips a step, Ctrl-C stops. You can run this again at any time."


def setup(options: argparse.Namespace) -> int:
    """Run the steps; return 1 if a step failed.

    Raises:
        StorePython: this Python is from the Microsoft Store, so the DAWs would not see what it writes.
        ConfirmNeeded: nobody can answer the questions.
    """
    refuse_store_python()
    logging.getLogger("bridge").addHandler(logging.NullHandler())  # the steps report problems
    chosen = _chosen(options)
    session = _session(options)
    if options.json:
        report = run.run(chosen, session) if options.yes else run.look(chosen, session)
        print(json.dumps(report.document()))
        return report.status
    if not options.yes:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise ConfirmNeeded(
                "The setup asks questions, but this is not a terminal, so nothing was changed.",
                hint="Run it in a terminal; or use `--yes` to take the defaults, or `--json` to see what is set up.",
            )
        print(WELCOME)
    return run.run(chosen, session).status


def _chosen(options: argparse.Namespace) -> Sequence[Step]:
    chosen = [step for step in STEPS if step.name in (options.only or [step.name]) and step.name not in options.skip]
    if not chosen:
        options.parser.error("--only and --skip leave no step")
    return chosen


def _session(options: argparse.Namespace) -> Session:
    attended = not options.yes and not options.json
    return Session(
        home=home(),
        environ=os.environ,
        platform=sys.platform,
        command=own_command(shutil.which, home()),
        questions=Asked() if attended else Defaults(),
        say=_silent if options.json else _say,
        shows_progress=not options.json,
        plays=not options.json and sys.stdout.isatty(),
    )


def _say(line: str) -> None:
    print(line, flush=True)


def _silent(_: str) -> None:
    return
