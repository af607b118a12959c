"""Scenes for fault_scenes.py: files that a power cut leaves empty or filled with zeros."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

from bridge.client import Client
from bridge.jobs.inbox import Inbox
from tests.fakes.fal_faults import Fault
from tests.fakes.fault_bench import Bench
from tests.fakes.fault_scenes import scene


def emptied(path: Path) -> None:
    assert path.exists()
    os.truncate(path, 0)


def folder(bench: Bench, *parts: str) -> Path:
    return bench.home.joinpath("jobs", bench.job_id, "clip-1", *parts)


@scene
async def zero_message(bench: Bench) -> AsyncIterator[None]:
    await bench.open()
    (bench.home / "inbox" / "m-1.json").write_bytes(b"")
    inbox = Inbox(
        bench.home / "inbox",
        bench.studio.handler.handle,
        bench.studio.bus,
        native=False,
        poll_interval=1,
        safety_interval=1,
        largest=2**20,
    )
    await inbox.scan()
    await inbox.scan()
    yield
    error = json.loads((bench.home / "inbox" / "rejected" / "m-1.json.error").read_bytes())
    assert error["code"] == "message_unreadable"
    assert not bench.studio.registry.jobs()


@scene
async def zero_outbox(bench: Bench) -> AsyncIterator[None]:
    await bench.open()
    await bench.running()
    emptied(bench.home / "outbox" / "test.json")
    await bench.close()
    bench.fal.release()
    await bench.open()
    yield
    await bench.until(lambda: [job["state"] for job in bench.document()["jobs"]] == ["done"])


@scene
async def zero_upload(bench: Bench) -> AsyncIterator[None]:
    await bench.open()
    bench.fal.fail("initiate", Fault("answer", 401), times=-1)
    await bench.remix()
    await bench.comes_to("key_refused")
    bench.fal.faults.clear()
    emptied(folder(bench, "source.flac"))
    await bench.send("retry")
    await bench.until(lambda: (bench.variation().error or {}).get("code") == "work_lost")
    yield


@scene
async def zero_raw(bench: Bench) -> AsyncIterator[None]:
    """The power cut leaves the fetched file empty, so the bridge must fetch the result again."""
    await bench.open()
    await bench.running()
    await bench.close()
    bench.fal.release()
    folder(bench, "variation-1", "raw.audio").write_bytes(b"")
    await bench.open()
    yield


@scene
async def zero_part(bench: Bench) -> AsyncIterator[None]:
    await bench.open()
    await bench.running()
    await bench.close()
    bench.fal.release()
    folder(bench, "variation-1", "raw.part").write_bytes(bytes(100_000))
    await bench.open()
    await bench.comes_to("done")
    (made,) = [file.body for path, file in bench.fal.storage.files.items() if path.endswith(".wav")]
    assert folder(bench, "variation-1", "raw.audio").read_bytes() == made
    yield


@scene
async def zero_intent(bench: Bench) -> AsyncIterator[None]:
    await bench.open()
    await bench.running()
    await bench.close()
    emptied(folder(bench, "variation-1", "submit.json"))
    bench.fal.release()
    await bench.open()
    yield


@scene
async def zero_result(bench: Bench) -> AsyncIterator[None]:
    await bench.open()
    path = bench.tone.parent / "song.rpp"
    await bench.remix(daw={"name": "reaper"}, project={"path": str(path)})
    await bench.until(lambda: bench.variation().state == "ready")
    (made,) = (path.parent / "ACE Bridge").glob("*.wav")
    emptied(made)
    await bench.studio.send("hello", {"daw": {"name": "reaper"}, "project": {"path": str(path)}})
    await bench.until(lambda: bool(bench.document()["place"]))
    await bench.studio.send("place_failed", {"variation_id": bench.variation().id, "text": "no audio"})
    await bench.comes_to("place_failed")
    await bench.send("retry")
    await bench.comes_to("work_lost")
    yield
    await bench.send("retry")
    await bench.until(lambda: bool(bench.document()["place"]))
    assert made.stat().st_size > 1000
    await bench.studio.send("placed", {"variation_id": bench.variation().id})


@scene
async def zero_journal(bench: Bench) -> AsyncIterator[None]:
    await bench.open()
    await bench.running()
    await bench.close()
    for beside in bench.home.glob("bridge.db-*"):
        beside.unlink()
    emptied(bench.home / "bridge.db")
    bench.fal.release()
    await bench.open()
    yield


@scene
async def zero_daemon(bench: Bench) -> AsyncIterator[None]:
    (bench.home / "daemon.json").write_bytes(b"")
    assert Client(bench.home).daemon() is None
    await bench.open()
    await bench.remix()
    yield
