"""Stage 3, per variation and segment: submit the remix exactly once and wait for the model.

Three things are written to the journal, in this order: the intent (before the request is sent), the ticket (before the
first poll) and the answer. After a crash, an intent without a ticket means that the submission may have arrived. The
state then becomes `unknown`, and nothing is submitted again unless the user asks for it.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bridge.engines.base import CancelAnswer, Order, Output, Ticket
from bridge.errors import EngineError, HomeError, RefusedError, ResultGone, SubmitUnknown, UploadNotFetched, Withdrawn
from bridge.jobs.budget import Budget
from bridge.jobs.context import VariationContext
from bridge.jobs.result_file import require_short
from bridge.jobs.stage import Stage
from bridge.presets.tags import original_tags, target_tags
from bridge.protocol.job import State
from bridge.store import job_folder
from bridge.store.async_store import Store
from bridge.store.database import Database
from bridge.util.atomic import require_room, write_json

log = logging.getLogger(__name__)

NAME = "remix"
SAYS_HERE = "starting the remix"  # message for an engine on this machine, which has no queue
PER_SECOND = 2 * 48_000 * 2 * 4  # bytes per second for both the model's and the fitted file (float32, stereo, 48 kHz)
SPARE = 2**20  # bytes kept free for the journal, so that a paid submission is never lost because the disk is full

# The answer for a silent segment, which is not submitted.
NOT_SENT: Mapping[str, Any] = {
    "url": "",
    "seed": None,
    "billed_units": None,
    "answer": {},
    "request_id": "",
    "said": {},
}


def stage(store: Store, budget: Budget, home: Path, clock: Callable[[], float]) -> Stage:
    """Return the `remix` stage, connected to the services that it uses."""
    return Stage(
        NAME,
        None,
        "submitting the remix",
        per_clip=False,
        per_segment=True,
        weight=0.6,
        run=Submission(store, budget, home, clock).run,
        says_here=SAYS_HERE,
    )


@dataclass(frozen=True, slots=True)
class Submission:
    """The stage that submits each remix exactly once."""

    store: Store
    budget: Budget
    home: Path  # the bridge's folder; its disk must have room for the result before anything is paid
    clock: Callable[[], float]  # returns the unix time, s

    async def run(self, context: VariationContext) -> dict[str, Any]:
        """Submit the remix unless it was submitted before; return the model's complete answer.

        A silent segment of a long clip is not submitted.

        Raises:
            SubmitUnknown: the answer to the submission was lost.
            EngineError: the model refused or failed; nothing is running.
        """
        if context.sent.silent:
            return dict(NOT_SENT)
        order = order_of(context)
        mark = await self._mark_of(context)
        if "ticket" in mark:
            ticket = Ticket(**mark["ticket"])
            await _accepted(context, mark)
        elif mark.get("sent") and context.engine.capabilities.submit_once:
            raise SubmitUnknown
        else:
            await context.turn_back()
            ticket = await context.guarded(self._submit(context, order, job_folder.void(mark)))
        try:
            output = await follow(context, ticket, order)
        except RefusedError as refusal:
            await self._clear(context, refusal)
            raise
        await context.billed(output.billed_units)
        await context.warn([dict(warning) for warning in output.warnings])
        await self.store(Database.remember, f"worked:{context.engine.capabilities.name}", context.variation_id)
        return {
            "url": output.url,
            "seed": output.seed,
            "billed_units": output.billed_units,
            "answer": dict(output.answer),
            "request_id": ticket.request_id,
            "said": {name: order.params[name] for name in ("original_tags", "tags") if name in order.params},
        }

    async def _submit(self, context: VariationContext, order: Order, void: Mapping[str, Any]) -> Ticket:
        """Submit the order; write the intent to disk before the request, and the ticket after the answer.

        Args:
            context: context of the variation.
            order: the order to submit.
            void: the part of the marker that lists earlier submissions that no longer count.
        """
        left_undone = "nothing was submitted"
        if context.daw.confirms:
            require_short(context, self.home)
        await asyncio.to_thread(require_room, self.home, order.seconds * PER_SECOND + SPARE, left_undone)
        if context.job.price > 0:
            await self.budget.spend(context.unit, order.seconds * context.job.price)
        name = context.engine.capabilities.name
        intent = {"sent": True, "at": self.clock(), "engine": name, "id": uuid.uuid4().hex, **void}
        digest = await self.store(Database.digest_of, context.job.message_id)
        await asyncio.to_thread(job_folder.keep, context.job_folder, context.job, context.variations, digest)
        await asyncio.to_thread(job_folder.prepare, context.folder, {**intent, "order": _plain(order)})
        if context.cancel.is_set():  # there must be no await between this check and the new state
            await self._not_accepted(context)
            raise Withdrawn
        says = _says(context, "submitting the remix")
        begin = round(context.share(0.0), 4)  # an earlier submission may have been further
        await context.enter(State.SUBMITTING, says, stage=NAME, progress=begin, mark=(context.unit, NAME, intent))
        try:
            await asyncio.to_thread(job_folder.commit, context.folder)
            ticket = await context.engine.submit(order)
        except SubmitUnknown:
            raise
        except Exception:  # the engine refused, or nothing was sent, so nothing is running
            await context.enter(State.SUBMITTING, "not submitted", mark=(context.unit, NAME, job_folder.void(intent)))
            await self._not_accepted(context)
            raise
        mark = {**intent, "ticket": {"request_id": ticket.request_id, "urls": dict(ticket.urls)}}
        try:
            await asyncio.to_thread(write_json, context.folder / job_folder.ORDER, {**mark, "order": _plain(order)})
        except HomeError as problem:  # the ticket can also be read from the journal
            name, ticket_id = context.variation_id, ticket.request_id
            log.error("the ticket of %s (%s) is in the journal only: %s", name, ticket_id, problem.text)
            paid = (context.unit, NAME, mark)
            await self.store.even_if_lost(Database.save_variation, context.variation, is_open=True, mark=paid)
        await _accepted(context, mark)
        return ticket

    async def _mark_of(self, context: VariationContext) -> dict[str, Any]:
        """Return the stage's marker from the journal; if it has no ticket, add the ticket from the folder."""
        mark, _ = await self.store(Database.stage, context.unit, NAME)
        if mark.get("sent") and "ticket" not in mark:
            kept = await asyncio.to_thread(job_folder.read, context.folder / job_folder.ORDER) or {}
            if "ticket" in kept and job_folder.name_of(kept) == job_folder.name_of(mark):
                return {name: kept[name] for name in (*mark, "ticket")}
        return mark

    async def _clear(self, context: VariationContext, refusal: RefusedError) -> None:
        """Allow `retry` to submit (and if needed upload) again, because the refusal proves that nothing is running.

        If a result has expired (`ResultGone`), the remix was billed, so this method does nothing: only `rerun` may
        submit again. The budget keeps a cost that the engine may still charge.
        """
        if isinstance(refusal, ResultGone):
            return
        if (
            refusal.may_be_billed
        ):  # before the change, after which a crash would let the next submission replace the cost
            await self.budget.keep(context.unit)
        mark, _ = await self.store(Database.stage, context.unit, NAME)
        await context.change(ordered=False, mark=(context.unit, NAME, job_folder.void(mark)))
        await self._not_accepted(context, refund=not refusal.may_be_billed)
        if isinstance(refusal, UploadNotFetched):
            await self.store(Database.forget_upload, context.done["upload"]["url"])
            await context.forget(context.clip_unit, "upload")

    async def _not_accepted(self, context: VariationContext, *, refund: bool = True) -> None:
        """Refund the cost and remove the files that recovery would read, because nothing is running at the engine."""
        if refund:
            await self.budget.refund(context.unit)
        await asyncio.to_thread(job_folder.remove_order, context.folder)


