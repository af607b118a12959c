"""Small truths about Live's objects that every other module needs: is it still there, which track is it on.

An object that was deleted in Live compares equal to None and raises on access; each access makes a new wrapper, so
objects are compared with == and never with `is`.
"""

from __future__ import annotations


class Refused(Exception):
    """This cannot be done; the text is one sentence for the status bar."""


REFUSALS = (RuntimeError, OSError)  # how Live says that it will not; everything else is a mistake of ours


def alive(thing):
    """Tell whether one of Live's objects still exists."""
    return thing != None  # noqa: E711  # a deleted object is not None, it only equals it


def track_of(song, thing):
    """Return (track, index) among the song's tracks that a clip, slot or lane belongs to, or (None, -1)."""
    tracks = list(song.tracks)
    while alive(thing) and thing != song:
        for index, track in enumerate(tracks):
            if track == thing:
                return track, index
        thing = getattr(thing, "canonical_parent", None)
    return None, -1


def scene_of(track, clip):
    """Return the index of the slot of a track that a clip lies in, or None."""
    for index, slot in enumerate(track.clip_slots):
        if slot.has_clip and slot.clip == clip:
            return index
    return None


def version(application):
    """Return Live's version as text."""
    numbers = application.get_major_version(), application.get_minor_version(), application.get_bugfix_version()
    return "%d.%d.%d" % numbers


def can_place(song):
    """Tell whether this Live can put a file into a track (11.3.25 and 12.0.5 on)."""
    tracks = list(song.tracks)
    return bool(tracks) and hasattr(tracks[0], "create_audio_clip")
