"""Tests that our requests equal those of fal's own clients, except for the differences listed in wire.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.fal_kit import KEY, Reports, at, clip_bytes, order_for
from tests.fakes.fal_faults import Fault
from tests.fakes.fal_queue import Timing
from tests.fakes.fal_server import FalServer, Seen
from tests.judges.judges import CLIP_NAME, Verdict
from tests.judges.wire import BEHAVIOURS, DIFFERENCES, JS, PYTHON, differences, render, shape_of

pytestmark = pytest.mark.needs("judges")

ROOT = Path(__file__).parents[2]
COMPARED_WITH = {
    "submit": PYTHON,
    "status": PYTHON,
    "result": PYTHON,
    "cancel": PYTHON,
    "token": PYTHON,
    "upload": PYTHON,
    "initiate": JS,
    "put": JS,
    "stream": JS,
}


@pytest.fixture(scope="module")
def fal() -> Iterator[FalServer]:
    with FalServer(key=KEY, timing=Timing(queue=0.1, run=0.1)) as server:
        yield server


async def our_requests(fal: FalServer, tmp_path: Path, data: bytes) -> dict[str, Seen]:
    """Make our engine send every kind of request; return the first request for each call."""
    clip = tmp_path / "anything.flac"
    clip.write_bytes(data)
    sha256 = CLIP_NAME.removeprefix("clip-").removesuffix(".flac") + "0" * 56
    before = len(fal.seen())
    async with at(fal) as engine:
        uploaded = await engine.upload(clip, sha256, Reports())
        order = order_for(uploaded.url)
        ticket = await engine.submit(order)
        await engine.follow(ticket, order, Reports())
        await engine.cancel(ticket)
        fal.fail("put", Fault("answer", 403), times=3)
        await engine.upload(clip, sha256, Reports())
    ours: dict[str, Seen] = {}
    for seen in fal.seen()[before:]:
        ours.setdefault(seen.call, seen)
    return ours


def first(verdict: Verdict, call: str) -> Seen:
    """Return the judge's first request for this call."""
    return next(seen for seen in verdict.requests if seen.call == call)


async def test_our_requests_differ_from_fals_clients_only_as_listed(
    fal: FalServer, tmp_path: Path, python_judge: Verdict, js_judge: Verdict
) -> None:
    verdicts = {PYTHON: (python_judge, clip_bytes()), JS: (js_judge, clip_bytes(0.2))}
    found = set()
    for judge, (verdict, data) in verdicts.items():
        ours = await our_requests(fal, tmp_path, data)
        for call in (call for call, compared_with in COMPARED_WITH.items() if compared_with == judge):
            found |= differences(call, judge, shape_of(first(verdict, call)), shape_of(ours[call]))
    assert found == {(d.call, d.judge, d.what, d.theirs, d.ours) for d in DIFFERENCES}


async def test_the_javascript_client_sets_the_same_lifetime_of_results(
    fal: FalServer, tmp_path: Path, js_judge: Verdict
) -> None:
    ours = shape_of((await our_requests(fal, tmp_path, clip_bytes()))["submit"]).headers
    name = "x-fal-object-lifecycle-preference"
    assert ours[name] == shape_of(first(js_judge, "submit")).headers[name]


def test_the_python_client_sends_the_key_to_the_storage_host(python_judge: Verdict) -> None:
    put = first(python_judge, "put")
    assert put.headers["authorization"] == f"Key {KEY}"


def test_the_tests_named_in_the_table_exist() -> None:
    for behaviour in BEHAVIOURS:
        file, _, name = behaviour.test.partition("::")
        assert f"def {name}(" in (ROOT / "tests" / "engines" / file).read_text()


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "fal-wire.md").read_text(encoding="utf-8") == render()


def test_a_difference_is_found(js_judge: Verdict) -> None:
    ours, other = shape_of(first(js_judge, "submit")), shape_of(first(js_judge, "submit"))
    assert differences("submit", JS, other, ours) == set()
    other.headers["x-fal-runner-hint"] = "here"
    other.query["fal_max_queue_length"] = "1"
    assert differences("submit", JS, other, ours) == {
        ("submit", JS, "header x-fal-runner-hint", "here", None),
        ("submit", JS, "query fal_max_queue_length", "1", None),
    }
