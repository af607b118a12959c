"""Tests changes between request and placing: moved, trimmed and deleted clips, frozen tracks, and restarts of Live."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.daws.live.conftest import Start
from tests.daws.live.host import Clock, Host, put_clip
from tests.daws.live.music import write_clicks
from tests.daws.live.playback import heard
from tests.daws.live.the_set import ClipData, SetData, new_ptr

WARPED: dict[str, Any] = {"warping": True, "markers": [(0.0, 0.0), (8.0, 4.0)], "start": 0.0, "end": 8.0}


@pytest.fixture
def result(tmp_path: Path) -> Path:
    write_clicks(tmp_path / "result.wav", [0.5, 1.5, 2.5], 4.0)
    return tmp_path / "result.wav"


def asked(host: Host) -> dict[str, Any]:
    host.ask()
    return host.messages("selection")[-1]


def names(host: Host) -> list[str]:
    return [track.name for track in host.world.state.tracks]


def ready(
    start_live: Start, file: Path, *, slot: int | None = None, **about: Any
) -> tuple[Host, ClipData, dict[str, Any]]:
    """Start a mock Live and request a remix of its clip; return the mock Live, the clip and the message."""
    host = start_live(**about)
    clip = put_clip(host.world, file, 8.0, slot=slot, **WARPED)
    return host, clip, asked(host)


def test_the_clip_was_moved(start_live: Start, file: Path, result: Path) -> None:
    host, source, message = ready(start_live, file)
    source.start_time = 40.0
    host.offer(message, result, 192_000)
    host.tick(5)
    assert host.world.state.tracks[2].clips[0].start_time == 40.0


@pytest.mark.parametrize("moved", [0.0, 24.0])
def test_the_clip_was_trimmed(start_live: Start, file: Path, result: Path, moved: float) -> None:
    """The remix is aligned by the time in the source file, so remix and source still play in time with each other."""
    host, source, message = ready(start_live, file)
    source.start_time, source.start = 18.0 + moved, 2.0  # trims the clip's first two beats
    host.offer(message, result, 192_000)
    host.tick(5)
    (clip,) = host.world.state.tracks[2].clips
    assert clip.start_time == 16.0 + moved
    assert heard(clip, [1.5], 120.0) == pytest.approx(heard(source, [1.5], 120.0))


def test_an_unwarped_clip_was_trimmed(start_live: Start, file: Path, tmp_path: Path) -> None:
    host = start_live(tempo=96.0)
    source = put_clip(host.world, file, 8.0, start=0.5, end=6.0, pitch_coarse=5)
    message = asked(host)
    path = tmp_path / "plain.wav"
    write_clicks(path, [2.0], 5.5)
    source.start_time, source.start = 16.0 + (1.7 - 0.5) / source.speed * 96 / 60, 1.7
    host.offer(message, path, 264_000)
    host.tick(5)
    (clip,) = host.world.state.tracks[2].clips
    assert heard(clip, [2.0], 96.0) == pytest.approx(heard(source, [2.5], 96.0))


def test_warping_was_switched(start_live: Start, file: Path, result: Path) -> None:
    host, source, message = ready(start_live, file)
    source.warping, source.start_time, source.start = False, 20.0, 1.0
    host.offer(message, result, 192_000)
    host.tick(5)
    (clip,) = host.world.state.tracks[2].clips
    assert (clip.start_time, clip.warping) == (20.0, True)


def test_the_clip_was_moved_to_another_scene(start_live: Start, file: Path, result: Path) -> None:
    host, source, message = ready(start_live, file, slot=1)
    slots = host.world.state.tracks[1].slots
    slots[1].clip, slots[3].clip = None, source
    host.offer(message, result, 192_000)
    host.tick(5)
    assert host.world.state.tracks[2].slots[3].clip is not None


def test_the_clip_was_deleted(start_live: Start, file: Path, result: Path) -> None:
    host, source, message = ready(start_live, file)
    host.world.state.tracks[1].clips.remove(source)
    host.world.state.detail_clip = 0
    host.offer(message, result, 192_000)
    host.tick(5)
    assert names(host)[2] == "break remix"
    assert host.world.state.tracks[2].clips[0].start_time == 16.0


def test_the_track_was_deleted(start_live: Start, file: Path, result: Path) -> None:
    host, _, message = ready(start_live, file)
    del host.world.state.tracks[1]
    host.world.state.selected_track = host.world.state.tracks[0].ptr
    host.world.state.detail_clip = host.world.state.highlighted_slot = 0
    host.offer(message, result, 192_000)
    host.tick(5)
    assert names(host) == ["Drums", "Keys", "break remix"]
    assert len(host.messages("placed")) == 1


def test_tracks_were_inserted_before_it(start_live: Start, file: Path, result: Path) -> None:
    host, _, message = ready(start_live, file)
    host.world.state.add_track("New", 0)
    host.offer(message, result, 192_000)
    host.tick(5)
    assert names(host) == ["New", "Drums", "Loop", "break remix", "Keys"]


def test_a_source_in_two_groups(start_live: Start, file: Path, result: Path) -> None:
    host = start_live()
    put_clip(host.world, file, 8.0, **WARPED)
    outer, inner, track = host.world.state.tracks[2], host.world.state.tracks[0], host.world.state.tracks[1]
    track.group, inner.group = inner.ptr, outer.ptr
    message = asked(host)
    assert message["args"]["clips"][0]["track"]["folder_depth"] == 2
    host.offer(message, result, 192_000)
    host.tick(5)
    assert names(host) == ["Drums", "Loop", "break remix", "Keys"]


def test_the_source_track_is_frozen(start_live: Start, file: Path, result: Path) -> None:
    host, _, message = ready(start_live, file)
    host.world.state.tracks[1].frozen = True
    host.offer(message, result, 192_000)
    host.tick(5)
    assert len(host.messages("placed")) == 1


def test_the_sources_slot_has_another_clip(start_live: Start, file: Path, result: Path) -> None:
    host, _, message = ready(start_live, file, slot=2)
    host.world.state.tracks[1].slots[2].clip = ClipData(str(file), 8.0, name="other")
    host.world.state.detail_clip = 0
    host.offer(message, result, 192_000)
    host.tick(5)
    placed, other = host.world.state.tracks[2].slots[2].clip, host.world.state.tracks[1].slots[2].clip
    assert placed is not None
    assert other is not None
    assert (placed.path, other.name) == (str(result), "other")
    assert len(host.messages("placed")) == 1


def test_the_new_slot_is_not_empty(
    start_live: Start, file: Path, result: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's default track may contain a clip; the script neither replaces that clip nor leaves anything behind."""
    host, _, message = ready(start_live, file, slot=2)
    real = SetData.add_track

    def filled(state: SetData, *values: Any) -> Any:
        track = real(state, *values)
        track.slots[2].clip = ClipData(str(file), 8.0)
        return track

    monkeypatch.setattr(SetData, "add_track", filled)
    host.offer(message, result, 192_000)
    host.tick(5)
    assert names(host) == ["Drums", "Loop", "Keys"]
    assert "The slot is not empty" in host.messages("place_failed")[0]["args"]["text"]
    assert str(result) in host.said[-1]


