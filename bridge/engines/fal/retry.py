"""Retries for the fal engine, with growing pauses, jitter and fal's Retry-After.

`Patience.persist` is only for requests that are safe to repeat, never for submissions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from bridge.engines.fal.errors import is_page
from bridge.engines.fal.wire import Answer, WireError

_FIRST, _LONGEST = 0.5, 15.0  # first and longest pause, s; pauses double
_LONGEST_ASKED = 300.0  # upper limit for Retry-After, s
_PASSING = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Patience:
    """The pauses between attempts. Sleep, random numbers and clock are passed in so that tests can control them."""

    sleep: Callable[[float], Awaitable[None]]
    random: Callable[[], float]  # returns a random number, 0..1
    clock: Callable[[], float]  # returns Unix time, s

    def jitter(self, seconds: float) -> float:
        """Return `seconds`, randomly changed by up to ±25 %, so that variations do not all poll at the same time."""
        return seconds * (0.75 + 0.5 * self.random())

    async def pause(self, attempt: int, answer: Answer | None = None) -> None:
        """Wait after failed attempt number `attempt` (from 0), for at least the time in the answer's Retry-After."""
        seconds = self.jitter(min(_FIRST * 2.0 ** min(attempt, 10), _LONGEST))
        await self.sleep(max(seconds, self.asked(answer)))

    def asked(self, answer: Answer | None) -> float:
        """Return the pause that the answer's Retry-After (a number or date) requests, s; 0 if missing or invalid."""
        value = answer.headers.get("retry-after", "").strip() if answer else ""
        if value.isdecimal():
            return min(float(value), _LONGEST_ASKED)
        try:
            return min(max(0.0, parsedate_to_datetime(value).timestamp() - self.clock()), _LONGEST_ASKED)
        except ValueError:
            return 0.0

    async def persist(
        self,
        request: Callable[[], Awaitable[Answer]],
        note: Callable[[str], None],
        *,
        again: Callable[[Answer], bool],
        tries: int | None = None,
    ) -> Answer:
        """Repeat an idempotent request until its answer is not temporary, at most `tries` times.

        Args:
            request: Sends the request once.
            note: Receives a message that says why the request is repeated.
            again: Returns whether an answer is temporary.
            tries: Maximum attempts; the last answer is returned even if it is temporary. None: no limit
                (for paid remixes).

        Raises:
            WireError: the last attempt got no answer.
        """
        attempt = 0
        while True:
            attempt += 1
            answer: Answer | None = None
            try:
                answer = await request()
            except WireError:
                if tries is not None and attempt >= tries:
                    raise
                note("waiting for the network")
            else:
                if not again(answer) or (tries is not None and attempt >= tries):
                    return answer
                who = "a web page answered instead of fal" if is_page(answer) else f"fal answered {answer.status}"
                note(f"{who}; trying again")
            await self.pause(attempt - 1, answer)


def is_passing(answer: Answer) -> bool:
    """Return whether an answer is temporary: 408, 425, 429 or 5xx."""
    return answer.status in _PASSING or answer.status >= 500
