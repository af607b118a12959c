"""Handles messages: records each message in the journal once, then runs its command.

Messages come from the inbox, from surfaces and, after a crash, from the journal. requests.py creates jobs, actions.py
changes them, and delivery.py receives a DAW's reports about the results that the DAW was asked to place.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import msgspec

from bridge.errors import BridgeError, HomeError, RequestError, Unexpected, UnknownCommand
from bridge.jobs.actions import Actions
from bridge.jobs.delivery import Delivery
from bridge.jobs.inbox import Receipt
from bridge.jobs.outbox import Outbox
from bridge.jobs.registry import JobRegistry
from bridge.jobs.requests import Requests
from bridge.jobs.scheduler import Scheduler
from bridge.protocol.request import HelloArgs, Message, PlacedArgs, TroubleArgs, decode, identifier, parse, sender
from bridge.store import job_folder, partial_files
from bridge.store.async_store import Store
from bridge.store.database import Database
from bridge.workers.pool import Workers

log = logging.getLogger(__name__)

CREATE = ("remix", "selection", "rerun")  # commands that create a job

Command = Callable[[Message], Awaitable[str | None]]  # returns the ID of the job concerned, if any


class MessageHandler:
    """The message handler: it records messages and runs their commands."""

    def __init__(
        self,
        *,
        home: Path,
        registry: JobRegistry,
        store: Store,
        scheduler: Scheduler,
        outbox: Outbox,
        delivery: Delivery,
        workers: Workers,
        requests: Requests,
        actions: Actions,
        clock: Callable[[], float],
    ) -> None:
        self._home = home
        self._registry = registry
        self._store = store
        self._scheduler = scheduler
        self._outbox = outbox
        self._delivery = delivery
        self._workers = workers
        self._clock = clock
        self._early_upload = requests.early_upload
        self._recall = requests.recall
        self._commands: Mapping[str, Command] = {
            "hello": self._hello,
            "bye": self._bye,
            "selection": requests.selection,
            "prepare": requests.prepare,
            "remix": requests.remix,
            "rerun": requests.rerun,
            "cancel": actions.cancel,
            "retry": actions.retry,
            "nudge": actions.nudge,
            "placed": self._placed,
            "place_failed": self._place_failed,
            "removed": self._removed,
            "trouble": self._trouble,
        }

    async def resume(self) -> None:
        """When the daemon starts, resume the interrupted work, and apply unapplied messages in order of arrival."""
        variations = await self._registry.load()
        for job_id in dict.fromkeys(one.job_id for one in variations):  # a crash may have come before the folder
            await self._keep(job_id)
        known = [job.id for job in self._registry.jobs()]  # finished jobs too: their last file may be half-written
        await asyncio.to_thread(partial_files.remove_partial_files, self._home, known, self._clock())
        waiting = {self._registry.job(one.job_id).instance for one in variations}
        for instance in sorted(waiting | await asyncio.to_thread(self._outbox.left_behind)):
            self._outbox.open(instance, [dict(one) for one in await self._refusals(instance)])
        self._scheduler.resume(variations)
        self._recall()
        for message_id, instance, body in await self._store(Database.unapplied):
            try:
                await self._apply(parse(body))
            except RequestError as error:  # the journal was damaged, or an older version accepted the message
                log.error("message %r in the journal cannot be read: %s", message_id, error.text)
                await self._store(Database.applied, message_id, error.to_wire())
                self._outbox.refuse(instance, message_id, error)
        await self._delivery.resume()

    async def handle(self, data: bytes) -> Receipt:
        """Record a message from a file, then run its command; a message that arrives twice is run only once.

        Raises:
            RequestError: the message is invalid, or its ID was already used for a different message.
        """
        message = parse(data)
        try:
            pending = await self._take_in(message, data)
        except RequestError as error:
            self._outbox.refuse(message.instance, message.message_id, error)
            raise
        if pending:
            return await self._apply(message)
        self._outbox.open(message.instance, [dict(one) for one in await self._refusals(message.instance)])
        return Receipt(message.message_id, await self._registry.of_message(message.message_id))

    def refuse(self, name: str, data: bytes, error: BridgeError) -> None:
        """Tell the sender of a message that its file was rejected, if the content or the name reveals the sender.

        Args:
            name: the file's name without .json: the message_id. The content's ID is used only if the name is no
                identifier, because a half-written copy of an accepted message contains that message's ID.
            data: the beginning of the file's content.
            error: why the file was rejected.
        """
        message_id, instance = sender(data)
        instance = instance or self._outbox.instance_in(name)
        if instance:
            self._outbox.refuse(instance, identifier(name) or message_id, error)

    async def submit(self, message: Message) -> Receipt:
        """Handle a message created in this process in the same way as a message from a file."""
        await self._take_in(message, json.dumps(msgspec.structs.asdict(message), allow_nan=False).encode())
        return await self._apply(message)

    # --- inner parts -------------------------------------------------------------------------------------------------

    async def _take_in(self, message: Message, data: bytes) -> bool:
        """Record a message; return whether its command still has to run."""
        digest = hashlib.sha256(data).hexdigest()
        return await self._store(Database.take_in, message.message_id, digest, message.instance, data, self._clock())

    async def _apply(self, message: Message) -> Receipt:
        """Run a message's command; record any error, and report the error in the sender's outbox."""
        try:
            command = self._commands.get(message.command)
            if command is None:
                raise UnknownCommand(f"There is no command “{message.command}”.")
            job_id = await command(message)
        except BridgeError as error:
            return await self._refuse(message, error)
        except Exception:
            log.exception("message %s", message.message_id)
            return await self._refuse(message, Unexpected())
        await self._store(Database.applied, message.message_id)
        if job_id is not None and message.command in CREATE:
            await self._keep(job_id)
        return Receipt(message.message_id, job_id)

    async def _keep(self, job_id: str) -> None:
        """Write a new job to its folder too, so that a damaged journal does not lose the job."""
        job, variations = self._registry.job(job_id), self._registry.variations(job_id)
        digest = await self._store(Database.digest_of, job.message_id)
        try:
            await asyncio.to_thread(job_folder.keep, self._home / "jobs" / job_id, job, variations, digest)
        except HomeError as problem:  # the submission writes it again
            log.error("job %s is in the journal only: %s", job_id, problem.text)

    async def _refuse(self, message: Message, error: BridgeError) -> Receipt:
        await self._store(Database.applied, message.message_id, error.to_wire())
        self._outbox.refuse(message.instance, message.message_id, error)
        await self._outbox.flush(message.instance)  # before the message's file is removed, which ends the sender's wait
        return Receipt(message.message_id, None, error)

    async def _refusals(self, instance: str) -> list[dict[str, str]]:
        found = await self._store(Database.refusals, instance)
        return [{"message_id": message_id, **error} for message_id, error in found]

    # --- from DAWs ----------------------------------------------------------------------------------------------------

    async def _hello(self, message: Message) -> None:
        args = decode(message.args, HelloArgs)
        self._workers.warm()
        self._outbox.open(message.instance, [dict(one) for one in await self._refusals(message.instance)])
        await self._delivery.hello(message.instance, args)

    async def _bye(self, message: Message) -> None:
        if self._early_upload is not None:
            self._early_upload.cancel(message.instance)
        await self._delivery.bye(message.instance)
        self._outbox.leave(message.instance)

    async def _placed(self, message: Message) -> None:
        args = decode(message.args, PlacedArgs)
        await self._delivery.placed(args.variation_id, message.instance, args.item, args.text, by_hand=args.by_hand)

    async def _place_failed(self, message: Message) -> None:
        args = decode(message.args, PlacedArgs)
        await self._delivery.failed(args.variation_id, args.text)

    async def _removed(self, message: Message) -> None:
        args = decode(message.args, PlacedArgs)
        await self._delivery.removed(args.variation_id)

    async def _trouble(self, message: Message) -> None:
        """Log an error that a DAW's script reported."""
        log.error("the script of instance %s: %s", message.instance, decode(message.args, TroubleArgs).text)
