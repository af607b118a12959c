"""Tests which clip counts as selected, which clips are refused, and how the request describes the selected clip."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from bridge.protocol.request import RemixArgs, decode
from tests.daws.live import calls
from tests.daws.live.conftest import Start
from tests.daws.live.host import Host, put_clip
from tests.daws.live.table import VERSIONS
from tests.daws.live.the_set import MASTER

WARPED: dict[str, Any] = {"warping": True, "markers": [(0.0, 0.0), (8.0, 3.84)], "last_tempo": 125.0}


def asked(host: Host) -> RemixArgs:
    """Request a remix, and return the request's arguments as the daemon parses them."""
    host.ask()
    (message,) = host.messages("selection")
    return decode(message["args"], RemixArgs)


def refused(host: Host) -> str:
    host.ask()
    assert host.messages("selection") == []
    return host.said[-1]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_clip_in_the_detail_view(start_live: Start, file: Path, version: str) -> None:
    host = start_live(version, tempo=125.0)
    put_clip(host.world, file, 8.0, start=2.0, end=10.0, **WARPED)
    request = asked(host)
    (clip,) = request.clips
    assert (request.daw.name, request.daw.version) == ("live", version)
    assert (clip.name, clip.where, clip.slot) == ("break", "arrangement", None)
    assert (clip.track.name, clip.track.index) == ("Loop", 1)
    assert clip.position == pytest.approx(16 * 60 / 125)
    assert clip.position_beats == 16.0
    assert clip.source is not None
    assert clip.source.path == str(file)
    assert clip.source.offset == pytest.approx(0.96)
    assert clip.source.playrate == 1.0
    assert clip.length == pytest.approx(3.84)
    assert request.project.tempo == pytest.approx(125.0)
    assert clip.source.warp == ((2.0, 0.0), (10.0, pytest.approx(3.84)))
    assert clip.grid is not None
    assert clip.grid.beats == pytest.approx([0.48 * number for number in range(9)])
    assert clip.grid.downbeats == (2, 6)
    assert any("Fades" in text for text in clip.ignored)


def test_the_highlighted_slot_when_nothing_is_in_the_detail_view(start_live: Start, file: Path) -> None:
    host = start_live(session_focused=True)
    put_clip(host.world, file, 8.0, slot=2, start=0.0, end=8.0, **WARPED)
    host.world.state.detail_clip = 0
    clip = asked(host).clips[0]
    assert clip.where == "session"
    assert clip.slot is not None
    assert (clip.slot.track, clip.slot.scene) == (1, 2)


def test_the_clip_at_the_playhead_of_the_selected_track(start_live: Start, file: Path) -> None:
    host = start_live(playhead=18.0)
    put_clip(host.world, file, 8.0, start=0.0, end=1.0, name="before", **{**WARPED, "start_time": 0.0})
    put_clip(host.world, file, 8.0, start=0.0, end=8.0, name="here", **WARPED)
    host.world.state.detail_clip = 0
    assert asked(host).clips[0].name == "here"


@pytest.mark.parametrize("session", [True, False])
def test_nothing_selected(start_live: Start, file: Path, session: bool) -> None:
    host = start_live(session_focused=session, playhead=500.0)
    put_clip(host.world, file, 8.0)
    host.world.state.detail_clip = 0
    assert "No clip is selected" in refused(host)


def test_a_midi_clip_is_refused_with_advice(start_live: Start) -> None:
    host = start_live()
    put_clip(host.world, Path(), 0.0, audio=False)
    text = refused(host)
    assert "MIDI clip" in text
    assert "Freeze and flatten" in text


def test_the_first_audio_candidate_is_used(start_live: Start, file: Path) -> None:
    """The Clip View still shows a MIDI clip, but the highlighted slot contains an audio clip, which the script uses."""
    host = start_live(session_focused=True)
    midi = put_clip(host.world, Path(), 0.0, slot=0, audio=False)
    put_clip(host.world, file, 8.0, slot=2, start=0.0, end=8.0, **WARPED)
    host.world.state.detail_clip = midi.ptr
    assert asked(host).clips[0].name == "break"


@pytest.mark.parametrize("what", ["group", "master"])
def test_tracks_without_clips(start_live: Start, file: Path, what: str) -> None:
    host = start_live(playhead=18.0)
    put_clip(host.world, file, 8.0, start=0.0, end=8.0, **WARPED)
    host.world.state.detail_clip = 0
    host.world.state.tracks[0].foldable = True
    host.world.state.selected_track = host.world.state.tracks[0].ptr if what == "group" else MASTER
    assert "No clip is selected" in refused(host)


