"""The fault matrix: causes every fault in scripts/faults.py, and checks the outcome that docs/reliability.md states.

The real fal engine talks to the fake fal over real sockets; disks, journals and processes are real. After the fault,
each test performs the recovery given in its table row, and counts the submissions.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
import pytest_asyncio

from tests.engines.fal_kit import KEY
from tests.fakes import damaged_homes, power_cuts  # noqa: F401 - registers their scenes
from tests.fakes.fal_faults import Fault as Made
from tests.fakes.fal_server import FalServer
from tests.fakes.fault_bench import Bench
from tests.fakes.fault_scenes import SCENES
from tests.fakes.studio import write_tone

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from fault import WAYS, Fault
from faults import CANCEL, FAULTS


@pytest_asyncio.fixture
async def bench(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    for look in ("DISK_LOOK", "NETWORK_LOOK"):
        monkeypatch.setattr(f"bridge.jobs.scheduler.{look}", 0.1)
    monkeypatch.setattr("bridge.jobs.stages.fetch.PAUSES", (0.0, 0.0))
    with FalServer(zero_delay=True, key=KEY) as fal:
        made = Bench(home, write_tone(tmp_path / "tone.wav", seconds=0.6), fal)
        yield made
        await made.close()


def test_every_fault_is_listed_once_with_its_recovery() -> None:
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names) >= 60
    assert {fault.then for fault in FAULTS} <= set(WAYS)
    scenes = {fault.name for fault in FAULTS if not fault.planned} - {"cancel_queued"}
    assert scenes == set(SCENES)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_a_fault_ends_as_documented(bench: Bench, fault: Fault) -> None:
    if fault.name in SCENES:
        async with aclosing(SCENES[fault.name](bench)) as scene:  # type: ignore[type-var]
            await anext(scene)
            await ended(bench, fault)
            await anext(scene, None)
            await out(bench, fault)
            await anext(scene, None)
        return
    for one in fault.planned:
        if one.kind == "late":
            bench.falls_silent(one.call)
        more = {"status": one.status, "body": one.body, "headers": dict(one.headers), **one.more}
        bench.fal.fail(one.call, Made(one.kind, **more), times=one.times)
    await bench.open()
    if fault in CANCEL:
        await cancelled(bench, 1 + sum(one.times for one in fault.planned if one.times > 0))
    else:
        await bench.remix()
    await ended(bench, fault)
    if fault.then not in ("rerun", "refused", "fetched"):
        bench.fal.faults.clear()
    await out(bench, fault)


async def cancelled(bench: Bench, tries: int) -> None:
    """Cancel a remix in fal's queue, and release the queue after `tries` cancel requests."""
    bench.fal.hold("IN_QUEUE")
    await bench.remix()
    await bench.until(lambda: bench.variation().queue_position is not None)
    await bench.send("cancel")
    await bench.until(lambda: len(bench.fal.seen("cancel")) >= tries)
    bench.fal.release()


async def ended(bench: Bench, fault: Fault) -> None:
    """Check that the remix reaches the table's state, and that fal has accepted the table's number of submissions."""
    if fault.ends != "rejected":
        await bench.comes_to(fault.ends)
    assert bench.orders == fault.orders


async def out(bench: Bench, fault: Fault) -> None:
    """Perform the recovery given in the table, and check the final state and the number of submissions."""
    match fault.then:
        case "":
            return
        case "placed":
            await bench.comes_to("done")
            assert bench.orders == fault.orders
        case "waits":
            await bench.comes_to("done")
            assert bench.orders == 1
        case "retry" | "order":
            await bench.send("retry")
            await bench.comes_to("done")
            assert bench.orders == (fault.orders + 1 if fault.then == "order" else max(1, fault.orders))
        case "again":
            refused = await bench.send("retry")
            assert refused.error is not None
            assert refused.error.code == "confirm_needed"
            assert bench.orders == fault.orders
            bench.fal.faults.clear()
            await bench.send("retry", again=True)
            await bench.comes_to("done")
            assert bench.orders == fault.orders + 1
        case _:
            await bench.send("retry")
            await bench.until(lambda: not bench.studio.scheduler.busy)
            await bench.comes_to(fault.ends)
            assert bench.orders == fault.orders, "bought again without being asked"
            bench.fal.faults.clear()
            taken = await bench.send("rerun")
            bench.job_id = taken.job_id
            await bench.comes_to("done")
            assert bench.orders == fault.orders + 1
