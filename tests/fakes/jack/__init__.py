"""A JACK server without sound and MIDI devices for it, each a process that can be killed."""
