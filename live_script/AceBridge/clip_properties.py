"""Functions that copy the source's warping, markers, span, loop, pitch and gain to a new clip, and check the clip.

place.py calls `set_properties` when it has created a clip. It calls `differences` one tick later, because Live may not
apply properties until then.
"""

from __future__ import annotations

from .warp import WarpMap

CLOSE = 1e-3  # tolerance for positions, in beats, or in seconds for unwarped clips
LEVEL = 5e-3  # tolerance for the gain, as a fraction of the gain's range; Live may round the value


def set_properties(clip, context, piece, lead, seconds, make_marker):
    """Set all properties of a clip in an order that Live accepts.

    Args:
        clip: Live's new clip, in the Arrangement or a slot.
        context: the request's context, see describe.py.
        piece: the audible (start, end) of an Arrangement clip in the clip's own time; None for a Session clip, which
            gets the source's loop and markers.
        lead: length of the file before the clip's start, in seconds.
        seconds: length of the clip in the file, in seconds.
        make_marker: the class Live.Clip.WarpMarker.
    """
    if bool(clip.warping) != context["warping"]:
        clip.warping = context["warping"]
    if context["warping"]:
        if context["warp_mode"] in list(clip.available_warp_modes):
            clip.warp_mode = context["warp_mode"]
        set_markers(clip, points(context, lead, seconds), make_marker)
    clip.name = context["name"]
    clip.color = context["color"]
    coarse, fine = context["pitch"]
    clip.pitch_coarse, clip.pitch_fine = int(coarse), float(fine)
    clip.gain = context["gain"]
    looping = piece is None and context["looping"]
    if bool(clip.looping) != looping:
        clip.looping = looping
    start, end, loop = bounds(context, piece, lead, seconds)
    if looping:
        _set_loop(clip, *loop)
        clip.start_marker = start
        if end > start:
            clip.end_marker = end
    else:
        _set_loop(clip, start, end)  # while the loop is off, Live uses the loop's ends as start and end markers


def points(context, lead, seconds):
    """Return a warped result's markers up to the clip's end, each as (beat, second in the result's file)."""
    pairs = [(beat, second) for beat, second in context["points"]]
    inside = [(beat, second + lead) for beat, second in pairs if second < seconds - 1e-6]
    return [*inside, (WarpMap(pairs).beat(seconds), seconds + lead)]


def bounds(context, piece, lead, seconds):
    """Return (start, end, loop) in the new clip's own time. `loop` is (start, end), or None if the clip is unwarped."""
    start, end = piece or context["markers"]
    if context["warping"]:
        return start, end, context["loop"]
    origin = context["origin"] - lead
    return max(0.0, start - origin), min(end - origin, lead + seconds), None


def set_markers(clip, wanted, make_marker):
    """Replace a clip's warp markers with `wanted`. This requires `add_warp_marker` (Live 11.1).

    A clip needs at least one marker, so one old marker is kept. This marker is first moved onto the line through the
    wanted markers, so that the tempo between the old marker and each new marker stays within Live's limits.
    """
    line = WarpMap(wanted)
    markers = list(clip.warp_markers)
    old = markers[:-1] or markers  # Live hides the last marker, which cannot be edited
    if not old:
        raise RuntimeError("the clip has no warp markers yet")
    for marker in old[:0:-1]:
        clip.remove_warp_marker(marker.beat_time)
    first = old[0]
    distance = line.beat(first.sample_time) - first.beat_time
    if abs(distance) > 1e-9:
        clip.move_warp_marker(first.beat_time, distance)
    for beat, second in wanted:
        if abs(second - first.sample_time) > 1e-6:
            clip.add_warp_marker(make_marker(float(second), float(beat)))


def differences(clip, context, piece, lead, seconds):
    """Return the name of the first property that Live did not accept, or an empty string."""
    if bool(clip.warping) != context["warping"]:
        return "warping"
    if context["warping"] and _off(clip, points(context, lead, seconds)):
        return "warp markers"
    looping = piece is None and context["looping"]
    if bool(clip.looping) != looping:
        return "loop"
    start, end, loop = bounds(context, piece, lead, seconds)
    wanted = [("loop_start", loop[0]), ("loop_end", loop[1])] if looping else [("loop_start", start), ("loop_end", end)]
    if looping:
        wanted.append(("start_marker", start))
    for name, value in wanted:
        if abs(getattr(clip, name) - value) > CLOSE:
            return name.replace("_", " ")
    return _sound(clip, context)


def _sound(clip, context):
    """Return the first of "pitch", "gain" and "warp mode" that Live did not accept, or an empty string."""
    coarse, fine = context["pitch"]
    if clip.pitch_coarse != coarse or abs(clip.pitch_fine - fine) > 0.5:
        return "pitch"
    if abs(clip.gain - context["gain"]) > LEVEL:
        return "gain"
    settable = context["warping"] and context["warp_mode"] in list(clip.available_warp_modes)
    return "warp mode" if settable and clip.warp_mode != context["warp_mode"] else ""


def _off(clip, wanted):
    markers = [(marker.beat_time, marker.sample_time) for marker in clip.warp_markers]
    try:
        line = WarpMap(markers)
    except ValueError:
        return True
    return any(abs(line.second(beat) - second) > 1e-4 for beat, second in wanted)


def _set_loop(clip, start, end):
    """Set the start and the end of a clip's loop, in an order in which the start always stays before the end."""
    if start >= clip.loop_end:
        clip.loop_end = end
        clip.loop_start = start
    else:
        clip.loop_start = start
        clip.loop_end = end
