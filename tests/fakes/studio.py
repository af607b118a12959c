"""A bridge in the test's own process; everything is real except the engine and the worker processes."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from bridge.config.load import load
from bridge.daws.folder import Folder, Scripted
from bridge.engines.base import Engine
from bridge.events import Event, EventBus
from bridge.jobs.actions import Actions
from bridge.jobs.budget import Budget
from bridge.jobs.context import Contexts
from bridge.jobs.delivery import Delivery
from bridge.jobs.early_upload import EarlyUpload
from bridge.jobs.handler import MessageHandler
from bridge.jobs.inbox import Receipt
from bridge.jobs.key_repeat import KeyRepeat
from bridge.jobs.outbox import Outbox
from bridge.jobs.pipeline import Pipeline, stages
from bridge.jobs.registry import JobRegistry
from bridge.jobs.requests import Requests
from bridge.jobs.scheduler import Scheduler
from bridge.jobs.surface_settings import SurfaceSettings
from bridge.presets.library import standard
from bridge.protocol.job import Variation
from bridge.store.async_store import Store
from bridge.store.database import Database
from bridge.workers.task_table import TASKS
from tests.fakes.fake_engine import FakeEngine
from tests.waiting import PATIENCE, eventually


class InlineWorkers:
    """A replacement for the worker pool that runs tasks in a thread of this process."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    async def run(
        self, task: str, args: Mapping[str, Any], progress: Callable[[float], None] | None = None
    ) -> dict[str, Any]:
        self.ran.append(task)
        module, name = TASKS[task].split(":")
        result: dict[str, Any] = await asyncio.to_thread(
            getattr(import_module(module), name), dict(args), lambda part: None
        )
        return result

    def warm(self) -> None:
        self.ran.append("warm")

    async def aclose(self) -> None:
        return


class Studio:
    """One run of the bridge in a home; a second Studio in the same home simulates a restart."""

    def __init__(self, home: Path, engine: Engine | None = None, workers: Any = None, **environ: str) -> None:
        self.home = home
        self.engine: Any = engine or FakeEngine()
        self.settings = load(home, environ)
        self.events: list[Event] = []
        self.bus = EventBus()
        self.bus.subscribe(self.events.append)
        self.now = time.time()
        self.store = Store(Database(home / "bridge.db"))
        self.registry = JobRegistry(self.store, self.bus)
        self.workers = workers or InlineWorkers()
        self.budget = Budget(self.store, self.settings.budget, self.clock)
        self.outbox = Outbox(home / "outbox", self.registry, self.bus, self.clock, progress_rate=5.0, keep=20)
        self.delivery = Delivery(home / "jobs", self.registry, self.store, self.clock)
        in_order = stages(
            workers=self.workers,
            store=self.store,
            budget=self.budget,
            settings=self.settings,
            home=home,
            clock=self.clock,
            offer=self.delivery.offer,
        )
        engines = defaultdict(lambda: self.engine)  # one engine for all jobs, which tests may replace
        daws = {name: Scripted(name) for name in ("ardour", "reaper", "live")}
        contexts = Contexts(
            home=home, registry=self.registry, store=self.store, engines=engines, daws=daws, other=Folder()
        )
        allowed = self.settings.privacy.upload_early
        self.early_upload = EarlyUpload(home, in_order, engines, daws, Folder()) if allowed else None
        slots = self.settings.scheduler.slots
        self.scheduler = Scheduler(self.registry, self.bus, Pipeline(in_order, self.store), contexts, slots=slots)
        presets = standard(home)
        self.surface_settings = SurfaceSettings(self.store, self.bus, presets)
        requests = Requests(
            registry=self.registry,
            scheduler=self.scheduler,
            workers=self.workers,
            bus=self.bus,
            presets=presets,
            surface_settings=self.surface_settings,
            choose=self._choose,
            usual=self.settings.remix.preset,
            clock=self.clock,
            key_repeat=KeyRepeat(self.clock),
            early_upload=self.early_upload,
        )
        self.handler = MessageHandler(
            home=home,
            registry=self.registry,
            store=self.store,
            scheduler=self.scheduler,
            outbox=self.outbox,
            delivery=self.delivery,
            workers=self.workers,
            requests=requests,
            actions=Actions(self.registry, self.scheduler, self.store, self.budget, self.workers),
            clock=self.clock,
        )

    def clock(self) -> float:
        return self.now

    async def _choose(self, name: str | None) -> Engine:
        return self.engine

    async def __aenter__(self) -> Studio:
        await self.handler.resume()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.early_upload is not None:
            await self.early_upload.stop()
        await self.scheduler.stop()
        self.outbox.close()
        await self.surface_settings.close()
        self.store.close()

    # --- helpers for tests -------------------------------------------------------------------------------------------

    async def send(self, command: str, args: Mapping[str, Any], **changes: Any) -> Receipt:
        message = {
            "protocol": 1,
            "message_id": str(uuid.uuid4()),
            "command": command,
            "instance": "test",
            "args": dict(args),
            **changes,
        }
        return await self.handler.handle(json.dumps(message).encode())

    async def remix(self, path: Path, **changes: Any) -> str:
        taken = await self.send("remix", remix_args(path, **changes))
        if taken.error:
            raise taken.error
        assert taken.job_id
        return taken.job_id

    async def spent(self) -> float:
        """Return the sum of all entries in the ledger, US dollars."""
        return await self.store(Database.spent_since, 0.0)

    async def until(self, job_id: str, *states: str, timeout: float = PATIENCE) -> list[Variation]:
        """Wait until a job is in one of these states, and return the job's variations."""

        try:
            await eventually(
                lambda: str(self.registry.state(job_id)) in states, f"the state {' or '.join(states)}", timeout
            )
        except AssertionError as error:
            shown = f"{self.registry.state(job_id)}: {self.registry.variations(job_id)}"
            raise AssertionError(f"{error}; it is {shown}") from None
        return self.registry.variations(job_id)

    def document(self, instance: str = "test") -> dict[str, Any]:
        """Write the outbox file, and return its content."""
        self.outbox.write(instance)
        found: dict[str, Any] = json.loads((self.home / "outbox" / f"{instance}.json").read_bytes())
        return found


def remix_args(path: Path, **changes: Any) -> dict[str, Any]:
    """Return the arguments of a message that remixes a complete file, with `changes` merged in."""
    source = {"path": str(path), **changes.pop("source", {})}
    clip = {"id": "clip-1", "name": path.stem, "source": source, **changes.pop("clip", {})}
    remix = {"tags": "dub, deep bass", "seed": 7, **changes.pop("remix", {})}
    return {"clips": [clip], "remix": remix, **changes}


def write_tone(path: Path, seconds: float = 1.0, rate: int = 48_000, channels: int = 2, level: float = 0.25) -> Path:
    """Write a file with a chord that has an attack every 0.5 s, for tests of loudness, level and onsets."""
    t = np.arange(round(seconds * rate)) / rate
    tone = sum(np.sin(2 * np.pi * f * t) for f in (220.0, 277.2, 329.6)) / 3 * np.exp(-3 * (t % 0.5))
    sound = level * np.stack([tone * (1 - 0.1 * c) for c in range(channels)], axis=1)
    soundfile.write(path, sound, rate, subtype="PCM_24")
    return path
