"""Checks the whole setup, from settings and key to the DAWs."""
