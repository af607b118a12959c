"""AceBridge remixes the clip selected in Ableton Live through the ace-bridge daemon and places it on a new track.

Live imports this folder as a control surface and calls `create_instance`. The code uses only the standard library and
the syntax of Python 3.7.
"""

from __future__ import annotations

PROTOCOL = 1  # version of the message format
VERSION = "0.1.0"  # version of this script, compared with the daemon's version


def create_instance(c_instance):
    """Return the script object that Live calls. The late import lets tests import the package without Live."""
    from .script import AceBridge

    return AceBridge(c_instance)
