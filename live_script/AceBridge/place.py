"""Functions that place a result on a new audio track to the right of its source, in one tick and one undo step.

placing_queue.py calls `place` in one tick, and then `check` in each tick until `check` returns True. Only then does it
confirm the result.
"""

from __future__ import annotations

import os

from . import source
from .clip_properties import differences, set_properties
from .live_objects import REFUSALS, Refused, alive, can_place, track_of
from .view import View

DATA = "ace_bridge"  # key of a track's stored data: the ids of the result on this track
TRIES = 3  # attempts to set a clip's properties, one per tick


def blocked(song, application):
    """Return the reason why nothing may be placed now, or an empty string."""
    if application.open_dialog_count:
        return "a dialog is open"
    if _recording(song):
        return "Live is recording"
    if song.can_redo:
        return "changing the Set now would clear the redo history"
    return ""


def placed_track(song, variation_id):
    """Return the track on which a variation is already placed, or None."""
    for track in song.tracks:
        if _mark(track).get("variation") == variation_id:
            return track
    return None


class Placing:
    """The placing of one result."""

    def __init__(self, song, application, make_marker, task):
        """Take Live's song, application and WarpMarker class, and the PlacingTask (see placing_queue.py)."""
        self.variation_id = task.variation_id
        self.path = task.result["path"]
        self.note = ""  # name of a property that is still wrong after the last attempt
        self.trouble = ""  # the last error raised by Live, for the log
        self._song, self._application = song, application
        self._make_marker = make_marker
        self._job_id, self._number = task.job_id, task.number
        self._context = context = task.context
        self.ignored = context.get("ignored", [])  # notes on properties that are not copied
        self._source = task.source
        self._lead = float(task.result["source_offset"])
        self._seconds = float(task.result["samples"]) / float(task.result["sample_rate"])
        self._track = None
        self._start, self._scene = context["start"], context["scene"]
        self._tries = 0

    def place(self):
        """Create the track and its clips.

        Raises:
            Refused: The result cannot be placed; no new track or clip remains.
        """
        if not can_place(self._song):
            raise Refused("this version of Live cannot create clips from files")
        if not os.path.isfile(self.path):
            raise Refused("the file no longer exists")
        self._changing(self._make)

    def check(self):
        """Check the placed clips one tick later, and correct them if necessary. Return whether placing has ended.

        Raises:
            Refused: The new track or its clips no longer exist.
        """
        if not alive(self._track):
            raise Refused("the new track was deleted immediately")
        clips = self._clips()
        if not clips:
            raise Refused("the clip was deleted immediately")
        self._tries += 1
        self.note = self._difference(clips)
        if not self.note or self._tries >= TRIES:
            gone = self._scene is not None and self._scene >= len(self._track.clip_slots)
            self.note = self.note or ("scene" if gone else "")
            return True
        self._changing(lambda: self._repair(clips))
        return False

    @property
    def item(self):
        """Return the id that messages use for the placed result: Live's pointer to the result's track."""
        return str(self._track._live_ptr)

    # --- inner parts -------------------------------------------------------------------------------------------------

    def _changing(self, change):
        """Call `change` in one undo step, then restore the selection and the view."""
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
        except Exception as problem:  # any error, so that no empty track remains
            self._song.delete_track(track_of(self._song, self._track)[1])
            if isinstance(problem, REFUSALS):
                raise Refused(str(problem)) from problem
            raise

    def _beside(self, where):
        """Return the index for the new track: to the right of the source and of the other results of this job."""
        if where.track is None:
            return -1
        tracks, index = list(self._song.tracks), where.index + 1
        while index < len(tracks) and _mark(tracks[index]).get("job") == self._job_id:
            index += 1
        return index

    def _name(self, beside):
        about = self._context["track"]
        name = "%s remix" % (self._context["name"] or about["name"]).replace("#", "")  # Live replaces # with a number
        self._track.name = "%s %d" % (name, self._number) if self._number else name
        self._track.color = int(beside.color) if beside is not None else about["color"]
        self._track.set_data(DATA, "%s %s" % (self.variation_id, self._job_id))

    def _mix(self, beside):
        """Copy the volume and pan of the source's track to the new track."""
        if beside is None:
            return
        for name in ("volume", "panning"):
            try:
                setting = getattr(self._track.mixer_device, name)
                setting.value = getattr(beside.mixer_device, name).value
            except RuntimeError as problem:  # the remix is placed anyway
                self.trouble = "%s: %s" % (name, problem)

    def _fill(self):
        """Create the clips. Each is found by its position, because some versions of Live do not return new clips."""
        if self._scene is None:
            for at, piece in zip(self._positions(), self._pieces()):
                self._track.create_audio_clip(self.path, at)
                self._set_up_clip(self._made(at), piece)
            return
        slots = self._track.clip_slots
        slot = slots[min(self._scene, len(slots) - 1)]
        slot.create_audio_clip(self.path)
        if not slot.has_clip:
            raise RuntimeError("Live created no clip")
        self._set_up_clip(slot.clip, None)

    def _made(self, at):
        """Return the new clip at a beat. The search runs backwards, because the newest clip is usually the last."""
        for clip in reversed(list(self._track.arrangement_clips)):
            if abs(clip.start_time - at) < 1e-3 and same_file(clip.file_path, self.path):
                return clip
        raise RuntimeError("Live created no clip")

    def _repair(self, clips):
        if self._tries == TRIES - 1 and self._scene is None:
            self._recreate_via_slot(clips)
            return
        for clip, piece in zip(clips, self._pieces()):
            self._set_up_clip(clip, piece)

    def _recreate_via_slot(self, clips):
        """Create the Arrangement clips again from a Session clip, which does not move when its start changes."""
        for clip in clips:
            self._track.delete_clip(clip)
        slot = self._track.clip_slots[0]
        slot.create_audio_clip(self.path)
        for at, piece in zip(self._positions(), self._pieces()):
            self._set_up_clip(slot.clip, piece)
            self._track.duplicate_clip_to_arrangement(slot.clip, at)
        slot.delete_clip()

    def _set_up_clip(self, clip, piece):
        """Set a clip's properties. If Live refuses one now, for example while warping is off, `check` tries again."""
        try:
            set_properties(clip, self._context, piece, self._lead, self._seconds, self._make_marker)
        except RuntimeError as problem:
            self.trouble = str(problem)

    def _pieces(self):
        if self._scene is not None:
            return [None]
        return [(start, end) for _, start, end in self._context["pieces"]]

    def _positions(self):
        return [self._start + at for at, _, _ in self._context["pieces"]]

    def _clips(self):
        """Return this result's clips on its track, in timeline order."""
        if self._scene is not None:
            found = [slot.clip for slot in self._track.clip_slots if slot.has_clip]
        else:
            found = sorted(self._track.arrangement_clips, key=lambda clip: clip.start_time)
        return [clip for clip in found if same_file(clip.file_path, self.path)]

    def _difference(self, clips):
        """Return the name of the first wrong property, or an empty string."""
        pieces = self._pieces()
        if len(clips) != len(pieces):
            return "number of clips"
        for index, (clip, piece) in enumerate(zip(clips, pieces)):
            found = differences(clip, self._context, piece, self._lead, self._seconds)
            if found or self._misplaced(index, clip):
                return found or "position"
        return ""

    def _misplaced(self, index, clip):
        """Return whether an Arrangement clip starts or ends at the wrong beat."""
        if self._scene is not None:
            return False
        at, (_, start, end) = self._positions()[index], self._context["pieces"][index]
        if abs(clip.start_time - at) > 1e-3:
            return True
        return bool(self._context["warping"]) and abs(clip.end_time - at - (end - start)) > 1e-3


def same_file(one, other):
    """Return whether two paths have the same file name, under the system's case rules and in any Unicode form."""
    names = [os.path.normcase(os.path.basename(path or "")) for path in (one, other)]
    return names[0] == names[1] or _composed(names[0]) == _composed(names[1])


def _composed(name):
    """Return a name in Unicode form NFC. Without `unicodedata` return it unchanged; only macOS uses another form."""
    try:
        from unicodedata import normalize
    except ImportError:  # Live 11 and 12.0 on Windows
        return name
    return normalize("NFC", name)


def _recording(song):
    """Return whether Live records into the Arrangement, the Session, or a slot of an armed track."""
    if song.is_counting_in or song.session_record_status or (song.record_mode and song.is_playing):
        return True
    armed = [track for track in song.tracks if track.can_be_armed and track.arm]
    return any(slot.is_recording for track in armed for slot in track.clip_slots)


def _mark(track):
    """Return the ids {"variation", "job"} of a track created by this script; an empty dict for other tracks."""
    words = str(track.get_data(DATA, "")).split()
    return dict(zip(("variation", "job"), words)) if len(words) == 2 else {}
