"""The members of the mock's clips."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tests.daws.live.calls import GETTERS, SETTERS, getter, method, plain, vector
from tests.daws.live.the_set import ClipData, SlotData

if TYPE_CHECKING:
    from tests.daws.live.double import World

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
    clip.warping = bool(value)  # as in Live, start and end marker keep their numerical values, but their unit changes


@setter("looping", "bool")
def set_looping(world: World, clip: ClipData, value: bool) -> None:
    if value and not clip.warping:
        raise RuntimeError("Unwarped audio clips cannot be looped")
    if value and clip.start_time is not None:
        clip.extent = clip.beats(world.tempo)
    clip.looping = bool(value)


@setter("start_marker", "float")
def set_start_marker(world: World, clip: ClipData, value: float) -> None:
    if clip.looping:  # Live ignores the new value if the loop is off
        clip.start = value


@setter("end_marker", "float")
def set_end_marker(world: World, clip: ClipData, value: float) -> None:
    if clip.looping:
        if value <= clip.start:
            raise RuntimeError("The end must be after the start")
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
    if len(markers) > 1 and markers[-1] == new:  # the hidden marker continues the last segment's tempo
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
