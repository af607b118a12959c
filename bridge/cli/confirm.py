"""Checks before a paid remix: reads the files, estimates the cost, and asks for consent."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bridge.cli.console import Console
from bridge.cli.history import plain
from bridge.errors import BridgeError, ConfirmNeeded, OutputUnwritable

OTHER_FOLDER = "Choose another folder with --out."
KEPT_RATES = range(44_100, 192_001)  # sample rates of source files, in Hz, that the results keep


def rate_of(files: Sequence[Path]) -> int | None:
    """Return the results' sample rate in Hz, or None (the model's rate) if there is no common rate to keep."""
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


def seconds_of(files: Sequence[Path], offset: float, length: float | None, console: Console) -> float | None:
    """Return the total length of the spans to remix, in seconds. Print a note if the result will be stereo.

    Returns None if a file cannot be read; the daemon then reports the reason.
    """
    total = 0.0
    for path in files:
        found = _length(path)
        if found is None:
            return None
        if found["channels"] > 2:
            channels = f"{plain(path.name)} has {found['channels']} channels"
            console.say(f"note: {channels}; they are mixed down, so the result is stereo.")
        left = max(0.0, float(found["seconds"]) - offset)
        total += left if length is None else min(left, length)
    return total


def _length(path: Path) -> Mapping[str, Any] | None:
    """Measure a file as a worker process does, with ffmpeg if needed; return None if the file is unreadable."""
    from bridge.workers.tasks.length import length

    try:
        return length({"path": os.fspath(path)}, lambda _: None)
    except BridgeError:
        return None


def costs(options: argparse.Namespace, folder: Path, about: Mapping[str, Any], console: Console) -> bool:
    """Return whether the remixes will run on fal. If this command has the key but the daemon does not, print a note."""
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
    """Print the number and the cost of the remixes. Ask for consent if one of them exceeds its limit in [budget].

    Raises:
        ConfirmNeeded: the user declined, or cannot be asked (no terminal, or JSON output).
    """
    from bridge.config.load import load
    from bridge.jobs.budget import above_limit, money

    remixes = clips * options.variations
    settings = load(folder, os.environ)
    cost = None if seconds is None else seconds * options.variations * settings.fal.price_per_second
    price = "" if cost is None else f", about {money(cost)}"
    what = f"{remixes} remix{'es' if remixes > 1 else ''} by ACE-Step on fal{price}"
    if options.yes or not above_limit(settings.budget, remixes, cost or 0.0):
        console.say(what)
        return
    if not sys.stdin.isatty() or options.json:
        raise ConfirmNeeded(
            f"{what}: this needs your consent.", hint="Confirm this cost with `--yes`. The limits are under `[budget]`."
        )
    if not agreed(f"{what}. Continue?"):
        raise ConfirmNeeded(
            "Nothing was sent and nothing was charged.", hint="Remix fewer files, or use --engine offline."
        )


def agreed(question: str, on_cancel: str = "Nothing was sent.") -> bool:
    """Ask a yes-or-no question and return whether the answer is yes. On Ctrl-C, print `on_cancel`.

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
    """Create the results folder before any paid remix is submitted, and return the folder's absolute path.

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
