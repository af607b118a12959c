"""Which clip is meant: the one in the detail view, the highlighted slot's, the one at the playhead of the track.

The first of them that is audio counts. Live's API knows no time selection and no multiple clips, so there is one clip
or a sentence that says what to do.
"""

from __future__ import annotations

import os
from collections import namedtuple

from .live_objects import Refused, alive, scene_of, track_of

MIDI = "That is a MIDI clip. Freeze and flatten its track, or resample it to audio, and remix the audio clip."

# clip: Live's; track, index: where it is; scene: index of its slot, None in the Arrangement
Found = namedtuple("Found", "clip track index scene")


def selected(song, application):
    """Return what is selected.

    Raises:
        Refused: nothing that can be remixed is; the text says what to do.
    """
    clips = list(_candidates(song, application))
    if not clips:
        raise Refused("No clip is selected. Click an audio clip and ask again.")
    audio = [clip for clip in clips if clip.is_audio_clip]
    if not audio:
        raise Refused(MIDI)
    clip = audio[0]
    if clip.is_recording:
        raise Refused("This clip is being recorded. Stop the recording and ask again.")
    if not clip.file_path or not os.path.isfile(clip.file_path):
        path = clip.file_path or "unknown"
        raise Refused("The clip's file is offline (%s). Find it by File > Manage Files and ask again." % path)
    track, index = track_of(song, clip)
    if track is None:
        raise Refused("This clip is on none of the Set's tracks. Drag it to an audio track and ask again.")
    if clip.is_arrangement_clip or getattr(clip, "is_take_lane_clip", False):
        return Found(clip, track, index, None)
    scene = scene_of(track, clip)
    if scene is None:
        raise Refused("The clip's slot was not found. Select the clip again.")
    return Found(clip, track, index, scene)


def _candidates(song, application):
    """Yield the clips that may be meant, of whatever kind, the likeliest first."""
    view = song.view
    if alive(view.detail_clip):
        yield view.detail_clip
    if application.view.focused_document_view == "Session":
        slot = view.highlighted_clip_slot
        if alive(slot) and slot.has_clip:
            yield slot.clip
        return
    track = track_of(song, view.selected_track)[0]
    if track is None or track.is_foldable:
        return  # a return, the master or a group: they hold no clips
    now = song.current_song_time
    for clip in track.arrangement_clips:
        if clip.start_time <= now < clip.end_time:
            yield clip
