"""A region is selected, one key is pressed, and its remix lies under it: to the sample, bit for bit, nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from tests.daw.ardour.conftest import Open
from tests.daw.ardour.studio import music


def test_osc_action(open_studio: Open, tmp_path: Path) -> None:
    studio = open_studio()
    studio.settings(preset="lofi-chill", seed=7)
    clip = studio.clip(music(tmp_path / "take.wav"), position=168_013, start=24_001, length=96_003)
    (before,) = studio.save()
    files = before.regions[0].files()
    studio.select(clip)
    studio.action("last settings")
    (variation,) = studio.finished()
    assert variation["state"] == "done", variation
    source, remix = studio.save()
    assert remix.name == "take · lofi-chill"
    assert source.regions == before.regions
    assert source.regions[0].files() == files
    (region,) = remix.regions
    assert (region.position, region.length) == (168_013, 96_003)
    result, rate = soundfile.read(variation["result"]["path"], dtype="float64", always_2d=True)
    assert rate == 48_000
    lead = round(variation["result"]["source_offset"] * rate)
    assert region.start == lead > 0
    assert np.array_equal(region.audio(), result[lead : lead + 96_003])
    assert {path for path, _ in region.sources} == {Path(variation["result"]["path"])}
