"""nudge: shifts a result by a few milliseconds, without a new remix."""

from __future__ import annotations

import argparse
import json

from bridge.cli.console import Console
from bridge.client import Client
from bridge.config.home import home


def nudge(options: argparse.Namespace) -> int:
    """Shift a result and print a confirmation."""
    client = Client(home())
    client.start()
    args = {"variation_id": options.variation, "ms": options.ms}
    client.answer(client.send("nudge", {name: value for name, value in args.items() if value is not None}))
    client.bye()
    if options.json:
        print(json.dumps({"event": "nudge", "ms": options.ms}))
    else:
        Console(False).say(f"nudged by {options.ms:+g} ms; `ace-bridge show` prints its path")
    return 0
