"""From the selected clip to a request, and to what placing its result will need.

source_span.py says what of the clip's file is sent, and whether it is stretched before; placing gets its markers back.
"""

from __future__ import annotations

import re

from . import live_objects, project, span
from .ids import new_id
from .live_objects import Refused
from .source_span import Plain, Warped

REPITCH = 3  # the warp mode in which pitch follows speed
SHORTEST = 0.1  # s


def request(song, application, found):
    """Return (arguments of the request, context of its placing).

    Raises:
        Refused: nothing of the clip's file is heard.
    """
    clip = found.clip
    ignored = list(unknowable(song, found.track, clip))
    pieces, left_out = (span.session(clip), 0) if found.scene is not None else span.arrangement(clip)
    if left_out:
        ignored.append("The loop goes round more than %d times; the last %d are left out." % (len(pieces), left_out))
    source_span = (Warped if clip.warping else Plain)(song, clip, pieces)
    if source_span.end - source_span.start < SHORTEST:
        raise Refused("Less than 0.1 s of the clip's file is heard. Make the clip longer and ask again.")
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
                "loops": bool(clip.looping) and span.goes_round(clip, pieces, found.scene is not None),
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
    """Yield sentences about what the API does not tell of a clip, or what is not the clip's: it is not carried over."""
    if clip.is_arrangement_clip:
        yield "Live does not tell scripts of a clip's fades; set them on the result where they matter."
    if clip.has_envelopes:
        yield "The clip's envelopes are not carried over."
    if clip.has_groove:
        yield "The clip's groove is not carried over."
    if len(track.devices):
        yield "The track's devices are not part of the clip; the new track begins without them."
    if any(getattr(track.mixer_device, name).automation_state for name in ("volume", "panning")):
        yield "The track's volume or panorama is automated; the new track has it as it is when the result is placed."
    if project.tempo_automated(song):
        yield "The tempo is automated; the result is placed by beats and follows it as the clip does."


def _decibels(text):
    """Return the gain that Live shows, dB; silence is as little as a message can hold."""
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
    """Return, as JSON can hold it, where and how a result is to stand."""
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
