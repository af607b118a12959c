"""Shared steps of the doctor's tests: a context to examine, and the finding of one check."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from bridge.config.load import load
from bridge.doctor.base import Context, Finding
from bridge.doctor.examine import examine

KEY = "0123abcd-4567-89ef:0123456789abcdef0123456789abcdef"


def context_of(home: Path, **changes: Any) -> Context:
    settings = load(home, {"ACE_BRIDGE_OSC_PORT": "0", **changes.pop("settings", {})})
    defaults: dict[str, Any] = {
        "environ": {"HOME": "/home/nobody"},
        "platform": "linux",
        "settings": settings,
        "settings_error": "",
        "clock": time.time,
        "which": lambda name: f"/usr/bin/{name}",
        "mounts": lambda platform: "",
        "device": lambda: "Built-in",
        "midi": lambda: ["nanoKONTROL2"],
        "keychain": lambda: KEY,
    }
    return Context(home=home, **{**defaults, **changes})


def found(context: Context, check: str) -> Finding:
    findings = [one for one in examine(context) if one.check == check]
    assert len(findings) == 1, findings
    return findings[0]
