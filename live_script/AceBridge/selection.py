"""Which clip is meant: the one in the detail view, the highlighted slot's, the one at the playhead of the track.

Live's API knows no time selection and no multiple clips, so there is one clip or a sentence that says what to do.
"""

from __future__ import annotations

import os
from collections import namedtuple

from .live import Refused, alive, scene_of, track_of

MIDI = "That is a MIDI clip. Freeze and flatten its track, or resample it to audio, and remix the audio clip."

# clip: Live's; track, index: where it is; scene: index of its slot, None in the Arrangement
Found = namedtuple("Found", "clip track index scene")


def selected(song, application):
    """Return what is selected.

    Raises:
        Refused: nothing that can be remixed is; the text says what to do.
    """
    clip = _candidate(song, application)
    if not alive(clip):
        raise Refused("No clip is selected. Click an audio clip and ask again.")
    if not clip.is_audio_clip:
        raise Refused(MIDI)
    if clip.is_recording:
        raise Refused("This clip is being recorded. Stop the recording and ask again.")
    if not clip.file_path or not os.path.isfile(clip.file_path):
        raise Refused("The clip's file is offline: %s" % (clip.file_path or "unknown"))
    track, index = track_of(song, clip)
    if track is None:
        raise Refused("This clip is on none of the Set's tracks. Drag it to an audio track and ask again.")
    scene = None if clip.is_arrangement_clip else scene_of(track, clip)
    if scene is None and not clip.is_arrangement_clip:
        raise Refused("The clip's slot was not found. Select the clip again.")
    return Found(clip, track, index, scene)


def _candidate(song, application):
    """Return the clip that is meant, whatever kind it is, or None."""
    view = song.view
    if alive(view.detail_clip):
        return view.detail_clip
    if application.view.focused_document_view == "Session":
        slot = view.highlighted_clip_slot
        return slot.clip if alive(slot) and slot.has_clip else None
    now = song.current_song_time
    for clip in view.selected_track.arrangement_clips:
        if clip.start_time <= now < clip.end_time:
            return clip
    return None
