"""A clip's path from the inbox message to the placed result."""
