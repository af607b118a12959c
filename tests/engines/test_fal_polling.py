"""Tests waiting for fal: polls survive every error, and the stream only triggers polls."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from bridge import errors
from bridge.engines.base import Ticket
from tests.engines.fal_kit import KEY, Reports, Sleep, at, never, order_for, ordered
from tests.fakes.fal_faults import Fault
from tests.fakes.fal_queue import Timing
from tests.fakes.fal_server import FalServer
from tests.waiting import PATIENCE, eventually


@pytest.fixture
def fal() -> Iterator[FalServer]:
    with FalServer(key=KEY, timing=Timing(queue=0.0, run=0.0)) as server:
        yield server


async def test_position_and_log_lines_are_reported_once_each() -> None:
    with FalServer(key=KEY, timing=Timing(queue=0.1, run=0.1, positions=2)) as fal:
        fal.hold("IN_QUEUE")
        reports = Reports()
        async with at(fal) as engine:
            ticket, order = await ordered(fal, engine)
            following = asyncio.create_task(engine.follow(ticket, order, reports))
            said = {2: "in fal's queue, 2 ahead", 1: "in fal's queue, 1 ahead", 0: "next in fal's queue"}
            for ahead, line in said.items():
                fal.queue.timing.positions = ahead
                await eventually(lambda line=line: line in reports.of("message"))
            fal.hold("IN_PROGRESS")
            await eventually(lambda: True in reports.of("running"))
            fal.release()
            await following
    positions, lines = reports.of("queue_position"), reports.of("message")
    assert positions == [2, 1, 0]
    assert len(lines) == len(set(lines))
    assert "ACE-Step: loading the source" in lines
    assert "ACE-Step: step 14 of 27" in lines  # from the model's own progress bar
    assert not [line for line in lines if "|" in line]
    assert reports.of("fraction") == [pytest.approx(14 / 27)]
    assert reports.of("running") == [True]


async def test_the_stream_triggers_the_next_poll() -> None:
    with FalServer(key=KEY) as fal:
        fal.hold("IN_QUEUE")
        async with at(fal, never) as engine:
            ticket, order = await ordered(fal, engine)
            waiting = asyncio.create_task(engine.follow(ticket, order, Reports()))
            await asyncio.to_thread(fal.wait_for, "stream")
            fal.release()
            output = await asyncio.wait_for(waiting, PATIENCE)
    assert output.seed == 7


@pytest.mark.parametrize(
    "fault",
    [
        Fault("html", status=502),
        Fault("reset"),
        Fault("answer", 404, {"detail": "no"}),
        Fault("answer", 200, "not a stream"),
        Fault("redirect", text="http://127.0.0.1:9/"),
    ],
    ids=lambda fault: fault.kind + str(fault.status),
)
async def test_a_failing_stream_is_no_error(fal: FalServer, fault: Fault) -> None:
    fal.fail("stream", fault, times=-1)
    fal.hold("IN_QUEUE")
    sleep = Sleep()
    sleep.at[3] = fal.release
    async with at(fal, sleep) as engine:
        ticket, order = await ordered(fal, engine)
        assert (await engine.follow(ticket, order, Reports())).seed == 7


async def test_without_the_stream_pauses_grow_to_three_seconds(fal: FalServer) -> None:
    fal.hold("IN_PROGRESS")
    sleep = Sleep()
    sleep.at[10] = fal.release
    async with at(fal, sleep, status_stream=False) as engine:
        ticket, order = await ordered(fal, engine)
        await engine.follow(ticket, order, Reports())
    assert sleep.asked[:3] == pytest.approx([0.5, 0.65, 0.845])
    assert sleep.asked[-1] == 3.0
    assert fal.seen("stream") == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault("answer", 500, {"detail": "oops"}),
        Fault("answer", 503, None),
        Fault("answer", 429, {"detail": "slow down"}),
        Fault("answer", 200, "no JSON"),
        Fault("answer", 200, {"nothing": "to see"}),
        Fault("html"),
        Fault("html", status=200),
        Fault("html", status=404),
        Fault("html", status=403),
        Fault("reset"),
        Fault("lost"),
        Fault("cut"),
    ],
    ids=lambda fault: fault.kind + str(fault.status),
)
async def test_a_poll_is_repeated_until_answered(fal: FalServer, fault: Fault) -> None:
    fal.fail("status", fault, times=8)
    reports = Reports()
    async with at(fal) as engine:
        ticket, order = await ordered(fal, engine)
        assert (await engine.follow(ticket, order, reports)).seed == 7
    assert len(fal.seen("status")) == 9
    assert len(fal.queue.jobs) == 1
    assert reports.of("message")[0].startswith(("waiting for the network", "fal answered", "a web page answered"))


async def test_an_outage_is_waited_out(fal: FalServer) -> None:
    sleep = Sleep()
    sleep.at[30] = fal.resume
    reports = Reports()
    async with at(fal, sleep) as engine:
        ticket, order = await ordered(fal, engine)
        fal.pause()
        assert (await engine.follow(ticket, order, reports)).seed == 7
    assert "waiting for the network" in reports.of("message")
    assert max(sleep.asked) == 15.0


async def test_an_unknown_status_continues_the_wait(fal: FalServer, caplog: pytest.LogCaptureFixture) -> None:
    fal.queue.status_word = "PAUSED_FOR_MAINTENANCE"
    sleep = Sleep()
    sleep.at[3] = lambda: setattr(fal.queue, "status_word", "")
    reports = Reports()
    async with at(fal, sleep, status_stream=False) as engine:
        ticket, order = await ordered(fal, engine)
        assert (await engine.follow(ticket, order, reports)).seed == 7
    assert sum("PAUSED_FOR_MAINTENANCE" in record.message for record in caplog.records) == 1
    assert any("unknown to this version" in text for text in reports.of("message"))


async def test_a_poll_at_a_wrong_endpoint_names_the_setting(fal: FalServer) -> None:
    fal.fail("status", Fault("answer", 404, {"detail": "Application 'fal-ai/x' not found"}), times=-1)
    async with at(fal) as engine:
        ticket, order = await ordered(fal, engine)
        with pytest.raises(errors.AnswerStrange) as caught:
            await engine.follow(ticket, order, Reports())
    assert "`endpoint` under `[fal]`" in caught.value.hint


async def test_a_request_unknown_to_fal_is_polled_again(fal: FalServer) -> None:
    fal.fail("status", Fault("answer", 404, {"detail": "Request not found"}), times=4)
    async with at(fal) as engine:
        ticket, order = await ordered(fal, engine)
        assert (await engine.follow(ticket, order, Reports())).seed == 7


async def test_a_request_unknown_to_fal_is_gone_after_some_polls(fal: FalServer) -> None:
    async with at(fal) as engine:
        with pytest.raises(errors.ResultGone):
            await engine.follow(Ticket("no-such-id"), order_for("http://127.0.0.1/x"), Reports())
    assert len(fal.seen("status")) == 6


async def test_another_engine_can_resume_a_wait(fal: FalServer) -> None:
    async with at(fal) as engine:
        ticket, order = await ordered(fal, engine)
    async with at(fal) as engine:
        output = await engine.follow(Ticket(ticket.request_id), order, Reports())
    assert output.seed == 7
    assert len(fal.seen("submit")) == 1
