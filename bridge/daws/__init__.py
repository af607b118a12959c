"""The daemon's adapters for DAWs, which implement the Protocol in `base.py`."""
