"""The daemon's adapters for DAWs. Each adapter implements the protocol class `Daw` in `base.py`."""
