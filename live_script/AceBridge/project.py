"""The Set as the bridge knows it: its path, its project's folder for audio, its tempo and time signature.

`hello` and every request carry it.
"""

from __future__ import annotations

import os

MARK = "Ableton Project Info"  # the folder in which Live keeps a project's own data
HIGHEST = 4  # folders above the Set that are looked into


def path_of(song):
    """Return the Set's file, or None while it is unsaved or this Live does not tell (before 11.3.25)."""
    return getattr(song, "file_path", None) or None


def media_folder(path):
    """Return the folder for results in the Set's project, or None when the Set lies in no project."""
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
        "sample_rate": None,  # Live's API does not tell the Set's rate, and Live plays any
        "tempo": tempo,
        "time_signature": [int(song.signature_numerator), int(song.signature_denominator)],
    }


def tempo_automated(song):
    """Tell whether the Set's tempo is automated, so that beats and seconds have no fixed relation."""
    mixer = song.master_track.mixer_device
    return bool(mixer.song_tempo.automation_state)
