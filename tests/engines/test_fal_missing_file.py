"""Tests that a result counts as gone only after its storage has said so several times, because a remake costs money."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge import errors
from tests.engines.fal_kit import KEY, Reports, at
from tests.engines.test_fal_download import AUDIO, stored
from tests.fakes.fal_faults import Fault
from tests.fakes.fal_server import FalServer


@pytest.fixture
def fal() -> Iterator[FalServer]:
    with FalServer(key=KEY) as server:
        yield server


@pytest.mark.parametrize("times", [1, 2, 5])
async def test_a_file_that_some_servers_do_not_have_yet_is_downloaded(
    fal: FalServer, tmp_path: Path, times: int
) -> None:
    fal.fail("file", Fault("answer", 404), times=times)
    async with at(fal) as engine:
        await engine.fetch(stored(fal), tmp_path / "raw.part", Reports())
    assert (tmp_path / "raw.part").read_bytes() == AUDIO
    assert [seen.status for seen in fal.seen()] == [404] * times + [200]


@pytest.mark.parametrize(("status", "requests"), [(404, 6), (410, 1)])
async def test_a_file_that_is_gone_for_good(fal: FalServer, tmp_path: Path, status: int, requests: int) -> None:
    fal.fail("file", Fault("answer", status), times=99)
    async with at(fal) as engine:
        with pytest.raises(errors.ResultGone):
            await engine.fetch(stored(fal), tmp_path / "raw.part", Reports())
    assert len(fal.seen()) == requests
