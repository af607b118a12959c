"""Checks the whole chain from the key to the DAW."""
