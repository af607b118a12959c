"""Waits for one submission to finish. Its status comes only from polls; the status stream just triggers the next poll.

There is no time limit. After an outage of any length, the wait continues with the next successful poll.
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
from bridge.engines.fal.errors import Doing, is_page, is_verdict, is_withdrawal
from bridge.engines.fal.queue import FalQueue, Look, read_look
from bridge.engines.fal.retry import Patience, is_passing
from bridge.engines.fal.wire import Answer, WireError
from bridge.errors import AnswerStrange, BridgeError, ModelFailed, RefusedError, ResultGone, Withdrawn

log = logging.getLogger(__name__)

_GROWTH = 1.3  # factor from one pause to the next
_TRIES_UNNAMED = 5  # result requests after which a failure without an error type counts as final
_TRIES_MISSING = 6  # 404 answers after which a request or result (which may be paid for) counts as missing
_POLLS_AFTER_REMOVAL = 3  # polls after which the wait for a removed request ends even if fal still lists it
_BAR = re.compile(r"(\d{1,3})%\|(?:[^|]*\|\s*(\d+)/(\d+))?")  # a progress bar in the model's log
_WAITING = frozenset({"IN_QUEUE", "IN_PROGRESS"})


@dataclass(frozen=True, slots=True)
class Pace:
    """The pauses between polls."""

    first: float  # seconds until the second poll
    longest: float  # maximum seconds between two polls
    stream: bool  # whether to use the status stream


class Nudge:
    """A signal to poll immediately, sent after fal's answer to a cancel request or an event on the status stream."""

    def __init__(self) -> None:
        self.cancel: CancelAnswer | None = None  # fal's answer to a cancel request; None: no request was sent
        self.wake = asyncio.Event()

    def say(self, answer: CancelAnswer) -> None:
        """Store fal's answer to a cancel request and trigger a poll."""
        self.cancel = answer
        self.wake.set()


