"""Money: what the day has cost so far, and whether one more order fits under the cap."""

from __future__ import annotations

import time
from collections.abc import Callable

from bridge.errors import BudgetReached, SpendingUnconfirmed
from bridge.store.async_store import Store
from bridge.store.database import Database

CONSENT = "consent:"  # before a job's id in the journal's facts


class Budget:
    """The day's cap and what one job may cost, in the currency of the engines (US dollars)."""

    def __init__(self, store: Store, daily_cap: float, confirm_above: float, clock: Callable[[], float]) -> None:
        self._store = store
        self._cap = daily_cap
        self._confirm_above = confirm_above
        self._clock = clock

    async def check(self, variation_id: str, cost: float) -> None:
        """See before anything is uploaded whether an order will fit.

        Raises:
            BudgetReached: it would go above the cap.
        """
        spent = await self._store(Database.spent_since, self._midnight(), variation_id)
        if cost > 0 and spent + cost > self._cap:
            raise self._reached(cost, spent)

    async def consent(self, job_id: str) -> None:
        """Note that a person wants a job although it costs more than is spent without a question."""
        await self._store(Database.remember, f"{CONSENT}{job_id}", "yes")

    async def ask(self, job_id: str, cost: float, *, confirmed: bool) -> None:
        """See whether a job may be ordered without a question.

        Args:
            job_id: the job.
            cost: of all that it makes.
            confirmed: whether that was agreed to when it was asked for.

        Raises:
            SpendingUnconfirmed: it costs more, and nobody has agreed.
        """
        if cost <= self._confirm_above or confirmed:
            return
        if await self._store(Database.fact, f"{CONSENT}{job_id}") is None:
            limit = money(self._confirm_above)
            raise SpendingUnconfirmed(
                f"This costs about {money(cost)}, more than {limit}: it waits until you confirm it."
            )

    async def spend(self, variation_id: str, cost: float) -> None:
        """Note an order before it leaves; the same variation counts once.

        Raises:
            BudgetReached: it would go above the cap.
        """
        if cost <= 0:
            return
        spent = await self._store(Database.spend, variation_id, cost, self._clock(), self._midnight(), self._cap)
        if spent is not None:
            raise self._reached(cost, spent)

    async def refund(self, variation_id: str) -> None:
        """Take an order out of the ledger that did not come about, so that the day's cap counts only what costs."""
        await self._store(Database.bill, variation_id, 0.0)

    def _reached(self, cost: float, spent: float) -> BudgetReached:
        used = f"{money(spent)} of the day's {money(self._cap)} are used"
        return BudgetReached(f"This remix costs about {money(cost)}, and {used}: it waits.")

    def _midnight(self) -> float:
        now = time.localtime(self._clock())
        return time.mktime((now.tm_year, now.tm_mon, now.tm_mday, 0, 0, 0, 0, 0, -1))


def money(amount: float) -> str:
    """Write an amount of dollars: cents, and parts of a cent where there are any."""
    text = f"{amount:.4f}".rstrip("0")
    whole, _, part = text.partition(".")
    return f"${whole}.{part.ljust(2, '0')}"
