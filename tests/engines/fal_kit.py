"""Helpers for the tests of the fal engine: an engine connected to the fake fal, a clip, and a fake `sleep`."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from bridge.engines.base import Order, Ticket
from bridge.engines.fal.engine import FalEngine
from bridge.engines.fal.settings import Timeouts
from tests.fakes.fal_server import FalServer

KEY = "1f9a-key-id:5up3r-s3cr3t-half"
ENDPOINT = "fal-ai/ace-step/audio-to-audio"
PATIENT = Timeouts(connect=100.0, submit=100.0, ask=100.0, move=100.0, stream=100.0)  # for a slow, busy fake


@dataclass(frozen=True)
class Settings:
    """Settings from the `[fal]` section, for a test."""

    queue_url: str
    rest_url: str
    endpoint: str = ENDPOINT
    result_hosts: tuple[str, ...] = ("*.fal.media",)
    upload_expires: str = "1d"
    result_expires: str = "7d"
    price_per_second: float = 0.0002
    longest: float = 240.0
    poll_first: float = 0.5
    poll_longest: float = 3.0
    status_stream: bool = True


class Sleep:
    """A fake `sleep` that records the durations instead of waiting, and runs given functions at given calls."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.at: dict[int, Callable[[], None]] = {}  # number of a call, from 1 → function to run

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        action = self.at.get(len(self.asked))
        if action is not None:
            await asyncio.to_thread(action)
        await asyncio.sleep(0.002)


@dataclass
class Reports:
    """A recorder of an engine's reports."""

    all: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, **news: Any) -> None:
        self.all.append({name: value for name, value in news.items() if value is not None})

    def of(self, name: str) -> list[Any]:
        """Return all values reported for one argument, in order."""
        return [news[name] for news in self.all if name in news]


def engine_at(fal: FalServer, sleep: Callable[[float], Any] | None = None, **settings: Any) -> FalEngine:
    """Return an engine that is connected to the fake fal."""
    timeouts = settings.pop("timeouts", PATIENT)
    key = settings.pop("key", lambda: KEY)
    chosen = Settings(queue_url=fal.url, rest_url=fal.url)
    chosen = replace(chosen, **settings)
    return FalEngine(chosen, key, random=lambda: 0.5, sleep=sleep or Sleep(), timeouts=timeouts)


@asynccontextmanager
async def at(fal: FalServer, sleep: Callable[[float], Any] | None = None, **settings: Any) -> AsyncIterator[FalEngine]:
    """Yield an engine that is connected to the fake fal; close the engine afterwards."""
    engine = engine_at(fal, sleep, **settings)
    try:
        yield engine
    finally:
        await engine.aclose()


def clip_bytes(seconds: float = 0.5, seed: int = 1) -> bytes:
    """Return a stereo FLAC file of noise at 48 kHz, as bytes."""
    noise = np.random.default_rng(seed).uniform(-0.5, 0.5, (int(48000 * seconds), 2)).astype(np.float32)
    file = io.BytesIO()
    soundfile.write(file, noise, 48000, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def clip_file(folder: Path, data: bytes | None = None) -> tuple[Path, str]:
    """Write a clip; return the file's path and hash."""
    data = clip_bytes() if data is None else data
    path = folder / "süß & schräg.flac"
    path.write_bytes(data)
    return path, hashlib.sha256(data).hexdigest()


def order_for(url: str, scratch: Path = Path(), **changes: Any) -> Order:
    """Return a valid order."""
    params = {"tags": "bossa nova", "original_tags": "noise", "seed": 7, **changes.pop("params", {})}
    return replace(Order(url, params, 0.5, None, None, (), (), scratch), **changes)


def stored_clip(fal: FalServer) -> str:
    """Put a clip into the fake's storage without a request; return the clip's URL."""
    return fal.storage.keep(fal.url, "clip.flac", clip_bytes(), "audio/flac")


async def ordered(fal: FalServer, engine: FalEngine) -> tuple[Ticket, Order]:
    order = order_for(stored_clip(fal))
    return await engine.submit(order), order


async def never(seconds: float) -> None:
    """Never return, so that only an event can end a wait."""
    await asyncio.Event().wait()
