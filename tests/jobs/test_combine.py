"""Tests combined clips with a real daemon and the fake fal: one submission, one file, and each clip's place in it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.jobs.combine import combined, first_clip, silence
from bridge.protocol.request import Clip, Grid, Placement, RemixArgs, Source, Track
from bridge.workers.tasks.mix import mix
from tests.audio.broken_headers import with_size
from tests.audio.signals import Sound, noise
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import KEY, fal_environment, job_of, outbox, put, running
from tests.waiting import until

RATE = 48_000
SOURCE = Source(path="/tone.wav")


def write(path: Path, sound: Sound, rate: int = RATE) -> Path:
    soundfile.write(path, sound, rate, subtype="PCM_24")
    return path


def clip(name: str, path: Path, position: float, length: float, **source: Any) -> dict[str, Any]:
    about = {"path": str(path), **source}
    return {"id": name, "name": name, "track": {"name": name}, "position": position, "length": length, "source": about}


def asked(*clips: dict[str, Any], **more: Any) -> dict[str, Any]:
    placement = {"as_one": True}
    return {"clips": list(clips), "remix": {"tags": "dub", "seed": 7}, "placement": placement, **more}


def test_clips_on_two_tracks_give_one_submission_and_one_result(home: Path, tmp_path: Path) -> None:
    one, other = noise(6 * RATE, seed=1, level=0.2), noise(6 * RATE, 1, seed=2, level=0.3)
    paths = write(tmp_path / "guitar.wav", one), write(tmp_path / "room.wav", other)
    room = clip("room", paths[1], 12.0, 4.0, gain_db=-6.0, fade_in=1.0)
    guitar = clip("guitar", paths[0], 10.0, 4.0, offset=1.0)
    after = clip("after", paths[0], 16.0, 1.5)
    project = {"sample_rate": RATE, "media_path": str(tmp_path / "media")}
    with FalServer(zero_delay=True, key=KEY) as fal, running(home, **fal_environment(fal.url)):
        message_id = put(home, "remix", asked(room, guitar, after, project=project))
        job = job_of(home, message_id, "done", "failed")
        assert job["state"] == "done", job
        (order,) = fal.queue.jobs.values()
        sent, _ = soundfile.read(io.BytesIO(fal.storage.read(order.body["audio_url"]) or b""), always_2d=True)
    expected = np.zeros((round(7.5 * RATE), 2))
    expected[: 4 * RATE] = one[RATE : 5 * RATE]
    fade = np.minimum(1.0, np.arange(4 * RATE) / RATE)[:, None] * 10 ** (-6 / 20)
    expected[2 * RATE : 6 * RATE] += np.repeat(other[: 4 * RATE], 2, axis=1) * fade
    expected[6 * RATE :] = one[: round(1.5 * RATE)]
    assert sent.shape == expected.shape
    assert np.abs(sent - expected).max() < 2e-6
    (variation,) = job["variations"]
    assert variation["clip_id"] == "guitar"  # the guitar begins first, so the result gets the guitar's clip ID
    result = variation["result"]
    assert soundfile.info(result["path"]).frames == result["samples"] == round(7.5 * RATE)
    assert result["pieces"] == [
        {"clip_id": "room", "at": 2.0, "samples": 4 * RATE},
        {"clip_id": "guitar", "at": 0.0, "samples": 4 * RATE},
        {"clip_id": "after", "at": 6.0, "samples": round(1.5 * RATE)},
    ]
    assert job["cost"]["estimated"] == pytest.approx(7.5 * 0.0002)
    assert [one["id"] for one in json.loads(Path(result["recipe"]).read_bytes())["mixed_of"]] == [
        "room",
        "guitar",
        "after",
    ]
    assert not [one for one in job["warnings"] if one["code"] == "gap_sent"]


def test_clips_that_cannot_be_combined_are_refused_at_once(home: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "tone.wav", noise(RATE))
    with FalServer(zero_delay=True, key=KEY) as fal, running(home, **fal_environment(fal.url)):
        whole = clip("one", path, 0.0, 1.0)
        message_id = put(home, "remix", asked(whole, {**whole, "id": "two", "position": None}))
        (refusal,) = until(lambda: [one for one in outbox(home)["errors"] if one["message_id"] == message_id] or None)
        assert refusal["code"] == "bad_request"
        assert refusal["text"] == "clips[1]: combined clips need a position and a length."
        message_id = put(home, "remix", asked(whole, {**whole, "id": "two", "position": 3.5}))
        job = job_of(home, message_id, "done", "failed")
        assert job["state"] == "done", job
        texts = [one["text"] for one in job["warnings"] if one["code"] == "gap_sent"]
        assert texts == ["There are 2.5 s of silence between the clips; they are sent and paid as well."]
        assert len(fal.queue.jobs) == 1


@pytest.mark.parametrize("size", [997, 10**6])
def test_a_mix_does_not_depend_on_block_size_or_source_rates(tmp_path: Path, size: int) -> None:
    sounds = noise(44_100, seed=3), noise(RATE, seed=4)
    paths = write(tmp_path / "a.wav", sounds[0], 44_100), write(tmp_path / "b.wav", sounds[1])
    clips = [
        {"source": {"path": str(paths[0])}, "length": 1.0, "at": 0.25},
        {"source": {"path": str(paths[1]), "gain_db": 6.0, "fade_out": 0.5}, "length": 0.75, "at": 0.0},
    ]
    args = {"clips": clips, "seconds": 1.25, "rate": RATE, "into": str(tmp_path / "mix.wav")}
    expected = {"frames": 60_000, "sample_rate": RATE, "channels": 2, "warnings": []}
    assert mix(args, lambda _: None, size=size) == expected
    mixed, _ = soundfile.read(tmp_path / "mix.wav", always_2d=True)
    assert np.allclose(mixed[:6000], sounds[1][:6000] * 10 ** (6 / 20), atol=1e-6)
    assert np.abs(mixed[36_000:]).max() > 0.1  # only the first clip plays in this part
    (tmp_path / "once.wav").unlink(missing_ok=True)
    mix({**args, "into": str(tmp_path / "once.wav")}, lambda _: None)
    once, _ = soundfile.read(tmp_path / "once.wav", always_2d=True)
    assert np.array_equal(mixed, once)


def test_a_mix_says_what_could_not_be_read(tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(with_size(noise(RATE), "wav", 0))
    whole = tmp_path / "whole.wav"
    soundfile.write(whole, noise(RATE), RATE)
    clips = [
        {"source": {"path": str(broken)}, "length": 1.0, "at": 0.0},
        {"source": {"path": str(broken)}, "length": 1.0, "at": 0.5},
        {"source": {"path": str(whole)}, "length": 1.5, "at": 0.0},
    ]
    args = {"clips": clips, "seconds": 1.5, "rate": RATE, "into": str(tmp_path / "mix.wav")}
    found = mix(args, lambda _: None)["warnings"]
    assert [one["code"] for one in found] == ["header_wrong", "span_padded"]
    assert "broken.wav" in found[0]["text"]
    assert found[1]["text"] == "The clip extends 0.500 s beyond whole.wav; that part is silent, as in the DAW."


def test_the_combined_clip_has_all_beats_and_names() -> None:
    grid = Grid(beats=(0.0, 0.5, 1.0), downbeats=(0,))
    clips = [
        Clip(id="b", name="b", track=Track(name="Bass"), position=1.0, length=1.0, grid=grid, source=SOURCE),
        Clip(id="a", name="a", track=Track(name="Drums"), position=0.0, length=1.0, grid=grid, source=SOURCE),
    ]
    request = RemixArgs(clips=tuple(clips), placement=Placement(as_one=True))
    assert first_clip(request) == 1
    one = combined(request)
    assert (one.id, one.name, one.track.name, one.position, one.length) == ("a", "a +1", "Bass Drums", 0.0, 2.0)
    assert one.grid == Grid(beats=(0.0, 0.5, 1.0, 1.5, 2.0), downbeats=(0, 2))
    assert silence(request.clips) == 0.0


@pytest.mark.parametrize(("late", "beats"), [(0.009, 5), (0.011, 8)])
def test_beats_of_two_clips_that_are_10_ms_apart_or_less_are_one(late: float, beats: int) -> None:
    """DAWs round beat positions; if beats a few milliseconds apart counted separately, the tempo would be absurd."""
    grid = Grid(beats=(0.0, 0.5, 1.0), downbeats=(0,))
    clips = [
        Clip(id="a", name="a", position=0.0, length=1.0, grid=grid, source=SOURCE),
        Clip(id="b", name="b", position=0.5 + late, length=1.0, grid=grid, source=SOURCE),
        Clip(id="c", name="c", position=1.0, length=1.0, grid=grid, source=SOURCE),
    ]
    one = combined(RemixArgs(clips=tuple(clips), placement=Placement(as_one=True)))
    assert one.grid is not None
    assert len(one.grid.beats) == beats
    assert len(one.grid.downbeats) == 3
