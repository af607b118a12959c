"""Finds a request's source when its result is placed: by the clip itself, by its file, or by its old position.

The anchor is source time: if the clip was moved, trimmed or slipped, the result follows, so that both play the same
part of the file at the same time.
"""

from __future__ import annotations

from collections import namedtuple

from .live_objects import alive, scene_of, track_of

# track: Live's, or None if it was deleted; index: of the track; start: beats in the Arrangement; scene: None there
Place = namedtuple("Place", "track index start scene")


def find(song, clip, context):
    """Return the Place next to which a result belongs.

    Args:
        song: Live's song.
        clip: the requested clip, possibly deleted; None if Live was restarted since.
        context: of the request, see describe.py.
    """
    if clip is not None and alive(clip):
        track, index = track_of(song, clip)
        if track is not None:
            return _beside(song, track, index, clip, context)
    track, index = _track(song, context["track"])
    if track is None:
        return Place(None, -1, context["start"], context["scene"])
    again = _again(track, context) if clip is None else None
    if again is not None:
        return _beside(song, track, index, again, context)
    return Place(track, index, context["start"], context["scene"])


def _beside(song, track, index, clip, context):
    if context["scene"] is None:
        return Place(track, index, _start(song, clip, context), None)
    scene = scene_of(track, clip)
    return Place(track, index, context["start"], context["scene"] if scene is None else scene)


def _start(song, clip, context):
    """Return the current timeline position, in beats, of the clip's start at the time of the request."""
    if bool(clip.warping) != context["warping"]:
        return float(clip.start_time)  # its markers now have another unit
    moved = float(clip.start_marker) - context["anchor"]["start"]
    if not context["warping"]:  # s of the file; the pitch of an unwarped clip changes its speed
        speed = 2.0 ** ((clip.pitch_coarse + clip.pitch_fine / 100.0) / 12.0)
        moved *= song.tempo / 60.0 / speed
    return float(clip.start_time) - moved


def _track(song, about):
    """Find the clip's track by index and name, else by name alone."""
    tracks = list(song.tracks)
    index = about["index"]
    if index < len(tracks) and tracks[index].name == about["name"]:
        return tracks[index], index
    for index, track in enumerate(tracks):
        if track.name == about["name"]:
            return track, index
    return None, -1


def _again(track, context):
    """Return the track's only clip of the same file; None if there are several."""
    if context["scene"] is None:
        clips = list(track.arrangement_clips)
    else:
        clips = [slot.clip for slot in track.clip_slots if slot.has_clip]
    found = [clip for clip in clips if clip.is_audio_clip and clip.file_path == context["anchor"]["path"]]
    return found[0] if len(found) == 1 else None
