"""Tests that every form of error answer from fal becomes one error text of limited length."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge import errors
from bridge.engines.base import Ticket
from bridge.engines.fal.errors import Doing, error_from, read_complaint
from bridge.engines.fal.queue import read_look
from bridge.engines.fal.retry import Patience
from bridge.engines.fal.wire import Answer, parse_json
from tests.engines.fal_kit import Sleep, at
from tests.fakes.fal_server import FalServer

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["detail", "error_type", "type", "msg", "loc", "ctx", "status", "logs", "message", "error"])
            | st.text(),
            inner,
        )
    ),
    max_leaves=12,
)


def answer(status: int, body: Any, headers: dict[str, str] | None = None) -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, headers or {}, data, parse_json(data))


@settings(deadline=None)
@given(status=st.integers(300, 599), body=VALUES | st.binary(), doing=st.sampled_from(list(Doing)))
def test_every_answer_becomes_one_error(status: int, body: Any, doing: Doing) -> None:
    error = error_from(answer(status, body), doing, lambda text: text)
    assert isinstance(error, errors.EngineError)
    assert error.text.isprintable()
    assert len(error.text) < 900


@settings(deadline=None)
@given(body=VALUES)
def test_every_status_body_can_be_read(body: Any) -> None:
    look = read_look(body)
    assert look is None or isinstance(look.word, str)


def test_the_type_word_may_come_in_the_header_only() -> None:
    told = answer(503, {"detail": "no"}, {"x-fal-error-type": "runner_scheduling_failure"})
    assert isinstance(error_from(told, Doing.SUBMIT, str), errors.EngineBusy)


def test_a_models_details_give_field_and_limits() -> None:
    detail = {"loc": ["body", "number_of_steps"], "msg": "Too many", "type": "less_than_equal", "ctx": {"le": 60}}
    told = answer(422, {"detail": [detail]}, {"x-fal-request-id": "abc"})
    text = error_from(told, Doing.WAIT, str).text
    assert text == (
        "The model refused this request. fal says: number_of_steps: Too many (le 60) "
        "[waiting for the remix; HTTP 422, less_than_equal, fal request abc]"
    )


@pytest.mark.parametrize(
    ("body", "headers", "page"),
    [
        (b"<!DOCTYPE html><HTML><body>hotel</body></HTML>", {}, True),
        (b"<!doctype html><p>no html tag", {}, True),
        (b"please log in", {"content-type": "text/html; charset=utf-8"}, True),
        (b"", {"content-type": "text/html"}, True),
        (b"please log in", {"content-type": "text/plain"}, False),
        ({"detail": "<html>"}, {"content-type": "text/html"}, False),
        (b"<Error><Code>AccessDenied</Code></Error>", {"content-type": "application/xml"}, False),
    ],
)
def test_a_web_page_is_recognised(body: Any, headers: dict[str, str], page: bool) -> None:
    assert read_complaint(answer(200, body, headers)).is_page is page


@pytest.mark.parametrize("status", [200, 400, 401, 402, 403, 404, 410, 422, 499, 502])
@pytest.mark.parametrize("doing", list(Doing))
def test_a_web_page_says_nothing_about_the_account_or_the_result(status: int, doing: Doing) -> None:
    error = error_from(answer(status, b"<html>locked balance</html>"), doing, str)
    assert type(error) is (errors.UploadFailed if doing is Doing.MOVE else errors.AnswerStrange)
    assert "login" in error.hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("User is locked. Reason: Exhausted balance. Top up your balance at fal.ai.", errors.BalanceEmpty),
        ("User is locked. Reason: TOP_UP.", errors.BalanceEmpty),
        ("User is locked. Reason: Admin lock. Please contact support@fal.ai.", errors.AccountLocked),
        ("User is locked. Reason: Admin lock. Your balance is $10.", errors.AccountLocked),
        ("User is locked.", errors.AccountLocked),
        ("Your credits are used up", errors.BalanceEmpty),
        ("Forbidden", errors.AccessDenied),
        ("The request was blocked", errors.AccessDenied),
    ],
)
def test_the_reason_of_a_403_is_in_its_text(text: str, expected: type[errors.BridgeError]) -> None:
    for doing in (Doing.SUBMIT, Doing.WAIT, Doing.RUN, Doing.CANCEL):
        assert type(error_from(answer(403, {"detail": text}), doing, str)) is expected
    storage = errors.StorageRefused if expected is errors.AccessDenied else expected
    assert type(error_from(answer(403, {"detail": text}), Doing.STORE, str)) is storage
    for doing in (Doing.MOVE, Doing.TAKE):
        assert type(error_from(answer(403, {"detail": text}), doing, str)) is errors.StorageRefused


@pytest.mark.parametrize(
    ("text", "doing", "expected"),
    [
        ("Not Found", Doing.SUBMIT, errors.EndpointUnknown),
        ("Path /audio2audio not found", Doing.RUN, errors.EndpointUnknown),
        ("Not Found", Doing.RUN, errors.EndpointUnknown),
        ("Request not found", Doing.RUN, errors.ResultGone),
        ("Path /audio2audio not found", Doing.WAIT, errors.EndpointUnknown),
        ("Application 'x/y' not found", Doing.WAIT, errors.AnswerStrange),
        ("Application 'x/y' not found", Doing.POLL, errors.AnswerStrange),
        ("Path /audio2audio not found", Doing.POLL, errors.AnswerStrange),
        ("Request not found", Doing.POLL, errors.ResultGone),
        ("Request not found", Doing.WAIT, errors.ResultGone),
        ("Not Found", Doing.WAIT, errors.ResultGone),
        ("Not Found", Doing.TAKE, errors.ResultGone),
    ],
)
def test_a_404_names_the_endpoint_or_the_result(text: str, doing: Doing, expected: type[errors.BridgeError]) -> None:
    assert type(error_from(answer(404, {"detail": text}), doing, str)) is expected


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("100000", 300.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 60.0),
        ("Thu, 01 Jan 1970 00:00:10 GMT", 0.0),
        ("soon", 0.0),
        ("-5", 0.0),
        ("\u00b2", 0.0),
        ("", 0.0),
    ],
)
def test_retry_after(value: str, seconds: float) -> None:
    patience = Patience(Sleep(), lambda: 0.5, lambda: 40.0)
    assert patience.asked(answer(429, {}, {"retry-after": value})) == seconds


async def test_an_unusable_proxy_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense://user:pa55word@127.0.0.1:1")
    with FalServer() as fal:
        async with at(fal) as engine:
            with pytest.raises(errors.OutageError, match="proxy") as caught:
                await engine.cancel(Ticket("an-id"))
        assert "pa55word" not in caught.value.text
        assert fal.seen() == []


async def test_this_machine_is_reached_without_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")  # nothing listens on this port
    with FalServer() as fal:
        async with at(fal) as engine:
            assert (await engine.cancel(Ticket("an-id"))).value == "unknown"


async def test_unreadable_certificates_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/certificates.pem")
    with FalServer() as fal:
        async with at(fal) as engine:
            with pytest.raises(errors.OutageError, match="certificates"):
                await engine.cancel(Ticket("an-id"))
