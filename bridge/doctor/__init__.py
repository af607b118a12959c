"""Checks the whole setup, from the settings and the fal key to the DAWs."""
