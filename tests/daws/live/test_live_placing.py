"""Tests placing: one undo step, a new track to the right of the source track, a check before confirming, and delays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.daws.live.conftest import Start
from tests.daws.live.host import Host, put_clip
from tests.daws.live.music import write_clicks
from tests.daws.live.table import PLACING
from tests.daws.live.the_set import ClipData

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


@pytest.mark.parametrize("version", PLACING)
@pytest.mark.parametrize("slot", [None, 2], ids=["arrangement", "session"])
def test_the_result_is_to_the_right_of_its_source(
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


def test_the_source_does_not_change(start_live: Start, file: Path, result: Path) -> None:
    host, source, message = ready(start_live, file)
    before, bytes_before = repr(source), file.read_bytes()
    host.offer(message, result, 192_000)
    host.tick(5)
    assert repr(host.world.state.find(source.ptr)[0]) == before
    assert file.read_bytes() == bytes_before


def test_it_is_confirmed_only_after_the_check_a_tick_later(start_live: Start, file: Path, result: Path) -> None:
    host, _, message = ready(start_live, file)
    host.offer(message, result, 192_000)
    while len(names(host)) == 3:
        assert host.messages("placed") == []
        host.tick()
    assert host.messages("placed") == []
    host.tick()
    assert len(host.messages("placed")) == 1


def test_an_immediately_deleted_clip_is_not_confirmed(start_live: Start, file: Path, result: Path) -> None:
    host, _, message = ready(start_live, file)
    host.offer(message, result, 192_000)
    while len(names(host)) == 3:
        host.tick()
    host.world.undo()
    host.tick(2)
    assert host.messages("placed") == []
    (failed,) = host.messages("place_failed")
    assert "deleted" in failed["args"]["text"]


def test_variations_are_in_order(start_live: Start, file: Path, result: Path) -> None:
    host, _, message = ready(start_live, file)
    for number in (1, 2, 3):
        host.offer(message, result, 192_000, variation_id=f"v{number}")
        host.tick(5)
    marks = [track.data.get("ace_bridge", "").split(" ")[0] for track in host.world.state.tracks]
    assert marks == ["", "", "v1", "v2", "v3", ""]


def test_several_variations_are_numbered(start_live: Start, file: Path, result: Path) -> None:
    host, _, message = ready(start_live, file)
    made = [host.variation(message, result, 192_000, index=index) for index in range(3)]
    host.delivery(message, made)
    host.tick(12)
    assert names(host) == ["Drums", "Loop", "break remix 1", "break remix 2", "break remix 3", "Keys"]


def test_the_new_track_copies_the_sources_volume_and_pan(start_live: Start, file: Path, result: Path) -> None:
    host, _, message = ready(start_live, file)
    source = host.world.state.tracks[1]
    source.volume.value, source.panning.value = 0.6, -0.25
    host.offer(message, result, 192_000)
    host.tick(5)
    new = host.world.state.tracks[2]
    assert (new.volume.value, new.panning.value) == (0.6, -0.25)
    assert len(host.world.undo_steps) == 1


def test_a_placed_result_is_only_confirmed(start_live: Start, file: Path, result: Path) -> None:
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
    ("about", "reason"), [("dialogs", "a dialog is open"), ("recording", "recording"), ("redo", "redo history")]
)
def test_it_waits_while_the_set_must_not_change(
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


def test_the_work_for_a_loop_is_linear_in_its_passes(start_live: Start, file: Path, tmp_path: Path) -> None:
    """All passes are placed in one tick so that they form one undo step; the accesses must not grow quadratically."""
    most = {}
    for passes in (32, 64):
        host = start_live()
        loop = {**WARPED, "looping": True, "brace": (0.0, 2.0), "extent": 2.0 * passes}
        put_clip(host.world, file, 8.0, **loop)
        write_clicks(tmp_path / f"{passes}.wav", [0.5], 1.0)
        host.offer(asked(host), tmp_path / f"{passes}.wav", 48_000)
        most[passes] = 0
        for _ in range(6):
            host.tick()
            most[passes] = max(most[passes], host.world.accesses)
        assert len(host.world.state.tracks[2].clips) == passes
        assert len(host.messages("placed")) == 1
        host.script.disconnect()
        for message in (host.home or tmp_path).glob("inbox/*.json"):
            message.unlink()
    assert most[64] < 2.2 * most[32]


def test_it_waits_while_one_track_records_into_a_slot(start_live: Start, file: Path, result: Path) -> None:
    """An armed track with a launched empty slot records even if the Session's record button is off."""
    host, _, message = ready(start_live, file)
    drums = host.world.state.tracks[0]
    drums.arm, drums.slots[1].clip = True, ClipData(recording=True)
    host.offer(message, result, 192_000)
    host.tick(10)
    assert "recording" in host.said[-1]
    drums.slots[1].clip = None
    host.tick(3)
    assert len(host.messages("placed")) == 1


@pytest.mark.parametrize("shown", [{"Detail", "Detail/Clip"}, {"Detail", "Detail/DeviceChain"}, set()])
@pytest.mark.parametrize("late", [frozenset(), frozenset({"warping"})], ids=["at once", "late"])
def test_view_and_selection_are_restored(
    start_live: Start, file: Path, result: Path, shown: set[str], late: frozenset[str]
) -> None:
    host, source, message = ready(start_live, file, late=late, auto_warp=False, start_moves_clip=True)
    host.world.shown = set(shown)
    state = host.world.state
    before = state.selected_track, state.highlighted_slot, state.detail_clip
    host.offer(message, result, 192_000)
    for _ in range(8):
        host.tick()
        now = host.world.state
        assert (now.selected_track, now.highlighted_slot, now.detail_clip) == before
        assert host.world.shown == shown
    assert len(host.messages("placed")) == 1
    assert before[2] == source.ptr
