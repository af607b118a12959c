"""Tests that no remix is lost or submitted twice if a real daemon is killed and the journal's files are damaged."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.fal_server import FalServer
from tests.fakes.processes import KEY, Daemon, fal_environment, job_of, outbox, put, running
from tests.fakes.studio import remix_args
from tests.waiting import until

SEEDS = (100, 200, 300, 400)
SLOTS = {"ACE_BRIDGE_SCHEDULER_SLOTS": "4"}


def wal_gone(home: Path, _early: Path) -> None:
    (home / "bridge.db-wal").unlink()
    (home / "bridge.db-shm").unlink()


def wal_garbage(home: Path, _early: Path) -> None:
    for name in ("bridge.db-wal", "bridge.db-shm"):
        (home / name).write_bytes(random.Random(name).randbytes((home / name).stat().st_size))


def wal_cut(home: Path, _early: Path) -> None:
    wal = home / "bridge.db-wal"
    os.truncate(wal, wal.stat().st_size // 2)


def wal_older(home: Path, early: Path) -> None:
    shutil.copyfile(early / "bridge.db-wal", home / "bridge.db-wal")
    (home / "bridge.db-shm").unlink()


def journal_older(home: Path, early: Path) -> None:
    wal_gone(home, early)
    shutil.copyfile(early / "bridge.db", home / "bridge.db")


def journal_and_wal_older(home: Path, early: Path) -> None:
    wal_older(home, early)
    shutil.copyfile(early / "bridge.db", home / "bridge.db")


LOSSES = (wal_gone, wal_garbage, wal_cut, wal_older, journal_older, journal_and_wal_older)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
def test_four_running_remixes_survive_damage_to_the_journals_files(
    home: Path, tmp_path: Path, tone: Path, loss: Callable[[Path, Path], None]
) -> None:
    early = tmp_path / "early"
    early.mkdir()
    with FalServer(zero_delay=True, key=KEY) as fal:
        environ = fal_environment(fal.url, **SLOTS)
        fal.hold("IN_PROGRESS")
        messages = {}
        with Daemon(home, **environ) as first:  # killed at the end
            first.wait_until_up()
            for number, seed in enumerate(SEEDS):
                if number == 1:  # the older files contain the first remix but not the other three
                    for path in home.glob("bridge.db*"):
                        shutil.copyfile(path, early / path.name)
                args = remix_args(tone, remix={"seed": seed})
                messages[put(home, "remix", args, message_id=f"m-{seed}")] = args
                job_of(home, f"m-{seed}", "running")
        assert sum(fal.queue.submits().values()) == 4
        before = {job["message_id"]: job["job_id"] for job in outbox(home)["jobs"]}
        loss(home, early)
        for message_id, args in messages.items():
            put(home, "remix", args, message_id=message_id)
        fal.release()
        with running(home, **environ):
            jobs = [job_of(home, message_id, "done", "failed", "unknown", "partial") for message_id in messages]
            until(lambda: not list((home / "inbox").glob("*.json")))
            assert [job["state"] for job in jobs] == ["done"] * 4
            assert {job["message_id"]: job["job_id"] for job in outbox(home)["jobs"]} == before
            assert not outbox(home)["errors"]
        assert sum(fal.queue.submits().values()) == 4
        assert len(list((home / "results").glob("*.wav"))) == 4
        assert not list((home / "inbox" / "rejected").iterdir())
