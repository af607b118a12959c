"""Tests that submissions to fal are validated and sent exactly once, and that the key is never sent to foreign URLs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge import errors
from bridge.engines.fal.engine import edit_mode_for
from bridge.engines.fal.settings import Timeouts
from tests.engines.fal_kit import KEY, PATIENT, Reports, Sleep, at, engine_at, order_for, stored_clip
from tests.fakes.fal_faults import ADMIN_LOCKED, LOCKED, Fault
from tests.fakes.fal_server import FalServer

BUSY = Fault("answer", 503, {"detail": "no runner", "error_type": "runner_scheduling_failure"})


@pytest.fixture
def fal() -> Iterator[FalServer]:
    with FalServer(key=KEY, zero_delay=True) as server:
        yield server


async def test_a_submission_is_one_request_with_only_the_needed_inputs(fal: FalServer) -> None:
    url = stored_clip(fal)
    async with at(fal) as engine:
        ticket = await engine.submit(order_for(url, params={"guidance_scale": 15.0}))
    (seen,) = fal.seen()
    assert (seen.method, seen.url) == ("POST", f"{fal.url}/fal-ai/ace-step/audio-to-audio")
    assert seen.json == {
        "audio_url": url,
        "original_tags": "noise",
        "tags": "bossa nova",
        "lyrics": "[inst]",  # with empty lyrics, the model might sing
        "seed": 7,
    }
    assert seen.headers["authorization"] == f"Key {KEY}"
    assert seen.headers["content-type"] == "application/json"
    assert json.loads(seen.headers["x-fal-object-lifecycle-preference"]) == {"expiration_duration_seconds": 604800}
    base = f"{fal.url}/fal-ai/ace-step/requests/{ticket.request_id}"
    assert ticket.urls == {"status": f"{base}/status", "response": base, "cancel": f"{base}/cancel"}


@pytest.mark.parametrize(("expires", "asked"), [("1h", '{"expiration_duration_seconds": 3600}'), ("never", None)])
async def test_a_result_lifetime_is_requested(fal: FalServer, expires: str, asked: str | None) -> None:
    async with at(fal, result_expires=expires) as engine:
        await engine.submit(order_for(stored_clip(fal)))
    assert fal.seen("submit")[0].headers.get("x-fal-object-lifecycle-preference") == asked


@pytest.mark.parametrize(
    "fault",
    [Fault("late", seconds=3.0), Fault("lost"), Fault("cut"), Fault("reset")],
    ids=["read timeout", "answer lost", "half an answer", "reset"],
)
async def test_a_submission_that_may_have_arrived_is_never_repeated(fal: FalServer, fault: Fault) -> None:
    fal.fail("submit", fault)
    timeouts = Timeouts(submit=0.2) if fault.kind == "late" else PATIENT
    async with at(fal, timeouts=timeouts) as engine:
        with pytest.raises(errors.SubmitUnknown):
            await engine.submit(order_for(stored_clip(fal)))
        await asyncio.to_thread(fal.wait_for, "submit")  # a slow fake may receive the request only after the timeout
    assert len(fal.seen("submit")) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {"detail": "Internal Server Error"}),
        (500, {"detail": "oops", "error_type": "internal_error"}),
        (502, None),
        (503, {"detail": "Service Unavailable"}),
        (504, {"detail": "Gateway Timeout"}),
        (408, None),
        (409, None),
        (200, {"status": "IN_QUEUE"}),
        (200, "<html>welcome to the hotel's network</html>"),
        (200, ["a", "list"]),
        (200, "OK"),
    ],
)
async def test_an_ambiguous_answer_causes_no_second_submission(fal: FalServer, status: int, body: Any) -> None:
    fal.fail("submit", Fault("answer", status, body), times=-1)
    async with at(fal) as engine:
        with pytest.raises(errors.SubmitUnknown):
            await engine.submit(order_for(stored_clip(fal)))
    assert len(fal.seen("submit")) == 1


@pytest.mark.parametrize("status", [200, 503])
async def test_a_gateways_page_is_ambiguous(fal: FalServer, status: int) -> None:
    fal.fail("submit", Fault("html", status=status))
    async with at(fal) as engine:
        with pytest.raises(errors.SubmitUnknown, match=r"not known whether fal accepted.*web page"):
            await engine.submit(order_for(stored_clip(fal)))
    assert len(fal.seen("submit")) == 1


async def test_no_connection_is_retried_and_submits_once(fal: FalServer) -> None:
    sleep = Sleep()
    sleep.at[2] = fal.resume
    url = stored_clip(fal)
    fal.pause()
    async with at(fal, sleep) as engine:
        await engine.submit(order_for(url))
    assert sleep.asked == [0.5, 1.0]
    assert list(fal.queue.submits().values()) == [1]


async def test_without_any_connection_nothing_is_submitted(fal: FalServer) -> None:
    url = stored_clip(fal)
    fal.pause()
    async with at(fal) as engine:
        with pytest.raises(errors.OutageError, match="nothing was submitted") as caught:
            await engine.submit(order_for(url))
    assert not isinstance(caught.value, errors.SubmitUnknown)
    assert not fal.queue.jobs


async def test_too_many_requests_waits_as_long_as_fal_asks(fal: FalServer) -> None:
    fal.fail("submit", Fault("answer", 429, {"detail": "slow down"}, {"Retry-After": "7"}))
    sleep = Sleep()
    async with at(fal, sleep) as engine:
        await engine.submit(order_for(stored_clip(fal)))
    assert sleep.asked == [7.0]
    assert (len(fal.seen("submit")), len(fal.queue.jobs)) == (2, 1)


async def test_a_503_from_the_platform_is_retried(fal: FalServer) -> None:
    fal.fail("submit", BUSY)
    async with at(fal) as engine:
        await engine.submit(order_for(stored_clip(fal)))
    assert (len(fal.seen("submit")), len(fal.queue.jobs)) == (2, 1)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [(Fault("answer", 429, {"detail": "slow down"}), errors.RateLimited), (BUSY, errors.EngineBusy)],
)
async def test_a_persistent_refusal_means_nothing_is_running(
    fal: FalServer, fault: Fault, expected: type[errors.BridgeError]
) -> None:
    fal.fail("submit", fault, times=-1)
    async with at(fal) as engine:
        with pytest.raises(expected):
            await engine.submit(order_for(stored_clip(fal)))
    assert (len(fal.seen("submit")), len(fal.queue.jobs)) == (6, 0)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"detail": "invalid credentials"}, errors.KeyRefused),
        (403, LOCKED, errors.BalanceEmpty),
        (403, ADMIN_LOCKED, errors.AccountLocked),
        (402, {"detail": "Payment Required"}, errors.BalanceEmpty),
        (403, {"detail": "Forbidden"}, errors.AccessDenied),
        (404, {"detail": "Application not found"}, errors.EndpointUnknown),
        (400, {"detail": "no", "error_type": "bad_request"}, errors.RequestRejected),
        (422, {"detail": [{"loc": ["body", "tags"], "msg": "bad", "type": "one_of"}]}, errors.RefusedError),
    ],
)
async def test_a_refusal_is_final_and_names_fals_request(
    fal: FalServer, status: int, body: Any, expected: type[errors.BridgeError]
) -> None:
    fal.fail("submit", Fault("answer", status, body, {"x-fal-request-id": "req-4711"}))
    async with at(fal) as engine:
        with pytest.raises(expected, match="req-4711") as caught:
            await engine.submit(order_for(stored_clip(fal)))
    assert type(caught.value) is expected
    assert len(fal.seen("submit")) == 1


async def test_an_endpoint_that_does_not_exist_is_named(fal: FalServer) -> None:
    endpoint = "fal-ai/ace-stepp/audio-to-audio"
    order = order_for(stored_clip(fal))
    async with at(fal, endpoint=endpoint) as engine:
        with pytest.raises(errors.EndpointUnknown, match=f"`endpoint` under `.fal.` is '{endpoint}'") as caught:
            await engine.follow(await engine.submit(order), order, Reports())
    assert "`endpoint` under `[fal]`" in caught.value.hint
    assert not any(job.billed for job in fal.queue.jobs.values())


async def test_a_redirect_is_refused_and_its_target_gets_nothing(fal: FalServer) -> None:
    with FalServer() as elsewhere:
        fal.fail("submit", Fault("redirect", text=f"{elsewhere.url}/fal-ai/ace-step/audio-to-audio"))
        async with at(fal) as engine:
            with pytest.raises(errors.HostRefused, match="redirect"):
                await engine.submit(order_for(stored_clip(fal)))
        assert elsewhere.seen() == []


@pytest.mark.parametrize("params", [{"number_of_steps": 61}, {"scheduler": "ddim"}, {"no_such": 1}, {"tags": 5}])
async def test_nothing_is_sent_with_an_invalid_input(fal: FalServer, params: dict[str, Any]) -> None:
    async with at(fal) as engine:
        with pytest.raises(errors.SettingError, match=next(iter(params))):
            await engine.submit(order_for(stored_clip(fal), params=params))
    assert fal.seen() == []


async def test_an_endpoint_for_another_task_gets_no_audio_to_audio_body(fal: FalServer) -> None:
    with pytest.raises(errors.ConfigInvalid, match=r"\[fal\] endpoint"):
        engine_at(fal, endpoint="fal-ai/ace-step/prompt-to-audio")


def _no_key() -> str:
    raise errors.KeyMissing


@pytest.mark.parametrize(
    ("key", "expected"),
    [(_no_key, errors.KeyMissing), (lambda: "se cret", errors.KeyInvalid), (lambda: "k\ney", errors.KeyInvalid)],
)
async def test_nothing_is_sent_without_a_proper_key(fal: FalServer, key: Any, expected: type[Exception]) -> None:
    async with at(fal, key=key) as engine:
        with pytest.raises(expected):
            await engine.submit(order_for(stored_clip(fal)))
    assert fal.seen() == []


async def test_a_line_break_after_the_key_is_removed(fal: FalServer) -> None:
    async with at(fal, key=lambda: f"{KEY}\n") as engine:
        await engine.submit(order_for(stored_clip(fal)))
    assert fal.seen("submit")[0].headers["authorization"] == f"Key {KEY}"


async def test_foreign_urls_never_get_the_key_and_are_rebuilt(fal: FalServer) -> None:
    with FalServer() as elsewhere:
        async with at(fal) as engine:
            order = order_for(stored_clip(fal))
            taken = await engine.submit(order)
            evil = {f"{name}_url": f"{elsewhere.url}/{name}" for name in ("status", "response", "cancel")}
            fal.fail("submit", Fault("answer", 200, {"request_id": taken.request_id, **evil}))
            ticket = await engine.submit(order)
            assert ticket == taken
            assert (await engine.follow(ticket, order, Reports())).seed == 7
        assert elsewhere.seen() == []


@pytest.mark.parametrize(
    ("amount", "chosen", "sent"),
    [(0.0, (), "lyrics"), (0.34, (), "lyrics"), (0.35, (), None), (1.0, (), None), (0.1, ("edit_mode",), None)],
)
async def test_amount_sets_edit_mode_unless_chosen(
    fal: FalServer, amount: float, chosen: tuple[str, ...], sent: str | None
) -> None:
    order = order_for(
        stored_clip(fal), amount=amount, chosen=frozenset(chosen), params={"edit_mode": "remix"}, scratch=Path()
    )
    async with at(fal) as engine:
        await engine.submit(order)
    assert fal.seen("submit")[0].json.get("edit_mode") == sent  # "remix" is the model's default and is not sent
    assert edit_mode_for(amount) in ("lyrics", "remix")


async def test_a_submission_uses_a_new_connection_and_other_requests_keep_theirs(fal: FalServer) -> None:
    async with at(fal) as engine:
        order = order_for(stored_clip(fal))
        for _ in range(3):
            await engine.follow(await engine.submit(order), order, Reports())
    assert fal.connections == 1 + len(fal.seen("submit"))


async def test_a_connection_that_was_kept_for_too_long_does_not_lose_the_submission(fal: FalServer) -> None:
    """The server closes unused connections in the very moment of the next request (open-webui/terminals#24)."""
    fal.fail("submit", Fault("stale"), times=-1)
    async with at(fal) as engine:
        order = order_for(stored_clip(fal))
        for _ in range(2):
            await engine.follow(await engine.submit(order), order, Reports())
    assert len(fal.seen("submit")) == len(fal.queue.jobs) == 2
