"""The OSC server, its subscribers and OSCQuery."""
