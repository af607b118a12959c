"""Tests clips that are stretched before sending: each result has even beats, and plays in time with its source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.daws.live.conftest import Start
from tests.daws.live.host import Host, put_clip
from tests.daws.live.music import through_the_bridge
from tests.daws.live.playback import beat_of, heard, second_of
from tests.daws.live.the_set import ClipData

SECONDS = 14.0
CLICKS = [0.31 + 0.61 * number for number in range(21)]
RATE = 48_000
SMEARED = 0.004  # s; tolerance, because stretching smears a click over some milliseconds


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write a file with bursts, which stay compact when stretched (unlike single-sample clicks)."""
    sound = np.zeros(round(SECONDS * RATE), np.float32)
    ring = np.arange(600)
    burst = 0.7 * np.exp(-ring / 120) * np.sin(2 * np.pi * 1800 * ring / RATE)
    for moment in CLICKS:
        sound[round(moment * RATE) :][:600] += burst.astype(np.float32)
    soundfile.write(tmp_path / "source.wav", sound, RATE, subtype="PCM_24")
    return tmp_path / "source.wav"


def unsteady(tempo: float) -> list[tuple[float, float]]:
    """Return warp markers at intervals of about 1 s, with a tempo that varies by up to ±10 %."""
    rng = np.random.default_rng(7)
    seconds = np.concatenate([[0.05], np.cumsum(rng.uniform(0.8, 1.2, 13)) + 0.05])
    beats = np.concatenate([[-2.0], -2.0 + np.cumsum(np.diff(seconds) * tempo * rng.uniform(0.9, 1.1, 13) / 60)])
    return [(float(beat), float(second)) for beat, second in zip(beats, seconds, strict=True) if second < SECONDS]


def bursts_near(path: Path, moments: list[float]) -> list[float]:
    """Return, for each of these moments in a file, the time of the nearest burst, in s."""
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    found = []
    for moment in moments:
        first = max(0, round((moment - 0.05) * rate))
        energy = np.convolve(np.square(sound[first : round((moment + 0.05) * rate), 0]), np.ones(200), "full")
        found.append((first + int(energy.argmax()) - 199) / rate)
    return found


def asked(host: Host) -> dict[str, Any]:
    host.ask()
    (message,) = host.messages("selection")
    return message


@pytest.mark.parametrize("source_tempo", [70.0, 174.0])
@pytest.mark.parametrize("steady", [True, False])
@pytest.mark.parametrize("slot", [None, 1], ids=["arrangement", "session"])
def test_what_live_stretches_far(
    start_live: Start, file: Path, tmp_path: Path, source_tempo: float, steady: bool, slot: int | None
) -> None:
    pytest.importorskip("python_stretch")
    host = start_live(tempo=120.0)
    markers = [(-1.0, 0.1), (-1.0 + source_tempo / 6, 10.1)] if steady else unsteady(source_tempo)
    about = {"warping": True, "markers": markers, "last_tempo": source_tempo, "start": 1.0, "end": 11.0}
    source = put_clip(host.world, file, SECONDS, slot=slot, **about)
    message = asked(host)
    (clip,) = message["args"]["clips"]
    assert clip["source"]["straighten"] != steady
    assert message["args"]["project"]["tempo"] == 120.0
    assert clip["length"] == pytest.approx(5.0)
    placed = through(host, message, tmp_path)
    assert placed.warping
    compare(source, placed, 120.0)
    assert placed.end - placed.start == pytest.approx(10.0)


def test_without_editable_markers_the_file_has_even_beats(start_live: Start, file: Path, tmp_path: Path) -> None:
    """In Live 11.0, scripts cannot edit markers, but the result has the Set's tempo and is in time without markers."""
    pytest.importorskip("python_stretch")
    host = start_live("11.0.0", tempo=120.0)
    about = {"warping": True, "markers": unsteady(118.0), "last_tempo": 118.0, "start": 1.0, "end": 11.0}
    source = put_clip(host.world, file, SECONDS, **about)
    message = asked(host)
    (tmp_path / "results").mkdir()
    path, _ = through_the_bridge(message, tmp_path / "results")
    compare(source, ClipData(str(path), 5.0, start_time=16.0, end=5.0), 120.0)


def through(host: Host, message: dict[str, Any], tmp_path: Path) -> ClipData:
    (tmp_path / "results").mkdir()
    path, samples = through_the_bridge(message, tmp_path / "results")
    host.offer(message, path, samples)
    host.tick(6)
    assert host.messages("placed")[0]["args"]["text"] == ""
    track = host.world.state.tracks[2]
    clip = (track.clips or [slot.clip for slot in track.slots if slot.clip])[0]
    assert clip is not None
    return clip


def compare(source: ClipData, placed: ClipData, tempo: float) -> None:
    """Check that each burst plays at the same time in both clips, within SMEARED."""
    inside = [at for at in CLICKS if source.start + 0.2 < beat_of(source, at) < source.end - 0.2]
    wanted = heard(source, inside, tempo)
    assert len(wanted) >= 5
    began = (placed.start_time or 0.0) * 60.0 / tempo
    beats = [(at - began) * tempo / 60.0 for at in wanted]
    if placed.warping:
        there = [second_of(placed, placed.start + beat) for beat in beats]
    else:
        there = [beat * 60.0 / tempo for beat in beats]
    got = heard(placed, bursts_near(Path(placed.path), there), tempo)
    assert got == pytest.approx(wanted, abs=SMEARED)
