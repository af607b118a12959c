"""Everything that happens to a clip from the inbox message to the placed result."""
