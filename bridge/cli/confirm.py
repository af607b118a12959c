"""Checks before a paid remix: reads the files, estimates the cost, and asks for consent."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bridge.cli.console import Console
from bridge.errors import BridgeError, ConfirmNeeded, OutputUnwritable

ASK_ABOVE = 3  # largest number of remixes that are submitted without a question
OTHER_FOLDER = "Choose another folder with --out."
KEPT_RATES = range(44_100, 192_001)  # Hz: results keep a file's sample rate if it is in this range


def rate_of(files: Sequence[Path]) -> int | None:
    """Return the sample rate for the results, Hz: the files' common rate, or None to keep the model's rate."""
    from bridge.audio.header import sample_rate

    rates = set()
    for path in files:
        rate = sample_rate(path)
        if rate is None and (found := _length(path)):
            rate = int(found["sample_rate"])
        if rate is not None:
            rates.add(rate)
    rate = rates.pop() if len(rates) == 1 else None
    return rate if rate in KEPT_RATES else None


def seconds_of(files: Sequence[Path], offset: float, length: float | None) -> float | None:
    """Return the total length of the spans to remix, s; None if a file cannot be read (the daemon explains why)."""
    total = 0.0
    for path in files:
        found = _length(path)
        if found is None:
            return None
        left = max(0.0, float(found["seconds"]) - offset)
        total += left if length is None else min(left, length)
    return total


def _length(path: Path) -> Mapping[str, Any] | None:
    """Measure a file exactly, as a worker process does, with ffmpeg if needed; return None if it is unreadable."""
    from bridge.workers.tasks.length import length

    try:
        return length({"path": os.fspath(path)}, lambda _: None)
    except BridgeError:
        return None


def costs(options: argparse.Namespace, folder: Path, about: Mapping[str, Any], console: Console) -> bool:
    """Return whether the remixes will run on fal. If the running daemon does not have the key, print a note."""
    from bridge.config.credentials import find

    if options.engine not in (None, "auto", "fal"):
        return False
    key = find(os.environ, folder)
    if key is None:
        return bool(about.get("environment_key"))
    if key.origin.startswith("FAL_KEY") and not about.get("environment_key"):
        console.say(
            f"note: the running bridge was started without {key.origin}. Run `ace-bridge stop` and this command again "
            "to use it, or store it with `ace-bridge config set-key`."
        )
        return False
    return True


def confirm(options: argparse.Namespace, clips: int, seconds: float | None, folder: Path, console: Console) -> None:
    """Print the number and the cost of the remixes, and ask for consent if either exceeds its limit.

    Raises:
        ConfirmNeeded: the user declined, or cannot be asked.
    """
    from bridge.config.load import load
    from bridge.jobs.budget import money

    remixes = clips * options.variations
    settings = load(folder, os.environ)
    cost = None if seconds is None else seconds * options.variations * settings.fal.price_per_second
    price = "" if cost is None else f", about {money(cost)}"
    what = f"{remixes} remix{'es' if remixes > 1 else ''} by ACE-Step on fal{price}"
    if options.yes or (remixes <= ASK_ABOVE and (cost or 0.0) <= settings.budget.confirm_above):
        console.say(what)
        return
    if not sys.stdin.isatty() or options.json:
        raise ConfirmNeeded(f"{what}: this needs your consent.", hint="Confirm this cost with `--yes`.")
    if not agreed(f"{what}. Continue?"):
        raise ConfirmNeeded(
            "Nothing was sent and nothing was charged.", hint="Remix fewer files, or use --engine offline."
        )


def agreed(question: str, on_cancel: str = "Nothing was sent.") -> bool:
    """Ask the user a yes-or-no question. Ctrl-C prints `on_cancel` and ends the command.

    Raises:
        KeyboardInterrupt: the user pressed Ctrl-C.
    """
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    try:
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    except KeyboardInterrupt:
        print(f"\n{on_cancel}", file=sys.stderr, flush=True)
        raise


def folder_for(name: str | None) -> str | None:
    """Create the results folder before anything is paid, and return its absolute path.

    Raises:
        OutputUnwritable: the folder cannot be created or written to.
    """
    if name is None:
        return None
    folder = Path(name).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OutputUnwritable(
            f"The folder {folder} cannot be created ({problem.strerror}), so nothing was sent.",
            hint=OTHER_FOLDER,
        ) from problem
    if not os.access(folder, os.W_OK):
        raise OutputUnwritable(f"The folder {folder} cannot be written to, so nothing was sent.", hint=OTHER_FOLDER)
    return os.fspath(folder)
