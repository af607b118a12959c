"""Tells on stderr what a long step does and how long it takes, and keeps the output of its commands for an error."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

TICK = 15.0  # time between two signs of life of one step, s
TAIL = 40  # lines of a failed command's output that the error shows
SHOWN = 8  # words of a failed command that the error shows, from the end


class StepFailed(Exception):
    """A step that prepares something for the tests has failed. The text says which one, and why."""


def say(text: str) -> None:
    """Print one line on stderr."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def may_download(module: str, what: str, arguments: Sequence[str]) -> bool:
    """Return whether the user agrees to a download, by `--yes`, by CI=true or by an answer at a terminal.

    Args:
        module: the module that the user has started, to name the command.
        what: what is downloaded, with its size.
        arguments: the arguments of the module.
    """
    if "--yes" in arguments or os.environ.get("CI") == "true":
        return True
    say(f"This downloads {what} into the cache folder.")
    if sys.stdin.isatty():
        return input("Download them now? [y/N] ").lower().startswith("y")
    say(f"To download them, run:  python -m {module} --yes")
    return False


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    """Print the name of a step, the seconds that have passed every 15 s, and the duration at its end."""
    begun = time.monotonic()
    over = threading.Event()

    def tick() -> None:
        while not over.wait(TICK):
            say(f"  {name}: {time.monotonic() - begun:.0f} s")

    say(f"{name} ...")
    ticking = threading.Thread(target=tick, daemon=True)
    ticking.start()
    try:
        yield
    finally:
        over.set()
        ticking.join()
        say(f"  {name}: {time.monotonic() - begun:.0f} s in all")


def run(
    words: Sequence[str | Path],
    log: Path,
    *,
    tries: int = 1,
    hide: Callable[[str], str] = str,
    **options: Any,
) -> None:
    """Run a command whose output goes to a file.

    Args:
        words: the command and its arguments.
        log: file that the output is appended to.
        tries: how often to run a command whose download may fail.
        hide: function that removes what an error must not show, for example the address of a package mirror.
        options: further arguments of `subprocess.run`.

    Raises:
        StepFailed: the command failed each time; the text ends with the last lines of its output.
    """
    for _ in range(tries):
        with log.open("ab") as output:
            done = subprocess.run(
                words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False, **options
            )
        if done.returncode == 0:
            return
        say(f"  {Path(words[0]).name} failed with status {done.returncode}")
    last = log.read_text("utf-8", "replace").splitlines()[-TAIL:]
    shown = " ".join(map(str, words[-SHOWN:]))
    raise StepFailed(hide("\n".join([f"{shown} failed. The end of its output:", *last])))
