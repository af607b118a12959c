"""Worker processes for signal processing."""
