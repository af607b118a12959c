"""The engines. Each implements the `Engine` Protocol in `base.py`."""
