"""Processes audio as arrays and blocks; only a few modules access files. Imports nothing from the rest of `bridge`."""
