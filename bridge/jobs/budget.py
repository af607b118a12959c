"""The daily budget: the amount spent today, and whether another remix stays within the cap."""

from __future__ import annotations

import time
from collections.abc import Callable

from bridge.errors import BudgetReached, SpendingUnconfirmed
from bridge.store.async_store import Store
from bridge.store.database import Database

CONSENT = "consent:"  # prefix of keys in the journal's facts, followed by a job's ID


class Budget:
    """The daily cap and the confirmation limit, in US dollars."""

    def __init__(self, store: Store, daily_cap: float, confirm_above: float, clock: Callable[[], float]) -> None:
        self._store = store
        self._cap = daily_cap
        self._confirm_above = confirm_above
        self._clock = clock

    async def check(self, variation_id: str, cost: float) -> None:
        """Check before an upload that the remix stays within the cap.

        Raises:
            BudgetReached: the cap would be exceeded.
        """
        spent = await self._store(Database.spent_since, self._midnight(), variation_id)
        if cost > 0 and spent + cost > self._cap:
            raise self._reached(cost, spent)

    async def consent(self, job_id: str) -> None:
        """Record that the user confirmed the cost of a job."""
        await self._store(Database.remember, f"{CONSENT}{job_id}", "yes")

    async def ask(self, job_id: str, cost: float, *, confirmed: bool) -> None:
        """Check that a job's cost is within the confirmation limit or confirmed by the user.

        Args:
            job_id: ID of the job.
            cost: total cost of the job's variations, in US dollars.
            confirmed: whether the request confirmed the cost.

        Raises:
            SpendingUnconfirmed: the cost is above the limit and not confirmed.
        """
        if cost <= self._confirm_above or confirmed:
            return
        if await self._store(Database.fact, f"{CONSENT}{job_id}") is None:
            limit = money(self._confirm_above)
            raise SpendingUnconfirmed(
                f"This costs about {money(cost)}, more than {limit}. It waits until you confirm the cost."
            )

    async def spend(self, variation_id: str, cost: float) -> None:
        """Record a variation's cost before it is submitted; another call for the same variation replaces the amount.

        Raises:
            BudgetReached: the cap would be exceeded.
        """
        if cost <= 0:
            return
        spent = await self._store(Database.spend, variation_id, cost, self._clock(), self._midnight(), self._cap)
        if spent is not None:
            raise self._reached(cost, spent)

    async def refund(self, variation_id: str) -> None:
        """Remove a cost from the ledger, because the engine did not accept the submission."""
        await self._store(Database.bill, variation_id, 0.0)

    def _reached(self, cost: float, spent: float) -> BudgetReached:
        used = f"{money(spent)} of today's {money(self._cap)} are used"
        return BudgetReached(f"This remix costs about {money(cost)}, and {used}. It waits until it fits.")

    def _midnight(self) -> float:
        now = time.localtime(self._clock())
        return time.mktime((now.tm_year, now.tm_mon, now.tm_mday, 0, 0, 0, 0, 0, -1))


def money(amount: float) -> str:
    """Format an amount in US dollars with two decimals, or with up to four if needed."""
    text = f"{amount:.4f}".rstrip("0")
    whole, _, part = text.partition(".")
    return f"${whole}.{part.ljust(2, '0')}"
