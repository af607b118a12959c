"""Placing and everything that may come in between: one undo step, right of the source, confirmed when it is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.daw.live.conftest import Start
from tests.daw.live.host import Host, put_clip
from tests.daw.live.music import write_clicks
from tests.daw.live.table import PLACING
from tests.daw.live.the_set import ClipData

WARPED: dict[str, Any] = {"warping": True, "markers": [(0.0, 0.0), (8.0, 4.0)], "start": 0.0, "end": 8.0}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write_clicks(tmp_path / "source.wav", [0.5, 1.5, 2.5], 8.0)
    return tmp_path / "source.wav"


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
    """A Live whose clip was asked for."""
    host = start_live(**about)
    clip = put_clip(host.world, file, 8.0, slot=slot, **WARPED)
    return host, clip, asked(host)


@pytest.mark.parametrize("version", PLACING)
@pytest.mark.parametrize("slot", [None, 2], ids=["arrangement", "session"])
def test_it_stands_right_of_its_source(
    start_live: Start, file: Path, result: Path, version: str, slot: int | None
) -> None:
    host, source, message = ready(start_live, file, version=version, slot=slot)
    source.gain, source.pitch_coarse, source.warp_mode = 0.7, -2, 6
    host.script._asked_at = -1e9
    message = asked(host)
    variation = host.offer(message, result, 192_000)
    before = host.world.state
    selected = before.selected_track, before.detail_clip, before.highlighted_slot
    host.tick(5)
    assert names(host) == ["Drums", "Loop", "break remix", "Keys"]
    track = host.world.state.tracks[2]
    clip = track.clips[0] if slot is None else track.slots[2].clip
    assert clip is not None
    assert (clip.name, clip.color, clip.path) == ("break", 0x123456, str(result))
    assert (clip.gain, clip.pitch_coarse, clip.warp_mode, clip.warping) == (0.7, -2, 6, True)
    assert track.color == host.world.state.tracks[1].color
    after = host.world.state
    assert (after.selected_track, after.detail_clip, after.highlighted_slot) == selected
    (placed,) = host.messages("placed")
    assert placed["args"] == {"variation_id": variation, "item": str(track.ptr), "text": ""}
    assert len(host.world.undo_steps) == 1
    host.world.undo()
    assert names(host) == ["Drums", "Loop", "Keys"]


def test_the_source_is_left_as_it_was(start_live: Start, file: Path, result: Path) -> None:
    host, source, message = ready(start_live, file)
    before, bytes_before = repr(source), file.read_bytes()
    host.offer(message, result, 192_000)
    host.tick(5)
    assert repr(host.world.state.find(source.ptr)[0]) == before
    assert file.read_bytes() == bytes_before


def test_it_is_confirmed_only_when_it_was_found_a_tick_later(start_live: Start, file: Path, result: Path) -> None:
    host, _, message = ready(start_live, file)
    host.offer(message, result, 192_000)
    while len(names(host)) == 3:
        assert host.messages("placed") == []
        host.tick()
    assert host.messages("placed") == []
    host.tick()
    assert len(host.messages("placed")) == 1


def test_a_clip_that_is_removed_at_once_is_not_confirmed(start_live: Start, file: Path, result: Path) -> None:
    host, _, message = ready(start_live, file)
    host.offer(message, result, 192_000)
    while len(names(host)) == 3:
        host.tick()
    host.world.undo()
    host.tick(2)
    assert host.messages("placed") == []
    (failed,) = host.messages("place_failed")
    assert "removed" in failed["args"]["text"]


def test_variations_stand_in_their_order(start_live: Start, file: Path, result: Path) -> None:
    host, _, message = ready(start_live, file)
    for number in (1, 2, 3):
        host.offer(message, result, 192_000, variation_id=f"v{number}")
        host.tick(5)
    marks = [track.data.get("ace_bridge", "").split(" ")[0] for track in host.world.state.tracks]
    assert marks == ["", "", "v1", "v2", "v3", ""]


def test_what_stands_already_is_only_confirmed(start_live: Start, file: Path, result: Path) -> None:
    host, _, message = ready(start_live, file)
    variation = host.offer(message, result, 192_000)
    host.tick(5)
    host.outbox()
    host.tick(4)
    host.offer(message, result, 192_000, variation_id=variation)
    host.tick(5)
    assert len(names(host)) == 4
    assert len(host.messages("placed")) == 2


@pytest.mark.parametrize(
    ("about", "reason"), [("dialogs", "a dialog is open"), ("recording", "recording"), ("redo", "redone")]
)
def test_it_waits_while_live_should_not_be_disturbed(
    start_live: Start, file: Path, result: Path, about: str, reason: str
) -> None:
    host, _, message = ready(start_live, file)
    setattr(host.world, about, 1)
    host.offer(message, result, 192_000)
    host.tick(10)
    assert len(names(host)) == 3
    assert reason in host.said[-1]
    setattr(host.world, about, 0)
    host.tick(3)
    assert len(host.messages("placed")) == 1


# --- what may happen meanwhile ---------------------------------------------------------------------------------------


def test_the_clip_was_moved(start_live: Start, file: Path, result: Path) -> None:
    host, source, message = ready(start_live, file)
    source.start_time = 40.0
    host.offer(message, result, 192_000)
    host.tick(5)
    assert host.world.state.tracks[2].clips[0].start_time == 40.0


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


def test_other_tracks_came_before_it(start_live: Start, file: Path, result: Path) -> None:
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


def test_a_file_that_live_cannot_use_leaves_no_track_behind(start_live: Start, file: Path, tmp_path: Path) -> None:
    host, _, message = ready(start_live, file)
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF and nothing else")
    host.offer(message, broken, 192_000)
    host.tick(5)
    assert names(host) == ["Drums", "Loop", "Keys"]
    (failed,) = host.messages("place_failed")
    assert "Invalid audio file" in failed["args"]["text"]
    assert str(broken) in host.said[-1]


def test_a_result_that_is_gone(start_live: Start, file: Path, tmp_path: Path) -> None:
    host, _, message = ready(start_live, file)
    host.offer(message, tmp_path / "gone.wav", 192_000)
    host.tick(5)
    assert "not there any more" in host.messages("place_failed")[0]["args"]["text"]
    assert len(host.world.undo_steps) == 0


def test_an_older_live_says_where_the_file_lies(start_live: Start, file: Path, result: Path) -> None:
    host, _, message = ready(start_live, file, version="12.0.0")
    host.offer(message, result, 192_000)
    host.tick(5)
    assert str(result) in host.said[-1]
    assert "drag the file" in host.said[-1]
    assert "12.0.5" in host.messages("place_failed")[0]["args"]["text"]
    assert names(host) == ["Drums", "Loop", "Keys"]


def test_live_was_restarted(start_live: Start, file: Path, result: Path) -> None:
    """The next instance places it: what placing needs lies in the bridge's home."""
    first, _, message = ready(start_live, file)
    first.script.disconnect()
    second = start_live()
    put_clip(second.world, file, 8.0, **WARPED)
    second.offer(message, result, 192_000)
    second.tick(5)
    assert names(second) == ["Drums", "Loop", "break remix", "Keys"]
    assert second.world.state.tracks[2].clips[0].start_time == 16.0


def test_what_was_known_is_lost(start_live: Start, file: Path, result: Path, home: Path) -> None:
    host, _, message = ready(start_live, file)
    (home / "live" / f"{message['message_id']}.json").unlink()
    host.offer(message, result, 192_000)
    host.tick(5)
    assert "lost" in host.messages("place_failed")[0]["args"]["text"]
    assert str(result) in host.said[-1]


def test_a_setting_that_never_takes_is_told(start_live: Start, file: Path, result: Path) -> None:
    host, _, message = ready(start_live, file, auto_warp=False)
    host.world.late = frozenset({"warping"})
    host.world.before_tick = lambda: setattr(host.world, "accesses", 0)  # type: ignore[method-assign]
    host.offer(message, result, 192_000)
    host.tick(8)
    (placed,) = host.messages("placed")
    assert placed["args"]["text"] == "warping"
    assert "check its warping" in host.said[-1]


def test_a_big_set_is_looked_through_once_per_result(start_live: Start, file: Path, result: Path) -> None:
    """200 tracks: the work of a tick grows with the tracks and not with their square."""
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
