"""Handles messages that request a remix: checks the request, decides its recipe and creates a job.

The message handler calls this module for `remix`, `selection`, `prepare` and `rerun`; the scheduler then runs the jobs.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from bridge.engines.base import Engine
from bridge.events import EventBus, SelectionSent
from bridge.jobs import combine, unknown_keys
from bridge.jobs.early_upload import EarlyUpload
from bridge.jobs.key_repeat import HELD, NOTE, RESTART, KeyRepeat, identity_of, may_repeat
from bridge.jobs.recipe import compose, new_seed, recompose
from bridge.jobs.registry import JobRegistry
from bridge.jobs.scheduler import Scheduler
from bridge.jobs.surface_settings import SurfaceSettings
from bridge.presets.library import Presets
from bridge.presets.parameters import INSTRUMENTAL, PARAMS
from bridge.protocol.job import Job, State, Variation
from bridge.protocol.request import Clip, Message, RemixArgs, TargetArgs, decode
from bridge.workers.pool import Workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """The commands that create jobs."""

    registry: JobRegistry
    scheduler: Scheduler
    workers: Workers
    bus: EventBus
    presets: Presets
    surface_settings: SurfaceSettings
    choose: Callable[[str | None], Awaitable[Engine]]  # returns the engine with this name; None: the default engine
    usual: str  # name of the preset for a remix that has neither a preset nor tags
    clock: Callable[[], float]  # returns the unix time, s
    key_repeat: KeyRepeat
    early_upload: EarlyUpload | None  # None: `upload_early` under `[privacy]` is off

    async def remix(self, message: Message) -> str:
        """Create a job from a complete request; the surface settings do not apply."""
        return (await self._create(message, decode(message.args, RemixArgs), {})).id

    async def selection(self, message: Message) -> str:
        """Create a job from the selection that a DAW sent at a surface's request; the surface settings apply."""
        job = await self._create(message, decode(message.args, RemixArgs), self.surface_settings.overrides())
        self.bus.publish(SelectionSent(job.id, message.instance))
        return job.id

    async def prepare(self, message: Message) -> None:
        """Check a remix that may be requested next, start a worker, and upload the clips if `upload_early` is on."""
        request = decode(message.args, RemixArgs)
        recipe = compose(request, request.wanted, self.presets, {}, self.usual)
        self.workers.warm()
        if self.early_upload is not None:
            draft, variations = self._draft(message, request, recipe, await self.choose(request.wanted.engine))
            self.early_upload.start(message.instance, draft, [one for one in variations if one.index == 0])

    async def rerun(self, message: Message) -> str:
        """Create a new job from an old recipe, even if the preset has changed since then."""
        target = decode(message.args, TargetArgs)
        unknown = unknown_keys.in_target(message.args, TargetArgs)
        job, _ = await self.registry.find(target.variation_id or target.job_id)
        chosen = {name: job.recipe["params"][name] for name in job.recipe["chosen"]}
        again = {"preset": job.recipe["preset"], "engine": job.engine, "seed": job.seed, "amount": job.recipe["amount"]}
        change = {name: value for name, value in target.remix.items() if value is not None}
        remix = {**job.request.get("remix", {}), **chosen, **again, **change}
        args = {
            **job.request,
            "remix": {name: value for name, value in remix.items() if value is not None},
            "confirmed": target.confirmed,
        }
        fresh, request = msgspec.structs.replace(message, command="remix", args=args), decode(args, RemixArgs)
        if "preset" in change:
            recipe = compose(request, request.wanted, self.presets, {}, self.usual)
        else:
            _ = request.wanted  # reading this property validates the request before the recipe is made
            recipe = recompose(job.recipe, change)
        made = await self._add(fresh, request, recipe)
        await self.registry.warn(made.id, unknown)
        return made.id

    def recall(self) -> None:
        """When the daemon starts, remember the requests of the newest jobs, which a held key may be repeating."""
        for job in self.registry.jobs():
            if 0 <= self.clock() - job.created < RESTART:
                self.key_repeat.remember(identity_of(job.instance, job.request, job.recipe), job.id)

    # --- inner parts -------------------------------------------------------------------------------------------------

    async def _create(self, message: Message, request: RemixArgs, overrides: Mapping[str, Any]) -> Job:
        """Return a job for a request and the surface settings: a new one unless the request is a key repeat."""
        recipe = compose(request, request.wanted, self.presets, overrides, self.usual)
        if not may_repeat(message, request):
            return await self._add(message, request, recipe)
        identity = identity_of(message.instance, message.args, recipe)
        async with self.key_repeat.lock:
            first, since = self.key_repeat.find(identity) or ("", 0.0)
            if self.registry.has(first) and (since < HELD or self._is_wanted(first)):
                return await self.registry.repeat(first, message.message_id, NOTE)
            job = await self._add(message, request, recipe)
            self.key_repeat.remember(identity, job.id)
        return job

    def _is_wanted(self, job_id: str) -> bool:
        """Return whether a job stands for a repeated request; after a failure or a cancel, the user tries again."""
        ended = (State.FAILED, State.CANCELLED)
        return any(one.state not in ended and not one.cancel_asked for one in self.registry.variations(job_id))

    async def _add(self, message: Message, request: RemixArgs, recipe: dict[str, Any]) -> Job:
        """Create a job with a recipe and queue its variations."""
        job, variations = self._draft(message, request, recipe, await self.choose(request.wanted.engine))
        self.workers.warm()
        await self.registry.add(job, variations)
        for variation in variations:
            self.scheduler.enqueue(variation.id)
        return job

    def _draft(
        self, message: Message, request: RemixArgs, recipe: dict[str, Any], engine: Engine
    ) -> tuple[Job, list[Variation]]:
        """Return the job and the variations that a request describes."""
        wanted = request.wanted
        seed = new_seed() if wanted.seed is None else wanted.seed
        can = engine.capabilities
        clips = _asked(request)
        job = Job(
            id=str(uuid.uuid4()),
            message_id=message.message_id,
            instance=message.instance,
            daw=request.daw.name,
            project=request.project.path or request.project.name,
            engine=can.name,
            seed=seed,
            created=self.clock(),
            request=message.args,
            recipe=recipe,
            price=can.price_per_second,
            currency=can.currency,
            seconds=tuple(
                clips[number].length or 0.0 if number in clips else 0.0 for number in range(len(request.clips))
            ),
            each=wanted.variations,
            warnings=(*_not_honoured(request.remix, engine, recipe), *unknown_keys.in_remix(message.args)),
        )
        variations = [
            Variation(str(uuid.uuid4()), job.id, clip.id, number, k, (seed + k) % 2**32)
            for number, clip in clips.items()
            for k in range(wanted.variations)
        ]
        return job, variations


