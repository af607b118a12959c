"""Tests timing: every click in the placed result plays within 1 ms of the source's click, according to playback.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.daws.live.conftest import Start
from tests.daws.live.host import Host, put_clip
from tests.daws.live.music import find_clicks, through_the_bridge, write_clicks
from tests.daws.live.playback import heard
from tests.daws.live.table import PLACING
from tests.daws.live.the_set import ClipData

SECONDS = 12.0
CLICKS = [0.31 + 0.43 * number for number in range(27)]


def markers(number: int, tempo: float) -> list[tuple[float, float]]:
    """Return warp markers for a slightly unsteady tempo, in which beat 0 is not at the file's start."""
    rng = np.random.default_rng(number)
    seconds = np.linspace(0.1, SECONDS - 0.3, number) if number > 1 else np.array([0.1])
    tempos = tempo * rng.uniform(0.95, 1.05, number)
    beats = np.concatenate([[-1.0], -1.0 + np.cumsum(np.diff(seconds) * tempos[1:] / 60)])
    return [(float(beat), float(second)) for beat, second in zip(beats, seconds, strict=True)]


def warped(number: int, tempo: float, **about: Any) -> dict[str, Any]:
    found = markers(number, tempo)
    return {"warping": True, "markers": found, "last_tempo": tempo, "start": 1.0, "end": 1.0 + 8 * tempo / 60, **about}


def remix(host: Host, into: Path) -> list[ClipData]:
    """Request a remix, make the result and let the script place it; return the placed clips in timeline order."""
    host.ask()
    (message,) = host.messages("selection")
    path, samples = through_the_bridge(message, into)
    host.offer(message, path, samples)
    host.tick(8)
    (placed,) = host.messages("placed")
    assert placed["args"].get("text", "") == ""
    track = host.world.state.tracks[2]
    assert track.name == "break remix"
    clips = sorted(track.clips, key=lambda clip: clip.start_time or 0.0)
    return clips or [slot.clip for slot in track.slots if slot.clip is not None]


def check(host: Host, source: ClipData, into: Path, within: float = 1e-3) -> list[ClipData]:
    tempo = host.world.tempo
    wanted = heard(source, CLICKS, tempo)
    clips = remix(host, into)
    got = [moment for clip in clips for moment in heard(clip, find_clicks(clip.path), tempo)]
    assert len(wanted) > 5
    assert len(got) == len(wanted)
    worst = max(abs(one - other) for one, other in zip(sorted(got), wanted, strict=True))
    assert worst < within, f"{worst * 1000:.3f} ms"
    return clips


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write_clicks(tmp_path / "source.wav", CLICKS, SECONDS)
    return tmp_path / "source.wav"


@pytest.fixture
def into(tmp_path: Path) -> Path:
    (tmp_path / "results").mkdir()
    return tmp_path / "results"


@pytest.mark.parametrize("number", [1, 2, 20])
@pytest.mark.parametrize("tempo", [60.0, 90.0, 127.5, 180.0])
@pytest.mark.parametrize("slot", [None, 1], ids=["arrangement", "session"])
def test_warped(start_live: Start, file: Path, into: Path, number: int, tempo: float, slot: int | None) -> None:
    host = start_live(tempo=tempo)
    source = put_clip(host.world, file, SECONDS, slot=slot, **warped(number, tempo * 1.07))
    (clip,) = check(host, source, into)
    assert (clip.warping, clip.warp_mode, clip.looping) == (True, 4, False)


@pytest.mark.parametrize("version", PLACING)
@pytest.mark.parametrize("looping", [False, True])
@pytest.mark.parametrize("slot", [None, 2], ids=["arrangement", "session"])
def test_each_live_that_places(
    start_live: Start, file: Path, into: Path, version: str, looping: bool, slot: int | None
) -> None:
    host = start_live(version, tempo=104.0, returns_clips=version != "11.3.25")
    more = {"looping": True, "brace": (2.0, 10.0), "extent": 20.0} if looping else {}
    check(host, put_clip(host.world, file, SECONDS, slot=slot, **warped(20, 110.0, **more)), into)


