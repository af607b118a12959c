"""Tests the length rule end to end: every placed result is exactly as long as its clip.

The length is round((position + length)·rate) − round(position·rate) samples, so adjacent clips never have a gap.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bridge.config.home import prepare_home
from bridge.engines.base import Output, Report
from tests.fakes.fake_engine import FakeEngine, path_of
from tests.fakes.studio import Studio

SECONDS = 3.0  # length of each source, s
SOURCES = [(8_000, 1), (22_050, 2), (44_100, 1), (44_100, 2), (48_000, 2), (48_000, 6), (96_000, 2), (192_000, 8)]
RATES = [None, 8_000, 22_050, 44_100, 48_000, 88_200, 96_000, 192_000]  # Hz: project rates


class Stretching(FakeEngine):
    """A fake engine whose results are a little longer or shorter than the clip, like the model's."""

    extra = 0.0  # s

    async def fetch(self, output: Output, into: Path, report: Report) -> None:
        sound, rate = soundfile.read(path_of(output), dtype="float32", always_2d=True)
        frames = max(1, len(sound) + round(self.extra * rate))
        longer = np.zeros((frames, 2), np.float32)
        longer[: len(sound)] = sound[:frames]
        soundfile.write(into, longer, rate, format="WAV", subtype="FLOAT")


@dataclass
class Bench:
    """A studio that is shared by all examples."""

    runner: asyncio.Runner
    studio: Studio
    folder: Path

    def run(self, source: Path, clip: dict[str, object], rate: int | None, daw: str) -> dict[str, object]:
        return self.runner.run(self._run(source, clip, rate, daw))

    async def _run(self, source: Path, clip: dict[str, object], rate: int | None, daw: str) -> dict[str, object]:
        project = {"sample_rate": rate, "media_path": str(self.folder)}
        wanted = {"tags": "dub", "seed": 1}
        args = {"daw": {"name": daw}, "project": project, "clips": [{"id": "c", **clip}], "remix": wanted}
        taken = await self.studio.send("remix", json.loads(json.dumps(args)))
        assert taken.job_id, taken.error
        (one,) = await self.studio.until(taken.job_id, "done" if daw == "folder" else "ready", "failed")
        assert one.error is None, one.error
        assert one.result is not None
        return dict(one.result)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("rule")
    home = folder / "home"
    prepare_home(home)
    random = np.random.default_rng(5)
    for rate, channels in SOURCES:
        sound = random.normal(0, 0.1, (round(SECONDS * rate), channels))
        soundfile.write(folder / f"{rate}-{channels}.wav", sound, rate, subtype="PCM_24")
    with asyncio.Runner() as runner:

        async def begin() -> Studio:
            return await Studio(home, Stretching()).__aenter__()

        studio = runner.run(begin())
        yield Bench(runner, studio, folder)
        runner.run(studio.__aexit__())


@st.composite
def clips(draw: st.DrawFn) -> dict[str, object]:
    """Generate a clip at any position on the timeline, as a DAW might describe it."""
    playrate = draw(st.one_of(st.just(1.0), st.floats(0.25, 4.0)))
    offset = draw(st.floats(0.0, SECONDS - 0.5))
    loop = draw(st.booleans())
    longest = 2.0 if loop else min(2.0, (SECONDS - offset) / playrate + 0.3)  # up to 0.3 s beyond the source
    source = {
        "offset": offset,
        "playrate": playrate,
        "preserve_pitch": draw(st.booleans()),
        "pitch": draw(st.sampled_from([0.0, 0.0, 0.0, -3.5, 12.0])),
        "reverse": draw(st.booleans()),
        "loop": loop,
        "section": draw(st.sampled_from([None, None, [0.0, SECONDS], [0.1, 2.9]])) if loop else None,
        "channels": draw(st.sampled_from(["normal", "left", "right", "downmix", "swap"])),
        "polarity": draw(st.booleans()),
        "pan": draw(st.sampled_from([None, -1.0, 0.3])),
    }
    return {
        "position": draw(st.one_of(st.floats(0.0, 100.0), st.floats(0.0, 36_000.0))),
        "length": draw(st.floats(0.1, max(0.11, longest))),
        "source": source,
    }


PLAIN: dict[str, object] = {"position": 0.5 / 44_100, "length": 0.1, "source": {}}


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    clip=clips(),
    source=st.sampled_from(SOURCES),
    rate=st.sampled_from(RATES),
    daw=st.sampled_from(["folder", "ardour"]),
    extra=st.floats(-0.05, 0.0929),
)
@example(clip=PLAIN, source=(44_100, 2), rate=44_100, daw="folder", extra=0.0929)
@example(clip={**PLAIN, "position": 35_999.99999}, source=(192_000, 8), rate=192_000, daw="ardour", extra=-0.01)
def test_every_result_has_exactly_the_clips_length(
    bench: Bench, clip: dict[str, object], source: tuple[int, int], rate: int | None, daw: str, extra: float
) -> None:
    shortest = -0.15 * float(clip["length"])  # type: ignore[arg-type] # shorter results are correctly refused
    bench.studio.engine.extra = max(extra, shortest)  # type: ignore[attr-defined]
    path = bench.folder / f"{source[0]}-{source[1]}.wav"
    clip = {**clip, "source": {"path": str(path), **clip["source"]}}  # type: ignore[dict-item]
    position, length, out = float(clip["position"]), float(clip["length"]), rate or 48_000  # type: ignore[arg-type]
    wanted = round((position + length) * out) - round(position * out)
    result = bench.run(path, clip, rate, daw)
    info = soundfile.info(str(result["path"]))
    assert result["samples"] == wanted
    heard: dict[str, object] = clip["source"]  # type: ignore[assignment]
    mono = source[1] == 1 or heard.get("channels") in ("left", "right", "downmix")
    assert (info.samplerate, info.channels) == (out, 1 if mono and not heard.get("pan") else 2)
    lead = round(float(result["source_offset"]) * out)  # type: ignore[arg-type]
    if daw == "folder":
        assert (info.frames, lead) == (wanted, 0)
    else:
        assert info.frames >= lead + wanted
