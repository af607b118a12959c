"""Functions that build a request from the selected clip, and the context needed to place the result.

source_span.py chooses which span of the file to send, and whether to stretch the span first.
"""

from __future__ import annotations

import re

from . import live_objects, project, span
from .ids import new_id
from .live_objects import Refused
from .source_span import Plain, Warped

REPITCH = 3  # Live's warp mode Re-Pitch, in which the pitch follows the speed
SHORTEST = 0.1  # minimum length of the span to send, in seconds


def request(song, application, found):
    """Return the arguments of a request, and the context needed to place the result.

    Raises:
        Refused: Less than 0.1 s of the clip's file is audible.
    """
    clip = found.clip
    ignored = list(unknowable(song, found.track, clip))
    pieces, left_out = (span.session(clip), 0) if found.scene is not None else span.arrangement(clip)
    if left_out:
        ignored.append("The loop has more than %d passes. The last %d are left out." % (len(pieces), left_out))
    source_span = (Warped if clip.warping else Plain)(song, clip, pieces)
    if source_span.end - source_span.start < SHORTEST:
        raise Refused("The clip plays less than 0.1 s of its file. Make the clip longer and try again.")
    ignored += source_span.notes
    start = float(clip.start_time) if found.scene is None else 0.0
    clip_id = new_id()
    request_args = {
        "daw": {"name": "live", "version": live_objects.version(application)},
        "project": project.describe(song, source_span.tempo),
        "clips": [
            {
                "id": clip_id,
                "name": clip.name,
                "track": _track(found),
                "where": "arrangement" if found.scene is None else "session",
                "slot": None if found.scene is None else {"track": found.index, "scene": found.scene},
                "position": max(0.0, start * 60.0 / song.tempo),
                "length": (source_span.end - source_span.start) / source_span.rate,
                "position_beats": start,
                "grid": source_span.grid(),
                "loops": bool(clip.looping) and span.is_loop(clip, pieces, found.scene is not None),
                "source": {
                    "path": clip.file_path,
                    "offset": source_span.start,
                    "playrate": source_span.rate,
                    "preserve_pitch": not (clip.warping and clip.warp_mode == REPITCH),
                    "gain_db": _decibels(clip.gain_display_string),
                    "warp": source_span.markers,
                    "straighten": source_span.straighten,
                },
                "ignored": ignored,
            }
        ],
        "placement": {"mode": "new_track", "source": "keep"},
    }
    return request_args, dict(_context(found, clip_id, start, pieces, source_span), ignored=ignored)


def unknowable(song, track, clip):
    """Yield a note on each property that is not copied because scripts cannot read it or it belongs to the track."""
    if clip.is_arrangement_clip:
        yield "Fades are not copied, because scripts cannot read them. Set them on the result if necessary."
    if clip.has_envelopes:
        yield "The clip's envelopes are not copied."
    if clip.has_groove:
        yield "The clip's groove is not copied."
    if len(track.devices):
        yield "The track's devices are not copied to the new track."
    if any(getattr(track.mixer_device, name).automation_state for name in ("volume", "panning")):
        yield "Volume or pan automation is not copied. The new track gets the values at the time of placing."
    if project.tempo_automated(song):
        yield "The tempo is automated. The result is placed by beats and follows it like the clip."


def _decibels(text):
    """Return the gain in dB from the text that Live displays; at least -150, the lowest gain allowed in a message."""
    found = re.search(r"-?(?:\d+(?:[.,]\d+)?|inf)", text.replace("\u2212", "-"))
    if found is None:
        return 0.0
    return max(-150.0, float(found.group().replace(",", ".")))


def _track(found):
    track = found.track
    depth, group = 0, track.group_track
    while live_objects.alive(group):
        depth, group = depth + 1, group.group_track
    about = {"id": str(track._live_ptr), "name": track.name, "index": found.index}
    about.update({"color": int(track.color), "folder_depth": depth})
    return about


def _context(found, clip_id, start, pieces, source_span):
    """Return the source's position and the properties that the placed result gets, as JSON values."""
    clip = found.clip
    return {
        "clip_id": clip_id,
        "name": clip.name,
        "track": {"name": found.track.name, "index": found.index, "color": int(found.track.color)},
        "scene": found.scene,
        "start": start,
        "pieces": [list(piece) for piece in pieces],
        "warping": bool(clip.warping),
        "points": [list(point) for point in source_span.points],
        "origin": source_span.start,
        "looping": bool(clip.looping and clip.warping),
        "loop": [float(clip.loop_start), float(clip.loop_end)],
        "markers": [float(clip.start_marker), float(clip.end_marker)],
        "warp_mode": int(clip.warp_mode),
        "pitch": [int(clip.pitch_coarse), float(clip.pitch_fine)],
        "gain": float(clip.gain),
        "color": int(clip.color),
        "anchor": {"path": clip.file_path, "start": float(clip.start_marker)},
    }
