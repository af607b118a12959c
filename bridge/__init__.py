"""ace-bridge: a clip goes out of the DAW, and its remix comes back onto a new track."""

__version__ = "0.1.0"
PROTOCOL = 1
