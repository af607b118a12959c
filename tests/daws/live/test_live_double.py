"""Tests the mock Live: it has the members of each version, forbids what Live forbids, and detects planted mistakes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.daws.live.double import ArgumentError, WarpMarker, World
from tests.daws.live.host import Host, put_clip
from tests.daws.live.music import find_clicks, through_the_bridge, write_clicks
from tests.daws.live.playback import heard
from tests.daws.live.table import PLACING, VERSIONS, members
from tests.daws.live.the_set import ClipData


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write_clicks(tmp_path / "source.wav", [0.5, 1.5, 2.5], 4.0)
    return tmp_path / "source.wav"


@pytest.fixture
def world(file: Path) -> World:
    world = World("12.3.6")
    put_clip(world, file, 4.0, warping=True, markers=[(0.0, 0.0)], end=8.0)
    return world


def song(world: World) -> Any:
    return world.wrap("Song")


def clip_of(world: World) -> Any:
    return song(world).view.detail_clip


# --- members of a version ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_has_its_own_members(version: str) -> None:
    found = members(version)
    assert ("create_audio_clip" in found["Track"]) == (version in PLACING)
    assert ("create_audio_clip" in found["ClipSlot"]) == (version in PLACING)
    assert ("take_lanes" in found["Track"]) == (version == "12.3.6")
    assert ("add_warp_marker" in found["Clip"]) == (version != "11.0.0")
    assert ("file_path" in found["Song"]) == (version not in ("11.0.0", "11.3.20"))
    assert {"begin_undo_step", "tracks", "create_audio_track"} <= set(found["Song"])


def test_a_version_lacks_later_members(file: Path) -> None:
    old = World("11.3.20")
    put_clip(old, file, 4.0)
    with pytest.raises(AttributeError, match=r"11\.3\.20"):
        song(old).tracks[0].create_audio_clip(str(file), 0.0)
    assert not hasattr(song(old), "file_path")


# --- forbidden calls -------------------------------------------------------------------------------------------------

FORBIDDEN: list[tuple[str, type[Exception], Callable[[World, Any], Any]]] = [
    ("an unknown member", AttributeError, lambda world, clip: clip.fade_in),
    ("a new attribute", AttributeError, lambda world, clip: setattr(clip, "mine", 1)),
    ("writing a read-only member", AttributeError, lambda world, clip: setattr(clip, "start_time", 4.0)),
    ("an argument by name", ArgumentError, lambda world, clip: song(world).create_audio_track(index=1)),
    ("an argument too many", ArgumentError, lambda world, clip: song(world).begin_undo_step(1)),
    ("a wrong type", ArgumentError, lambda world, clip: setattr(clip, "name", 7)),
    ("a float for an int", ArgumentError, lambda world, clip: setattr(clip, "pitch_coarse", 1.0)),
    ("a path object", ArgumentError, lambda world, clip: song(world).tracks[0].create_audio_clip(Path("/x"), 0.0)),
    ("a relative path", RuntimeError, lambda world, clip: song(world).tracks[0].create_audio_clip("x.wav", 0.0)),
    ("a missing file", RuntimeError, lambda world, clip: song(world).tracks[0].create_audio_clip("/no.wav", 0.0)),
    (
        "a negative time",
        RuntimeError,
        lambda world, clip: song(world).tracks[0].create_audio_clip(clip.file_path, -1.0),
    ),
    ("a time too late", RuntimeError, lambda world, clip: song(world).tracks[0].create_audio_clip(clip.file_path, 2e6)),
    ("a marker by name", ArgumentError, lambda world, clip: WarpMarker(sample_time=1.0, beat_time=1.0)),
    ("a marker as a dict", ArgumentError, lambda world, clip: clip.add_warp_marker({"beat_time": 1.0})),
    ("a marker beyond the file", RuntimeError, lambda world, clip: clip.add_warp_marker(WarpMarker(5.0, 10.0))),
    ("a tempo of 3 BPM", RuntimeError, lambda world, clip: clip.add_warp_marker(WarpMarker(4.0, 0.2))),
    ("the hidden marker", RuntimeError, lambda world, clip: clip.move_warp_marker(1 / 32, 1.0)),
    ("the last marker", RuntimeError, lambda world, clip: clip.remove_warp_marker(0.0)),
    ("a loop's end before its start", RuntimeError, lambda world, clip: setattr(clip, "loop_end", -1.0)),
    ("an index too high", RuntimeError, lambda world, clip: song(world).create_audio_track(9)),
    ("a slice of a vector", ArgumentError, lambda world, clip: song(world).tracks[:1]),
    ("a gain of 2", RuntimeError, lambda world, clip: setattr(clip, "gain", 2.0)),
]


@pytest.mark.parametrize(("error", "act"), [one[1:] for one in FORBIDDEN], ids=[one[0] for one in FORBIDDEN])
def test_forbidden_calls_raise(world: World, error: type[Exception], act: Callable[[World, Any], Any]) -> None:
    before = len(world.state.tracks)
    with pytest.raises(error):
        act(world, clip_of(world))
    assert len(world.state.tracks) == before


def test_full_slots_and_wrong_tracks(world: World, file: Path) -> None:
    slot = song(world).tracks[0].clip_slots[0]
    slot.create_audio_clip(str(file))
    with pytest.raises(RuntimeError, match="not empty"):
        slot.create_audio_clip(str(file))
    world.state.tracks[2].frozen = True
    with pytest.raises(RuntimeError, match="frozen"):
        song(world).tracks[2].create_audio_clip(str(file), 0.0)
    world.state.tracks[2].audio, world.state.tracks[2].frozen = False, False
    with pytest.raises(RuntimeError, match="audio tracks"):
        song(world).tracks[2].clip_slots[0].create_audio_clip(str(file))


def test_an_unwarped_clip_has_no_loop_and_no_markers(world: World) -> None:
    clip = clip_of(world)
    clip.warping = False
    with pytest.raises(RuntimeError, match="looped"):
        clip.looping = True
    with pytest.raises(RuntimeError, match="warped"):
        clip.add_warp_marker(WarpMarker(1.0, 2.0))


def test_with_the_loop_off_the_start_marker_is_ignored(world: World) -> None:
    clip = clip_of(world)
    clip.start_marker = 3.0
    assert clip.start_marker == 0.0
    clip.loop_start = 3.0
    assert (clip.start_marker, clip.loop_start) == (3.0, 3.0)


def test_deleted_objects_equal_none_and_raise(world: World) -> None:
    track, clip = song(world).tracks[1], clip_of(world)
    assert clip is not clip_of(world)
    assert clip == clip_of(world)
    song(world).delete_track(1)
    assert clip == None  # noqa: E711
    assert track == None  # noqa: E711
    with pytest.raises(ArgumentError):
        _ = clip.name


def test_an_undo_step_must_be_closed(world: World) -> None:
    song(world).begin_undo_step()
    song(world).create_audio_track(1)
    song(world).tracks[1].name = "new"
    song(world).end_undo_step()
    assert len(world.undo_steps) == 1
    world.undo()
    assert [track.name for track in world.state.tracks] == ["Drums", "Loop", "Keys"]
    song(world).begin_undo_step()
    world.after_tick()
    song(world).end_undo_step()
    assert world.violations == ["an undo step is open at the end of a tick", "end_undo_step without a step"]


def test_no_change_in_a_listener_and_no_access_from_another_thread(world: World) -> None:
    world.notifying = True
    with pytest.raises(RuntimeError, match="notifications"):
        song(world).tracks[0].name = "x"
    world.notifying = False
    other = threading.Thread(target=lambda: song(world).tempo)
    other.start()
    other.join()
    assert world.violations == ["Song.tempo was used off the main thread"]


def test_a_late_setting_takes_effect_at_the_next_tick(world: World) -> None:
    world.late = frozenset({"warping"})
    clip = clip_of(world)
    clip.warping = False
    assert clip.warping
    world.before_tick()
    assert not clip.warping


def test_playback_by_hand() -> None:
    """Check `heard` against times computed by hand: at 120 BPM, 4 beats take 2 s."""
    clip = ClipData("x", 4.0, start_time=8.0, warping=True, markers=[(0.0, 0.0), (4.0, 1.0)], last_tempo=120.0, end=8.0)
    assert heard(clip, [0.0, 0.5, 1.0, 2.0], 120.0) == pytest.approx([4.0, 5.0, 6.0, 7.0])
    loop = ClipData("x", 4.0, warping=True, markers=[(0.0, 0.0)], looping=True, brace=(2.0, 4.0), start=0.0)
    assert heard(loop, [0.0, 1.5], 120.0, beats=8.0) == pytest.approx([0.0, 1.5, 2.5, 3.5])
    plain = ClipData("x", 4.0, start_time=0.0, start=1.0, end=3.0, pitch_coarse=12)
    assert heard(plain, [0.5, 2.0], 120.0) == pytest.approx([0.5])


# --- planted mistakes ------------------------------------------------------------------------------------------------

MISTAKES = {
    "beat and second swapped": (
        "clip_properties.py",
        "make_marker(float(second), float(beat))",
        "make_marker(beat, second)",
    ),
    "marker by name": (
        "clip_properties.py",
        "make_marker(float(second), float(beat))",
        "make_marker(sample_time=second, beat_time=beat)",
    ),
    "markers forgotten": ("clip_properties.py", "        set_markers(clip", "        0 and set_markers(clip"),
    "start marker with the loop off": ("clip_properties.py", "clip.loop_start = start", "clip.start_marker = start"),
    "warping forgotten": ("clip_properties.py", '        clip.warping = context["warping"]', "        pass"),
    "pitch as a float": ("clip_properties.py", "int(coarse), float(fine)", "float(coarse), float(fine)"),
    "index by name": ("place.py", "create_audio_track(index)", "create_audio_track(index=index)"),
    "track left of the source": ("place.py", "where.index + 1", "where.index"),
    "undo step not closed": (
        "place.py",
        "            self._song.end_undo_step()\n            view",
        "            view",
    ),
    "no undo step": ("place.py", "self._song.begin_undo_step()", "None"),
    "page not restored": ("view.py", "                self._windows.show_view(name)", "                pass"),
    "selection not restored": ("place.py", "            view.restore()", "            pass"),
    "source's position forgotten": ("source.py", "return float(clip.start_time) - moved", "return 1.0"),
    "seconds for beats": ("span.py", "float(clip.end_time - clip.start_time)", "2.0"),
    "confirmed without a check": (
        "place.py",
        "                self._set_up_clip(self._made(at), piece)",
        "                self._track.delete_clip(self._made(at))",
    ),
    "a thread": (
        "script.py",
        "            self._tick()",
        "            import threading as t; o = t.Thread(target=self._tick); o.start(); o.join()",
    ),
    "a change from within a listener": (
        "script.py",
        "        _active.append(self)\n        self._mail",
        "        _active.append(self)\n        self._song.view.add_detail_clip_listener("
        "lambda: self._song.create_audio_track(0))\n        self._mail",
    ),
    "the fader forgotten": ("place.py", "            self._mix(where.track)\n", ""),
    "an undo step left open over two ticks": (
        "place.py",
        "        self._changing(self._make)",
        "        self._song.begin_undo_step()\n        self._make()",
    ),
    "is instead of ==": ("live_objects.py", "if track == thing", "if track is thing"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_planted_mistakes_are_caught(home: Path, tmp_path: Path, mistake: str) -> None:
    assert problems(home, tmp_path, MISTAKES[mistake])


def test_the_correct_script_passes(home: Path, tmp_path: Path) -> None:
    assert problems(home, tmp_path, None) == []


def problems(home: Path, tmp_path: Path, plant: tuple[str, str, str] | None) -> list[str]:
    """Place a remix with a script that contains a planted mistake, and return all problems found."""
    clicks = [0.31 + 0.43 * number for number in range(20)]
    write_clicks(tmp_path / "music.wav", clicks, 10.0)
    host = Host(World("12.3.6", auto_warp=False), tmp_path, home, plant=plant)
    about: dict[str, Any] = {"warping": True, "markers": [(-1.0, 0.1), (8.0, 4.7), (16.0, 8.6)], "last_tempo": 125.0}
    source = put_clip(host.world, tmp_path / "music.wav", 10.0, start=1.0, end=13.0, pitch_coarse=2, **about)
    before = host.world.state.selected_track
    host.world.state.tracks[1].volume.value = 0.5
    host.world.select(source.ptr)
    try:
        host.ask()
        found = _main_job(host, source, clicks, tmp_path)
    finally:
        host.script.disconnect()
    if host.world.state.selected_track != before or host.world.state.detail_clip != source.ptr:
        found.append("the selection is another one")
    if host.world.shown != {"Detail", "Detail/Clip"}:
        found.append("another page is shown")
    return found + host.world.violations + [line for line in host.instance.logged if "Traceback" in line]


def _main_job(host: Host, source: ClipData, clicks: list[float], into: Path) -> list[str]:
    messages = host.messages("selection")
    if not messages:
        return ["nothing was asked"]
    (into / "results").mkdir()
    path, samples = through_the_bridge(messages[0], into / "results")
    host.offer(messages[0], path, samples)
    host.tick(8)
    if len(host.messages("placed")) != 1:
        return ["not confirmed"]
    track = host.world.state.tracks[2]
    if track.name != "break remix" or not track.clips:
        return ["not where it should be, or confirmed without being there"]
    got = [moment for clip in track.clips for moment in heard(clip, find_clicks(clip.path), 120.0)]
    wanted = heard(source, clicks, 120.0)
    found = [] if got == pytest.approx(wanted, abs=1e-3) else ["not in time"]
    if track.volume.value != 0.5:
        found.append("another fader")
    if len(host.world.undo_steps) != 1:
        found.append(f"{len(host.world.undo_steps)} undo steps")
    return found
