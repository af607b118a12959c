"""Before money is spent: what the files are, what their remixes will cost, and whether that is wanted."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bridge.cli.console import Console
from bridge.errors import BridgeError, ConfirmNeeded, OutputUnwritable

ASK_ABOVE = 3  # remixes that are ordered without a question
OTHER = "Choose another --out."
USUAL_RATES = range(44_100, 192_001)  # Hz: results keep the file's rate within these


def rate_of(files: Sequence[Path]) -> int | None:
    """Return the sample rate (Hz) that results keep: the files' own if all have the same, None for the model's."""
    from bridge.audio.header import sample_rate

    rates = set()
    for path in files:
        rate = sample_rate(path)
        if rate is None and (found := _measured(path)):
            rate = int(found["sample_rate"])
        if rate is not None:
            rates.add(rate)
    rate = rates.pop() if len(rates) == 1 else None
    return rate if rate in USUAL_RATES else None


def seconds_of(files: Sequence[Path], offset: float, length: float | None) -> float | None:
    """Return how long all clips are together; None where a file cannot be read, which the daemon will explain."""
    total = 0.0
    for path in files:
        found = _measured(path)
        if found is None:
            return None
        left = max(0.0, float(found["seconds"]) - offset)
        total += left if length is None else min(left, length)
    return total


def _measured(path: Path) -> Mapping[str, Any] | None:
    """Open a file as a worker process would: with ffmpeg where that is needed, and a length that holds for MP3 too."""
    from bridge.workers.tasks.length import length

    try:
        return length({"path": os.fspath(path)}, lambda _: None)
    except BridgeError:
        return None


def costs(options: argparse.Namespace, folder: Path, about: Mapping[str, Any], console: Console) -> bool:
    """Tell whether the remixes will be made by fal; warn of a key that the running daemon does not have."""
    from bridge.config.credentials import find

    if options.engine not in (None, "auto", "fal"):
        return False
    key = find(os.environ, folder)
    if key is None:
        return bool(about.get("environment_key"))
    if key.origin.startswith("FAL_KEY") and not about.get("environment_key"):
        console.say(
            f"note: the running bridge was started without {key.origin}. `ace-bridge stop` and the same command again "
            "uses it; `ace-bridge config set-key` keeps it for good."
        )
        return False
    return True


def confirm(options: argparse.Namespace, clips: int, seconds: float | None, folder: Path, console: Console) -> None:
    """Say what it will cost, and ask where that is more than a slip of the finger should cost.

    Raises:
        ConfirmNeeded: it was not wanted, or there is nobody to ask.
    """
    from bridge.config.load import load
    from bridge.jobs.budget import money

    remixes = clips * options.variations
    settings = load(folder, os.environ)
    cost = None if seconds is None else seconds * options.variations * settings.fal.price_per_second
    price_said = "" if cost is None else f", about {money(cost)}"
    what = f"{remixes} remix{'es' if remixes > 1 else ''} by ACE-Step on fal{price_said}"
    if options.yes or (remixes <= ASK_ABOVE and (cost or 0.0) <= settings.budget.confirm_above):
        console.say(what)
        return
    if not sys.stdin.isatty() or options.json:
        raise ConfirmNeeded(f"{what}: so much has to be confirmed.", hint="Repeat it with --yes if you want that.")
    if not agreed(f"{what}. Go on?"):
        raise ConfirmNeeded(
            "Nothing was sent and nothing was charged.", hint="Name fewer files, or use --engine offline."
        )


def agreed(question: str, otherwise: str = "Nothing was sent.") -> bool:
    """Ask a person; Ctrl-C leaves the question's line and says what was not done before it ends the command.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    try:
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    except KeyboardInterrupt:
        print(f"\n{otherwise}", file=sys.stderr, flush=True)
        raise


def folder_for(name: str | None) -> str | None:
    """Return the folder for results as an absolute path, made now: not after the remix was paid.

    Raises:
        OutputUnwritable: it cannot be made or written to.
    """
    if name is None:
        return None
    folder = Path(name).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OutputUnwritable(
            f"The folder {folder} cannot be made ({problem.strerror}), so nothing was sent.",
            hint=OTHER,
        ) from problem
    if not os.access(folder, os.W_OK):
        raise OutputUnwritable(f"The folder {folder} cannot be written to, so nothing was sent.", hint=OTHER)
    return os.fspath(folder)
