"""Tests that entries in the home that are not files, such as folders and pipes, stop neither a start nor the sweeps."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.config.credentials import fal_key
from bridge.errors import HomeError
from bridge.midi.mapping_files import MappingFiles
from bridge.presets.library import Presets
from bridge.store import job_folder, partial_files, retention
from tests.fakes.open_files import open_files
from tests.fakes.studio import Studio
from tests.jobs.test_inbox_entries import dangling, folder, listener, loop, pipe
from tests.store.journals import reopen, variations
from tests.store.test_retention import DONE, folder_of, swept

pytestmark = pytest.mark.only_on("posix", because="the entries exist on POSIX systems only")

ENTRIES = pytest.mark.parametrize("make", [folder, pipe, listener, loop, dangling], ids=lambda make: make.__name__)
Make = Callable[[Path], None]


@ENTRIES
async def test_a_start_ignores_them_in_every_folder(home: Path, tone: Path, make: Make) -> None:
    (home / "midi").mkdir()
    for path in ("outbox/a.json", "jobs/entry", "presets/a.toml", "midi/a.toml", ".draft-a", "inbox/.a.tmp"):
        make(home / path)
        os.utime(home / path, (0, 0), follow_symlinks=False)  # old enough to be removed
    reopen(home)
    before = open_files()
    async with Studio(home) as studio:
        await studio.until(await studio.remix(tone), "done")
    assert len(variations(home)) == 1
    assert open_files() - before == set()
    assert [one.args[0] for one in Presets([home / "presets"]).problems()]
    MappingFiles(home).refresh()


@ENTRIES
async def test_an_outbox_that_is_no_file_delays_no_job(home: Path, tone: Path, make: Make) -> None:
    make(home / "outbox" / "test.json")
    async with Studio(home) as studio:
        await studio.until(await studio.remix(tone), "done")


@ENTRIES
def test_a_job_folder_with_such_files_is_read(tmp_path: Path, make: Make) -> None:
    make(tmp_path / "submit.json")
    assert job_folder.read(tmp_path / "submit.json") is None


@ENTRIES
async def test_the_sweep_of_working_files_passes_over_them(tmp_path: Path, make: Make) -> None:
    folder_of(tmp_path, "old", 31)
    make(tmp_path / "old" / "clip-1" / "entry")
    make(tmp_path / "entry")
    partial_files.remove_partial_files(tmp_path, ["entry"], 0.0)
    for _ in range(2):
        await swept(tmp_path, {"old": [DONE]})
    retention.measure(tmp_path)


@pytest.mark.parametrize("make", [folder, pipe], ids=lambda make: make.__name__)
def test_credentials_that_are_no_file_are_an_error(tmp_path: Path, make: Make) -> None:
    make(tmp_path / "credentials")
    with pytest.raises(HomeError, match="not a file"):
        fal_key({}, tmp_path, lambda: None)


def test_a_job_folder_that_was_only_begun_is_removed(tmp_path: Path) -> None:
    """The bridge was killed while it wrote the job, and the journal has lost the job as well."""
    for name in ("begun", "rendered"):
        (tmp_path / "jobs" / name).mkdir(parents=True)
        (tmp_path / "jobs" / name / ".job.json.1bd6453b.tmp").write_bytes(b"{")
    (tmp_path / "jobs" / "rendered" / "clip-1").mkdir()
    partial_files.remove_partial_files(tmp_path, [], 0.0)
    assert [path.name for path in (tmp_path / "jobs").iterdir()] == ["rendered"]
