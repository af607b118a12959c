"""The commands that every control surface can send, and the service that carries them out."""