@pytest.mark.parametrize("version", PLACING)
@pytest.mark.parametrize("slot", [None, 2], ids=["arrangement", "session"])
def test_unwarped(start_live: Start, file: Path, into: Path, version: str, slot: int | None) -> None:
    host = start_live(version, tempo=98.0)
    source = put_clip(host.world, file, SECONDS, slot=slot, start=1.234, end=9.87, pitch_coarse=-3, pitch_fine=12.0)
    (clip,) = check(host, source, into)
    assert not clip.warping
    assert (clip.pitch_coarse, clip.pitch_fine) == (-3, 12.0)


@pytest.mark.parametrize("number", [1, 2, 20])
@pytest.mark.parametrize("start", [0.5, 3.0, 4.25])
def test_session_loops_with_offsets(start_live: Start, file: Path, into: Path, number: int, start: float) -> None:
    host = start_live(tempo=111.0)
    about = warped(number, 115.0, looping=True, brace=(2.0, 10.0), start=start)
    (clip,) = check(host, put_clip(host.world, file, SECONDS, slot=0, **about), into)
    assert clip.looping
    assert clip.brace == pytest.approx((2.0, 10.0))
    assert clip.start == pytest.approx(start)


@pytest.mark.parametrize("number", [1, 2, 20])
@pytest.mark.parametrize("start", [0.5, 3.0, 4.25])
def test_arrangement_loops(start_live: Start, file: Path, into: Path, number: int, start: float) -> None:
    """The script places one clip per pass, because scripts cannot set a looped Arrangement clip's length."""
    host = start_live(tempo=111.0)
    about = warped(number, 115.0, looping=True, brace=(2.0, 10.0), start=start, extent=29.5)
    clips = check(host, put_clip(host.world, file, SECONDS, **about), into)
    assert len(clips) in (4, 5)
    assert clips[0].start_time == 16.0
    last = clips[-1]
    assert (last.start_time or 0.0) + last.beats(111.0) == pytest.approx(16.0 + 29.5)


@pytest.mark.parametrize("late", [{"warping"}, {"warping", "loop_start", "loop_end", "gain", "looping"}])
@pytest.mark.parametrize("slot", [None, 1], ids=["arrangement", "session"])
def test_settings_that_take_effect_a_tick_later(
    start_live: Start, file: Path, into: Path, late: set[str], slot: int | None
) -> None:
    host = start_live(late=frozenset(late), auto_warp=False)
    check(host, put_clip(host.world, file, SECONDS, slot=slot, **warped(2, 126.0)), into)


@pytest.mark.parametrize("about", [{"start_moves_clip": True}, {"auto_warp": False}, {"returns_clips": False}], ids=str)
@pytest.mark.parametrize("looping", [False, True])
def test_variants_of_live(start_live: Start, file: Path, into: Path, about: dict[str, bool], looping: bool) -> None:
    host = start_live(**about)
    more = {"looping": True, "brace": (2.0, 10.0), "extent": 20.0} if looping else {}
    check(host, put_clip(host.world, file, SECONDS, **warped(20, 121.0, **more)), into)


def test_a_clip_that_starts_before_its_file(start_live: Start, file: Path, into: Path) -> None:
    host = start_live()
    (clip,) = check(host, put_clip(host.world, file, SECONDS, **{**warped(2, 123.0), "start": -4.0}), into)
    assert clip.start == pytest.approx(-4.0)


def test_it_follows_later_tempo_changes_like_the_source(start_live: Start, file: Path, into: Path) -> None:
    host = start_live(tempo=120.0)
    source = put_clip(host.world, file, SECONDS, **warped(20, 126.0))
    (clip,) = check(host, source, into)
    for tempo in (97.0, 141.0):
        wanted, got = heard(source, CLICKS, tempo), heard(clip, find_clicks(clip.path), tempo)
        assert got == pytest.approx(wanted, abs=1e-3)
