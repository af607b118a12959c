"""Which clip is meant, what is refused and how, and what is said of a clip in the request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bridge.request import RemixArgs, decode
from tests.daw.live.conftest import Start
from tests.daw.live.host import Host, put_clip
from tests.daw.live.music import write_clicks
from tests.daw.live.table import VERSIONS

WARPED: dict[str, Any] = {"warping": True, "markers": [(0.0, 0.0), (8.0, 3.84)], "last_tempo": 125.0}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write_clicks(tmp_path / "source.wav", [0.5, 1.5, 2.5], 8.0)
    return tmp_path / "source.wav"


def asked(host: Host) -> RemixArgs:
    """Ask, and return what went out, read as the daemon reads it."""
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
    assert any("fades" in text for text in clip.ignored)


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


def test_a_midi_clip_is_refused_with_what_to_do(start_live: Start) -> None:
    host = start_live()
    put_clip(host.world, Path(), 0.0, audio=False)
    text = refused(host)
    assert "MIDI clip" in text
    assert "Freeze and flatten" in text


def test_a_clip_that_is_recorded(start_live: Start, file: Path) -> None:
    host = start_live()
    put_clip(host.world, file, 8.0, recording=True)
    assert "being recorded" in refused(host)


def test_a_file_that_is_offline_is_named(start_live: Start, tmp_path: Path) -> None:
    host = start_live()
    put_clip(host.world, tmp_path / "gone.wav", 8.0)
    assert "gone.wav" in refused(host)


def test_a_clip_that_plays_nothing(start_live: Start, file: Path) -> None:
    host = start_live()
    put_clip(host.world, file, 8.0, start=20.0, end=24.0, **WARPED)
    assert "0.1 s" in refused(host)


def test_what_cannot_be_carried_is_said(start_live: Start, file: Path) -> None:
    host = start_live(tempo_automated=True)
    put_clip(host.world, file, 8.0, slot=0, start=0.0, end=8.0, envelopes=True, groove=True, **WARPED)
    said = " ".join(asked(host).clips[0].ignored)
    assert "envelopes" in said
    assert "groove" in said
    assert "tempo is automated" in said
    assert "fades" not in said


def test_many_passes_of_a_loop_are_limited(start_live: Start, file: Path) -> None:
    host = start_live()
    about = {**WARPED, "looping": True, "brace": (0.0, 4.0), "extent": 400.0, "end": 8.0}
    put_clip(host.world, file, 8.0, **about)
    clip = asked(host).clips[0]
    assert any("more than 64 times; the last 36" in text for text in clip.ignored)
    assert clip.length == pytest.approx(4 * 0.48)


@pytest.mark.parametrize(("rate", "sent"), [(0.79, 0.79), (0.81, 1.0), (1.0, 1.0), (1.24, 1.0), (1.26, 1.26)])
def test_where_stretching_before_sending_begins(start_live: Start, file: Path, rate: float, sent: float) -> None:
    host = start_live(tempo=125.0 * rate)
    put_clip(host.world, file, 8.0, start=0.0, end=12.0, warp_mode=3, **WARPED)
    source = asked(host).clips[0].source
    assert source is not None
    assert source.playrate == pytest.approx(sent)
    assert not source.preserve_pitch  # Re-Pitch: the pitch follows


@pytest.mark.parametrize("automated", [False, True])
def test_an_unsteady_clip_that_is_stretched_far_says_so(start_live: Start, file: Path, automated: bool) -> None:
    host = start_live(tempo=200.0, tempo_automated=automated)
    bent = {**WARPED, "markers": [(0.0, 0.0), (4.0, 1.5), (8.0, 3.84)]}
    put_clip(host.world, file, 8.0, start=0.0, end=12.0, **bent)
    clip = asked(host).clips[0]
    assert clip.source is not None
    assert clip.source.playrate == 1.0
    assert any("stretches this clip far" in text for text in clip.ignored) == (not automated)


def test_without_editable_markers_it_is_stretched_before(start_live: Start, file: Path) -> None:
    host = start_live("11.0.0", tempo=130.0)
    put_clip(host.world, file, 8.0, start=0.0, end=12.0, **WARPED)
    source = asked(host).clips[0].source
    assert source is not None
    assert source.playrate == pytest.approx(130 / 125)


def test_a_set_in_a_project_keeps_its_results_there(start_live: Start, file: Path, tmp_path: Path) -> None:
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
