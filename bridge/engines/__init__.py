"""The engines, each behind the Protocol of `base.py`."""