def test_a_clip_on_a_take_lane(start_live: Start, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clip on a take lane counts as an Arrangement clip even if Live reports otherwise."""
    host = start_live()
    put_clip(host.world, file, 8.0, start=0.0, end=8.0, **WARPED)
    monkeypatch.setitem(calls.GETTERS, ("Clip", "is_arrangement_clip"), lambda world, clip: False)
    monkeypatch.setitem(calls.GETTERS, ("Clip", "is_take_lane_clip"), lambda world, clip: True)
    assert asked(host).clips[0].where == "arrangement"


def test_a_clip_being_recorded(start_live: Start, file: Path) -> None:
    host = start_live()
    put_clip(host.world, file, 8.0, recording=True)
    assert "being recorded" in refused(host)


def test_a_missing_file_is_named(start_live: Start, tmp_path: Path) -> None:
    host = start_live()
    put_clip(host.world, tmp_path / "gone.wav", 8.0)
    assert "gone.wav" in refused(host)


def test_a_clip_that_plays_nothing(start_live: Start, file: Path) -> None:
    host = start_live()
    put_clip(host.world, file, 8.0, start=20.0, end=24.0, **WARPED)
    assert "0.1 s" in refused(host)


def test_properties_that_are_not_copied_are_noted(start_live: Start, file: Path) -> None:
    host = start_live(tempo_automated=True)
    put_clip(host.world, file, 8.0, slot=0, start=0.0, end=8.0, envelopes=True, groove=True, **WARPED)
    host.world.state.tracks[1].devices = 2
    host.world.state.tracks[1].volume.automated = True
    said = " ".join(asked(host).clips[0].ignored)
    assert "envelopes" in said
    assert "groove" in said
    assert "tempo is automated" in said
    assert "devices" in said
    assert "pan automation" in said
    assert "Fades" not in said


def test_many_passes_of_a_loop_are_limited(start_live: Start, file: Path) -> None:
    host = start_live()
    about = {**WARPED, "looping": True, "brace": (0.0, 4.0), "extent": 400.0, "end": 8.0}
    put_clip(host.world, file, 8.0, **about)
    clip = asked(host).clips[0]
    assert any("more than 64 passes. The last 36" in text for text in clip.ignored)
    assert clip.length == pytest.approx(4 * 0.48)


@pytest.mark.parametrize(
    ("slot", "about", "loops"),
    [
        (1, {"start": 3.0}, True),
        (1, {"start": 0.0}, False),  # the clip starts before its loop
        (1, {"start": 2.0, "looping": False}, False),
        (None, {"start": 3.0, "extent": 12.0}, True),
        (None, {"start": 2.0, "extent": 6.0}, False),  # the clip plays its loop only once
    ],
)
def test_whether_the_clip_loops(
    start_live: Start, file: Path, slot: int | None, about: dict[str, Any], loops: bool
) -> None:
    """For a looping clip, the bridge makes the end of the result lead smoothly into its start."""
    host = start_live(tempo=125.0)
    put_clip(host.world, file, 8.0, slot=slot, **{**WARPED, "looping": True, "brace": (2.0, 8.0), "end": 8.0, **about})
    assert asked(host).clips[0].loops == loops


@pytest.mark.parametrize(("rate", "sent"), [(0.79, 0.79), (0.81, 1.0), (1.0, 1.0), (1.24, 1.0), (1.26, 1.26)])
def test_when_a_clip_is_stretched_before_sending(start_live: Start, file: Path, rate: float, sent: float) -> None:
    host = start_live(tempo=125.0 * rate)
    put_clip(host.world, file, 8.0, start=0.0, end=12.0, warp_mode=3, **WARPED)
    source = asked(host).clips[0].source
    assert source is not None
    assert source.playrate == pytest.approx(sent)
    assert not source.preserve_pitch  # in Re-Pitch mode, the pitch changes with the speed


def test_a_clip_with_extreme_parts_is_straightened(start_live: Start, file: Path) -> None:
    """The clip's average tempo is near the Set's, but each half's tempo is not, so the clip is sent with even beats."""
    host = start_live(tempo=120.0)
    half = {**WARPED, "markers": [(0.0, 0.0), (4.0, 3.0), (8.0, 4.0)]}  # 80 BPM, then 240 BPM
    put_clip(host.world, file, 8.0, start=0.0, end=8.0, **half)
    request = asked(host)
    (clip,) = request.clips
    assert clip.source is not None
    assert clip.grid is not None
    assert (clip.source.straighten, clip.source.playrate) == (True, pytest.approx(1.0))
    assert (clip.length, request.project.tempo) == (pytest.approx(4.0), 120.0)
    assert clip.grid.beats == pytest.approx([0.5 * number for number in range(9)])
    assert clip.source.warp == ((0.0, 0.0), (4.0, 3.0), (8.0, 4.0))


def test_one_misplaced_marker_is_tolerated(start_live: Start, file: Path) -> None:
    host = start_live(tempo=120.0)
    slip = {**WARPED, "markers": [(0.0, 0.0), (4.0, 2.0), (4.25, 2.02), (8.0, 4.0)]}
    put_clip(host.world, file, 8.0, start=0.0, end=12.0, **slip)
    source = asked(host).clips[0].source
    assert source is not None
    assert (source.straighten, source.playrate) == (False, 1.0)


def test_nothing_is_stretched_with_an_automated_tempo(start_live: Start, file: Path) -> None:
    host = start_live(tempo=200.0, tempo_automated=True)
    put_clip(host.world, file, 8.0, start=0.0, end=12.0, **WARPED)
    source = asked(host).clips[0].source
    assert source is not None
    assert (source.straighten, source.playrate) == (False, 1.0)


@pytest.mark.parametrize("bent", [False, True])
def test_a_clip_is_stretched_without_editable_markers(start_live: Start, file: Path, bent: bool) -> None:
    host = start_live("11.0.0", tempo=130.0)
    markers = [(0.0, 0.0), (4.0, 1.8), (8.0, 3.84)] if bent else WARPED["markers"]
    put_clip(host.world, file, 8.0, start=0.0, end=12.0, **{**WARPED, "markers": markers})
    source = asked(host).clips[0].source
    assert source is not None
    assert source.playrate == pytest.approx(130 / 125)
    assert source.straighten == bent


def test_nothing_is_stretched_without_markers_and_with_an_automated_tempo(start_live: Start, file: Path) -> None:
    host = start_live("11.0.0", tempo=130.0, tempo_automated=True)
    put_clip(host.world, file, 8.0, start=0.0, end=12.0, **WARPED)
    clip = asked(host).clips[0]
    assert clip.source is not None
    assert clip.source.playrate == 1.0
    assert any("source's timing" in text for text in clip.ignored)


@pytest.mark.parametrize(
    ("signature", "beats", "downbeats"), [((6, 8), 9, (0, 3, 6)), ((7, 8), 17, (0, 7, 14)), ((3, 4), 9, (0, 3, 6))]
)
def test_bars_of_other_signatures(
    start_live: Start, file: Path, signature: tuple[int, int], beats: int, downbeats: tuple[int, ...]
) -> None:
    """A 7/8 bar ends between two quarter notes, so the grid counts eighth notes."""
    host = start_live(tempo=125.0)
    put_clip(host.world, file, 8.0, start=0.0, end=8.0, signature=signature, **WARPED)
    grid = asked(host).clips[0].grid
    assert grid is not None
    assert (len(grid.beats), grid.downbeats) == (beats, downbeats)


def test_a_clip_without_a_tempo_is_refused(start_live: Start, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = start_live()
    put_clip(host.world, file, 8.0, start=0.0, end=8.0, **WARPED)
    monkeypatch.setitem(calls.GETTERS, ("Clip", "warp_markers"), lambda world, clip: calls.vector([]))
    assert "Turn its Warp off and on" in refused(host)


def test_the_clips_gain_is_read_from_lives_text(start_live: Start, file: Path) -> None:
    host = start_live()
    clip = put_clip(host.world, file, 8.0, start=0.0, end=8.0, gain=0.25, **WARPED)
    source = asked(host).clips[0].source
    assert source is not None
    assert source.gain_db == -6.0
    assert decibels(host, "-3,5 dB") == -3.5
    assert decibels(host, "\u22126.02 dB") == -6.02
    assert decibels(host, "-inf dB") == -150.0
    assert decibels(host, "") == 0.0
    assert clip.gain == 0.25


def decibels(host: Host, text: str) -> float:
    return float(importlib.import_module(f"{host.package.__name__}.describe")._decibels(text))


def test_results_of_a_set_in_a_project_go_there(start_live: Start, file: Path, tmp_path: Path) -> None:
    (tmp_path / "P" / "Ableton Project Info").mkdir(parents=True)
    host = start_live(path=str(tmp_path / "P" / "Sub" / "set.als"))
    put_clip(host.world, file, 8.0, end=4.0)
    project = asked(host).project
    assert project.path == str(tmp_path / "P" / "Sub" / "set.als")
    assert project.media_path == str(tmp_path / "P" / "Samples" / "ACE Bridge")
    assert project.name == "set"


def test_an_unsaved_set_has_no_folder(start_live: Start, file: Path) -> None:
    host = start_live()
    put_clip(host.world, file, 8.0, end=4.0)
    project = asked(host).project
    assert (project.path, project.media_path, project.name) == (None, None, "")
