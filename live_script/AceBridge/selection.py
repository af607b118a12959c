"""Functions that find the selected clip, which is the first audio clip among several candidates.

The first candidate is the clip in the Clip View. The second is the clip in the highlighted slot if the Session has the
focus, otherwise the clip at the playhead on the selected track. Live's API offers neither the time selection nor a
selection of several clips.
"""

from __future__ import annotations

import os
from collections import namedtuple

from .live_objects import Refused, alive, scene_of, track_of

MIDI = "This is a MIDI clip. Freeze and flatten its track, or resample it, and remix the audio clip."

# clip: Live's clip; track: the clip's track; index: the track's index
# scene: the clip's scene index, None in the Arrangement
Found = namedtuple("Found", "clip track index scene")


def selected(song, application):
    """Return the selected clip and its position.

    Raises:
        Refused: No clip that can be remixed is selected. The error's text says what to do.
    """
    clips = list(_candidates(song, application))
    if not clips:
        raise Refused("No clip is selected. Click an audio clip and try again.")
    audio = [clip for clip in clips if clip.is_audio_clip]
    if not audio:
        raise Refused(MIDI)
    clip = audio[0]
    if clip.is_recording:
        raise Refused("This clip is being recorded. Stop recording and try again.")
    if not clip.file_path or not os.path.isfile(clip.file_path):
        path = clip.file_path or "unknown"
        raise Refused("The clip's file is missing (%s). Locate it in File > Manage Files and try again." % path)
    track, index = track_of(song, clip)
    if track is None:
        raise Refused("This clip is not on a track of the Set. Drag it to an audio track and try again.")
    if clip.is_arrangement_clip or getattr(clip, "is_take_lane_clip", False):
        return Found(clip, track, index, None)
    scene = scene_of(track, clip)
    if scene is None:
        raise Refused("The clip's slot was not found. Select the clip again.")
    return Found(clip, track, index, scene)


def _candidates(song, application):
    """Yield the candidates, both audio and MIDI clips, with the most likely first."""
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
        return  # return, master and group tracks hold no clips
    now = song.current_song_time
    for clip in track.arrangement_clips:
        if clip.start_time <= now < clip.end_time:
            yield clip
