"""Plays a clip and its remix for A/B comparison."""
