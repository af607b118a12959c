"""Asks the questions of the setup on a terminal, or answers them with the defaults (`--yes`, `--json`)."""

from __future__ import annotations

import getpass
import sys

from bridge.cli.setup.step import SkipStep

SKIP = ("s", "skip")
ANSWERS = {"y": True, "yes": True, "n": False, "no": False}


class Asked:
    """Questions that a person answers on the terminal."""

    attended = True

    def yes(self, question: str, default: bool, *, unattended: bool | None = None) -> bool:
        del unattended
        while True:
            answer = _line(f"{question} [{'Y/n' if default else 'y/N'}/s] ")
            if not answer:
                return default
            if answer in ANSWERS:
                return ANSWERS[answer]
            print("Type y for yes, n for no or s to skip this step; Enter takes the answer in capitals.")

    def choose(self, question: str, names: tuple[str, ...], default: str) -> str:
        numbered = {str(number): name for number, name in enumerate(names, 1)}
        known = {**numbered, **{name: name for name in names}}
        while True:
            answer = _line(f"{question} [1-{len(names)}, s; Enter: {default}] ")
            if not answer:
                return default
            if answer in known:
                return known[answer]
            print(f"Type a number from 1 to {len(names)}, or s to skip this step.")

    def secret(self, question: str) -> str:
        answer = getpass.getpass(question)
        if answer.strip().lower() in SKIP:
            raise SkipStep
        return answer


class Defaults:
    """Questions that nobody answers: each has its default."""

    attended = False

    def yes(self, question: str, default: bool, *, unattended: bool | None = None) -> bool:
        del question
        return default if unattended is None else unattended

    def choose(self, question: str, names: tuple[str, ...], default: str) -> str:
        del question, names
        return default

    def secret(self, question: str) -> str:
        del question
        return ""


def _line(prompt: str) -> str:
    """Return the user's answer in lower case.

    Raises:
        SkipStep: the answer is to skip the step.
        EOFError: the input has ended.
    """
    print(prompt, end="", flush=True)
    answer = sys.stdin.readline()
    if not answer:
        raise EOFError
    answer = answer.strip().lower()
    if answer in SKIP:
        raise SkipStep
    return answer
