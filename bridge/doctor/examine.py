"""Runs all parts of the doctor, from the settings to the DAWs, and collects what they find.

Nothing is changed and nothing is ordered; only `online` asks fal.
"""

from __future__ import annotations

import logging

from bridge.doctor import connections, daws, engine, home, live, settings, system
from bridge.doctor.base import Context, Finding

log = logging.getLogger(__name__)

PARTS = (settings, system, home, connections, engine, daws, live)  # each has `look`; in this order


def examine(context: Context) -> list[Finding]:
    """Look at everything; a part that cannot be looked at is a finding too, and the others go on."""
    found: list[Finding] = []
    for part in PARTS:
        try:
            found.extend(part.look(context))
        except Exception as problem:
            name = part.__name__.rpartition(".")[2]
            log.exception("the doctor's part %s", name)
            text = f"The doctor could not look at the {name}: {type(problem).__name__}: {problem}."
            found.append(Finding(f"{name}.examined", "trouble", text, "Please report this, with `doctor --bundle`."))
    return found
