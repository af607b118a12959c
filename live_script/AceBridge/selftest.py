"""A self-test that checks undocumented behaviour of a running Live on a temporary track.

The message `/bridge/selftest` starts it, and each step takes one tick. The report is written to `live/selftest.json` in
the bridge's folder, for `ace-bridge doctor` and bug reports. If Live cannot place results, the self-test does not
change the Set.
"""

from __future__ import annotations

import os
import struct
import sys
import time

from . import VERSION, files
from .clip_properties import set_markers
from .live_objects import alive, can_place, track_of, version
from .view import View
from .warp import WarpMap

SECONDS, RATE = 2.0, 48000
AT = 8.0  # beat at which the test clip starts
BENT = [(0.5, 0.0), (2.0, 0.8), (5.0, 2.0)]  # the test warp markers, each (beat, second)
PITCH, GAIN = -2, 0.3


class SelfTest:
    """A run of the self-test in steps. Call `step` once per tick until it returns True."""

    def __init__(self, song, application, live_module, folder):
        self.report = {"live": version(application), "script": VERSION, "python": "%d.%d.%d" % sys.version_info[:3]}
        self.report.update({"when": time.time(), "can_place": can_place(song), "finished": False})
        self._song, self._application = song, application
        self._marker = getattr(live_module.Clip, "WarpMarker", None)
        self._path = os.path.join(folder, "selftest.wav")
        self._track = None
        placing = [self._make, self._look, self._late, self._plain, self._slot, self._remove]
        self._steps = [self._write] + (placing if self.report["can_place"] else [self._read])

    def step(self):
        """Do one step of the self-test. Return whether this was the last step."""
        view = View(self._song, self._application)
        self._song.begin_undo_step()
        doing = self._steps.pop(0)
        try:
            doing()
        except Exception as problem:  # the report includes every error
            self.report["error"] = "%s: %s" % (type(problem).__name__, problem)
            self._steps = [self._remove] if alive(self._track) and doing != self._remove else []
        finally:
            self._song.end_undo_step()
            view.restore()
        if not self._steps:
            self._clean()
            self.report["finished"] = True
        return not self._steps

    def _write(self):
        """Test whether the script can write files."""
        with open(self._path, "wb") as file:
            file.write(wav(struct.pack("<h", 8192) + b"\0\0" * (int(SECONDS * RATE) - 1)))
        self.report["file_written"] = os.path.isfile(self._path)

    def _read(self):
        """Read the clip in the Clip View, without changing anything."""
        clip = self._song.view.detail_clip
        if alive(clip) and clip.is_audio_clip:
            self.report["markers_editable"] = hasattr(clip, "add_warp_marker")
            if clip.warping:
                self._measure(clip)

    def _make(self):
        made = self._song.create_audio_track(-1)
        self.report["track_returned"] = alive(made)
        self._track = made if alive(made) else list(self._song.tracks)[-1]
        self._track.name = "AceBridge self-test"
        self._track.set_data("ace_bridge_test", "kept")
        self.report["clip_returned"] = alive(self._track.create_audio_clip(self._path, AT))
        clip = self._clip()
        self.report["path_as_given"] = clip.file_path == self._path
        self.report["auto_warped"] = bool(clip.warping)
        clip.warping = True
        self.report["warping_at_once"] = bool(clip.warping)

    def _look(self):
        clip = self._clip()
        self.report["warping_next_tick"] = bool(clip.warping)
        self.report["data_kept"] = self._track.get_data("ace_bridge_test", "") == "kept"
        self.report["markers_editable"] = hasattr(clip, "add_warp_marker")
        self._measure(clip)
        set_markers(clip, BENT, self._marker)
        self.report["markers_at_once"] = self._bent(clip)
        clip.pitch_coarse, clip.gain = PITCH, GAIN
        clip.loop_start, clip.loop_end = 1.0, 4.0

    def _late(self):
        clip = self._clip()
        self.report["markers_next_tick"] = self._bent(clip)
        self.report["pitch_and_gain"] = clip.pitch_coarse == PITCH and abs(clip.gain - GAIN) < 0.01
        self.report["span_set"] = abs(clip.loop_start - 1.0) < 1e-3 and abs(clip.loop_end - 4.0) < 1e-3
        self.report["start_moves_clip"] = abs(clip.start_time - AT) > 1e-3
        self.report["length_follows_markers"] = abs(clip.end_time - clip.start_time - 3.0) < 1e-3
        clip.warping = False

    def _plain(self):
        """Test whether the times of an unwarped clip are seconds of its file."""
        clip = self._clip()
        clip.loop_start, clip.loop_end = 0.25, SECONDS
        beats = (clip.end_time - clip.start_time) * 60.0 / self._song.tempo  # length on the timeline, in seconds
        speed = 2.0 ** (PITCH / 12.0)
        self.report["plain_in_seconds"] = abs(beats * speed - (SECONDS - 0.25)) < 0.01

    def _slot(self):
        slot = self._track.clip_slots[0]
        self.report["slot_clip_returned"] = alive(slot.create_audio_clip(self._path))
        self.report["slot_filled"] = bool(slot.has_clip)

    def _remove(self):
        self._song.delete_track(track_of(self._song, self._track)[1])

    def _clean(self):
        if os.path.isfile(self._path):
            files.remove(self._path)

    def _measure(self, clip):
        markers = [[one.beat_time, one.sample_time] for one in clip.warp_markers]
        self.report["markers"] = markers[:16]
        seconds = WarpMap(markers).second(1.0) - WarpMap(markers).second(0.0)
        told = clip.beat_to_sample_time(1.0) - clip.beat_to_sample_time(0.0)
        units = (("seconds", 1.0), ("samples", getattr(clip, "sample_rate", RATE)))
        found = [name for name, rate in units if abs(told - seconds * rate) < 1e-3 * seconds * rate]
        self.report["beat_to_sample_time"] = found[0] if found else "%g for %g s" % (told, seconds)

    def _clip(self):
        return next(iter(self._track.arrangement_clips))

    def _bent(self, clip):
        """Return whether the test clip's warp markers match BENT."""
        line = WarpMap([(one.beat_time, one.sample_time) for one in clip.warp_markers])
        return all(abs(line.second(beat) - second) < 1e-4 for beat, second in BENT)


def wav(samples):
    """Return a mono 16-bit WAV file as bytes. Some versions of Live do not have the module `wave`."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    body = b"WAVE" + form + struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI", b"RIFF", len(body)) + body