async def _accepted(context: VariationContext, mark: Mapping[str, Any]) -> None:
    """Record that the engine accepted the submission."""
    says = _says(context, "waiting for the model")
    await context.enter(_state_at_engine(context), says, stage=NAME, ordered=True, mark=(context.unit, NAME, mark))


async def follow(context: VariationContext, ticket: Ticket, order: Order) -> Output:
    """Wait for the model; if the user cancels, ask the engine once to stop, and keep waiting for the outcome."""
    following = asyncio.ensure_future(context.engine.follow(ticket, order, Following(context)))
    asking = asyncio.ensure_future(_cancel_when_asked(context, ticket))
    try:
        return await following
    finally:
        for task in (following, asking):
            task.cancel()
        await asyncio.gather(following, asking, return_exceptions=True)


async def _cancel_when_asked(context: VariationContext, ticket: Ticket) -> None:
    await context.cancel.wait()
    try:
        answer = await context.engine.cancel(ticket)
    except EngineError as error:
        context.report(message=f"the cancel did not reach the engine ({error.text}); the remix continues")
        return
    context.report(message=SAID[answer])


SAID = {
    CancelAnswer.REMOVED: "cancelled before the model started; nothing is billed",
    CancelAnswer.REQUESTED: "cancel sent; it may still be billed, and the result is kept if the model finishes",
    CancelAnswer.TOO_LATE: "too late to cancel: the model had finished; the result is kept",
    CancelAnswer.UNKNOWN: "the engine no longer knows this remix; it may have been billed",
}


