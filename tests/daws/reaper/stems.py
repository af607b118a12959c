"""What the mock REAPER renders: the sound of an item, and the stem of a track."""

from __future__ import annotations

import numpy as np

from tests.daws.reaper.model import Item, Track

AS_PLAYED = {"take_volume", "item_volume", "fades", "take_pan"}  # what an item plays with on its track
DRY, ECHO, DELAY = 0.5, 0.1, 0.25  # an effect of a track plays the sound at the level DRY, and once more DELAY s later


def item_sound(item: Item, includes: set[str], rate: int) -> np.ndarray:
    """Return a whole item, frames × 2; its take effects halve the level."""
    take = item.take
    assert take is not None
    frames = round(item.values["D_LENGTH"] * rate)
    return take.read(rate, 0.0, frames) * take.gain(includes, rate, frames) * (0.5 if any(take.fx) else 1.0)


def _plays(item: Item) -> bool:
    solo = item.values["C_MUTE_SOLO"]
    in_lane = item.track.values["I_FREEMODE"] != 2 or item.track.plays(int(item.values["I_FIXEDLANE"])) > 0
    return in_lane and (solo < 0 or (solo == 0 and not item.values["B_MUTE"]))


def _offset(track: Track, rate: int) -> int:
    """Return the track's playback offset in frames."""
    flag, value = int(track.values["I_PLAY_OFFSET_FLAG"]), track.values["D_PLAY_OFFSET"]
    if flag & 1:
        return 0
    return round(value if flag & 2 else value * rate)


def _items(track: Track, start: float, frames: int, rate: int) -> np.ndarray:
    """Return what the items of a track play."""
    sound = np.zeros((frames, 2))
    for item in track.items:
        if not _plays(item):
            continue
        own = item_sound(item, AS_PLAYED, rate)
        at = round(item.values["D_POSITION"] * rate) - round(start * rate) + _offset(track, rate)
        first, last = max(0, at), min(frames, at + len(own))
        if first < last:
            sound[first:last] += own[first - at : last - at]
    return sound


def _with_effects(sound: np.ndarray, rate: int) -> np.ndarray:
    wet, delay = DRY * sound, round(DELAY * rate)
    wet[delay:] += ECHO * sound[: max(0, len(sound) - delay)]
    return wet


def _sources(track: Track) -> list[Track]:
    """Return the tracks that play into a track: its children, if it is a folder, and those that send to it."""
    children = [one for one in track.project.tracks if one.parent is track]
    return children + [one for one in track.project.tracks for send in one.sends if send.target is track]


def _track(track: Track, start: float, frames: int, rate: int, *, is_pre_fader: bool) -> np.ndarray:
    soloed = any(one.values["I_SOLO"] for one in track.project.tracks)
    if track.values["B_MUTE"] or (soloed and not track.values["I_SOLO"]):
        return np.zeros((frames, 2))
    sound = _items(track, start, frames, rate)
    for source in _sources(track):
        sound = sound + _track(source, start, frames, rate, is_pre_fader=False)
    if any(track.fx) and track.values["I_FXEN"]:
        sound = _with_effects(sound, rate)
    if track.values["B_PHASE"]:
        sound = -sound
    if is_pre_fader:
        return sound
    pan = track.values["D_PAN"]
    return sound * track.values["D_VOL"] * np.array([min(1.0, 1 - pan), min(1.0, 1 + pan)])


def stem(track: Track, bounds: tuple[float, float], rate: int, *, is_pre_fader: bool) -> np.ndarray:
    """Return the stem of a track between two times in s, frames × 2."""
    start, end = bounds
    return _track(track, start, round((end - start) * rate), rate, is_pre_fader=is_pre_fader)
