"""Tests how a request ended: the result, or the error that proves that there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bridge import errors
from tests.engines.fal_kit import KEY, Reports, at, ordered
from tests.fakes.fal_faults import Fault
from tests.fakes.fal_queue import Timing
from tests.fakes.fal_server import FalServer


@pytest.fixture
def fal() -> Iterator[FalServer]:
    with FalServer(key=KEY, timing=Timing(queue=0.0, run=0.0)) as server:
        yield server


async def test_the_answer_contains_the_cost(fal: FalServer) -> None:
    async with at(fal) as engine:
        ticket, order = await ordered(fal, engine)
        output = await engine.follow(ticket, order, Reports())
    job = fal.queue.jobs[ticket.request_id]
    assert output.url.startswith(f"{fal.url}/files/")
    assert (output.seed, output.billed_units) == (7, pytest.approx(job.seconds, abs=1e-4))
    assert output.answer["lyrics"] == "[inst]"
    assert [seen.call for seen in fal.seen()] == ["submit", "status", "result"]  # first poll at once, without a stream


@pytest.mark.parametrize(
    ("reported", "seed", "warned"),
    [(7, 7, False), (7.0, 7, False), (99, 99, True), (99.0, 99, True), ("7", None, False), (True, None, False)],
)
async def test_another_seed_than_the_requested_one_is_reported(
    fal: FalServer, reported: Any, seed: int | None, warned: bool
) -> None:
    fal.queue.changes = {"seed": reported}
    async with at(fal) as engine:
        ticket, order = await ordered(fal, engine)
        output = await engine.follow(ticket, order, Reports())
    assert output.seed == seed
    assert [one["code"] for one in output.warnings] == ["seed_differs"] * warned
    assert all("seed 99 instead of 7" in one["text"] for one in output.warnings)


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
    (404, {"detail": "Path /audio2audio not found"}, errors.EndpointUnknown),
    (404, {"detail": "Not Found"}, errors.EndpointUnknown),
    (401, {"detail": "invalid credentials"}, errors.KeyRefused),
    (403, {"detail": "User is locked. Reason: Exhausted balance."}, errors.BalanceEmpty),
    (403, {"detail": "User is locked. Reason: Admin lock."}, errors.AccountLocked),
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
    if isinstance(caught.value, errors.RefusedError) and expected is not errors.ResultGone:
        assert caught.value.may_be_billed is (status < 500)  # fal charges for no failure of its servers
        assert caught.value.text.endswith("fal does not charge for it." if status >= 500 else "It may still be billed.")
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
        Fault("html", status=200),
        Fault("html", status=404),
        Fault("answer", 200, "text"),
        Fault("answer", 200, []),
        Fault("answer", 200, {"detail": "hello"}),
    ],
    ids=lambda fault: fault.kind + str(fault.status),
)
async def test_a_temporary_error_of_the_result_is_not_the_models_failure(fal: FalServer, fault: Fault) -> None:
    fal.fail("result", fault, times=3)
    async with at(fal) as engine:
        ticket, order = await ordered(fal, engine)
        assert (await engine.follow(ticket, order, Reports())).seed == 7
    assert len(fal.seen("result")) == 4


@pytest.mark.parametrize(
    ("status", "body", "expected", "tries"),
    [
        (500, {"detail": "Internal Server Error"}, errors.AnswerStrange, 5),
        (400, {"detail": "?"}, errors.AnswerStrange, 1),
        (405, {"detail": "?"}, errors.AnswerStrange, 1),
        (499, None, errors.AnswerStrange, 1),
        (500, model_says("internal_server_error"), errors.ModelFailed, 1),
        (500, model_says("a new type"), errors.ModelFailed, 1),
        (503, platform_says("runner_disconnected"), errors.ModelFailed, 1),
        (422, model_says("one_of"), errors.RefusedError, 1),
        (404, {"detail": "Path /audio2audio not found"}, errors.EndpointUnknown, 6),
        (404, {"detail": "Application 'x/y' not found"}, errors.AnswerStrange, 6),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_only_a_named_error_proves_that_there_is_no_result(
    fal: FalServer, status: int, body: Any, expected: type[errors.BridgeError], tries: int
) -> None:
    """The request has completed without an error. After a `RefusedError`, `retry` would submit and pay again."""
    fal.fail("result", Fault("answer", status, body), times=-1)
    async with at(fal) as engine:
        ticket, order = await ordered(fal, engine)
        with pytest.raises(expected) as caught:
            await engine.follow(ticket, order, Reports())
    assert type(caught.value) is expected
    assert len(fal.seen("result")) == tries


@pytest.mark.parametrize("status", [400, 405, 422, 451, 499])
@pytest.mark.parametrize("body", [{"detail": "?"}, model_says("one_of"), platform_says("bad_request"), None])
async def test_an_error_of_a_poll_does_not_prove_that_nothing_is_running(
    fal: FalServer, status: int, body: Any
) -> None:
    fal.fail("status", Fault("answer", status, body), times=-1)
    async with at(fal) as engine:
        ticket, order = await ordered(fal, engine)
        with pytest.raises(errors.OutageError):
            await engine.follow(ticket, order, Reports())


async def test_a_finished_run_without_audio_may_be_billed(fal: FalServer) -> None:
    fal.fail("model", Fault("answer", 500, {"detail": "out of memory"}))
    fal.fail("result", Fault("answer", 200, {"seed": 7}))
    async with at(fal) as engine:
        ticket, order = await ordered(fal, engine)
        with pytest.raises(errors.ModelFailed, match="out of memory") as caught:
            await engine.follow(ticket, order, Reports())
    assert caught.value.may_be_billed


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


@pytest.mark.parametrize("answer", [{}, {"audio": {}}, {"audio": {"url": ""}}, {"audio": "x"}, []])
async def test_a_result_without_audio_is_strange(fal: FalServer, answer: Any) -> None:
    fal.fail("result", Fault("answer", 200, answer), times=-1)
    async with at(fal) as engine:
        ticket, order = await ordered(fal, engine)
        with pytest.raises(errors.AnswerStrange):
            await engine.follow(ticket, order, Reports())