def test_the_scene_was_deleted(start_live: Start, file: Path, result: Path) -> None:
    """The result is placed in the last scene, and the confirmation contains a note about this."""
    host, source, message = ready(start_live, file, slot=3)
    del host.world.state.scenes[3]
    for track in host.world.state.tracks:
        del track.slots[3]
    assert host.world.state.find(source.ptr) == (None, None)
    host.world.state.detail_clip = host.world.state.highlighted_slot = 0
    host.offer(message, result, 192_000)
    host.tick(5)
    assert host.world.state.tracks[2].slots[2].clip is not None
    assert host.messages("placed")[0]["args"]["text"] == "scene"


def test_a_bug_in_the_script_is_reported_as_such(
    start_live: Start, file: Path, result: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, _, message = ready(start_live, file)
    monkeypatch.setattr(host.package.place.Placing, "_fill", lambda self: {}["no such key"])
    host.offer(message, result, 192_000)
    host.tick(5)
    assert names(host) == ["Drums", "Loop", "Keys"]
    assert "KeyError" in host.instance.logged.pop()
    assert "Log.txt" in host.messages("place_failed")[0]["args"]["text"]


def test_an_unusable_file_leaves_no_track_behind(start_live: Start, file: Path, tmp_path: Path) -> None:
    host, _, message = ready(start_live, file)
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF and nothing else")
    host.offer(message, broken, 192_000)
    host.tick(5)
    assert names(host) == ["Drums", "Loop", "Keys"]
    (failed,) = host.messages("place_failed")
    assert "Invalid audio file" in failed["args"]["text"]
    assert str(broken) in host.said[-1]


def test_a_missing_result(start_live: Start, file: Path, tmp_path: Path) -> None:
    host, _, message = ready(start_live, file)
    host.offer(message, tmp_path / "gone.wav", 192_000)
    host.tick(5)
    assert "no longer exists" in host.messages("place_failed")[0]["args"]["text"]
    assert len(host.world.undo_steps) == 0


def test_an_older_live_shows_the_path_of_the_file(start_live: Start, file: Path, result: Path) -> None:
    host, _, message = ready(start_live, file, version="12.0.0")
    assert "This version of Live cannot place" in host.said[-1]
    host.world.redo = True  # a possible redo delays placing, but in this version of Live the script places nothing
    variation = host.offer(message, result, 192_000)
    host.tick(5)
    assert str(result) in host.said[-1]
    assert "Drag the file" in host.said[-1]
    (told,) = host.messages("placed")
    assert (told["args"]["variation_id"], told["args"]["by_hand"]) == (variation, True)
    assert "12.0.5" in told["args"]["text"]
    assert host.messages("place_failed") == []
    assert names(host) == ["Drums", "Loop", "Keys"]


def restarted(start_live: Start, first: Host, file: Path) -> tuple[Host, ClipData]:
    """End the mock Live, start a new one with the same Set, and return the new Live and its clip."""
    first.script.disconnect()
    second = start_live()
    return second, put_clip(second.world, file, 8.0, **WARPED)


def test_live_was_restarted(start_live: Start, file: Path, result: Path) -> None:
    """The next script instance places the result, because the request's context is stored in the bridge's folder."""
    first, _, message = ready(start_live, file)
    second, _ = restarted(start_live, first, file)
    second.offer(message, result, 192_000)
    second.tick(5)
    assert names(second) == ["Drums", "Loop", "break remix", "Keys"]
    assert second.world.state.tracks[2].clips[0].start_time == 16.0


@pytest.mark.parametrize(("likes", "at"), [(0, 44.0), (1, 16.0)])
def test_live_was_restarted_and_the_clip_moved(
    start_live: Start, file: Path, result: Path, likes: int, at: float
) -> None:
    """The script finds the clip by its file; among several clips, the one at the old position counts."""
    first, _, message = ready(start_live, file)
    second, clip = restarted(start_live, first, file)
    clip.start_time = 44.0
    for number in range(likes):
        second.world.state.tracks[1].clips.append(replace(clip, ptr=new_ptr(), start_time=80.0 + 8 * number))
    second.offer(message, result, 192_000)
    second.tick(5)
    assert second.world.state.tracks[2].clips[0].start_time == at


def test_a_lost_context(start_live: Start, file: Path, result: Path, home: Path) -> None:
    host, _, message = ready(start_live, file)
    (home / "live" / f"{message['message_id']}.json").unlink()
    host.offer(message, result, 192_000)
    host.tick(5)
    assert "missing" in host.messages("place_failed")[0]["args"]["text"]
    assert str(result) in host.said[-1]


def test_a_setting_that_live_never_applies_is_reported(start_live: Start, file: Path, result: Path) -> None:
    host, _, message = ready(start_live, file, auto_warp=False)
    host.world.late = frozenset({"warping"})
    host.world.before_tick = lambda: setattr(host.world, "accesses", 0)  # type: ignore[method-assign]
    host.offer(message, result, 192_000)
    host.tick(8)
    (placed,) = host.messages("placed")
    assert placed["args"]["text"] == "warping"
    assert "did not accept its warping" in host.said[-1]


def test_a_big_set_is_searched_once_per_result(start_live: Start, file: Path, result: Path) -> None:
    """With 200 more tracks, the number of accesses per tick grows only linearly."""
    host, _, message = ready(start_live, file)
    for number in range(200):
        host.world.state.add_track(f"Track {number}")
    host.offer(message, result, 192_000)
    most = 0
    for _ in range(6):
        host.tick()
        most = max(most, host.world.accesses)
    assert len(host.messages("placed")) == 1
    assert most < 1500
    assert json.dumps(host.said)


@pytest.mark.parametrize("ticks", [0, 1, 2, 3, 4])
def test_a_modal_of_30_seconds_while_placing(start_live: Start, file: Path, result: Path, ticks: int) -> None:
    """Regardless of when the ticks pause, placing continues afterwards, and no step is repeated."""
    host, _, message = ready(start_live, file)
    clock = host.clock
    assert isinstance(clock, Clock)
    host.offer(message, result, 192_000)
    host.tick(ticks)
    clock.now += 30.0
    host.wall.now += 30.0
    host.tick(6)
    assert names(host) == ["Drums", "Loop", "break remix", "Keys"]
    assert len(host.messages("placed")) == 1
    assert len(host.world.undo_steps) == 1


def test_the_set_was_closed_between_placing_and_checking(start_live: Start, file: Path, result: Path) -> None:
    """Closing the Set ends the script; once the Set is open again, a new script finds the track and confirms it."""
    host, _, message = ready(start_live, file)
    variation = host.offer(message, result, 192_000)
    while len(names(host)) == 3:
        host.tick()
    host.script.disconnect()
    assert host.messages("placed") == []
    host.script = host.start()
    host.offer(message, result, 192_000, variation_id=variation)
    host.tick(5)
    assert len(names(host)) == 4
    assert [one["args"]["variation_id"] for one in host.messages("placed")] == [variation]
