"""Fixtures that run each of fal's own clients once for all tests."""

from __future__ import annotations

import pytest

from tests.judges.judges import Verdict, js_verdict, python_verdict


@pytest.fixture(scope="session")
def python_judge(tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    return python_verdict(tmp_path_factory.mktemp("judge"))


@pytest.fixture(scope="session")
def js_judge() -> Verdict:
    return js_verdict()
