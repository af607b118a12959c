"""Executes commands from surfaces in the daemon.

A command that creates or changes a job is passed to the message handler as a message, so it is recorded before it is
executed.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bridge import PROTOCOL, __version__
from bridge.audition.player import Player, Side
from bridge.audition.sides import sides
from bridge.control.api import SHOWN, Accepted, ClipAsk, JobView, Midi, Pong, Snapshot
from bridge.errors import DawMissing, NotPossibleNow, UnknownJob
from bridge.events import EventBus, SelectionSent
from bridge.jobs.delivery import Delivery
from bridge.jobs.inbox import Inbox, Receipt
from bridge.jobs.outbox import Outbox
from bridge.jobs.registry import JobRegistry
from bridge.jobs.surface_settings import SurfaceSettings
from bridge.protocol.job import ENDED, Job, State, Variation
from bridge.protocol.request import Message
from bridge.store.async_store import Store
from bridge.store.database import Database

INSTANCE = "osc"  # instance name in all messages from surfaces
PATIENCE = 1.0  # seconds to wait for a DAW to send its selection


@dataclass(slots=True, kw_only=True)
class BridgeService:
    """The daemon's implementation of `api.BridgeApi`."""

    submit: Callable[[Message], Awaitable[Receipt]]  # function that handles a message as if it came from the inbox
    message_inbox: Inbox
    registry: JobRegistry
    store: Store
    delivery: Delivery
    outbox: Outbox
    bus: EventBus
    surface_settings: SurfaceSettings
    player: Player
    midi: Midi
    end: Callable[[], None]  # function that makes the daemon end

    def stop(self) -> None:
        self.end()

    def ping(self) -> Pong:
        return Pong(__version__, PROTOCOL)

    async def inbox(self, message_id: str) -> Accepted | None:
        """Read all messages in the inbox now. `message_id` only selects the job to return."""
        receipt = (await self.message_inbox.scan()).get(message_id)
        if receipt is not None and receipt.error is not None:
            raise receipt.error
        # If this scan did not find the message, the folder watcher may have read it before.
        job_id = receipt.job_id if receipt else await self.registry.of_message(message_id)
        return Accepted(message_id, job_id) if job_id else None

    async def clip(self, ask: ClipAsk) -> Accepted:
        overrides = self.surface_settings.overrides()
        remix = {"preset": ask.preset} if ask.preset else dict(overrides)
        clip = {
            "id": str(uuid.uuid4()),
            "name": Path(ask.path).stem,
            "position": ask.position,
            "length": ask.length,
            "source": {"path": ask.path, "offset": ask.offset},
        }
        return await self._handle("remix", {"clips": [clip], "remix": remix, "trigger": "osc"})

    async def remix(self) -> Accepted:
        here = await self.delivery.instances()
        if not here:
            raise DawMissing
        daw = here[-1]
        answered: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def hear(event: SelectionSent) -> None:
            if event.instance == daw.id and not answered.done():
                answered.set_result(event.job_id)

        forget = self.bus.subscribe(hear, SelectionSent)
        try:
            self.outbox.ask(daw.id, {"id": str(uuid.uuid4()), "command": "selection"})
            job_id = await asyncio.wait_for(answered, PATIENCE)
        except TimeoutError:
            raise DawMissing(f"{daw.daw} did not answer the request for its selection.") from None
        finally:
            forget()
            self.outbox.ask(daw.id, None)
        return Accepted(self.registry.job(job_id).message_id, job_id)

    async def cancel(self, job: str) -> None:
        target = job or self._newest(self._open(), "No job is running, so there is nothing to cancel.").id
        await self._handle("cancel", {"job_id": target})

    async def rerun(self, job: str) -> Accepted:
        return await self._handle("rerun", {"job_id": job or None})

    async def audition(self, variation: str, which: Literal["source", "result"]) -> None:
        found = await self._sides(variation)
        if which not in {side.name for side in found}:
            raise NotPossibleNow("The clip's file is gone, so only the result can be played.")
        await self.player.play(found, which)

    async def switch_audition(self) -> None:
        if self.player.playing:
            await self.player.switch()
        else:
            await self.audition("", "result")

    async def loop_audition(self, on: bool | None) -> None:
        await self.player.set_loop(on)

    async def stop_audition(self) -> None:
        await self.player.stop()

    def snapshot(self) -> Snapshot:
        jobs = self.registry.jobs()
        shown = [job for job in reversed(jobs) if job is jobs[-1] or self._is_open(job)][:SHOWN][::-1]
        overrides = self.surface_settings.overrides()
        views = tuple(self._view(job) for job in shown)
        return Snapshot(views, overrides.get("preset", ""), self.surface_settings.effective(), self.player.heard)

    def newest_job(self) -> str:
        return self.registry.newest

    # --- internals -------------------------------------------------------------------------------------------------

    async def _handle(self, command: str, args: dict[str, Any]) -> Accepted:
        """Submit a command as a message. Raise an error if the message is rejected."""
        message = Message(
            protocol=PROTOCOL, message_id=str(uuid.uuid4()), command=command, instance=INSTANCE, args=args
        )
        receipt = await self.submit(message)
        if receipt.error is not None:
            raise receipt.error
        return Accepted(message.message_id, receipt.job_id or "")

    def _open(self) -> list[Job]:
        return [job for job in self.registry.jobs() if self._is_open(job)]

    def _is_open(self, job: Job) -> bool:
        return self.registry.state(job.id) not in (*ENDED, State.PARTIAL)

    def _newest(self, jobs: list[Job], otherwise: str) -> Job:
        if not jobs:
            raise UnknownJob(otherwise)
        return jobs[-1]

    async def _sides(self, start: str) -> tuple[Side, ...]:
        """Return the sides (source, result) of the newest variation with a result and an ID beginning with `start`."""
        found = self._with_result(start)
        clip = f"{found.job_id}/{found.clip_index}"
        _, rendered = await self.store(Database.stage, clip, "render")
        _, fitted = await self.store(Database.stage, found.id, "fit")
        there = rendered is not None and await asyncio.to_thread(Path(rendered["path"]).exists)
        return sides(found.result or {}, fitted or {}, rendered if there else None)

    def _with_result(self, start: str) -> Variation:
        found = [one for job in self.registry.jobs() for one in self.registry.variations(job.id) if one.result]
        found = [one for one in found if one.id.startswith(start)]
        if not found:
            raise UnknownJob("There is no finished variation to play.")
        return found[-1]

    def _view(self, job: Job) -> JobView:
        messages = [one.message for one in self.registry.variations(job.id)]
        return JobView(
            job.id,
            str(self.registry.state(job.id)),
            self.registry.fraction(job.id),
            messages[-1] if messages else "",
            job.cost,
        )
