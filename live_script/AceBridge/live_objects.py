"""Helpers for Live's objects. They check whether an object still exists, and find a clip's track or scene.

An object that was deleted in Live compares equal to None and raises an error on access. Live returns a new wrapper for
an object each time, so objects must be compared with == and never with `is`.
"""

from __future__ import annotations


class Refused(Exception):
    """The error for a request or a step that is not possible; its text is shown in the status bar."""


REFUSALS = (RuntimeError, OSError)  # Live raises these if it refuses a call; any other error is a bug in this script


def alive(thing):
    """Return whether one of Live's objects still exists."""
    return thing != None  # noqa: E711  # a deleted object equals None but is not None


def track_of(song, thing):
    """Return the track that contains a clip, slot or lane, and the track's index; (None, -1) if there is none."""
    tracks = list(song.tracks)
    while alive(thing) and thing != song:
        for index, track in enumerate(tracks):
            if track == thing:
                return track, index
        thing = getattr(thing, "canonical_parent", None)
    return None, -1


def scene_of(track, clip):
    """Return the scene index of the slot that contains a clip; None if no slot contains the clip."""
    for index, slot in enumerate(track.clip_slots):
        if slot.has_clip and slot.clip == clip:
            return index
    return None


def version(application):
    """Return Live's version as text."""
    numbers = application.get_major_version(), application.get_minor_version(), application.get_bugfix_version()
    return "%d.%d.%d" % numbers


def can_place(song):
    """Return whether this Live can create a clip from a file (11.3.25, 12.0.5 and later)."""
    tracks = list(song.tracks)
    return bool(tracks) and hasattr(tracks[0], "create_audio_clip")
