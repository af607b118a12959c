"""Fixtures and settings for all tests."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from bridge.config.home import prepare_home
from bridge.control import service
from bridge.doctor import live
from bridge.midi import port_process
from bridge.osc import query_server, subscriptions
from bridge.util import child_process
from tests.fakes.loop_clock import LoopClock
from tests.fakes.osc_stage import Stage
from tests.fakes.processes import ending_all
from tests.fakes.windows_files import WindowsFiles
from tests.waiting import PATIENCE

pytest_plugins = ["tests.hangs", "tests.tiers"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # shells ignore SIGINT in background jobs, but tests need it
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Time limits of the bridge that a busy machine might exceed. A test that waits for the end of a limit shortens it.
child_process.KILL_SECONDS = PATIENCE
live.TIMEOUT = PATIENCE
port_process.PATIENCE = PATIENCE
query_server.PATIENCE = PATIENCE
service.PATIENCE = PATIENCE

# Hypothesis must not report a failure because a busy machine generates examples slowly. It draws the same examples in
# every run, so that no result depends on chance; `--hypothesis-profile=random` looks for new failures.
settings.register_profile("random", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", settings.get_profile("random"), derandomize=True)
settings.load_profile("same")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a bridge home for one test."""
    folder = tmp_path / "home"
    prepare_home(folder)
    return folder


@pytest.fixture(autouse=True)
def _no_daemon_left() -> Iterator[None]:
    with ending_all():
        yield


@pytest.fixture
def no_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the ffmpeg command from the test."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def windows_files(monkeypatch: pytest.MonkeyPatch) -> WindowsFiles:
    """Make this process refuse what Windows refuses: to replace, rename or remove an open file."""
    return WindowsFiles(monkeypatch)


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
