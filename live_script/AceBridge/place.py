"""Puts a result onto a new audio track right of its source: one undo step, opened and closed within one tick.

script.py calls `place` in one tick and `check` in the next, and confirms to the daemon only what `check` has found.
"""

from __future__ import annotations

import os
import unicodedata

from .dress import differences, dress
from .live import Refused, alive, can_place, track_of

DATA = "ace_bridge"  # under this name a track says which result stands on it
TRIES = 3  # times that a clip is made to be as it should, one tick each
TOO_OLD = "this Live cannot put a file onto a track, Live 11.3.25 and 12.0.5 can; drag the file into the Set"


def blocked(song, application):
    """Return why nothing may be placed right now, or an empty text."""
    if application.open_dialog_count:
        return "a dialog is open"
    if song.is_counting_in or (song.record_mode and song.is_playing) or song.session_record_status:
        return "Live is recording"
    if song.can_redo:
        return "something can be redone, and placing would end that; go on working and it is placed"
    return ""


def standing(song, variation_id):
    """Return the track that a result stands on already, or None."""
    for track in song.tracks:
        if _mark(track).get("variation") == variation_id:
            return track
    return None


class Placing:
    """One result on its way onto a track."""

    def __init__(self, song, live_module, variation_id, job_id, context, result, source):
        """Take Live's song and module, ids, the request's context, the result, and the source's clip or None."""
        self.variation_id = variation_id
        self.path = result["path"]
        self.note = ""  # what is not as it should be in spite of all tries
        self.trouble = ""  # the last thing that Live refused, for its log
        self._song = song
        self._make_marker = getattr(live_module.Clip, "WarpMarker", None)
        self._job_id = job_id
        self._context = context
        self._source = source
        self._lead = float(result["source_offset"])
        self._seconds = float(result["samples"]) / float(result["sample_rate"])
        self._track = None
        self._start = context["start"]
        self._tries = 0

    def place(self):
        """Make track and clip.

        Raises:
            Refused: it could not be done, and nothing is left behind.
        """
        if not can_place(self._song):
            raise Refused(TOO_OLD)
        if not os.path.isfile(self.path):
            raise Refused("the file is not there any more")
        view = _View(self._song)
        self._song.begin_undo_step()
        try:
            self._make()
        finally:
            self._song.end_undo_step()
            view.restore()

    def check(self):
        """Look at what stands there, one tick later; return whether it is final.

        Raises:
            Refused: the clip is not there.
        """
        if not alive(self._track):
            raise Refused("the new track was removed at once")
        clips = self._clips()
        if not clips:
            raise Refused("the clip was removed at once")
        self._tries += 1
        self.note = self._wrong(clips)
        if not self.note or self._tries >= TRIES:
            return True
        self._song.begin_undo_step()
        try:
            if self._tries == TRIES - 1 and self._context["scene"] is None:
                self._again_by_slot(clips)
            else:
                for clip, piece in zip(clips, self._pieces()):
                    self._dress(clip, piece)
        finally:
            self._song.end_undo_step()
        return False

    @property
    def item(self):
        """Return what stands for the placed clip in messages."""
        return str(self._track._live_ptr)

    # --- inner parts -------------------------------------------------------------------------------------------------

    def _make(self):
        track, index = self._beside()
        made = self._song.create_audio_track(index)
        self._track = made if alive(made) else self._song.tracks[index]
        try:
            self._name(track)
            self._fill()
        except Exception as problem:  # whatever it was, no empty track stays behind
            self._song.delete_track(track_of(self._song, self._track)[1])
            raise Refused(str(problem)) from problem

    def _beside(self):
        """Return (source's track or None, index of the new one): right of the source and of its other results."""
        track, index = self._source_track()
        if track is None:
            return None, -1
        tracks = list(self._song.tracks)
        index += 1
        while index < len(tracks) and _mark(tracks[index]).get("job") == self._job_id:
            index += 1
        return track, index

    def _source_track(self):
        """Find the source: the clip where it is now, else the track that it was on."""
        if alive(self._source):
            track, index = track_of(self._song, self._source)
            if track is not None:
                self._follow(track)
                return track, index
        about = self._context["track"]
        tracks = list(self._song.tracks)
        if about["index"] < len(tracks) and tracks[about["index"]].name == about["name"]:
            return tracks[about["index"]], about["index"]
        for index, track in enumerate(tracks):
            if track.name == about["name"]:
                return track, index
        return None, -1

    def _follow(self, track):
        """Take the place where a clip was moved to meanwhile."""
        if self._context["scene"] is None:
            self._start = float(self._source.start_time)
            return
        for index, slot in enumerate(track.clip_slots):
            if slot.has_clip and slot.clip == self._source:
                self._context["scene"] = index

    def _name(self, source):
        about = self._context["track"]
        self._track.name = ("%s remix" % (self._context["name"] or about["name"])).replace("#", "")
        self._track.color = int(source.color) if source is not None else about["color"]
        self._track.set_data(DATA, "%s %s" % (self.variation_id, self._job_id))

    def _fill(self):
        """Make the clips; each is found again by its place, since not every Live returns it."""
        scene = self._context["scene"]
        if scene is None:
            for at, piece in zip(self._ats(), self._pieces()):
                self._track.create_audio_clip(self.path, at)
                clip = [one for one in self._clips() if abs(one.start_time - at) < 1e-3]
                if not clip:
                    raise RuntimeError("Live made no clip")
                self._dress(clip[0], piece)
            return
        slots = self._track.clip_slots
        slot = slots[min(scene, len(slots) - 1)]
        slot.create_audio_clip(self.path)
        if not slot.has_clip:
            raise RuntimeError("Live made no clip")
        self._dress(slot.clip, None)

    def _again_by_slot(self, clips):
        """Make the Arrangement's clips once more, by way of a slot, where a clip's ends move nothing."""
        for clip in clips:
            self._track.delete_clip(clip)
        slot = self._track.clip_slots[0]
        slot.create_audio_clip(self.path)
        for at, piece in zip(self._ats(), self._pieces()):
            self._dress(slot.clip, piece)
            self._track.duplicate_clip_to_arrangement(slot.clip, at)
        slot.delete_clip()

    def _dress(self, clip, piece):
        """Dress a clip; what Live refuses now (it may turn warping on a tick later) `check` finds and does again."""
        try:
            dress(clip, self._context, piece, self._lead, self._seconds, self._make_marker)
        except RuntimeError as problem:
            self.trouble = str(problem)

    def _pieces(self):
        if self._context["scene"] is not None:
            return [None]
        return [(start, end) for _, start, end in self._context["pieces"]]

    def _ats(self):
        return [self._start + at for at, _, _ in self._context["pieces"]]

    def _clips(self):
        """Return the clips of this result on its track, in the order of the timeline."""
        if self._context["scene"] is not None:
            found = [slot.clip for slot in self._track.clip_slots if slot.has_clip]
        else:
            found = sorted(self._track.arrangement_clips, key=lambda clip: clip.start_time)
        return [clip for clip in found if same_file(clip.file_path, self.path)]

    def _wrong(self, clips):
        """Return in words what is not as it should be, or an empty text."""
        pieces = self._pieces()
        if len(clips) != len(pieces):
            return "number of clips"
        for index, (clip, piece) in enumerate(zip(clips, pieces)):
            found = differences(clip, self._context, piece, self._lead, self._seconds)
            if found or self._elsewhere(index, clip):
                return found or "position"
        return ""

    def _elsewhere(self, index, clip):
        """Tell whether an Arrangement clip does not cover the beats that it should."""
        if self._context["scene"] is not None:
            return False
        at, (_, start, end) = self._ats()[index], self._context["pieces"][index]
        if abs(clip.start_time - at) > 1e-3:
            return True
        return bool(self._context["warping"]) and abs(clip.end_time - at - (end - start)) > 1e-3


class _View:
    """What the user sees selected, to be put back: making a track selects it."""

    def __init__(self, song):
        self._view = song.view
        self._kept = [(name, getattr(self._view, name)) for name in ("selected_track", "highlighted_clip_slot")]
        self._clip = self._view.detail_clip

    def restore(self):
        for name, value in self._kept:
            if alive(value):
                setattr(self._view, name, value)
        if alive(self._clip):
            self._view.detail_clip = self._clip


def same_file(one, other):
    """Tell whether two paths end in the same name: a system may spell accents and the way there differently."""
    names = [os.path.normcase(os.path.basename(unicodedata.normalize("NFC", path or ""))) for path in (one, other)]
    return names[0] == names[1]


def _mark(track):
    """Return {"variation", "job"} of a track that we made, else an empty dict; any Live can keep a plain text."""
    words = str(track.get_data(DATA, "")).split()
    return dict(zip(("variation", "job"), words)) if len(words) == 2 else {}
