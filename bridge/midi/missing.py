"""The error for a MIDI package that is not installed."""

from __future__ import annotations

from bridge.errors import MidiMissing
from bridge.util.this_copy import this_copy


def package_missing(problem: ImportError) -> MidiMissing:
    """Return the error for a failed import, with the command that installs the package into this copy."""
    hint = f"Run `{this_copy().to_add('midi')}`, then restart the bridge."
    return MidiMissing(f"MIDI needs the package {problem.name}, which is not installed.", hint=hint)
