"""Tests waiting for fal: polls survive every error, the stream only triggers polls, and the outcome is certain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from bridge import errors
from bridge.engines.base import CancelAnswer, Order, Output, Ticket
from bridge.engines.fal.engine import FalEngine
from tests.engines.fal_kit import KEY, Reports, Sleep, at, order_for, stored_clip
from tests.fakes.fal_faults import Fault
from tests.fakes.fal_queue import Timing
from tests.fakes.fal_server import FalServer
from tests.waiting import PATIENCE, eventually


@pytest.fixture
def fal() -> Iterator[FalServer]:
    with FalServer(key=KEY, timing=Timing(queue=0.0, run=0.0)) as server:
        yield server


async def ordered(fal: FalServer, engine: FalEngine) -> tuple[Ticket, Order]:
    order = order_for(stored_clip(fal))
    return await engine.submit(order), order


async def never(seconds: float) -> None:
    """Never return, so that only an event can end a wait."""
    await asyncio.Event().wait()


async def test_the_answer_contains_the_cost(fal: FalServer) -> None:
    async with at(fal) as engine:
        ticket, order = await ordered(fal, engine)
        output = await engine.follow(ticket, order, Reports())
    job = fal.queue.jobs[ticket.request_id]
    assert output.url.startswith(f"{fal.url}/files/")
    assert (output.seed, output.billed_units) == (7, pytest.approx(job.seconds, abs=1e-4))
    assert output.answer["lyrics"] == "[inst]"
    assert [seen.call for seen in fal.seen()] == ["submit", "status", "result"]  # first poll at once, without a stream


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
    assert reports.of("message")[0].startswith(("waiting for the network", "fal answered"))


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


def model_says(kind: str, text: str = "no", **ctx: Any) -> dict[str, Any]:
    return {"detail": [{"loc": ["body", "audio_url"], "msg": text, "type": kind, "ctx": ctx}]}


def platform_says(kind: str) -> dict[str, Any]:
    return {"detail": "no", "error_type": kind}


FAILURES: list[tuple[int, Any, type[errors.BridgeError]]] = [
    (422, model_says("file_download_error"), errors.UploadNotFetched),
    (422, model_says("file_too_large", max_size=100), errors.ClipRefused),
    (422, model_says("audio_duration_too_long", max_duration=240, provided_duration=300), errors.ClipRefused),
    (422, model_says("audio_duration_too_short", min_duration=5), errors.ClipRefused),
    (422, model_says("unsupported_audio_format"), errors.ClipRefused),
    (422, model_says("content_policy_violation"), errors.ContentRefused),
    (422, model_says("one_of"), errors.RefusedError),
    (422, model_says("greater_than_equal", ge=3), errors.RefusedError),
    (422, model_says("sequence_too_long"), errors.RefusedError),
    (422, model_says("missing"), errors.RefusedError),
    (422, {"detail": "just a text"}, errors.RefusedError),
    (422, model_says("no_media_generated"), errors.ModelFailed),
    (500, model_says("internal_server_error"), errors.ModelFailed),
    (504, model_says("generation_timeout"), errors.ModelFailed),
    (400, model_says("downstream_service_error"), errors.ModelFailed),
    (500, platform_says("runner_server_error"), errors.ModelFailed),
    (500, platform_says("internal_error"), errors.ModelFailed),
    (502, platform_says("runner_incomplete_response"), errors.ModelFailed),
    (503, platform_says("runner_disconnected"), errors.ModelFailed),
    (503, platform_says("runner_scheduling_failure"), errors.EngineBusy),
    (503, platform_says("runner_connection_timeout"), errors.EngineBusy),
    (503, platform_says("runner_connection_refused"), errors.EngineBusy),
    (503, platform_says("runner_connection_error"), errors.EngineBusy),
    (504, platform_says("request_timeout"), errors.Withdrawn),
    (504, platform_says("startup_timeout"), errors.Withdrawn),
    (499, platform_says("client_cancelled"), errors.Withdrawn),
    (499, platform_says("client_disconnected"), errors.Withdrawn),
    (400, platform_says("bad_request"), errors.RequestRejected),
    (500, {"detail": "a failure without a name"}, errors.ModelFailed),
    (404, {"detail": "Request not found"}, errors.ResultGone),
    (401, {"detail": "invalid credentials"}, errors.KeyRefused),
    (403, {"detail": "User is locked. Reason: Exhausted balance."}, errors.BalanceEmpty),
    (403, {"detail": "Forbidden"}, errors.AccessDenied),
]


@pytest.mark.parametrize(("status", "body", "expected"), FAILURES, ids=lambda value: str(value)[:40])
async def test_a_failure_is_read_from_the_result(
    fal: FalServer, status: int, body: Any, expected: type[errors.BridgeError]
) -> None:
    fal.fail("model", Fault("answer", status, body))
    async with at(fal) as engine:
        ticket, order = await ordered(fal, engine)
        with pytest.raises(expected, match=ticket.request_id) as caught:
            await engine.follow(ticket, order, Reports())
    assert type(caught.value) is expected
    if status != 404:
        assert len(fal.seen("result")) == 1  # the status contained the error, so one request suffices
    for entry in body["detail"] if isinstance(body["detail"], list) else []:
        assert all(str(limit) in caught.value.text for limit in entry["ctx"].values())


@pytest.mark.parametrize(
    "fault",
    [
        Fault("html", status=502),
        Fault("reset"),
        Fault("answer", 503, {"detail": "busy"}),
        Fault("answer", 429),
        Fault("answer", 404, {"detail": "Request not found"}),
    ],
    ids=lambda fault: fault.kind + str(fault.status),
)
async def test_a_temporary_error_of_the_result_is_not_the_models_failure(fal: FalServer, fault: Fault) -> None:
    fal.fail("result", fault, times=3)
    async with at(fal) as engine:
        ticket, order = await ordered(fal, engine)
        assert (await engine.follow(ticket, order, Reports())).seed == 7
    assert len(fal.seen("result")) == 4


async def test_a_persistent_unnamed_failure_is_accepted(fal: FalServer) -> None:
    fal.fail("result", Fault("answer", 500, {"detail": "Internal Server Error"}), times=-1)
    async with at(fal) as engine:
        ticket, order = await ordered(fal, engine)
        with pytest.raises(errors.ModelFailed):
            await engine.follow(ticket, order, Reports())
    assert len(fal.seen("result")) == 5


async def test_a_missing_result_is_waited_for(fal: FalServer) -> None:
    fal.fail("result", Fault("answer", 400, {"detail": "Request is still in progress"}), times=2)
    async with at(fal) as engine:
        ticket, order = await ordered(fal, engine)
        assert (await engine.follow(ticket, order, Reports())).seed == 7


async def test_a_result_that_expired_is_gone(fal: FalServer) -> None:
    async with at(fal) as engine:
        ticket, order = await ordered(fal, engine)
        fal.advance(3601)
        with pytest.raises(errors.ResultGone):
            await engine.follow(ticket, order, Reports())


@pytest.mark.parametrize("answer", [{}, {"audio": {}}, {"audio": {"url": ""}}, {"audio": "x"}, [], "text"])
async def test_a_result_without_audio_is_strange(fal: FalServer, answer: Any) -> None:
    fal.fail("result", Fault("answer", 200, answer))
    async with at(fal) as engine:
        ticket, order = await ordered(fal, engine)
        with pytest.raises(errors.AnswerStrange):
            await engine.follow(ticket, order, Reports())


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
        with pytest.raises(errors.Withdrawn):
            await asyncio.wait_for(waiting, PATIENCE)
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


async def test_another_engine_can_resume_a_wait(fal: FalServer) -> None:
    async with at(fal) as engine:
        ticket, order = await ordered(fal, engine)
    async with at(fal) as engine:
        output = await engine.follow(Ticket(ticket.request_id), order, Reports())
    assert output.seed == 7
    assert len(fal.seen("submit")) == 1
