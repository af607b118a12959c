"""Puts a result onto a new audio track right of its source: one undo step, opened and closed within one tick.

placing_queue.py calls `place` in one tick and `check` in the next, and confirms to the daemon only
what `check` has found.
"""

from __future__ import annotations

import os

from . import source
from .clip_properties import differences, set_properties
from .live_objects import REFUSALS, Refused, alive, can_place, track_of
from .view import View

DATA = "ace_bridge"  # under this name a track says which result stands on it
TRIES = 3  # times that a clip is made to be as it should, one tick each


def blocked(song, application):
    """Return why nothing may be placed right now, or an empty text."""
    if application.open_dialog_count:
        return "a dialog is open"
    if _recording(song):
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

    def __init__(self, song, application, make_marker, order):
        """Take Live's song and application, its WarpMarker class, and the Order (see placing_queue.py)."""
        self.variation_id = order.variation_id
        self.path = order.result["path"]
        self.note = ""  # what is not as it should be in spite of all tries
        self.trouble = ""  # the last thing that Live refused, for its log
        self._song, self._application = song, application
        self._make_marker = make_marker
        self._job_id, self._number = order.job_id, order.number
        self._context = context = order.context
        self.ignored = context.get("ignored", [])  # sentences on what of the clip was not carried over
        self._source = order.source
        self._lead = float(order.result["source_offset"])
        self._seconds = float(order.result["samples"]) / float(order.result["sample_rate"])
        self._track = None
        self._start, self._scene = context["start"], context["scene"]
        self._tries = 0

    def place(self):
        """Make track and clip.

        Raises:
            Refused: it could not be done, and nothing is left behind.
        """
        if not can_place(self._song):
            raise Refused("this Live cannot put a file onto a track")
        if not os.path.isfile(self.path):
            raise Refused("the file is not there any more")
        self._changing(self._make)

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
            gone = self._scene is not None and self._scene >= len(self._track.clip_slots)
            self.note = self.note or ("scene" if gone else "")
            return True
        self._changing(lambda: self._mend(clips))
        return False

    @property
    def item(self):
        """Return what stands for the placed clip in messages."""
        return str(self._track._live_ptr)

    # --- inner parts -------------------------------------------------------------------------------------------------

    def _changing(self, change):
        """Change the Set in one undo step, and leave selected and shown what was."""
        view = View(self._song, self._application)
        self._song.begin_undo_step()
        try:
            change()
        finally:
            self._song.end_undo_step()
            view.restore()

    def _make(self):
        where = source.find(self._song, self._source, self._context)
        self._start, self._scene = where.start, where.scene
        index = self._beside(where)
        made = self._song.create_audio_track(index)
        self._track = made if alive(made) else list(self._song.tracks)[index]
        try:
            self._name(where.track)
            self._mix(where.track)
            self._fill()
        except Exception as problem:  # whatever it was, no empty track stays behind
            self._song.delete_track(track_of(self._song, self._track)[1])
            if isinstance(problem, REFUSALS):
                raise Refused(str(problem)) from problem
            raise

    def _beside(self, where):
        """Return the index of the new track: right of the source and of its other results."""
        if where.track is None:
            return -1
        tracks, index = list(self._song.tracks), where.index + 1
        while index < len(tracks) and _mark(tracks[index]).get("job") == self._job_id:
            index += 1
        return index

    def _name(self, beside):
        about = self._context["track"]
        name = "%s remix" % (self._context["name"] or about["name"]).replace("#", "")  # Live would number them by it
        self._track.name = "%s %d" % (name, self._number) if self._number else name
        self._track.color = int(beside.color) if beside is not None else about["color"]
        self._track.set_data(DATA, "%s %s" % (self.variation_id, self._job_id))

    def _mix(self, beside):
        """Set fader and panorama as the source's, since its clip was heard through them."""
        if beside is None:
            return
        for name in ("volume", "panning"):
            try:
                setting = getattr(self._track.mixer_device, name)
                setting.value = getattr(beside.mixer_device, name).value
            except RuntimeError as problem:  # the remix is worth more than its fader
                self.trouble = "%s: %s" % (name, problem)

    def _fill(self):
        """Make the clips; each is found again by its place, since not every Live returns it."""
        if self._scene is None:
            for at, piece in zip(self._ats(), self._pieces()):
                self._track.create_audio_clip(self.path, at)
                self._dress(self._made(at), piece)
            return
        slots = self._track.clip_slots
        slot = slots[min(self._scene, len(slots) - 1)]
        slot.create_audio_clip(self.path)
        if not slot.has_clip:
            raise RuntimeError("Live made no clip")
        self._dress(slot.clip, None)

    def _made(self, at):
        """Return the clip at a beat, the newest first: of a loop with many passes it is the last one."""
        for clip in reversed(list(self._track.arrangement_clips)):
            if abs(clip.start_time - at) < 1e-3 and same_file(clip.file_path, self.path):
                return clip
        raise RuntimeError("Live made no clip")

    def _mend(self, clips):
        if self._tries == TRIES - 1 and self._scene is None:
            self._again_by_slot(clips)
            return
        for clip, piece in zip(clips, self._pieces()):
            self._dress(clip, piece)

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
            set_properties(clip, self._context, piece, self._lead, self._seconds, self._make_marker)
        except RuntimeError as problem:
            self.trouble = str(problem)

    def _pieces(self):
        if self._scene is not None:
            return [None]
        return [(start, end) for _, start, end in self._context["pieces"]]

    def _ats(self):
        return [self._start + at for at, _, _ in self._context["pieces"]]

    def _clips(self):
        """Return the clips of this result on its track, in the order of the timeline."""
        if self._scene is not None:
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
        if self._scene is not None:
            return False
        at, (_, start, end) = self._ats()[index], self._context["pieces"][index]
        if abs(clip.start_time - at) > 1e-3:
            return True
        return bool(self._context["warping"]) and abs(clip.end_time - at - (end - start)) > 1e-3


def same_file(one, other):
    """Tell whether two paths end in the same name: a system may spell accents and the way there differently."""
    names = [os.path.normcase(os.path.basename(path or "")) for path in (one, other)]
    return names[0] == names[1] or _composed(names[0]) == _composed(names[1])


def _composed(name):
    """Return a name with its accents in one piece; without unicodedata as it is: only macOS spells them differently."""
    try:
        from unicodedata import normalize
    except ImportError:  # Live 11 and 12.0 on Windows
        return name
    return normalize("NFC", name)


def _recording(song):
    """Tell whether anything is recorded: the Arrangement, the Session by its button, or one armed track's slot."""
    if song.is_counting_in or song.session_record_status or (song.record_mode and song.is_playing):
        return True
    armed = [track for track in song.tracks if track.can_be_armed and track.arm]
    return any(slot.is_recording for track in armed for slot in track.clip_slots)


def _mark(track):
    """Return {"variation", "job"} of a track that we made, else an empty dict; any Live can keep a plain text."""
    words = str(track.get_data(DATA, "")).split()
    return dict(zip(("variation", "job"), words)) if len(words) == 2 else {}
