"""Probes in a running Live what no documentation settles, on a track of its own that it removes again.

Asked for with `/bridge/selftest`; each step takes one tick. The report goes to `live/selftest.json` in the bridge's
home, for `ace-bridge doctor` and for bug reports.
"""

from __future__ import annotations

import os
import struct
import wave

from .live import alive, can_place, track_of, version

SECONDS, RATE = 2.0, 48000


class SelfTest:
    """A run in steps: `step` is called once per tick until it returns True."""

    def __init__(self, song, application, live_module, folder):
        self.report = {"live": version(application), "can_place": can_place(song), "finished": False}
        self._song = song
        self._marker = getattr(live_module.Clip, "WarpMarker", None)
        self._path = os.path.join(folder, "selftest.wav")
        self._track = None
        self._steps = [self._write, self._make, self._look, self._late, self._remove]

    def step(self):
        """Do one step; return whether it was the last one."""
        try:
            self._steps.pop(0)()
        except Exception as problem:  # any: that is what is to be found out
            self.report["error"] = "%s: %s" % (type(problem).__name__, problem)
            self._steps = [self._remove] if alive(self._track) else []
        if not self._steps:
            self.report["finished"] = True
        return not self._steps

    def _write(self):
        """Write a file: may the script do so at all?"""
        with wave.open(self._path, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(struct.pack("<h", 8192) + b"\0\0" * (int(SECONDS * RATE) - 1))
        self.report["file_written"] = os.path.isfile(self._path)
        if not self.report["can_place"]:
            self._steps = []

    def _make(self):
        self._song.begin_undo_step()
        try:
            made = self._song.create_audio_track(-1)
            self.report["track_returned"] = alive(made)
            self._track = made if alive(made) else list(self._song.tracks)[-1]
            self._track.name = "AceBridge self-test"
            returned = self._track.create_audio_clip(self._path, 8.0)
            self.report["clip_returned"] = alive(returned)
            clip = self._clip()
            self.report["auto_warped"] = bool(clip.warping)
            clip.warping = True
            self.report["warping_at_once"] = bool(clip.warping)
        finally:
            self._song.end_undo_step()

    def _look(self):
        clip = self._clip()
        self.report["warping_next_tick"] = bool(clip.warping)
        self.report["markers"] = [[one.beat_time, one.sample_time] for one in clip.warp_markers]
        samples = clip.beat_to_sample_time(1.0) - clip.beat_to_sample_time(0.0)
        self.report["beat_to_sample_time"] = "samples" if samples > 100 else "seconds"
        self.report["markers_editable"] = hasattr(clip, "add_warp_marker")
        clip.add_warp_marker(self._marker(1.0, 1.5))
        self.report["marker_at_once"] = self._has_marker(clip)
        clip.loop_start = clip.loop_start + 0.5
        clip.loop_end = clip.loop_end - 0.5

    def _late(self):
        clip = self._clip()
        self.report["marker_next_tick"] = self._has_marker(clip)
        self.report["start_time_after_start_moved"] = clip.start_time
        self.report["length_follows_markers"] = abs(clip.end_time - clip.start_time - clip.length) < 1e-3

    def _remove(self):
        index = track_of(self._song, self._track)[1]
        self._song.begin_undo_step()
        try:
            self._song.delete_track(index)
        finally:
            self._song.end_undo_step()
        os.remove(self._path)

    def _clip(self):
        return next(iter(self._track.arrangement_clips))

    def _has_marker(self, clip):
        return any(abs(one.beat_time - 1.5) < 1e-3 and abs(one.sample_time - 1.0) < 1e-3 for one in clip.warp_markers)