class Following:
    """The wait for one submission."""

    def __init__(
        self, queue: FalQueue, ticket: Ticket, report: Report, pace: Pace, patience: Patience, nudge: Nudge
    ) -> None:
        self._queue = queue
        self._ticket = ticket
        self._report = report
        self._pace = pace
        self._patience = patience
        self._nudge = nudge
        self._seen: set[tuple[str, str]] = set()  # log lines already reported
        self._last: Look | None = None
        self._missing = self._unnamed = self._removed = 0
        self._strange: set[str] = set()  # unknown status words already reported

    async def run(self) -> Output:
        """Poll until the outcome is certain, and return the result.

        Raises:
            Withdrawn: fal dropped the submission.
            EngineError: the model failed.
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
        """Poll once. Return the result if the request has finished, otherwise None."""
        answer = await self._patience.persist(
            lambda: self._queue.status(self._ticket), self._say, again=self._is_temporary_status
        )
        if self._is_missing(answer):
            return None
        look = read_look(answer.data)
        if look is None or not 200 <= answer.status < 300:
            raise self._failure(answer, Doing.POLL)
        self._report_changes(look)
        self._last = look
        if look.word == "COMPLETED":
            return await self._result(look)
        self._check_removed(look)
        return None

    async def _result(self, look: Look) -> Output | None:
        """Return the result of a completed request, or None if it is not available yet."""
        answer = await self._patience.persist(
            lambda: self._queue.result(self._ticket), self._say, again=lambda got: self._is_temporary_result(got, look)
        )
        if _is_unfinished(answer):
            return None
        if not 200 <= answer.status < 300:
            raise self._failure(answer, Doing.RUN if look.error else Doing.WAIT, look.error)
        return self._output(answer, look)

    def _output(self, answer: Answer, look: Look) -> Output:
        data: Mapping[str, Any] = answer.data if isinstance(answer.data, dict) else {}
        url = audio_url(answer)
        if not url:
            if look.error:
                failed = ModelFailed(self._queue.scrub(f"The model stopped with an error: {look.error}"))
                failed.may_be_billed = True
                raise failed
            raise AnswerStrange("fal's result contains no audio URL, so there is nothing to download.")
        missing = [name for name in ("seed", "tags", "lyrics") if name not in data]
        if missing:
            log.warning("the result has no %s", ", ".join(missing))
        return Output(
            url=url,
            seed=_whole(data.get("seed")),
            billed_units=_billed(answer),
            answer=data,
        )

    def _failure(self, answer: Answer, doing: Doing, said: str = "") -> BridgeError:
        """Return the bridge error for a complete error answer; `said` is the error text from the status."""
        if self._nudge.cancel is not None and is_withdrawal(answer):
            dropped = Withdrawn("fal dropped the remix after the cancel.")
            dropped.may_be_billed = self._nudge.cancel is not CancelAnswer.REMOVED
            return dropped
        error = self._queue.error(answer, doing)
        said = self._queue.scrub(" ".join(said.split())[:200])
        text = f"{error.text} Its status says: {said}" if said and said not in error.text else error.text
        if not isinstance(error, RefusedError) or isinstance(error, ResultGone):
            return type(error)(text, hint=error.hint)
        free = answer.status >= 500  # fal charges for no failure of its servers, but perhaps for a refusal
        refusal = type(error)(
            f"{text} {'fal does not charge for it.' if free else 'It may still be billed.'}", hint=error.hint
        )
        refusal.may_be_billed = not free
        return refusal

    def _is_temporary_status(self, answer: Answer) -> bool:
        """Return whether to poll again: the answer is a temporary error, a web page, or a success without a status."""
        if is_passing(answer) or is_page(answer):
            return True
        return 200 <= answer.status < 300 and read_look(answer.data) is None

    def _is_temporary_result(self, answer: Answer, look: Look) -> bool:
        """Return whether an answer to a result request may be temporary.

        A temporary answer comes from a server in front of the model. Model failures have the same HTTP
        statuses. The answer counts as final if the request's status named an error, if the body has a form that only
        the model or the platform writes, or if the answer persists. A web page never does.
        """
        if answer.status in (408, 425, 429) or is_page(answer):
            return True
        if look.error:
            return False
        if self._is_missing(answer):
            return True
        if 300 <= answer.status < 500 or audio_url(answer):
            return False
        if answer.data is None:
            return True
        if is_verdict(answer) or _is_unfinished(answer):
            return False
        self._unnamed += 1
        return self._unnamed < _TRIES_UNNAMED

    def _is_missing(self, answer: Answer) -> bool:
        """Return whether to poll again after a 404, since some of fal's servers may not know the request yet."""
        if answer.status != 404 or self._nudge.cancel is not None:
            return False
        self._missing += 1
        return self._missing < _TRIES_MISSING

    def _check_removed(self, look: Look) -> None:
        """Raise `Withdrawn` if fal removed the request but still lists it as queued after several polls."""
        if self._nudge.cancel is CancelAnswer.REMOVED and look.word == "IN_QUEUE":
            self._removed += 1
            if self._removed >= _POLLS_AFTER_REMOVAL:
                raise Withdrawn("fal removed the remix from its queue after the cancel.")

    def _report_changes(self, look: Look) -> None:
        """Report a new queue position, the start of the model, and new log lines."""
        if look.word not in (*_WAITING, "COMPLETED") and look.word not in self._strange:
            self._strange.add(look.word)
            log.warning("unknown status from fal: %s", self._queue.scrub(look.word[:40]))
            self._say("fal reports a status unknown to this version; still waiting")
        if look.word == "IN_QUEUE" and (self._last is None or self._last.position != look.position):
            self._report(message=_place(look.position), queue_position=look.position)
        if look.word == "IN_PROGRESS" and (self._last is None or self._last.word != "IN_PROGRESS"):
            self._report(message="the model is working", running=True)
        for index, (stamp, text) in enumerate(look.logs):
            line = (stamp or str(index), text)
            if line not in self._seen:
                self._seen.add(line)
                self._report_line(text)

    def _report_line(self, text: str) -> None:
        line = self._queue.scrub(" ".join(text.split()))[:200]
        bar = _BAR.search(line)
        if bar:
            self._report(message=_step(bar), fraction=_share(bar))
        elif line:
            self._report(message=line)

    def _say(self, text: str) -> None:
        self._report(message=text)

    async def _listen(self) -> None:
        """Trigger a poll when the stream reports a change. The stream's end or failure is ignored."""
        try:
            async for look in self._queue.stream(self._ticket):
                known = self._last
                if known is None or (look.word, look.position) != (known.word, known.position):
                    self._nudge.wake.set()
        except (WireError, BridgeError) as error:
            log.debug("the status stream ended: %s", error)

    async def _wait(self, seconds: float) -> None:
        """Sleep until the next poll is due, or until the stream or a cancel request triggers a poll."""
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


def audio_url(answer: Answer) -> str:
    """Return the URL of the audio that a result names, or "" if it names none."""
    audio = answer.data.get("audio") if isinstance(answer.data, dict) else None
    url = audio.get("url") if isinstance(audio, dict) else None
    return url if isinstance(url, str) else ""


def _place(ahead: int | None) -> str:
    """Describe the position in the queue."""
    if ahead is None:
        return "in fal's queue"
    return f"in fal's queue, {ahead} ahead" if ahead else "next in fal's queue"


def _step(bar: re.Match[str]) -> str:
    """Describe the model's progress bar in words."""
    percent, step, steps = bar.groups()
    return f"ACE-Step: step {step} of {steps}" if steps else f"ACE-Step: {percent} %"


def _share(bar: re.Match[str]) -> float:
    """Return the fraction that a progress bar shows, 0..1."""
    percent, step, steps = bar.groups()
    share = int(step) / int(steps) if steps and int(steps) else int(percent) / 100
    return min(share, 1.0)


def _is_unfinished(answer: Answer) -> bool:
    """Return whether the answer from the result URL says that the request is still running."""
    data = answer.data if isinstance(answer.data, dict) else {}
    if data.get("status") in _WAITING:
        return True
    return answer.status == 400 and b"in progress" in answer.body.lower()


def _whole(value: Any) -> int | None:
    """Return a number from fal's answer as a whole number, or None if it is none; 7.0 counts as 7."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value % 1:
        return None
    return int(value)


def _billed(answer: Answer) -> float | None:
    """Return the units that fal charged, or None if the header is missing or invalid."""
    try:
        units = float(answer.headers.get("x-fal-billable-units", ""))
    except ValueError:
        return None
    return units if math.isfinite(units) and units >= 0 else None
