"""Processes audio as arrays and blocks.

Only `files.py`, `decoder.py`, `header.py` and `writers.py` open files. The package imports nothing from the rest of
`bridge`.
"""
