"""Tests the script's self-test in Live."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bridge.doctor.selftests import LIVE, found
from bridge.osc.packet import parse
from tests.daws.live import calls
from tests.daws.live.conftest import Start, live_with_clip, ring
from tests.daws.live.host import Host, put_clip
from tests.daws.live.table import PLACING, VERSIONS

BENT: dict[str, Any] = {"warping": True, "markers": [(0.0, 0.0), (8.0, 3.84)], "last_tempo": 125.0}


def probed(host: Host, home: Path) -> dict[str, Any]:
    """Run the self-test and return its report."""
    with ring(host, "/bridge/selftest") as channel:
        host.tick(12)
        (answer,) = parse(channel.recv(1000), 1000, 2)
    assert "selftest.json" in answer.arguments[0]
    report: dict[str, Any] = json.loads((home / "live" / "selftest.json").read_bytes())
    assert report["finished"]
    return report


@pytest.mark.parametrize("version", VERSIONS)
def test_the_self_test_reports_and_leaves_nothing_behind(
    start_live: Start, file: Path, home: Path, version: str
) -> None:
    host = live_with_clip(start_live, file, version)
    clip = put_clip(host.world, file, 8.0, slot=1, end=8.0, **BENT)
    report = probed(host, home)
    assert "error" not in report
    assert (report["live"], report["script"]) == (version, host.package.VERSION)
    assert report["can_place"] == (version in PLACING)
    assert report["file_written"]
    assert report["markers_editable"] == (version != "11.0.0")
    assert report["beat_to_sample_time"] == "samples"
    assert len(host.world.state.tracks) == 3
    assert host.world.state.detail_clip == clip.ptr
    assert host.world.shown == {"Detail", "Detail/Clip"}
    assert not (home / "live" / "selftest.wav").exists()
    if version in PLACING:
        good = {"track_returned", "clip_returned", "slot_clip_returned", "slot_filled", "path_as_given", "data_kept"}
        good |= {"warping_next_tick", "markers_next_tick", "pitch_and_gain", "span_set", "length_follows_markers"}
        assert {name for name in good if report[name] is not True} == set()
        assert report["plain_in_seconds"]
        assert not report["start_moves_clip"]
    else:
        assert host.world.undo_steps == []


def test_the_doctor_knows_every_fact_of_the_self_test(start_live: Start, file: Path, home: Path) -> None:
    report = probed(live_with_clip(start_live, file), home)
    about = {"live", "script", "python", "when", "finished", "auto_warped", "markers", "beat_to_sample_time"}
    assert set(report) - about == {fact.key for fact in LIVE}
    levels = {one.check: one.level for one in found("live", "Ableton Live", report)}
    assert levels == {"live.selftest": "well"}


def test_the_self_test_detects_differences(start_live: Start, file: Path, home: Path) -> None:
    late = frozenset({"warping", "pitch_coarse"})
    about = {"start_moves_clip": True, "returns_clips": False, "auto_warp": False, "late": late}
    report = probed(live_with_clip(start_live, file, **about), home)
    assert report["start_moves_clip"]
    assert not report["clip_returned"]
    assert not report["slot_clip_returned"]
    assert (report["warping_at_once"], report["warping_next_tick"]) == (False, True)


def test_a_failed_self_test_removes_its_track(
    start_live: Start, file: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise RuntimeError("No more warp markers")

    host = live_with_clip(start_live, file)
    monkeypatch.setitem(calls.METHODS, ("Clip", "add_warp_marker"), (("WarpMarker",), True, refuse))
    assert probed(host, home)["error"] == "RuntimeError: No more warp markers"
    assert len(host.world.state.tracks) == 3


@pytest.mark.parametrize("what", ["recording", "redo", "dialogs"])
def test_the_self_test_does_not_start_while_the_set_must_not_change(
    start_live: Start, file: Path, home: Path, what: str
) -> None:
    host = live_with_clip(start_live, file)
    setattr(host.world, what, 1)
    with ring(host, "/bridge/selftest") as channel:
        host.tick(3)
        (answer,) = parse(channel.recv(1000), 1000, 2)
    assert "not started" in answer.arguments[0]
    assert not (home / "live" / "selftest.json").exists()
