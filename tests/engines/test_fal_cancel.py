"""Tests cancelling at fal: the answer to a cancel, and the outcome of the cancelled request."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from bridge import errors
from bridge.engines.base import CancelAnswer, Output, Ticket
from bridge.engines.fal.engine import FalEngine
from tests.engines.fal_kit import KEY, Reports, at, never, ordered
from tests.fakes.fal_faults import Fault
from tests.fakes.fal_queue import Timing
from tests.fakes.fal_server import FalServer
from tests.waiting import PATIENCE


@pytest.fixture
def fal() -> Iterator[FalServer]:
    with FalServer(key=KEY, timing=Timing(queue=0.0, run=0.0)) as server:
        yield server


async def followed_to_state(fal: FalServer, engine: FalEngine, word: str) -> tuple[asyncio.Task[Output], Ticket]:
    """Start waiting for an order that the fake keeps in the state `word`; return once the status stream is open."""
    fal.hold(word)
    ticket, order = await ordered(fal, engine)
    waiting = asyncio.create_task(engine.follow(ticket, order, Reports()))
    await asyncio.to_thread(fal.wait_for, "stream")
    return waiting, ticket


@pytest.mark.parametrize(
    ("word", "said"), [("IN_QUEUE", CancelAnswer.REMOVED), ("IN_PROGRESS", CancelAnswer.REQUESTED)]
)
async def test_a_cancel_ends_the_wait(fal: FalServer, word: str, said: CancelAnswer) -> None:
    async with at(fal, never) as engine:
        waiting, ticket = await followed_to_state(fal, engine, word)
        assert await engine.cancel(ticket) is said
        with pytest.raises(errors.Withdrawn) as caught:
            await asyncio.wait_for(waiting, PATIENCE)
        assert caught.value.may_be_billed is (said is CancelAnswer.REQUESTED)
    assert not fal.queue.jobs[ticket.request_id].billed


async def test_a_result_completed_despite_a_cancel_is_kept(fal: FalServer) -> None:
    fal.queue.cancel_wins = False
    async with at(fal) as engine:
        waiting, ticket = await followed_to_state(fal, engine, "IN_PROGRESS")
        assert await engine.cancel(ticket) is CancelAnswer.REQUESTED
        fal.release()
        assert (await asyncio.wait_for(waiting, PATIENCE)).seed == 7
    assert fal.queue.jobs[ticket.request_id].billed


async def test_a_cancel_after_the_end_is_too_late(fal: FalServer) -> None:
    async with at(fal) as engine:
        ticket, _ = await ordered(fal, engine)
        assert await engine.cancel(ticket) is CancelAnswer.TOO_LATE
        assert await engine.cancel(Ticket("no-such-id")) is CancelAnswer.UNKNOWN


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, None, CancelAnswer.REQUESTED),
        (204, None, CancelAnswer.REQUESTED),
        (400, {"detail": "done"}, CancelAnswer.TOO_LATE),
        (404, None, CancelAnswer.UNKNOWN),
        (200, {"status": "ALREADY_COMPLETED"}, CancelAnswer.TOO_LATE),
    ],
)
async def test_other_answers_to_a_cancel_promise_nothing(
    fal: FalServer, status: int, body: Any, said: CancelAnswer
) -> None:
    fal.fail("cancel", Fault("answer", status, body))
    async with at(fal) as engine:
        assert await engine.cancel(Ticket("an-id")) is said


@pytest.mark.parametrize("fault", [Fault("reset"), Fault("lost"), Fault("html", status=502), Fault("answer", 429)])
async def test_a_cancel_is_repeated_until_it_is_answered(fal: FalServer, fault: Fault) -> None:
    fal.hold("IN_PROGRESS")
    fal.queue.cancel_wins = False
    fal.fail("cancel", fault, times=3)
    async with at(fal) as engine:
        ticket, _ = await ordered(fal, engine)
        assert await engine.cancel(ticket) is CancelAnswer.REQUESTED
    assert len(fal.seen("cancel")) == 4


@pytest.mark.parametrize(
    "fault",
    [Fault("html", status=200), Fault("html", status=404), Fault("answer", 200, "OK"), Fault("answer", 200, [])],
)
async def test_a_web_page_is_no_answer_to_a_cancel(fal: FalServer, fault: Fault) -> None:
    fal.fail("cancel", fault, times=-1)
    async with at(fal) as engine:
        with pytest.raises(errors.AnswerStrange):
            await engine.cancel(Ticket("an-id"))
    assert len(fal.seen("cancel")) == 6


async def test_after_a_cancel_a_web_page_does_not_mean_that_the_request_is_gone(fal: FalServer) -> None:
    fal.queue.cancel_wins = False
    async with at(fal) as engine:
        waiting, ticket = await followed_to_state(fal, engine, "IN_PROGRESS")
        await engine.cancel(ticket)
        fal.fail("status", Fault("html", status=404), times=3)
        fal.release()
        assert (await asyncio.wait_for(waiting, PATIENCE)).seed == 7


async def test_a_removed_request_that_is_still_listed_is_withdrawn(fal: FalServer) -> None:
    fal.fail("cancel", Fault("answer", 200, {"status": "OK"}))
    async with at(fal) as engine:
        waiting, ticket = await followed_to_state(fal, engine, "IN_QUEUE")
        assert await engine.cancel(ticket) is CancelAnswer.REMOVED
        with pytest.raises(errors.Withdrawn):
            await asyncio.wait_for(waiting, PATIENCE)


async def test_after_a_cancel_an_unknown_request_is_withdrawn(fal: FalServer) -> None:
    async with at(fal) as engine:
        waiting, ticket = await followed_to_state(fal, engine, "IN_QUEUE")
        fal.fail("status", Fault("answer", 404, {"detail": "Request not found"}), times=-1)
        await engine.cancel(ticket)
        with pytest.raises(errors.Withdrawn):
            await asyncio.wait_for(waiting, PATIENCE)
