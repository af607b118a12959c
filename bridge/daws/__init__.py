"""The DAWs, each behind the Protocol of `base.py`."""
