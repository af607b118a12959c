"""Functions that describe the Set for `hello` messages and requests: path, audio folder, tempo and time signature."""

from __future__ import annotations

import os

MARK = "Ableton Project Info"  # folder that every Live project contains
HIGHEST = 4  # number of folders to check for a Live project, from the Set's folder upwards


def path_of(song):
    """Return the path of the Set's file; None if the Set is unsaved or Live is older than 11.3.25."""
    return getattr(song, "file_path", None) or None


def media_folder(path):
    """Return the results folder in the Live project that contains the Set; None if the Set is in no project."""
    folder = os.path.dirname(path) if path else ""
    for _ in range(HIGHEST):
        if folder and os.path.isdir(os.path.join(folder, MARK)):
            return os.path.join(folder, "Samples", "ACE Bridge")
        folder = os.path.dirname(folder)
    return None


def describe(song, tempo):
    """Return the `project` field of `hello` messages and requests."""
    path = path_of(song)
    name = os.path.splitext(os.path.basename(path))[0] if path else ""
    return {
        "name": name,
        "path": path,
        "media_path": media_folder(path),
        "sample_rate": None,  # not in Live's API; Live plays files at any sample rate
        "tempo": tempo,
        "time_signature": [int(song.signature_numerator), int(song.signature_denominator)],
    }


def tempo_automated(song):
    """Return whether the Set's tempo is automated, so that beats and seconds have no fixed relation."""
    mixer = song.master_track.mixer_device
    return bool(mixer.song_tempo.automation_state)
