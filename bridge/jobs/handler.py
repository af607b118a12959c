"""The desk: where messages are taken in and become jobs, and where what a DAW or a person says of them is acted on.

Inbox, OSC surface and start-up all come through here; it knows no engine and no DAW by name.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bridge.config.settings import Config
from bridge.engines.base import Engine
from bridge.errors import (
    BridgeError,
    ConfirmNeeded,
    NotPossibleNow,
    RequestError,
    Unexpected,
    UnknownCommand,
    UnknownJob,
)
from bridge.events import Event, EventBus
from bridge.jobs import combine
from bridge.jobs.budget import Budget
from bridge.jobs.delivery import Delivery
from bridge.jobs.inbox import Receipt
from bridge.jobs.nudge import nudge
from bridge.jobs.outbox import Outbox
from bridge.jobs.recipe import compose, new_seed, recompose
from bridge.jobs.registry import JobRegistry
from bridge.jobs.scheduler import Scheduler
from bridge.jobs.surface_settings import SurfaceSettings
from bridge.presets.library import Presets
from bridge.presets.parameters import INSTRUMENTAL, PARAMS
from bridge.protocol.job import Job, State, Variation
from bridge.protocol.request import (
    Clip,
    HelloArgs,
    Message,
    NudgeArgs,
    PlacedArgs,
    RemixArgs,
    TargetArgs,
    TroubleArgs,
    decode,
    parse,
    sender,
)
from bridge.store import cleanup, job_folder
from bridge.store.async_store import Store
from bridge.store.database import Database
from bridge.workers.pool import Workers

log = logging.getLogger(__name__)

Handler = Callable[[Message], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Services:
    """What the handler uses of the daemon."""

    home: Path
    settings: Config
    registry: JobRegistry
    store: Store
    bus: EventBus
    workers: Workers
    budget: Budget
    clock: Callable[[], float]  # unix time, s


@dataclass(frozen=True, slots=True)
class MessageHandler:
    """Executes messages."""

    services: Services
    scheduler: Scheduler
    outbox: Outbox
    delivery: Delivery
    presets: Presets
    surface_settings: SurfaceSettings  # what surfaces have set: preset and parameters
    choose: Callable[[str | None], Awaitable[Engine]]  # the engine of that name, or the default one

    @property
    def registry(self) -> JobRegistry:
        return self.services.registry

    async def resume(self) -> None:
        """At start: go on with what a crash or a stop left, in the order it came."""
        variations = await self.registry.load()
        open_jobs = {one.job_id for one in variations}
        await asyncio.to_thread(cleanup.remove_partial_files, self.services.home, open_jobs, self.services.clock())
        waiting = {self.registry.job(one.job_id).instance for one in variations}
        for instance in sorted(waiting | self.outbox.left_behind()):
            self.outbox.open(instance, [dict(one) for one in await self._refusals(instance)])
        self.scheduler.resume(variations)
        for body in await self.services.store(Database.unapplied):
            await self._apply(parse(body))
        await self.delivery.resume()

    async def handle(self, data: bytes) -> Receipt:
        """Take a message in: once per id, whole in the store before anything happens.

        Raises:
            RequestError: it is no message at all, or its id was used for another one.
        """
        try:
            message = parse(data)
            digest = hashlib.sha256(data).hexdigest()
            now = self.services.clock()
            pending = await self.services.store(
                Database.take_in, message.message_id, digest, message.instance, data, now
            )
        except RequestError as error:
            message_id, instance = sender(data)
            if instance:
                self.outbox.refuse(instance, message_id, error)
            raise
        if pending:
            return await self._apply(message)
        self.outbox.open(message.instance, [dict(one) for one in await self._refusals(message.instance)])
        return Receipt(message.message_id, await self.services.store(Database.job_of_message, message.message_id))

    async def _apply(self, message: Message) -> Receipt:
        """Give a message its effect; one that cannot have any is answered with why."""
        handlers: Mapping[str, Handler] = {
            "hello": self._hello,
            "bye": self._bye,
            "selection": self._selection,
            "prepare": self._prepare,
            "remix": self._remix,
            "cancel": self._cancel,
            "retry": self._retry,
            "rerun": self._rerun,
            "nudge": self._nudge,
            "placed": self._placed,
            "place_failed": self._place_failed,
            "removed": self._removed,
            "trouble": self._trouble,
        }
        try:
            handler = handlers.get(message.command)
            if handler is None:
                raise UnknownCommand(f"There is no command “{message.command}”.")
            job_id = await handler(message)
        except BridgeError as error:
            return await self._refuse(message, error)
        except Exception:
            log.exception("message %s", message.message_id)
            return await self._refuse(message, Unexpected())
        await self.services.store(Database.applied, message.message_id)
        return Receipt(message.message_id, job_id)

    async def _refuse(self, message: Message, error: BridgeError) -> Receipt:
        await self.services.store(Database.applied, message.message_id, error.to_wire())
        self.outbox.refuse(message.instance, message.message_id, error)
        return Receipt(message.message_id, None, error)

    # --- what is asked for -------------------------------------------------------------------------------------------

    async def _remix(self, message: Message) -> str:
        """Asked for with everything it needs: what surfaces have set does not leak in."""
        return (await self._take_on(message, decode(message.args, RemixArgs), {})).id

    async def _selection(self, message: Message) -> str:
        """A DAW's answer to a surface that asked for its selection: the surface's settings count."""
        job = await self._take_on(message, decode(message.args, RemixArgs), self.surface_settings.overrides())
        self.services.bus.publish(Event("selection", job.id, data={"instance": message.instance}))
        return job.id

    async def _take_on(self, message: Message, request: RemixArgs, held: Mapping[str, Any]) -> Job:
        """Make a job of a request by what it asks for and what is set."""
        recipe = compose(request, request.wanted, self.presets, held, self.services.settings.remix.preset)
        return await self._begin(message, request, recipe)

    async def _begin(self, message: Message, request: RemixArgs, recipe: dict[str, Any]) -> Job:
        """Make a job: everything that can be decided or refused now, is."""
        wanted = request.wanted
        engine = await self.choose(wanted.engine)
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
            created=self.services.clock(),
            request=message.args,
            recipe=recipe,
            price=can.price_per_second,
            currency=can.currency,
            seconds=tuple(
                clips[number].length or 0.0 if number in clips else 0.0 for number in range(len(request.clips))
            ),
            each=wanted.variations,
            warnings=tuple(_not_honoured(request.remix, engine)),
        )
        variations = [
            Variation(str(uuid.uuid4()), job.id, clip.id, number, k, (seed + k) % 2**32)
            for number, clip in clips.items()
            for k in range(wanted.variations)
        ]
        self.services.workers.warm()
        await self.registry.add(job, variations)
        for variation in variations:
            self.scheduler.enqueue(variation.id)
        return job

    async def _prepare(self, message: Message) -> None:
        """A remix is about to be asked for: check it and warm up; nothing leaves the machine."""
        request = decode(message.args, RemixArgs)
        compose(request, request.wanted, self.presets, {}, self.services.settings.remix.preset)
        self.services.workers.warm()

    async def _rerun(self, message: Message) -> str:
        """Make a new job from an old recipe, which counts whatever has become of its preset since."""
        target = decode(message.args, TargetArgs)
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
            return (await self._take_on(fresh, request, {})).id
        _ = request.wanted  # checked before the recipe is
        return (await self._begin(fresh, request, recompose(job.recipe, change))).id

    async def _cancel(self, message: Message) -> str:
        job, variations = await self._targets(message)
        for variation in variations:
            await self.scheduler.cancel(variation.id)
        return job.id

    async def _retry(self, message: Message) -> str:
        """Go on where it stopped; order again only where nothing can be running."""
        again = decode(message.args, TargetArgs).again
        job, variations = await self._targets(message)
        found = [one for one in variations if one.state in (State.FAILED, State.CANCELLED, State.UNKNOWN)]
        waiting = [one for one in variations if one.state is State.WAITING]
        if not found and not waiting:
            raise NotPossibleNow("Nothing of this job has failed, was cancelled or waits.")
        if any(one.state is State.UNKNOWN for one in found) and not again:
            raise ConfirmNeeded("The order's answer was lost: it may be running, so ordering it again may cost twice.")
        for variation in found:
            lost = variation.state is State.UNKNOWN
            mark: tuple[str, str, dict[str, Any]] | None = None
            if lost:
                unit = await self.services.store(Database.lost_order, variation.id)
                mark = (unit, "remix", job_folder.void((await self.services.store(Database.stage, unit, "remix"))[0]))
            await self.registry.change(
                variation.id,
                mark=mark,
                state=State.WAITING,
                error=None,
                cancel_asked=False,
                message="starting again",
                reason="slot",
            )
        if any(one.reason == "user" for one in waiting):
            await self.services.budget.consent(job.id)
        for variation in (*found, *waiting):
            self.scheduler.enqueue(variation.id)
        return job.id

    async def _nudge(self, message: Message) -> str:
        """Move a finished result by hand."""
        args = decode(message.args, NudgeArgs)
        job, variations = await self.registry.find(args.variation_id)
        if args.variation_id and not job.id.startswith(args.variation_id):
            variations = [one for one in variations if one.id.startswith(args.variation_id)]
        if len(variations) != 1:
            raise UnknownJob("More than one result is meant: name one of the job's variations.")
        await nudge(self.registry, self.services.store, self.services.workers, variations[0], args.ms)
        return job.id

    async def _targets(self, message: Message) -> tuple[Job, list[Variation]]:
        """Return the job meant, and those of its variations that are meant."""
        target = decode(message.args, TargetArgs)
        job, variations = await self.registry.find(target.variation_id or target.job_id)
        start = target.variation_id or target.job_id or job.id
        if target.variation_id or not job.id.startswith(start):
            variations = [one for one in variations if one.id.startswith(start)]
        if not variations:
            raise UnknownJob(f"There is no variation {start}.")
        return job, variations

    # --- what a DAW says ---------------------------------------------------------------------------------------------

    async def _hello(self, message: Message) -> None:
        args = decode(message.args, HelloArgs)
        self.services.workers.warm()
        self.outbox.open(message.instance, [dict(one) for one in await self._refusals(message.instance)])
        await self.delivery.hello(message.instance, args)

    async def _bye(self, message: Message) -> None:
        await self.delivery.bye(message.instance)
        self.outbox.leave(message.instance)

    async def _placed(self, message: Message) -> None:
        args = decode(message.args, PlacedArgs)
        await self.delivery.placed(args.variation_id, message.instance, args.item, args.text, by_hand=args.by_hand)

    async def _place_failed(self, message: Message) -> None:
        args = decode(message.args, PlacedArgs)
        await self.delivery.failed(args.variation_id, args.text)

    async def _removed(self, message: Message) -> None:
        args = decode(message.args, PlacedArgs)
        await self.delivery.removed(args.variation_id)

    async def _trouble(self, message: Message) -> None:
        """A DAW's script did not know how to go on: what it says goes where all trouble is looked for."""
        log.error("the script of instance %s: %s", message.instance, decode(message.args, TroubleArgs).text)

    async def _refusals(self, instance: str) -> list[dict[str, str]]:
        found = await self.services.store(Database.refusals, instance)
        return [{"message_id": message_id, **error} for message_id, error in found]


def _asked(request: RemixArgs) -> dict[int, Clip]:
    """Return the clips that remixes are made of, by their place in the request; one, where all are asked for as one.

    Raises:
        RequestError: clips that cannot be one.
    """
    if not request.is_combined:
        return dict(enumerate(request.clips))
    combine.check(request)
    return {combine.first_clip(request): combine.combined(request)}


def _not_honoured(asked: Mapping[str, Any], engine: Engine) -> list[dict[str, str]]:
    """Say which of the parameters set by hand this engine does not take; a preset's are its own affair."""
    can = engine.capabilities
    wanted = {name for name in asked if name in PARAMS or name == "amount"} - {"original_tags", "original_lyrics"}
    if str(asked.get("lyrics", "")).strip() in ("", INSTRUMENTAL):
        wanted -= {"lyrics"}
    ignored = sorted(wanted - can.honours)
    warnings = [] if can.ace_step else [{"code": "not_ace_step", "text": f"Made by the {can.label}."}]
    if ignored:
        warnings.append({"code": "not_honoured", "text": f"The {can.label} does not take {', '.join(ignored)}."})
    return warnings
