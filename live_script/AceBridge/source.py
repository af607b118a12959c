"""Functions that find a request's source when the result is placed: by clip object, by file or by original position.

The anchor is a time in the source file. If the clip was moved, trimmed or slipped, the result therefore follows the
clip, and both play the same part of the music at the same time.
"""

from __future__ import annotations

from collections import namedtuple

from .live_objects import alive, scene_of, track_of

# track: Live's track, None if it was deleted; index: the track's index, -1 if it was deleted
# start: position in the Arrangement, beats; scene: scene index in the Session, None in the Arrangement
Place = namedtuple("Place", "track index start scene")


def find(song, clip, context):
    """Return the Place of a result's source. The result is placed next to it.

    Args:
        song: Live's song.
        clip: the clip for which the remix was requested, possibly deleted; None if Live was restarted since then.
        context: the request's context, see describe.py.
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
    """Return where, in beats on the timeline, the clip's start at the time of the request is now."""
    if bool(clip.warping) != context["warping"]:
        return float(clip.start_time)  # warping was switched on or off, so the clip's markers now have another unit
    moved = float(clip.start_marker) - context["anchor"]["start"]
    if not context["warping"]:  # convert seconds of the file to beats; an unwarped clip's pitch changes its speed
        speed = 2.0 ** ((clip.pitch_coarse + clip.pitch_fine / 100.0) / 12.0)
        moved *= song.tempo / 60.0 / speed
    return float(clip.start_time) - moved


def _track(song, about):
    """Return the clip's track and its index, found by index and name or by name alone; (None, -1) if there is none."""
    tracks = list(song.tracks)
    index = about["index"]
    if index < len(tracks) and tracks[index].name == about["name"]:
        return tracks[index], index
    for index, track in enumerate(tracks):
        if track.name == about["name"]:
            return track, index
    return None, -1


def _again(track, context):
    """Return the only clip on the track that plays the source's file; None if there are several such clips or none."""
    if context["scene"] is None:
        clips = list(track.arrangement_clips)
    else:
        clips = [slot.clip for slot in track.clip_slots if slot.has_clip]
    found = [clip for clip in clips if clip.is_audio_clip and clip.file_path == context["anchor"]["path"]]
    return found[0] if len(found) == 1 else None
