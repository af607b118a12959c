"""An engine for tests that returns the clip as the result, records calls to its methods, and raises planned errors."""

from __future__ import annotations

import asyncio
import shutil
from collections import defaultdict, deque
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from bridge.engines.base import CancelAnswer, Capabilities, Order, Output, Report, Ticket, Uploaded
from bridge.errors import BridgeError, Withdrawn

CAPABILITIES = Capabilities(
    name="fake",
    label="fake engine",
    ace_step=True,
    remote=True,
    honours=frozenset({"tags", "seed"}),
    inert=frozenset(),
    longest=240.0,
    price_per_second=0.0002,
    currency="USD",
    submit_once=True,
    upload_host="fake.test",
)


def path_of(output: Output) -> str:
    """Return the path of an output, whose address begins with “file:”."""
    return url2pathname(urlsplit(output.url).path)


class FakeEngine:
    """Implements `base.Engine` in memory."""

    def __init__(self, capabilities: Capabilities = CAPABILITIES) -> None:
        self.capabilities = capabilities
        self.calls: dict[str, list[object]] = defaultdict(list)  # method → arguments of each call, in order
        self.faults: dict[str, deque[BridgeError]] = defaultdict(deque)  # method → errors for the next calls
        self.finish = asyncio.Event()  # the model keeps running while this event is cleared
        self.finish.set()
        self.cancel_answer = CancelAnswer.REQUESTED
        self.withdrawn = False  # if True, `follow` raises Withdrawn, as after a successful cancel
        self._orders: dict[str, Order] = {}

    async def upload(self, path: Path, sha256: str, report: Report) -> Uploaded:
        self._count("upload", path)
        report(fraction=1.0)
        return Uploaded(path.as_uri(), self.capabilities.upload_host, None)

    async def submit(self, order: Order) -> Ticket:
        self._count("submit", order)
        ticket = Ticket(f"fake-{len(self.calls['submit'])}")
        self._orders[ticket.request_id] = order
        return ticket

    async def follow(self, ticket: Ticket, order: Order, report: Report) -> Output:
        self._count("follow", ticket)
        report(queue_position=0, message="the model works", running=True)
        await self.finish.wait()
        if self.withdrawn:
            withdrawal = Withdrawn()
            withdrawal.may_be_billed = self.cancel_answer is not CancelAnswer.REMOVED
            raise withdrawal
        return Output(order.audio_url, order.params["seed"], order.seconds, {"seed": order.params["seed"]})

    async def fetch(self, output: Output, into: Path, report: Report) -> None:
        self._count("fetch", output)
        await asyncio.to_thread(shutil.copyfile, path_of(output), into)

    async def cancel(self, ticket: Ticket) -> CancelAnswer:
        self._count("cancel", ticket)
        return self.cancel_answer

    async def aclose(self) -> None:
        self._count("aclose", None)

    def _count(self, method: str, asked: object) -> None:
        self.calls[method].append(asked)
        if self.faults[method]:
            raise self.faults[method].popleft()
