"""The members of the mock's tracks and clip slots."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.daws.live.calls import GETTERS, METHODS, getter, method, plain, vector
from tests.daws.live.the_set import ClipData, SlotData, TrackData, new_ptr

if TYPE_CHECKING:
    from tests.daws.live.double import World

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
    """Put a clip into the Arrangement; as in Live, existing clips under the new clip are cut or removed."""
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
