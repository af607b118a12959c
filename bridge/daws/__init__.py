"""The DAWs as the daemon sees them, behind the Protocol of `base.py`."""
