"""Runs all of the doctor's modules, from the settings to the DAWs, and collects their findings.

The checks change nothing and submit nothing. They contact fal only if `online` is set in the context.
"""

from __future__ import annotations

import logging

from bridge.doctor import autostart, connections, daws, engine, home, live, midi, settings, system
from bridge.doctor.base import Context, Finding

log = logging.getLogger(__name__)

MODULES = (settings, system, midi, home, autostart, connections, engine, daws, live)  # in the order of the report


def examine(context: Context) -> list[Finding]:
    """Run all checks and return the findings. If a module raises an exception, a finding reports the exception."""
    found: list[Finding] = []
    for module in MODULES:
        try:
            found.extend(module.look(context))
        except Exception as problem:
            name = module.__name__.rpartition(".")[2]
            log.exception("doctor: the check of %s failed", name)
            text = f"The check of {name} failed: {type(problem).__name__}: {problem}."
            fix = "Please report this with a support bundle: `ace-bridge doctor --bundle FILE`."
            found.append(Finding(f"{name}.examined", "trouble", text, fix))
    return found