def order_of(context: VariationContext) -> Order:
    """Build the order from recorded values; every call returns the same order."""
    params = {**context.job.recipe["params"], **described(context)}
    beats, downbeats = beats_of(context)
    return Order(
        audio_url=context.done["upload"]["url"],
        params={**params, "seed": context.variation.seed},
        seconds=context.sent.seconds,
        amount=context.job.recipe["amount"],
        tempo=context.request.project.tempo,
        beats=beats,
        downbeats=downbeats,
        scratch=context.folder,
        chosen=frozenset(context.job.recipe["chosen"]),
        family=context.job.recipe["family"],
        preset=context.job.recipe["preset"] or "",
    )


def beats_of(context: VariationContext) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Return the beats within the sent audio, in seconds from its start, and the indices of the downbeats."""
    grid = context.clip.grid
    if grid is None:
        return (), ()
    before = context.done["render"]["handles"][0] - context.sent.start  # seconds of sent audio before the clip
    within = [number for number, beat in enumerate(grid.beats) if 0 <= beat + before <= context.sent.seconds]
    place = {number: index for index, number in enumerate(within)}
    downbeats = tuple(place[number] for number in grid.downbeats if number in place)
    return tuple(grid.beats[number] + before for number in within), downbeats


def described(context: VariationContext) -> dict[str, Any]:
    """Return tags from the analysis (the kind of clip, its tempo and key); empty if the model reads no tags."""
    heard, recipe = context.done["render"].get("heard"), context.job.recipe
    if not heard or not context.engine.capabilities.ace_step:
        return {}
    tags = target_tags(recipe["params"]["tags"], heard, own=recipe.get("tags_by") != "preset")
    if recipe.get("described_by") != "clip":
        return {"tags": tags}
    names = (context.clip.track.name, context.clip.name)
    return {"tags": tags, "original_tags": heard["said"] or original_tags(names, heard)}


class Following:
    """A receiver of the engine's reports; it passes them on and changes the state from `queued` to `running`."""

    def __init__(self, context: VariationContext) -> None:
        self._context = context
        self._running = False

    def __call__(
        self,
        *,
        fraction: float | None = None,
        message: str | None = None,
        queue_position: int | None = None,
        running: bool | None = None,
    ) -> None:
        self._context.report(fraction=fraction, message=message, queue_position=queue_position, running=running)
        if running and not self._running:
            self._running = True
            self._context.move(State.RUNNING)


def _state_at_engine(context: VariationContext) -> State:
    """Return `running` if the variation is in this state (a cancel may have recorded it), else `queued`."""
    return State.RUNNING if context.variation.state is State.RUNNING else State.QUEUED


def _says(context: VariationContext, words: str) -> str:
    """Return the given text for a remote engine, or SAYS_HERE for an engine on this machine."""
    return words if context.engine.capabilities.remote else SAYS_HERE


def _plain(order: Order) -> dict[str, Any]:
    return {**asdict(order), "scratch": str(order.scratch), "chosen": sorted(order.chosen)}
