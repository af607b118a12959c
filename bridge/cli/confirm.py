"""Before money is spent: what the files are, what their remixes will cost, and whether that is wanted."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.cli.console import Console
from bridge.errors import BridgeError, ConfirmNeeded, OutputUnwritable
from bridge.jobs.budget import money

ASK_ABOVE = 3  # remixes that are ordered without a question
OTHER = "Choose another --out."
USUAL_RATES = range(44_100, 192_001)  # Hz: results keep the file's rate within these


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known of the files before anything is sent; what cannot be read is left to the daemon to say."""

    seconds: float | None  # of all clips together; None where a file cannot be read
    rate: int | None  # Hz, if all have the same


def survey(files: Sequence[Path], offset: float, length: float | None) -> Survey:
    """Look into the files."""
    from bridge.workers.tasks.length import length as measure

    total: float | None = 0.0
    rates = set()
    for path in files:
        try:
            found = measure({"path": os.fspath(path)}, lambda _: None)
        except BridgeError:
            total = None
            continue
        rates.add(found["sample_rate"])
        left = max(0.0, found["seconds"] - offset)
        total = None if total is None else total + (left if length is None else min(left, length))
    rate = rates.pop() if len(rates) == 1 else None
    return Survey(total, rate if rate in USUAL_RATES else None)


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
