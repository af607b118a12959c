"""Waiting for something: what counts as found, and what an error says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.waiting import eventually, until


def soon(look: Callable[[], Any], what: str = "", timeout: float = 0.0) -> Any:
    return asyncio.run(eventually(look, what, timeout))


@pytest.mark.parametrize("wait", [until, soon])
class TestBoth:
    def test_the_first_value_that_is_there_is_returned(self, wait: Callable[..., Any]) -> None:
        values = iter([None, False, None, "there", "too late"])
        assert wait(lambda: next(values), timeout=60.0) == "there"

    def test_an_error_says_what_was_waited_for(self, wait: Callable[..., Any]) -> None:
        with pytest.raises(AssertionError, match=r"^waited 0 s in vain for the moon$"):
            wait(lambda: None, "the moon", timeout=0.0)
        with pytest.raises(AssertionError, match=r"wait\(lambda: 2 \+ 2 == 5.*test_waiting\.py:\d+"):
            wait(lambda: 2 + 2 == 5, timeout=0.0)

    def test_an_empty_value_is_refused(self, wait: Callable[..., Any]) -> None:
        with pytest.raises(TypeError, match=r"^\[\] is neither there nor not: the news$"):
            wait(list, "the news", timeout=0.0)

    def test_a_look_is_taken_after_the_end(self, wait: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
        """The machine was busy with something else until all the time was over."""
        clock = iter([0.0, 0.0, 1000.0])
        monkeypatch.setattr("tests.waiting._now", lambda: next(clock))
        looks = iter([False, True])
        assert wait(lambda: next(looks), timeout=10.0) is True
