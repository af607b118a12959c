"""The fal engine: runs ACE-Step audio-to-audio through fal's queue and implements `engines/base.py`.

This module turns an order into the model's inputs; the other modules of this package make the requests.
"""

from __future__ import annotations

import asyncio
import random as random_module
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from bridge.config.settings import Endpoint
from bridge.engines.base import CancelAnswer, Capabilities, Order, Output, Report, Ticket, Uploaded
from bridge.engines.fal.download import Download
from bridge.engines.fal.hosts import Hosts
from bridge.engines.fal.polling import Following, Nudge, Pace
from bridge.engines.fal.queue import FalQueue
from bridge.engines.fal.retry import Patience
from bridge.engines.fal.secrets import Secrets
from bridge.engines.fal.settings import FalSettings, Timeouts, lifetime
from bridge.engines.fal.storage import FalStorage
from bridge.engines.fal.wire import Wire
from bridge.errors import ConfigInvalid
from bridge.presets import parameters
from bridge.util.validation import validate

CLOSE = 0.35  # for amounts below this, the remix stays close to the source


def edit_mode_for(amount: float) -> str:
    """Return the edit_mode nearest to an amount from 0 (like the source) to 1 (as different as possible).

    The endpoint has no strength parameter, only two edit modes. With "lyrics", the model edits its late steps, and
    the result stays aligned with the source. With "remix", the model resamples from early steps, and the melody and
    genre may change.
    """
    return "lyrics" if amount < CLOSE else "remix"


def inputs_of(order: Order) -> dict[str, Any]:
    """Return the validated model inputs to send for an order.

    Raises:
        ParamUnknown, ParamInvalid: the model does not have one of the inputs or does not accept its value.
    """
    values = {name: value for name, value in order.params.items() if value is not None}
    if order.amount is not None and "edit_mode" not in order.chosen:
        values["edit_mode"] = edit_mode_for(order.amount)
    values["audio_url"] = order.audio_url
    return parameters.to_send(parameters.complete(parameters.check(values)))


class FalEngine:
    """The engine that makes remixes with ACE-Step on fal."""

    def __init__(
        self,
        settings: FalSettings,
        key: Callable[[], str],
        *,
        clock: Callable[[], float] = time.time,
        random: Callable[[], float] = random_module.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        timeouts: Timeouts | None = None,
    ) -> None:
        """Set up the engine. Connections are opened when they are first needed.

        Args:
            settings: The [fal] section.
            key: Returns the key, or raises KeyMissing or KeyInvalid; called for each request.
            clock: Returns Unix time, s.
            random: Returns a random number from 0 to 1, for jitter.
            sleep: Waits for a time in seconds.
            timeouts: Timeouts of single requests.

        Raises:
            ConfigInvalid: a setting is invalid, or the endpoint is not audio-to-audio and so needs other inputs.
        """
        validate(settings.endpoint, Endpoint, "[fal] endpoint", ConfigInvalid)
        hosts = Hosts(settings.queue_url, settings.rest_url, settings.result_hosts)
        self._wire = Wire(hosts, Secrets(key), timeouts or Timeouts())
        self._patience = Patience(sleep, random, clock)
        self._queue = FalQueue(
            self._wire, self._patience, settings.endpoint, lifetime("result_expires", settings.result_expires)
        )
        self._storage = FalStorage(self._wire, self._patience, lifetime("upload_expires", settings.upload_expires))
        self._pace = Pace(settings.poll_first, settings.poll_longest, settings.status_stream)
        self._waits: dict[str, Nudge] = {}  # by request ID; made by `follow` or `cancel`, whichever comes first
        self._capabilities = _capabilities(settings, self._storage.host)

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities of fal's endpoint."""
        return self._capabilities

    async def upload(self, path: Path, sha256: str, report: Report) -> Uploaded:
        """Upload the clip (see `FalStorage.upload`)."""
        return await self._storage.upload(path, sha256, report)

    async def submit(self, order: Order) -> Ticket:
        """Validate the inputs, then submit exactly once (see `FalQueue.submit`)."""
        return await self._queue.submit(inputs_of(order))

    async def follow(self, ticket: Ticket, order: Order, report: Report) -> Output:
        """Wait for the model (see `Following.run`), and compare the seed that it used with the order's."""
        nudge = self._nudge(ticket)
        try:
            output = await Following(self._queue, ticket, report, self._pace, self._patience, nudge).run()
            return replace(output, warnings=_differences(order, output))
        finally:
            self._waits.pop(ticket.request_id, None)

    async def fetch(self, output: Output, into: Path, report: Report) -> None:
        """Download the result (see `Download.run`)."""
        await Download(self._wire, self._patience, output.url, into, report).run()

    async def cancel(self, ticket: Ticket) -> CancelAnswer:
        """Ask fal to stop the remix. A running `follow` polls at once and continues until the outcome is certain."""
        answer = await self._queue.cancel(ticket)
        self._nudge(ticket).say(answer)
        return answer

    async def aclose(self) -> None:
        """Close the connections."""
        await self._wire.aclose()

    def _nudge(self, ticket: Ticket) -> Nudge:
        return self._waits.setdefault(ticket.request_id, Nudge())


def _differences(order: Order, output: Output) -> tuple[dict[str, str], ...]:
    """Return a warning if the model used another seed than the order's."""
    asked = order.params.get("seed")
    if output.seed is None or asked is None or output.seed == asked:
        return ()
    text = f"The model used seed {output.seed} instead of {asked}, so seed {asked} may not give the same result again."
    return ({"code": "seed_differs", "text": text},)


def _capabilities(settings: FalSettings, upload_host: str) -> Capabilities:
    inputs = [param for name, param in parameters.PARAMS.items() if name != "audio_url"]
    return Capabilities(
        name="fal",
        label="ACE-Step on fal",
        ace_step=True,
        remote=True,
        honours=frozenset(param.name for param in inputs) | {"amount"},  # the amount selects one of two edit modes
        inert=frozenset(param.name for param in inputs if param.inert),
        longest=settings.longest,
        price_per_second=settings.price_per_second,
        currency="USD",
        submit_once=True,
        upload_host=upload_host,
    )
