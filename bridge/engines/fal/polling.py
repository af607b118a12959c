"""The wait for one order: polls are the truth, the status stream only says when the next look is worth it.

Nothing here has a limit of time. An outage of hours ends with the next successful look.
"""

from __future__ import annotations

import asyncio
import logging
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.engines.base import CancelAnswer, Output, Report, Ticket
from bridge.engines.fal.errors import Doing, error_from, is_page, is_verdict, is_withdrawal
from bridge.engines.fal.queue import FalQueue, Look, read_look
from bridge.engines.fal.retry import Patience, is_passing
from bridge.engines.fal.wire import Answer, WireError
from bridge.errors import AnswerStrange, BridgeError, ModelFailed, Withdrawn

log = logging.getLogger(__name__)

_GROWTH = 1.3  # each pause between two looks is so much longer than the one before
_TRIES_UNNAMED = 5  # looks at a failing result before a failure without a name is believed
_TRIES_MISSING = 6  # looks at a request or result that is not there (yet) before it is believed: it may be paid
_LOOKS_AFTER_REMOVAL = 3  # a request that fal says it removed may go on being listed
_BAR = re.compile(r"(\d{1,3})%\|(?:[^|]*\|\s*(\d+)/(\d+))?")  # a progress bar in the model's log: percent, step, steps
_WAITING = frozenset({"IN_QUEUE", "IN_PROGRESS"})


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to look."""

    first: float  # s until the second look
    longest: float  # s between two looks at most
    stream: bool  # whether to listen to the status stream


class Nudge:
    """Makes a running wait look at once: fal's answer to a cancel does, and news on the status stream."""

    def __init__(self) -> None:
        self.cancel: CancelAnswer | None = None  # what fal said to a cancel; None: none was asked for
        self.wake = asyncio.Event()

    def say(self, answer: CancelAnswer) -> None:
        """Take over what fal said to a cancel, and wake the wait."""
        self.cancel = answer
        self.wake.set()


