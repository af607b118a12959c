"""Tests the wait functions: which values end a wait, and which error messages a failed wait gives."""

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
    def test_the_first_value_is_returned(self, wait: Callable[..., Any]) -> None:
        values = iter([None, False, None, "there", "too late"])
        assert wait(lambda: next(values), timeout=60.0) == "there"

    def test_the_error_names_what_was_missing(self, wait: Callable[..., Any]) -> None:
        with pytest.raises(AssertionError, match=r"^waited 0 s without success for the moon$"):
            wait(lambda: None, "the moon", timeout=0.0)
        with pytest.raises(AssertionError, match=r"wait\(lambda: 2 \+ 2 == 5.*test_waiting\.py:\d+"):
            wait(lambda: 2 + 2 == 5, timeout=0.0)

    def test_an_empty_value_is_an_error(self, wait: Callable[..., Any]) -> None:
        with pytest.raises(TypeError, match=r"^\[\] is neither a value nor None or False: the news$"):
            wait(list, "the news", timeout=0.0)

    def test_the_last_call_is_after_the_timeout(
        self, wait: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A clock simulates a machine that was busy for longer than the timeout."""
        clock = iter([0.0, 0.0, 1000.0])
        monkeypatch.setattr("tests.waiting._now", lambda: next(clock))
        looks = iter([False, True])
        assert wait(lambda: next(looks), timeout=10.0) is True
