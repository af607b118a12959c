"""Scenes that cause the faults in scripts/faults.py that no reply of the fake fal can cause.

Before its first `yield`, each scene requests a remix and causes the fault; afterwards, it removes the fault.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from bridge.config.home import prepare_home
from bridge.workers.pool import Workers
from tests.fakes.disks import disk
from tests.fakes.fal_faults import Fault
from tests.fakes.fault_bench import Bench

Scene = Callable[[Bench], AsyncIterator[None]]
SCENES: dict[str, Scene] = {}
DAY = 86_400.0  # s


def scene(made: Scene) -> Scene:
    SCENES[made.__name__] = made
    return made


# --- the network -----------------------------------------------------------------------------------------------------


@scene
async def order_offline(bench: Bench) -> AsyncIterator[None]:
    await bench.open()
    submit, went = bench.engine.submit, False

    async def offline(order: object) -> object:
        nonlocal went
        if not went:
            went = True
            await asyncio.to_thread(bench.fal.pause)
        return await submit(order)  # type: ignore[arg-type]

    bench.engine.submit = offline  # type: ignore[method-assign, assignment]
    await bench.remix()
    yield
    await asyncio.to_thread(bench.fal.resume)


@scene
async def status_offline(bench: Bench) -> AsyncIterator[None]:
    await bench.open()
    await bench.running()
    await asyncio.to_thread(bench.fal.pause)
    await bench.until(lambda: "network" in bench.variation().message)
    bench.fal.release()
    await asyncio.to_thread(bench.fal.resume)
    yield


@scene
async def file_offline(bench: Bench) -> AsyncIterator[None]:
    await bench.open()
    bench.fal.fail("file", Fault("cut"), times=-1)
    await bench.remix()
    await bench.seen("file", 1)
    await asyncio.to_thread(bench.fal.pause)
    await bench.until(lambda: "network" in bench.variation().message)
    bench.fal.faults.clear()
    await asyncio.to_thread(bench.fal.resume)
    yield


@scene
async def status_word(bench: Bench) -> AsyncIterator[None]:
    await bench.open()
    bench.fal.queue.status_word = "PAUSED"
    await bench.remix()
    await bench.seen("status", 3)
    bench.fal.queue.status_word = ""
    yield


@scene
async def model_seed(bench: Bench) -> AsyncIterator[None]:
    await bench.open()
    bench.fal.queue.changes = {"seed": 99}
    await bench.remix()
    await bench.comes_to("done")
    (warning,) = bench.studio.registry.job(bench.job_id).warnings
    assert "seed 99 instead of 7" in warning["text"]
    yield


@scene
async def result_foreign(bench: Bench) -> AsyncIterator[None]:
    host = bench.fal.url.removeprefix("http://").replace("127.0.0.1", "localhost")
    url = bench.fal.storage.keep(f"http://{host}", "result.wav", bench.tone.read_bytes(), "audio/wav")
    bench.fal.queue.changes = {"audio": {"url": url}}
    await bench.open()
    await bench.remix()
    yield
    await bench.close()
    bench.result_hosts = (host,)
    await bench.open()


@scene
async def cancel_running(bench: Bench) -> AsyncIterator[None]:
    await bench.open()
    await bench.running()
    await bench.send("cancel")
    await bench.comes_to("cancelled")
    assert bench.variation().message.endswith("; it may still be billed")
    bench.fal.release()
    yield


# --- time ------------------------------------------------------------------------------------------------------------


@scene
async def result_expired(bench: Bench) -> AsyncIterator[None]:
    await bench.open()
    bench.fal.fail("result", Fault("answer", 503), times=-1)
    await bench.remix()
    await bench.seen("result", 1)
    bench.fal.advance(2 * 3600)
    bench.fal.faults.clear()
    yield


@scene
async def file_expired(bench: Bench) -> AsyncIterator[None]:
    await bench.open()
    bench.fal.fail("file", Fault("answer", 503), times=-1)
    await bench.remix()
    await bench.seen("file", 1)
    for path, file in bench.fal.storage.files.items():
        if path.endswith(".wav"):
            file.expires = -1.0
    bench.fal.faults.clear()
    yield


async def clock_jumps(bench: Bench, seconds: float) -> None:
    await bench.open()
    await bench.running()
    bench.studio.now += seconds
    bench.fal.release()


@scene
async def clock_forward(bench: Bench) -> AsyncIterator[None]:
    await clock_jumps(bench, DAY)
    yield


@scene
async def clock_back(bench: Bench) -> AsyncIterator[None]:
    await clock_jumps(bench, -365 * DAY)
    yield


@scene
async def clock_expired(bench: Bench) -> AsyncIterator[None]:
    await bench.open()
    await bench.remix()
    await bench.comes_to("done")
    bench.studio.now += 2 * DAY
    bench.fal.advance(2 * DAY)
    await bench.remix(remix={"seed": 8})
    await bench.comes_to("done")
    assert len(bench.fal.seen("put")) == 2
    yield


# --- disks -----------------------------------------------------------------------------------------------------------


@scene
async def disk_full_fetch(bench: Bench) -> AsyncIterator[None]:
    with disk(bench.tone.parent / "small", 8192) as small:
        bench.home = small.path / "home"
        prepare_home(bench.home)
        await bench.open()
        await bench.running()
        small.fill()
        bench.fal.release()
        yield
        small.free()
        await bench.comes_to("done")
        await bench.close()


@scene
async def disk_full_order(bench: Bench) -> AsyncIterator[None]:
    with disk(bench.tone.parent / "small", 8192) as small:
        bench.home = small.path / "home"
        prepare_home(bench.home)
        await bench.open()
        about = os.statvfs(small.path)
        (small.path / "large").write_bytes(bytes(about.f_bavail * about.f_frsize - 1_300_000))
        await bench.remix()
        yield
        (small.path / "large").unlink()
        await bench.comes_to("done")
        await bench.close()


@scene
async def disk_full_fit(bench: Bench) -> AsyncIterator[None]:
    with disk(bench.tone.parent / "small", 4096) as small:
        await bench.open()
        small.fill()
        await bench.remix(project={"media_path": str(small.path)})
        yield
        small.free()
        await bench.comes_to("done")


@scene
async def results_read_only(bench: Bench) -> AsyncIterator[None]:
    with disk(bench.tone.parent / "small", 4096) as small:
        await bench.open()
        small.read_only(True)
        await bench.remix(project={"media_path": str(small.path)})
        yield
        small.read_only(False)
        yield


@scene
async def jobs_read_only(bench: Bench) -> AsyncIterator[None]:
    (bench.home / "jobs").rmdir()
    with disk(bench.home / "jobs", 8192) as small:
        await bench.open()
        small.read_only(True)
        await bench.remix()
        yield
        small.read_only(False)
        yield
        await bench.close()


# --- the journal and the workers -------------------------------------------------------------------------------------


def hold_journal(bench: Bench) -> sqlite3.Connection:
    """Lock the journal, as another program would during a write to the journal."""
    bench.studio.store._database._db.execute("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(bench.home / "bridge.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    return other


@scene
async def journal_locked(bench: Bench) -> AsyncIterator[None]:
    await bench.open()
    await bench.running()
    other = hold_journal(bench)
    bench.fal.release()
    yield
    other.close()


@scene
async def journal_locked_order(bench: Bench) -> AsyncIterator[None]:
    await bench.open()
    submit, held = bench.engine.submit, []

    async def then_locked(order: object) -> object:
        ticket = await submit(order)  # type: ignore[arg-type]
        held.append(hold_journal(bench))
        return ticket

    bench.engine.submit = then_locked  # type: ignore[method-assign, assignment]
    await bench.remix()
    yield
    held[0].close()


async def with_crashing_workers(bench: Bench, word: str) -> Path:
    crashing = bench.tone.parent / "crashing"
    crashing.write_text(word)
    environ = {**os.environ, "CRASHING": str(crashing)}
    await bench.open(Workers(1, tasks="tests.fakes.crashing_tasks", environ=environ))
    await bench.remix()
    return crashing


@scene
async def worker_dies(bench: Bench) -> AsyncIterator[None]:
    crashing = await with_crashing_workers(bench, "once")
    await bench.comes_to("done")
    assert not crashing.exists()
    yield


@scene
async def worker_dies_always(bench: Bench) -> AsyncIterator[None]:
    crashing = await with_crashing_workers(bench, "always")
    yield
    crashing.unlink()
