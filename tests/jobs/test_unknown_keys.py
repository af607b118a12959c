"""Tests that misspelt keys of a message are reported with the nearest name, and that the message is handled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.studio import Studio, remix_args, write_tone


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "tone.wav")


def reports(studio: Studio, job_id: str) -> list[str]:
    return [one["text"] for one in studio.registry.job(job_id).warnings if one["code"] == "not_honoured"]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"remix": {"guidance_scal": 7}},
            "There is no “guidance_scal” in remix, so it is ignored. Did you mean “guidance_scale”",
        ),
        ({"remix": {"variation": 2}}, "There is no “variation” in remix, so it is ignored. Did you mean “variations”?"),
        ({"remix": {"audio_url": "https://example.org/a.wav"}}, "There is no “audio_url” in remix, so it is ignored."),
        ({"placment": {"mode": "take"}}, "There is no “placment” in args, so it is ignored. Did you mean “placement”?"),
        ({"placement": {"asone": True}}, "There is no “asone” in placement, so it is ignored. Did you mean “as_one”?"),
        (
            {"project": {"samplerate": 44100}},
            "There is no “samplerate” in project, so it is ignored. Did you mean “sample_rate”?",
        ),
        ({"clip": {"lenght": 0.5}}, "There is no “lenght” in clips[0], so it is ignored. Did you mean “length”?"),
        (
            {"clip": {"track": {"colour": 7}}},
            "There is no “colour” in clips[0].track, so it is ignored. Did you mean “color”?",
        ),
        (
            {"source": {"ofset": 0.5}},
            "There is no “ofset” in clips[0].source, so it is ignored. Did you mean “offset”?",
        ),
    ],
)
async def test_a_misspelt_key_is_reported_with_the_nearest_name(
    home: Path, tone: Path, changes: dict[str, Any], text: str
) -> None:
    async with Studio(home) as studio:
        job_id = await studio.remix(tone, **changes)
        (report,) = reports(studio, job_id)
        assert report.startswith(text)
        await studio.until(job_id, "done")
        (job,) = studio.document()["jobs"]
        assert {"code": "not_honoured", "text": report} in job["warnings"]


async def test_a_key_is_reported_once_and_own_keys_are_not_reported(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        args = remix_args(tone, x_mine=1)
        clip = {**args["clips"][0], "lenght": 1.0, "x_mine": [1]}
        args["clips"] = [clip, {**clip, "id": "clip-2"}]
        args["remix"] |= {"tempo": None}  # null: not given
        job_id = (await studio.send("remix", args)).job_id
        assert job_id is not None
        assert reports(studio, job_id) == ["There is no “lenght” in clips[0], so it is ignored. Did you mean “length”?"]


async def test_many_keys_are_not_all_reported(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        job_id = await studio.remix(tone, remix={f"other_{number}": 1 for number in range(100)})
        assert len(reports(studio, job_id)) == 10


async def test_a_rerun_reports_its_own_keys(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        first = await studio.remix(tone)
        await studio.until(first, "done")
        receipt = await studio.send("rerun", {"job_id": first, "remix": {"tagz": "techno", "seed": 9}, "agian": True})
        assert receipt.job_id is not None
        assert reports(studio, receipt.job_id) == [
            "There is no “tagz” in remix, so it is ignored. Did you mean “tag_guidance_scale” or “tags”?",
            "There is no “agian” in args, so it is ignored. Did you mean “again”?",
        ]


@pytest.mark.parametrize(
    ("command", "args", "says"),
    [
        ("cancel", {"jobid": "{job}"}, "There is no “jobid” in args. Did you mean “job_id”"),
        ("retry", {"variation": "{job}"}, "There is no “variation” in args. Did you mean “variation_id”"),
        ("rerun", {"job": "{job}"}, "There is no “job” in args. Did you mean “job_id”"),
        ("nudge", {"id": "{job}", "ms": 5}, "There is no “id” in args."),
    ],
)
async def test_a_misspelt_target_does_not_mean_the_newest_job(
    home: Path, tone: Path, command: str, args: dict[str, Any], says: str
) -> None:
    async with Studio(home) as studio:
        job_id = await studio.remix(tone)
        await studio.until(job_id, "done")
        receipt = await studio.send(
            command, {key: job_id if value == "{job}" else value for key, value in args.items()}
        )
        assert receipt.error is not None
        assert receipt.error.text.startswith(says)
        assert len(studio.registry.jobs()) == 1


async def test_a_misspelt_key_beside_the_target_is_reported(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        job_id = await studio.remix(tone)
        await studio.until(job_id, "done")
        await studio.send("cancel", {"job_id": job_id, "confirm": True})
        assert reports(studio, job_id) == ["There is no “confirm” in args, so it is ignored. Did you mean “confirmed”?"]