def _asked(request: RemixArgs) -> dict[int, Clip]:
    """Return the clips to remix, by their index in the request; combined clips count as one clip.

    Raises:
        RequestError: the clips cannot be combined.
    """
    if not request.is_combined:
        return dict(enumerate(request.clips))
    combine.check(request)
    return {combine.first_clip(request): combine.combined(request)}


def _not_honoured(asked: Mapping[str, Any], engine: Engine, recipe: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return a warning if the engine is not ACE-Step, and another if the engine ignores parameters set by the user."""
    can = engine.capabilities
    wanted = {name for name in asked if name in PARAMS or name == "amount"}
    wanted -= {"audio_url", "original_tags", "original_lyrics"}
    if str(asked.get("lyrics", "")).strip() in ("", INSTRUMENTAL):
        wanted -= {"lyrics"}
    ignored = sorted(wanted - can.honours)
    style = f": {recipe['family']}" if recipe["family"] else ""
    missing = f"; only the model adds {recipe['needs_model']}" if recipe.get("needs_model") else ""
    made_by = {"code": "not_ace_step", "text": f"Made by the {can.label}{style}{missing}."}
    warnings = [] if can.ace_step else [made_by]
    if ignored:
        warnings.append({"code": "not_honoured", "text": f"The {can.label} ignores {', '.join(ignored)}."})
    return warnings
