"""Plays a clip's source and its remix, A against B."""
