"""How the fal engine waits and repeats: growing pauses with jitter, and fal's own word on when to come back.

Used for requests that may safely be repeated; an order is never among them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from bridge.engines.fal.wire import Answer, WireError

_FIRST, _LONGEST = 0.5, 15.0  # s, bounds of the pause that doubles
_LONGEST_ASKED = 300.0  # s, the most that a Retry-After is believed
_PASSING = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Patience:
    """Pauses between tries; time and chance are passed in."""

    sleep: Callable[[float], Awaitable[None]]
    random: Callable[[], float]  # 0..1
    clock: Callable[[], float]  # unix time, s

    def jitter(self, seconds: float) -> float:
        """Return the time ±25 %, so that many waiting variations do not ask in step."""
        return seconds * (0.75 + 0.5 * self.random())

    async def pause(self, attempt: int, answer: Answer | None = None) -> None:
        """Wait before try `attempt` + 1: at least as long as the answer's Retry-After asks."""
        seconds = self.jitter(min(_FIRST * 2.0 ** min(attempt, 10), _LONGEST))
        await self.sleep(max(seconds, self.asked(answer)))

    def asked(self, answer: Answer | None) -> float:
        """Return the seconds that Retry-After asks for (a number or a date); 0 when it says nothing sensible."""
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
        """Repeat an idempotent request until it has an answer that will not change by asking again.

        Args:
            request: Makes one try.
            note: Told in plain words why it waits.
            again: Whether an answer is a passing one.
            tries: None: for ever, as for a request that costs money; else the last answer is returned as it is.

        Raises:
            WireError: no answer at all in `tries` tries.
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
                note(f"fal answers {answer.status} just now; asking again")
            await self.pause(attempt - 1, answer)


def is_passing(answer: Answer) -> bool:
    """Tell whether an answer speaks of the moment and not of the request: 408, 425, 429 and everything of 5xx."""
    return answer.status in _PASSING or answer.status >= 500
