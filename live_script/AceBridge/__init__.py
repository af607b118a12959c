"""AceBridge: remixes the selected clip of Ableton Live onto a new track, by way of the ace-bridge daemon.

Live imports this folder as a control surface and calls `create_instance`. Standard library only, Python 3.7 grammar.
"""

from __future__ import annotations

PROTOCOL = 1  # of the messages
VERSION = "0.1.0"  # of this script; the daemon says when it is another one than its own


def create_instance(c_instance):
    """Return the script object that Live drives; imported late, so that tests can read the folder without Live."""
    from .script import AceBridge

    return AceBridge(c_instance)
