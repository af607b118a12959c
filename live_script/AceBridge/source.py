"""Finds a request's source again when its result is placed: by the clip itself, by its file, or where it was.

Source time is the anchor: a clip that was moved, trimmed or slipped since takes its result along, so that the same
moment of the file is heard at the same moment as before.
"""

from __future__ import annotations

from collections import namedtuple

from .live_objects import alive, scene_of, track_of

# track: Live's, or None when it is gone; index: its place; start: beats in the Arrangement; scene: None there
Place = namedtuple("Place", "track index start scene")


def find(song, clip, context):
    """Return the Place that a result belongs beside.

    Args:
        song: Live's.
        clip: what was asked for; None when that was another run of Live, a deleted clip when it is gone.
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
    """Return where on the timeline the moment lies that was the clip's start when it was asked for."""
    if bool(clip.warping) != context["warping"]:
        return float(clip.start_time)  # its markers count in another unit now
    moved = float(clip.start_marker) - context["anchor"]["start"]
    if not context["warping"]:  # s of the file; not warped, pitch is speed
        speed = 2.0 ** ((clip.pitch_coarse + clip.pitch_fine / 100.0) / 12.0)
        moved *= song.tempo / 60.0 / speed
    return float(clip.start_time) - moved


def _track(song, about):
    """Find the track that the clip was on: at its place, else by its name."""
    tracks = list(song.tracks)
    index = about["index"]
    if index < len(tracks) and tracks[index].name == about["name"]:
        return tracks[index], index
    for index, track in enumerate(tracks):
        if track.name == about["name"]:
            return track, index
    return None, -1


def _again(track, context):
    """Return the track's only clip of the same file; of several, nobody knows which one was meant."""
    if context["scene"] is None:
        clips = list(track.arrangement_clips)
    else:
        clips = [slot.clip for slot in track.clip_slots if slot.has_clip]
    found = [clip for clip in clips if clip.is_audio_clip and clip.file_path == context["anchor"]["path"]]
    return found[0] if len(found) == 1 else None
