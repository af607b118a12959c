"""Fixtures and settings for all tests."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from bridge.config.home import prepare_home
from bridge.osc import subscriptions
from tests.fakes.loop_clock import LoopClock
from tests.fakes.osc_stage import Stage

pytest_plugins = ["tests.hangs", "tests.tiers"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # shells ignore SIGINT in background jobs, but tests need it
    signal.signal(signal.SIGINT, signal.default_int_handler)


# Hypothesis must not report a failure because a busy machine generates examples slowly.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a bridge home for one test."""
    folder = tmp_path / "home"
    prepare_home(folder)
    return folder


@pytest_asyncio.fixture
async def loop_clock() -> LoopClock:
    return LoopClock()


@pytest_asyncio.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setattr(subscriptions, "REST", 3600.0)  # no message is repeated, however long a test takes
    made = Stage()
    made.port = await made.surface.start()
    yield made
    await made.close()
