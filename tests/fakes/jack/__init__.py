"""A JACK server without audio hardware, and MIDI devices for it; each of them is a process that tests can kill."""
