"""Worker processes for signal work."""
