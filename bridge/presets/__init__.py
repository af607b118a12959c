"""Presets and the parameters that a remix takes."""
