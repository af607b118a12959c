"""AceBridge: remixes Ableton Live's selected clip onto a new track through the ace-bridge daemon.

Live imports this folder as a control surface and calls `create_instance`. Standard library only, Python 3.7 syntax.
"""

from __future__ import annotations

PROTOCOL = 1  # version of the message format
VERSION = "0.1.0"  # version of this script, compared with the daemon's version


def create_instance(c_instance):
    """Return the script object that Live calls. The late import lets tests import the package without Live."""
    from .script import AceBridge

    return AceBridge(c_instance)
