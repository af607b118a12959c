"""What the members of Live's objects do in the double: getters, setters with their types, methods with theirs."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tests.daws.live.the_set import MASTER, ClipData, SlotData, TrackData, new_ptr

if TYPE_CHECKING:
    from tests.daws.live.double import World

GETTERS: dict[tuple[str, str], Callable[[Any, Any], Any]] = {}
SETTERS: dict[tuple[str, str], tuple[str, Callable[[Any, Any, Any], None]]] = {}
METHODS: dict[tuple[str, str], tuple[tuple[str, ...], bool, Callable[..., Any]]] = {}


def getter(kind: str, name: str) -> Callable[[Any], Any]:
    return lambda function: GETTERS.setdefault((kind, name), function)


def method(kind: str, name: str, *wanted: str, changes: bool = False) -> Callable[[Any], Any]:
    return lambda function: METHODS.setdefault((kind, name), (wanted, changes, function))


def plain(kind: str, name: str, wanted: str, attribute: str = "") -> None:
    """A property that is an attribute of the data."""
    GETTERS[kind, name] = lambda world, thing: getattr(thing, attribute or name)
    SETTERS[kind, name] = wanted, lambda world, thing, value: setattr(thing, attribute or name, value)


def vector(things: list[Any]) -> Any:
    from tests.daws.live.double import Vector

    return Vector(things)


# --- the application -------------------------------------------------------------------------------------------------

METHODS["Application", "get_major_version"] = (), False, lambda world, _: int(world.version.split(".")[0])
METHODS["Application", "get_minor_version"] = (), False, lambda world, _: int(world.version.split(".")[1])
METHODS["Application", "get_bugfix_version"] = (), False, lambda world, _: int(world.version.split(".")[2])
GETTERS["Application", "open_dialog_count"] = lambda world, _: world.dialogs
GETTERS["Application", "view"] = lambda world, _: world.wrap("Application.View")
GETTERS["Application.View", "focused_document_view"] = lambda world, _: (
    "Session" if world.session_focused else "Arranger"
)

METHODS["Application.View", "is_view_visible"] = ("str",), False, lambda world, _, name, main=True: name in world.shown
METHODS["Application.View", "show_view"] = ("str",), False, lambda world, _, name: world.turn_to(name)
METHODS["Application.View", "hide_view"] = ("str",), False, lambda world, _, name: world.hide(name)

# --- the song --------------------------------------------------------------------------------------------------------

SONG: dict[str, Callable[[Any], Any]] = {
    "tempo": lambda world: world.tempo,
    "file_path": lambda world: world.path,
    "signature_numerator": lambda world: 4,
    "signature_denominator": lambda world: 4,
    "current_song_time": lambda world: world.playhead,
    "can_redo": lambda world: world.redo,
    "is_counting_in": lambda world: False,
    "record_mode": lambda world: world.recording,
    "is_playing": lambda world: world.recording,
    "session_record_status": lambda world: 0,
    "view": lambda world: world.wrap("Song.View"),
    "master_track": lambda world: world.wrap("Track", MASTER),
    "tracks": lambda world: vector([world.wrap("Track", track.ptr) for track in world.state.tracks]),
}
for _name, _get in SONG.items():
    GETTERS["Song", _name] = lambda world, _, get=_get: get(world)  # type: ignore[misc]

METHODS["Song", "begin_undo_step"] = (), False, lambda world, _: world.begin()
METHODS["Song", "end_undo_step"] = (), False, lambda world, _: world.end()
GETTERS["Track", "mixer_device"] = lambda world, track: world.wrap("MixerDevice", track.ptr)
GETTERS["MixerDevice", "volume"] = lambda world, track: world.wrap("DeviceParameter", track.volume.ptr)
GETTERS["MixerDevice", "panning"] = lambda world, track: world.wrap("DeviceParameter", track.panning.ptr)
GETTERS["MixerDevice", "song_tempo"] = lambda world, _: world.wrap("DeviceParameter")
GETTERS["DeviceParameter", "value"] = lambda world, parameter: parameter.value
GETTERS["DeviceParameter", "automation_state"] = lambda world, parameter: int(
    world.tempo_automated if parameter is None else parameter.automated
)


def set_parameter(world: World, parameter: Any, value: float) -> None:
    if not parameter.low <= value <= parameter.high:
        raise RuntimeError("The value is out of range")
    parameter.value = value


SETTERS["DeviceParameter", "value"] = "float", set_parameter


@method("Song", "create_audio_track", "int", changes=True)
def create_audio_track(world: World, _: Any, index: int = -1) -> Any:
    if not -1 <= index <= len(world.state.tracks):
        raise RuntimeError("Index out of range")
    track = world.state.add_track("Audio", None if index == -1 else index)
    world.state.detail_clip = 0
    world.turn_to("Detail/DeviceChain")
    return world.wrap("Track", track.ptr)


@method("Song", "delete_track", "int", changes=True)
def delete_track(world: World, _: Any, index: int) -> None:
    if not 0 <= index < len(world.state.tracks) or len(world.state.tracks) == 1:
        raise RuntimeError("Index out of range")
    del world.state.tracks[index]


def _selected(kind: str, attribute: str, nothing: bool) -> None:
    def get(world: World, _: Any) -> Any:
        ptr = getattr(world.state, attribute)
        return world.wrap(kind, ptr) if ptr and world.state.find(ptr)[0] is not None else None

    def put(world: World, _: Any, value: Any) -> None:
        if value is None and not nothing:
            raise RuntimeError("None is not possible")
        setattr(world.state, attribute, 0 if value is None else value._live_ptr)

    name = {"highlighted_slot": "highlighted_clip_slot"}.get(attribute, attribute)
    GETTERS["Song.View", name] = get
    SETTERS["Song.View", name] = kind, put


_selected("Track", "selected_track", False)
_selected("ClipSlot", "highlighted_slot", False)
_selected("Clip", "detail_clip", True)

METHODS["Song.View", "add_detail_clip_listener"] = ("any",), False, lambda world, _, call: world.listeners.append(call)

# --- tracks and slots ------------------------------------------------------------------------------------------------

plain("Track", "name", "str")
plain("Track", "color", "int")
GETTERS["Track", "is_foldable"] = lambda world, track: track.foldable
GETTERS["Track", "can_be_armed"] = lambda world, track: not track.foldable
GETTERS["Track", "arm"] = lambda world, track: track.arm
GETTERS["Track", "devices"] = lambda world, track: vector([object()] * track.devices)
GETTERS["Track", "canonical_parent"] = lambda world, track: world.wrap("Song")
GETTERS["Track", "group_track"] = lambda world, track: world.wrap("Track", track.group) if track.group else None
GETTERS["Track", "clip_slots"] = lambda world, track: vector([world.wrap("ClipSlot", slot.ptr) for slot in track.slots])


@getter("Track", "arrangement_clips")
def arrangement_clips(world: World, track: TrackData) -> Any:
    if track.foldable:
        raise RuntimeError("A group track has no clips of its own")
    return vector(
        [world.wrap("Clip", clip.ptr) for clip in sorted(track.clips, key=lambda clip: clip.start_time or 0.0)]
    )


METHODS["Track", "get_data"] = ("str", "any"), False, lambda world, track, key, other: track.data.get(key, other)
METHODS["Track", "set_data"] = ("str", "str"), True, lambda world, track, key, value: track.data.update({key: value})
GETTERS["ClipSlot", "is_recording"] = lambda world, slot: slot.clip is not None and slot.clip.recording
GETTERS["ClipSlot", "has_clip"] = lambda world, slot: slot.clip is not None
GETTERS["ClipSlot", "clip"] = lambda world, slot: None if slot.clip is None else world.wrap("Clip", slot.clip.ptr)
GETTERS["ClipSlot", "canonical_parent"] = lambda world, slot: world.wrap("Track", world.state.find(slot.ptr)[1].ptr)


def _refuse(track: TrackData) -> None:
    if not track.audio or track.frozen:
        raise RuntimeError("Audio clips can only be created on audio tracks that are not frozen")


@method("Track", "create_audio_clip", "str", "float", changes=True)
def create_in_arrangement(world: World, track: TrackData, path: str, at: float) -> Any:
    from tests.daws.live.double import LATEST, clip_data

    _refuse(track)
    if not 0.0 <= at <= LATEST:
        raise RuntimeError("Time is out of range")
    clip = clip_data(world, path, at)
    _put_over(world, track, clip)
    return world.wrap("Clip", clip.ptr) if world.returns_clips else None


def _put_over(world: World, track: TrackData, clip: ClipData) -> None:
    """Put a clip into the Arrangement: what lies under it is cut off, as Live does."""
    assert clip.start_time is not None
    for other in list(track.clips):
        assert other.start_time is not None
        end, clip_end = other.start_time + other.beats(world.tempo), clip.start_time + clip.beats(world.tempo)
        if other.start_time >= clip_end - 1e-9 or end <= clip.start_time + 1e-9:
            continue
        if other.start_time >= clip.start_time - 1e-9:
            track.clips.remove(other)
        else:
            cut = clip.start_time - other.start_time
            other.end = other.start + cut * (1.0 if other.warping else 60.0 / world.tempo * other.speed)
    track.clips.append(clip)


@method("ClipSlot", "create_audio_clip", "str", changes=True)
def create_in_slot(world: World, slot: SlotData, path: str) -> Any:
    from tests.daws.live.double import clip_data

    _refuse(world.state.find(slot.ptr)[1])
    if slot.clip is not None:
        raise RuntimeError("The slot is not empty")
    slot.clip = clip_data(world, path, None)
    return world.wrap("Clip", slot.clip.ptr) if world.returns_clips else None


@method("ClipSlot", "delete_clip", changes=True)
def delete_in_slot(world: World, slot: SlotData) -> None:
    if slot.clip is None:
        raise RuntimeError("The slot is empty")
    slot.clip = None


@method("Track", "delete_clip", "Clip", changes=True)
def delete_clip(world: World, track: TrackData, clip: Any) -> None:
    track.clips.remove(clip._thing())


@method("Track", "duplicate_clip_to_arrangement", "Clip", "float", changes=True)
def duplicate(world: World, track: TrackData, clip: Any, at: float) -> Any:
    data = clip._thing()
    made = replace(data, start_time=at, markers=list(data.markers), ptr=new_ptr(), extent=data.brace[1] - data.brace[0])
    _put_over(world, track, made)
    return world.wrap("Clip", made.ptr)


# --- clips -----------------------------------------------------------------------------------------------------------

for _name, _wanted in (
    ("name", "str"),
    ("color", "int"),
    ("pitch_coarse", "int"),
    ("pitch_fine", "float"),
    ("warp_mode", "int"),
):
    plain("Clip", _name, _wanted)
CLIP: dict[str, Callable[[Any, ClipData], Any]] = {
    "is_audio_clip": lambda world, clip: clip.audio,
    "is_midi_clip": lambda world, clip: not clip.audio,
    "is_arrangement_clip": lambda world, clip: clip.start_time is not None,
    "is_recording": lambda world, clip: clip.recording,
    "file_path": lambda world, clip: clip.path,
    "sample_length": lambda world, clip: round(clip.seconds * clip.rate),
    "sample_rate": lambda world, clip: clip.rate,
    "has_envelopes": lambda world, clip: clip.envelopes,
    "has_groove": lambda world, clip: clip.groove,
    "signature_numerator": lambda world, clip: clip.signature[0],
    "signature_denominator": lambda world, clip: clip.signature[1],
    "available_warp_modes": lambda world, clip: vector([0, 1, 2, 3, 4, 6]),
    "start_time": lambda world, clip: clip.start_time or 0.0,
    "end_time": lambda world, clip: (clip.start_time or 0.0) + clip.beats(world.tempo),
    "start_marker": lambda world, clip: clip.start,
    "end_marker": lambda world, clip: clip.end,
    "warping": lambda world, clip: clip.warping,
    "looping": lambda world, clip: clip.looping,
    "loop_start": lambda world, clip: clip.brace[0] if clip.looping else clip.start,
    "loop_end": lambda world, clip: clip.brace[1] if clip.looping else clip.end,
    "length": lambda world, clip: clip.brace[1] - clip.brace[0] if clip.looping else clip.end - clip.start,
    "gain": lambda world, clip: clip.gain,
    "gain_display_string": lambda world, clip: f"{40 * (clip.gain - 0.4):.1f} dB" if clip.gain else "-inf dB",
    "is_take_lane_clip": lambda world, clip: False,
}
for _name, _of_clip in CLIP.items():
    GETTERS["Clip", _name] = _of_clip


@getter("Clip", "canonical_parent")
def parent(world: World, clip: ClipData) -> Any:
    above = world.state.find(clip.ptr)[1]
    return world.wrap("ClipSlot" if isinstance(above, SlotData) else "Track", above.ptr)


def setter(name: str, wanted: str) -> Callable[[Any], Any]:
    return lambda function: SETTERS.setdefault(("Clip", name), (wanted, function))


@setter("gain", "float")
def set_gain(world: World, clip: ClipData, value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise RuntimeError("Gain is out of range")
    clip.gain = value


@setter("warping", "bool")
def set_warping(world: World, clip: ClipData, value: bool) -> None:
    if not value:
        clip.looping = False
    clip.warping = bool(value)  # the markers keep their numbers, which now mean the other unit, as in Live


@setter("looping", "bool")
def set_looping(world: World, clip: ClipData, value: bool) -> None:
    if value and not clip.warping:
        raise RuntimeError("Unwarped audio clips cannot be looped")
    if value and clip.start_time is not None:
        clip.extent = clip.beats(world.tempo)
    clip.looping = bool(value)


@setter("start_marker", "float")
def set_start_marker(world: World, clip: ClipData, value: float) -> None:
    if clip.looping:  # with the loop off Live ignores it silently
        clip.start = value


@setter("end_marker", "float")
def set_end_marker(world: World, clip: ClipData, value: float) -> None:
    if clip.looping:
        if value <= clip.start:
            raise RuntimeError("The end must lie behind the start")
        clip.end = value


@setter("loop_start", "float")
def set_loop_start(world: World, clip: ClipData, value: float) -> None:
    if value >= (clip.brace[1] if clip.looping else clip.end):
        raise RuntimeError("Cannot set LoopStart behind LoopEnd")
    if clip.looping:
        clip.brace = value, clip.brace[1]
        return
    if world.start_moves_clip and clip.start_time is not None:
        clip.start_time += (value - clip.start) * (1.0 if clip.warping else world.tempo / 60.0 / clip.speed)
    clip.start = value


@setter("loop_end", "float")
def set_loop_end(world: World, clip: ClipData, value: float) -> None:
    if value <= (clip.brace[0] if clip.looping else clip.start):
        raise RuntimeError("Cannot set LoopEnd before LoopStart")
    if clip.looping:
        clip.brace = clip.brace[0], value
    else:
        clip.end = value


# --- warp markers ----------------------------------------------------------------------------------------------------


@getter("Clip", "warp_markers")
def warp_markers(world: World, clip: ClipData) -> Any:
    from tests.daws.live.double import WarpMarker

    return vector([WarpMarker(second, beat) for beat, second in clip.all_markers()])


def _warped(clip: ClipData) -> None:
    if not clip.warping:
        raise RuntimeError("This is only possible for warped clips")


def _check(markers: list[tuple[float, float]], seconds: float) -> None:
    for beat, second in markers:
        if not 0.0 <= second <= seconds + 1e-9 or not math.isfinite(beat):
            raise RuntimeError("Warp marker sample time is out of range")
    for (beat0, second0), (beat1, second1) in pairwise(markers):
        if second1 <= second0 or not 5.0 <= 60.0 * (beat1 - beat0) / (second1 - second0) <= 999.0:
            raise RuntimeError("Segment length out of range")


@method("Clip", "add_warp_marker", "WarpMarker", changes=True)
def add_warp_marker(world: World, clip: ClipData, marker: Any) -> None:
    _warped(clip)
    new = (float(marker.beat_time), float(marker.sample_time))
    if new in clip.markers:
        return
    if any(abs(beat - new[0]) < 1e-9 for beat, _ in clip.markers):
        raise RuntimeError("Segment length out of range")
    markers = list(clip.markers)
    bisect.insort(markers, new)
    _check(markers, clip.seconds)
    clip.markers = markers
    if len(markers) > 1 and markers[-1] == new:  # the hidden marker follows the last line
        clip.last_tempo = 60.0 * (markers[-1][0] - markers[-2][0]) / (markers[-1][1] - markers[-2][1])


def _index(clip: ClipData, beat: float) -> int:
    for index, (here, _) in enumerate(clip.markers):
        if abs(here - beat) < 1e-6:
            return index
    raise RuntimeError("The shadow marker can't be moved")


@method("Clip", "move_warp_marker", "float", "float", changes=True)
def move_warp_marker(world: World, clip: ClipData, beat: float, distance: float) -> None:
    _warped(clip)
    index = _index(clip, beat)
    markers = list(clip.markers)
    markers[index] = (markers[index][0] + distance, markers[index][1])
    _check(markers, clip.seconds)
    clip.markers = markers


@method("Clip", "remove_warp_marker", "float", changes=True)
def remove_warp_marker(world: World, clip: ClipData, beat: float) -> None:
    _warped(clip)
    index = _index(clip, beat)
    if len(clip.markers) == 1:
        raise RuntimeError("The last warp marker can't be removed")
    del clip.markers[index]


@method("Clip", "beat_to_sample_time", "float")
def beat_to_sample_time(world: World, clip: ClipData, beat: float) -> float:
    from tests.daws.live.playback import second_of

    _warped(clip)
    return second_of(clip, beat) * clip.rate
