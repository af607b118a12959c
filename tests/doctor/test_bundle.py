"""Tests what the support bundle must contain, and what it must never contain."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from bridge.config.credentials import find
from bridge.doctor import bundle
from bridge.doctor.examine import examine
from bridge.errors import OutputUnwritable
from tests.doctor.test_doctor import KEY, context_of
from tests.fakes.studio import Studio, write_tone

PRIVATE = ("velvet heartbreak dub", "Ex-Lover Demo", "divorce album", "/home/anna")


async def use(home: Path, tmp_path: Path) -> None:
    """Make a remix with private names and prompts, and write a log that contains these texts and the fal key."""
    tone = write_tone(tmp_path / "Ex-Lover Demo.wav")
    async with Studio(home) as studio:
        job_id = await studio.remix(
            tone, remix={"tags": "velvet heartbreak dub"}, project={"name": "divorce album", "tempo": 90}
        )
        await studio.until(job_id, "done")
        (one,) = studio.registry.variations(job_id)
    assert one.result is not None
    (home / "logs" / "bridge.log").write_text(
        f"INFO submitted “velvet heartbreak dub” with Key {KEY}\nINFO read {tone}\n"
        f"INFO wrote {one.result['path']}\nINFO /home/anna/Music\nERROR Traceback: something broke\n"
    )


def contents(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as made:
        return {name: made.read(name).decode("utf-8", "replace") for name in made.namelist()}


async def test_it_contains_nothing_private(home: Path, tmp_path: Path) -> None:
    await use(home, tmp_path)
    context = context_of(home, environ={"HOME": "/home/anna"})
    path = tmp_path / "bundle.zip"
    bundle.write(path, examine(context), context)
    texts = contents(path)
    assert set(texts) == {"doctor.json", "settings.json", "jobs.json", "logs/bridge.log"}
    everything = "\n".join(texts.values())
    for private in (*PRIVATE, KEY, KEY.partition(":")[2], str(home)):
        assert private not in everything
    assert "something broke" in texts["logs/bridge.log"]
    (job,) = json.loads(texts["jobs.json"])
    assert job["variations"][0]["state"] == "done"
    assert json.loads(texts["doctor.json"])["findings"]
    assert os.name == "nt" or path.stat().st_mode & 0o777 == 0o600


async def test_it_contains_prompts_and_audio_on_request_but_never_the_key(home: Path, tmp_path: Path) -> None:
    await use(home, tmp_path)
    context = context_of(home)
    path = tmp_path / "bundle.zip"
    bundle.write(path, examine(context), context, ("prompts", "audio"))
    texts = contents(path)
    assert "velvet heartbreak dub" in texts["jobs.json"]
    assert [name.rpartition("/")[2] for name in texts if name.startswith("audio/")] == ["source.flac", "raw.audio"]
    assert KEY not in "\n".join(texts.values())


def test_it_contains_the_reports_of_self_tests(home: Path, tmp_path: Path) -> None:
    report = home / "reaper" / "logs" / "selftest.json"
    report.parent.mkdir(parents=True)
    report.write_text('{"reaper": "7.60/win64", "lanes_can_be_added": false}')
    bundle.write(tmp_path / "bundle.zip", [], context_of(home))
    assert contents(tmp_path / "bundle.zip")["reaper/logs/selftest.json"] == report.read_text()


def test_an_existing_file_is_not_replaced(home: Path, tmp_path: Path) -> None:
    context = context_of(home)
    assert find(context.environ, home, context.keychain) is not None
    (tmp_path / "bundle.zip").write_text("mine")
    with pytest.raises(OutputUnwritable):
        bundle.write(tmp_path / "bundle.zip", [], context)
    assert (tmp_path / "bundle.zip").read_text() == "mine"
