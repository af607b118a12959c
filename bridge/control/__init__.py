"""The commands that control surfaces send, and the service that executes these commands."""
