"""Tests a home that is removed or replaced while its daemon runs: the daemon says so, ends and writes nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.config.home import FOLDERS
from bridge.errors import HomeLost
from bridge.store.home_watch import HomeWatch
from tests.fakes.fake_engine import FakeEngine
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import KEY, Daemon, environment, fal_environment, job_of, put, running
from tests.fakes.studio import Studio, remix_args, write_tone
from tests.store.journals import reopen
from tests.waiting import PATIENCE, eventually, until

pytestmark = pytest.mark.only_on("posix", because="Windows does not remove a folder with open files")


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "tone.wav")


def removed(home: Path) -> None:
    shutil.rmtree(home)


def moved(home: Path) -> None:
    home.rename(home.with_name("elsewhere"))


def replaced_by_a_backup(home: Path) -> None:
    shutil.copytree(home, home.with_name("backup"))
    moved(home)
    home.with_name("backup").rename(home)


def replaced_by_a_file(home: Path) -> None:
    moved(home)
    home.write_text("a file", encoding="utf-8")


def journal_restored(home: Path) -> None:
    shutil.copyfile(home / "bridge.db", home / "older.db")
    (home / "older.db").replace(home / "bridge.db")


def lock_removed(home: Path) -> None:
    (home / "daemon.lock").unlink()


LOSSES = (removed, moved, replaced_by_a_backup, replaced_by_a_file, journal_restored, lock_removed)


def content(home: Path) -> dict[str, bytes]:
    found = [home, *home.rglob("*")] if home.exists() else []
    return {str(path): path.read_bytes() for path in found if path.is_file()}


@pytest.mark.parametrize("lose", LOSSES, ids=lambda lose: lose.__name__)
def test_the_daemon_reports_the_loss_and_ends(home: Path, tone: Path, lose: Callable[[Path], None]) -> None:
    with FalServer(zero_delay=True, key=KEY) as fal:
        with Daemon(home, **fal_environment(fal.url)) as daemon:
            daemon.wait_until_up()
            fal.hold("IN_PROGRESS")
            job_of(home, put(home, "remix", remix_args(tone)), "running")
            lose(home)
            before = content(home)
            output, _ = daemon.process.communicate(timeout=PATIENCE)
        assert daemon.process.returncode == 1, output
        assert "[home_lost]" in output
        if lose is not lock_removed and lose is not journal_restored:  # otherwise its own log is still in place
            assert content(home) == before
        fal.release()
        assert sum(fal.queue.submits().values()) == 1


@pytest.mark.parametrize("lose", [moved, journal_restored], ids=lambda lose: lose.__name__)
def test_a_restored_home_continues(home: Path, tone: Path, lose: Callable[[Path], None]) -> None:
    with FalServer(zero_delay=True, key=KEY) as fal:
        with Daemon(home, **fal_environment(fal.url)) as daemon:
            daemon.wait_until_up()
            fal.hold("IN_PROGRESS")
            message_id = put(home, "remix", remix_args(tone))
            job_of(home, message_id, "running")
            lose(home)
            daemon.process.communicate(timeout=PATIENCE)
        if lose is moved:
            home.with_name("elsewhere").rename(home)
        status = [sys.executable, "-m", "bridge", "status"]
        assert subprocess.run(status, env=environment(home), capture_output=True, check=False).returncode == 3
        fal.release()
        with running(home, **fal_environment(fal.url)):
            job_of(home, message_id, "done")
        assert sum(fal.queue.submits().values()) == 1


async def test_nothing_is_submitted_after_the_loss(home: Path, tone: Path) -> None:
    """The loss is noticed at the last entry before the submission, not only by the check every second."""
    engine = FakeEngine()
    reopen(home)
    (home / "daemon.lock").touch()
    async with Studio(home, engine) as studio:
        studio.budget._cap = 0.0
        job_id = await studio.remix(tone)
        await studio.until(job_id, "waiting")
        watch, checks = HomeWatch(home), []

        def require() -> None:
            checks.append(home.exists())
            watch.require()

        studio.store._require = require
        watch.require()
        moved(home)
        studio.budget._cap = 100.0
        studio.scheduler.enqueue(studio.registry.variations(job_id)[0].id)
        with pytest.raises(HomeLost):
            watch.require()
        await eventually(lambda: False in checks)
        await studio.scheduler.stop()
        studio.store._require = lambda: None
    assert engine.calls["submit"] == []


def test_a_removed_folder_of_the_home_is_created_again(home: Path, tone: Path) -> None:
    with running(home):
        for name in ("inbox", "outbox"):
            shutil.rmtree(home / name)
        until(lambda: all((home / name).is_dir() for name in FOLDERS))
        job_of(home, put(home, "remix", remix_args(tone, remix={"engine": "offline"})), "done")
        assert os.stat(home / "inbox").st_mode & 0o077 == 0
