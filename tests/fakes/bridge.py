"""A fake `BridgeApi` that records all calls, for tests of the surfaces."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bridge.control.api import SHOWN, Accepted, ClipAsk, JobView, Midi, Pong, Snapshot, Value
from bridge.errors import BridgeError
from bridge.events import AuditionChanged, EventBus, JobChanged, JobProgress, ParamSet, PresetSelected
from bridge.presets.parameters import check


@dataclass
class NotingBridge:
    """A fake bridge that replies to every command as the daemon does, but at once and without doing any work."""

    bus: EventBus
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    jobs: list[JobView] = field(default_factory=list)
    preset: str = "dub"
    params: dict[str, Value] = field(default_factory=dict)
    sets: dict[str, Value] = field(default_factory=dict)  # the parameters that every preset sets
    heard: str = ""
    refuses: BridgeError | Exception | None = None  # the error that `clip`, `remix` and `rerun` raise
    talk: Any = None  # the fake for MIDI commands
    gate: asyncio.Event | None = None  # `remix` waits for this event
    published: dict[str, None] = field(default_factory=dict)  # job IDs, in the order of their first bus event

    def __post_init__(self) -> None:
        self.bus.subscribe(lambda event: self.published.setdefault(event.job_id), JobChanged, JobProgress)

    def ping(self) -> Pong:
        self.asked.append(("ping",))
        return Pong("1.2.3", 1)

    def stop(self) -> None:
        self.asked.append(("stop",))

    async def inbox(self, message_id: str) -> None:
        self.asked.append(("inbox", message_id))

    async def clip(self, ask: ClipAsk) -> Accepted:
        return self._accept("clip", ask)

    async def remix(self) -> Accepted:
        if self.gate is not None:
            await self.gate.wait()
        return self._accept("remix")

    async def cancel(self, job: str) -> None:
        self.asked.append(("cancel", job))

    async def rerun(self, job: str) -> Accepted:
        return self._accept("rerun", job)

    @property
    def surface_settings(self) -> NotingBridge:
        return self

    def select(self, name: str) -> None:
        self.asked.append(("select", name))
        self.preset, self.params = name, dict(self.sets)
        self.bus.publish(PresetSelected(name, dict(self.params)))

    def step(self, steps: int) -> None:
        self.asked.append(("step", steps))
        self.preset = f"step {steps}"
        self.bus.publish(PresetSelected(self.preset, dict(self.params)))

    def set(self, name: str, value: Value) -> None:
        self.asked.append(("set", name, value))
        checked: Mapping[str, Value] = {name: value} if name == "amount" else check({name: value})
        self.params |= checked
        self.bus.publish(ParamSet(name, self.params[name]))

    async def audition(self, variation: str, which: Literal["source", "result"]) -> None:
        self.asked.append(("audition", variation, which))
        self._hear(which)

    async def switch_audition(self) -> None:
        self.asked.append(("switch_audition",))
        self._hear("source" if self.heard == "result" else "result")

    async def loop_audition(self, on: bool | None) -> None:
        self.asked.append(("loop_audition", on))

    async def stop_audition(self) -> None:
        self.asked.append(("stop_audition",))
        self._hear("")

    def snapshot(self) -> Snapshot:
        return Snapshot(tuple(self.jobs[-SHOWN:]), self.preset, dict(self.params), self.heard)

    def newest_job(self) -> str:
        return next(reversed(dict.fromkeys([*(view.id for view in self.jobs), *self.published])), "")

    def _hear(self, side: str) -> None:
        self.heard = side
        self.bus.publish(AuditionChanged(side))

    @property
    def midi(self) -> Midi:
        return self.talk

    def _accept(self, *asked: Any) -> Accepted:
        self.asked.append(asked)
        if self.refuses is not None:
            raise self.refuses
        number = len(self.jobs) + 1
        self.jobs.append(JobView(f"job-{number}", "new", 0.0, "", 0.006))
        return Accepted(f"message-{number}", f"job-{number}")
