"""From the selected clip to a request, and to what placing its result will need.

The span goes out in source time, not stretched: the result gets the clip's warp markers back and so plays exactly as
Live plays the source. Only a clip that Live stretches far and steadily is stretched before it is sent.
"""

from __future__ import annotations

import math
import uuid

from . import live, project, span
from .live import Refused
from .warp import WarpMap

GENTLE = 0.8, 1.25  # source seconds per second heard within which Live's own stretching sounds well enough
REPITCH = 3  # the warp mode in which pitch follows speed
SHORTEST = 0.1  # s


def request(song, application, found):
    """Return (arguments of the request, context of its placing).

    Raises:
        Refused: nothing of the clip's file is heard.
    """
    clip = found.clip
    ignored = list(unknowable(song, clip))
    pieces, left_out = (span.session(clip), 0) if found.scene is not None else span.arrangement(clip)
    if left_out:
        ignored.append("The loop goes round more than %d times; the last %d are left out." % (len(pieces), left_out))
    take = (_Warped if clip.warping else _Plain)(song, clip, pieces)
    if take.end - take.start < SHORTEST:
        raise Refused("Less than 0.1 s of the clip's file is heard. Make the clip longer and ask again.")
    ignored += take.notes
    start = float(clip.start_time) if found.scene is None else 0.0
    clip_id = str(uuid.uuid4())
    request_args = {
        "daw": {"name": "live", "version": live.version(application)},
        "project": project.describe(song, take.tempo),
        "clips": [
            {
                "id": clip_id,
                "name": clip.name,
                "track": _track(found),
                "where": "arrangement" if found.scene is None else "session",
                "slot": None if found.scene is None else {"track": found.index, "scene": found.scene},
                "position": max(0.0, start * 60.0 / song.tempo),
                "length": (take.end - take.start) / take.rate,
                "position_beats": start,
                "grid": take.grid(),
                "source": {
                    "path": clip.file_path,
                    "offset": take.start,
                    "playrate": take.rate,
                    "preserve_pitch": not (clip.warping and clip.warp_mode == REPITCH),
                    "warp": take.markers,
                },
                "ignored": ignored,
            }
        ],
        "placement": {"mode": "new_track", "source": "keep"},
    }
    return request_args, _context(found, clip_id, start, pieces, take)


def unknowable(song, clip):
    """Yield sentences about what the API does not tell of a clip, so that it cannot be carried over."""
    if clip.is_arrangement_clip:
        yield "Live does not tell scripts of a clip's fades; set them on the result where they matter."
    if clip.has_envelopes:
        yield "The clip's envelopes are not carried over."
    if clip.has_groove:
        yield "The clip's groove is not carried over."
    if project.tempo_automated(song):
        yield "The tempo is automated; the result is placed by beats and follows it as the clip does."


class _Warped:
    """A warped clip: its own time is beats, its markers give the seconds."""

    def __init__(self, song, clip, pieces):
        self._clip = clip
        self._map = WarpMap([(marker.beat_time, marker.sample_time) for marker in clip.warp_markers])
        first, last = span.whole(pieces)
        self.start = max(0.0, self._map.second(first))
        self.end = min(_seconds(clip), self._map.second(last))
        self.notes = []
        self.rate = 1.0  # source seconds per second that is sent
        length = max(self.end - self.start, 1e-3)
        beats = self._map.beat(self.start + length) - self._map.beat(self.start)
        self.tempo = 60.0 * beats / length  # BPM of what is sent
        self._stretch(song, clip, length)
        self.markers = self._map.cut(self.start, self.start + length)
        self.points = [[beat, second / self.rate] for beat, second in self.markers]

    def _stretch(self, song, clip, length):
        """Decide whether it is stretched before it is sent."""
        rate = song.tempo / self.tempo
        editable = hasattr(clip, "add_warp_marker")
        if project.tempo_automated(song) or (editable and GENTLE[0] <= rate <= GENTLE[1]) or abs(rate - 1) < 1e-6:
            return
        if self._map.steady(self.start, self.start + length):
            self.rate, self.tempo = rate, float(song.tempo)
        elif editable:
            self.notes.append("Live stretches this clip far, so it will stretch the result as far.")
        else:
            self.notes.append("This Live lets no script set warp markers; the result has the source's own timing.")

    def grid(self):
        """Return the clip's beats in seconds of what is sent."""
        first = self._map.beat(self.start)
        last = self._map.beat(max(self.end, self.start + 1e-3))
        numbers = range(math.ceil(first - 1e-6), math.floor(last + 1e-6) + 1)
        bar = max(1, round(self._clip.signature_numerator * 4.0 / self._clip.signature_denominator))
        beats = [max(0.0, (self._map.second(number) - self.start) / self.rate) for number in numbers]
        downbeats = [index for index, number in enumerate(numbers) if number % bar == 0]
        return {"beats": beats, "downbeats": downbeats} if beats else None


class _Plain:
    """A clip that is not warped: its own time is seconds of its file."""

    rate = 1.0
    markers = None
    points = ()

    def __init__(self, song, clip, pieces):
        first, last = span.whole(pieces)
        self.start, self.end = max(0.0, first), min(_seconds(clip), last)
        self.tempo = float(song.tempo)
        self.notes = []

    def grid(self):
        """A file that is not warped may have any beat: nothing is said of it."""
        return None


def _seconds(clip):
    """Return the length of a clip's file, endless where this Live does not tell (before 11.1)."""
    rate = getattr(clip, "sample_rate", 0.0)
    return clip.sample_length / rate if rate else float("inf")


def _track(found):
    track = found.track
    depth, group = 0, track.group_track
    while live.alive(group):
        depth, group = depth + 1, group.group_track
    about = {"id": str(track._live_ptr), "name": track.name, "index": found.index}
    about.update({"color": int(track.color), "folder_depth": depth})
    return about


def _context(found, clip_id, start, pieces, take):
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
        "points": [list(point) for point in take.points],
        "origin": take.start,
        "looping": bool(clip.looping and clip.warping),
        "loop": [float(clip.loop_start), float(clip.loop_end)],
        "markers": [float(clip.start_marker), float(clip.end_marker)],
        "warp_mode": int(clip.warp_mode),
        "pitch": [int(clip.pitch_coarse), float(clip.pitch_fine)],
        "gain": float(clip.gain),
        "color": int(clip.color),
        "anchor": {"path": clip.file_path, "start": float(clip.start_marker)},
    }
