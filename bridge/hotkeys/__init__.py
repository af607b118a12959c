"""Global keyboard shortcuts."""
