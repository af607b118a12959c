"""Describes the Set for `hello` and requests: its path, its folder for audio, its tempo and time signature."""

from __future__ import annotations

import os

MARK = "Ableton Project Info"  # the folder that every Live project has
HIGHEST = 4  # number of parent folders to search


def path_of(song):
    """Return the Set's file, or None if it is unsaved or Live is older than 11.3.25."""
    return getattr(song, "file_path", None) or None


def media_folder(path):
    """Return the folder for results in the Set's project, or None if the Set is not in a project."""
    folder = os.path.dirname(path) if path else ""
    for _ in range(HIGHEST):
        if folder and os.path.isdir(os.path.join(folder, MARK)):
            return os.path.join(folder, "Samples", "ACE Bridge")
        folder = os.path.dirname(folder)
    return None


def describe(song, tempo):
    """Return the request's `project`."""
    path = path_of(song)
    name = os.path.splitext(os.path.basename(path))[0] if path else ""
    return {
        "name": name,
        "path": path,
        "media_path": media_folder(path),
        "sample_rate": None,  # not in Live's API; Live plays any rate
        "tempo": tempo,
        "time_signature": [int(song.signature_numerator), int(song.signature_denominator)],
    }


def tempo_automated(song):
    """Return whether the Set's tempo is automated, so that beats and seconds have no fixed relation."""
    mixer = song.master_track.mixer_device
    return bool(mixer.song_tempo.automation_state)
