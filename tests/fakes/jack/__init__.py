"""A JACK server without audio hardware, and MIDI devices for it; each is a process that tests can kill."""