class Following:
    """One wait."""

    def __init__(
        self, queue: FalQueue, ticket: Ticket, report: Report, pace: Pace, patience: Patience, nudge: Nudge
    ) -> None:
        self._queue = queue
        self._ticket = ticket
        self._report = report
        self._pace = pace
        self._patience = patience
        self._nudge = nudge
        self._seen: set[tuple[str, str]] = set()  # log lines that were reported
        self._last: Look | None = None
        self._missing = self._unnamed = self._removed = 0
        self._strange: set[str] = set()  # status words that were warned of

    async def run(self) -> Output:
        """Look until the end is certain.

        Raises:
            Withdrawn: fal dropped the order.
            EngineError: the complete answer says that it failed.
        """
        listening: asyncio.Task[None] | None = None
        pause = self._pace.first
        try:
            while True:
                output = await self._step()
                if output is not None:
                    return output
                if listening is None and self._pace.stream:
                    listening = asyncio.create_task(self._listen())
                await self._wait(pause)
                pause = min(pause * _GROWTH, self._pace.longest)
        finally:
            if listening is not None:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def _step(self) -> Output | None:
        """Look once, and take the result when it is there."""
        answer = await self._patience.persist(
            lambda: self._queue.status(self._ticket), self._say, again=self._is_passing_look
        )
        if self._is_missing(answer):
            return None
        look = read_look(answer.data)
        if look is None or not 200 <= answer.status < 300:
            raise self._failure(answer)
        self._tell(look)
        self._last = look
        if look.word == "COMPLETED":
            return await self._result(look)
        self._check_removed(look)
        return None

    async def _result(self, look: Look) -> Output | None:
        """Take the result of a completed request; None when it is not there after all."""
        answer = await self._patience.persist(
            lambda: self._queue.result(self._ticket), self._say, again=lambda got: self._is_passing_result(got, look)
        )
        if _is_unfinished(answer):
            return None
        if not 200 <= answer.status < 300:
            raise self._failure(answer, look.error)
        return self._output(answer, look)

    def _output(self, answer: Answer, look: Look) -> Output:
        data: Mapping[str, Any] = answer.data if isinstance(answer.data, dict) else {}
        audio = data.get("audio")
        url = audio.get("url") if isinstance(audio, dict) else None
        if not isinstance(url, str) or not url:
            if look.error:
                raise ModelFailed(self._queue.scrub(f"The model stopped with an error: {look.error}"))
            raise AnswerStrange("fal's result names no audio, so there is nothing to download.")
        missing = [name for name in ("seed", "tags", "lyrics") if name not in data]
        if missing:
            log.warning("the result says nothing of %s", ", ".join(missing))
        seed = data.get("seed")
        return Output(
            url=url,
            seed=seed if isinstance(seed, int) and not isinstance(seed, bool) else None,
            billed_units=_billed(answer),
            answer=data,
        )

    def _failure(self, answer: Answer, said: str = "") -> BridgeError:
        """Return what a complete answer that says no means; `said` is the status's own word about it."""
        if self._nudge.cancel is not None and is_withdrawal(answer):
            return Withdrawn("fal dropped the remix, as was asked.")
        error = error_from(answer, Doing.WAIT, self._queue.scrub)
        said = self._queue.scrub(" ".join(said.split())[:200])
        return type(error)(f"{error.text} Its status says: {said}") if said and said not in error.text else error

    def _is_passing_look(self, answer: Answer) -> bool:
        """Tell whether to look again without a word: passing faults, and pages that are no status."""
        return is_passing(answer) or (200 <= answer.status < 300 and read_look(answer.data) is None)

    def _is_passing_result(self, answer: Answer, look: Look) -> bool:
        """Tell whether a failing result may be a passing fault of a server in between.

        The model's own failure comes with the same statuses. It is believed when the status named an error, when the
        body has a form that only model and platform write, or when it stays.
        """
        if answer.status in (408, 425, 429) or self._is_missing(answer):
            return True
        if answer.status < 500:
            return False
        if is_page(answer) or (answer.data is None and not look.error):
            return True
        if look.error or is_verdict(answer):
            return False
        self._unnamed += 1
        return self._unnamed < _TRIES_UNNAMED

    def _is_missing(self, answer: Answer) -> bool:
        """Tell whether to look again for what is not there: fal's own servers may not all know it yet."""
        if answer.status != 404 or self._nudge.cancel is not None:
            return False
        self._missing += 1
        return self._missing < _TRIES_MISSING

    def _check_removed(self, look: Look) -> None:
        """End the wait for a request that fal said it removed but goes on listing as queued."""
        if self._nudge.cancel is CancelAnswer.REMOVED and look.word == "IN_QUEUE":
            self._removed += 1
            if self._removed >= _LOOKS_AFTER_REMOVAL:
                raise Withdrawn("fal took the remix out of its queue, as was asked.")

    def _tell(self, look: Look) -> None:
        """Report what is new: position, begin, log lines that were not reported before."""
        if look.word not in (*_WAITING, "COMPLETED") and look.word not in self._strange:
            self._strange.add(look.word)
            log.warning("fal tells an unknown status: %s", self._queue.scrub(look.word[:40]))
            self._say("fal tells a status that this version does not know; waiting on")
        if look.word == "IN_QUEUE" and (self._last is None or self._last.position != look.position):
            self._report(message=_place(look.position), queue_position=look.position)
        if look.word == "IN_PROGRESS" and (self._last is None or self._last.word != "IN_PROGRESS"):
            self._report(message="the model is working", running=True)
        for index, (stamp, text) in enumerate(look.logs):
            line = (stamp or str(index), text)
            if line not in self._seen:
                self._seen.add(line)
                self._tell_line(text)

    def _tell_line(self, text: str) -> None:
        line = self._queue.scrub(" ".join(text.split()))[:200]
        bar = _BAR.search(line)
        if bar:
            self._report(message=_step(bar), fraction=_share(bar))
        elif line:
            self._report(message=line)

    def _say(self, text: str) -> None:
        self._report(message=text)

    async def _listen(self) -> None:
        """Wake the wait whenever the stream tells something new; its end or failure means nothing."""
        try:
            async for look in self._queue.stream(self._ticket):
                known = self._last
                if known is None or (look.word, look.position) != (known.word, known.position):
                    self._nudge.wake.set()
        except (WireError, BridgeError) as error:
            log.debug("the status stream ended: %s", error)

    async def _wait(self, seconds: float) -> None:
        """Sleep until the next look is due, or until the stream or a cancel calls."""
        wake = self._nudge.wake
        due = asyncio.ensure_future(self._patience.sleep(self._patience.jitter(seconds)))
        called = asyncio.ensure_future(wake.wait())
        try:
            await asyncio.wait({due, called}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            due.cancel()
            called.cancel()
            await asyncio.gather(due, called, return_exceptions=True)
        wake.clear()


def _place(ahead: int | None) -> str:
    """Say where in the queue an order is."""
    if ahead is None:
        return "in fal's queue"
    return f"in fal's queue, {ahead} ahead" if ahead else "next in fal's queue"


def _step(bar: re.Match[str]) -> str:
    """Say in words what a progress bar shows."""
    percent, step, steps = bar.groups()
    return f"ACE-Step: step {step} of {steps}" if steps else f"ACE-Step: {percent} %"


def _share(bar: re.Match[str]) -> float:
    """Return how far a progress bar is, 0..1."""
    percent, step, steps = bar.groups()
    share = int(step) / int(steps) if steps and int(steps) else int(percent) / 100
    return min(share, 1.0)


def _is_unfinished(answer: Answer) -> bool:
    """Tell whether the result's address says that the request goes on."""
    data = answer.data if isinstance(answer.data, dict) else {}
    if data.get("status") in _WAITING:
        return True
    return answer.status == 400 and b"in progress" in answer.body.lower()


def _billed(answer: Answer) -> float | None:
    """Return the units that fal charged, None when it does not say or says nonsense."""
    try:
        units = float(answer.headers.get("x-fal-billable-units", ""))
    except ValueError:
        return None
    return units if math.isfinite(units) and units >= 0 else None
