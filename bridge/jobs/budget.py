"""The daily budget: the amount spent today, and whether another remix stays within the cap."""

from __future__ import annotations

import time
from collections.abc import Callable

from bridge.config.settings import Budget as Settings
from bridge.errors import BudgetReached, SpendingUnconfirmed
from bridge.store.async_store import Store
from bridge.store.database import Database

CONSENT = "consent:"  # prefix of keys in the journal's facts, followed by a job's ID


class Budget:
    """The limits under [budget]: the daily cap, and what a job may cost and contain without confirmation."""

    def __init__(self, store: Store, settings: Settings, clock: Callable[[], float]) -> None:
        self._store = store
        self._cap = settings.daily_cap
        self._settings = settings
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

    async def ask(self, job_id: str, remixes: int, cost: float, *, confirmed: bool) -> None:
        """Check that a paid job is within the confirmation limits or confirmed by the user.

        Args:
            job_id: ID of the job.
            remixes: number of the job's variations.
            cost: total cost of the job's variations, in US dollars.
            confirmed: whether the request confirmed the cost.

        Raises:
            SpendingUnconfirmed: the job is above a limit and not confirmed.
        """
        above = above_limit(self._settings, remixes, cost)
        if above and not confirmed and await self._store(Database.fact, f"{CONSENT}{job_id}") is None:
            raise SpendingUnconfirmed(f"{above} It waits until you confirm the cost.")

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

    async def keep(self, variation_id: str) -> None:
        """Keep a cost that may still be billed; the next submission is then recorded in addition."""
        await self._store(Database.keep_cost, variation_id)

    def _reached(self, cost: float, spent: float) -> BudgetReached:
        used = f"{money(spent)} of today's {money(self._cap)} are used"
        return BudgetReached(f"This remix costs about {money(cost)}, and {used}. It waits until it fits.")

    def _midnight(self) -> float:
        now = time.localtime(self._clock())
        return time.mktime((now.tm_year, now.tm_mon, now.tm_mday, 0, 0, 0, 0, 0, -1))


def above_limit(settings: Settings, remixes: int, cost: float) -> str:
    """Return why a paid job needs confirmation: it costs too much, or has too many remixes; otherwise "".

    Args:
        settings: the [budget] section.
        remixes: number of remixes.
        cost: total cost, in US dollars.
    """
    if cost > settings.confirm_above:
        return f"This costs about {money(cost)}, more than {money(settings.confirm_above)}."
    if remixes > settings.confirm_count:
        return f"These are {remixes} remixes for about {money(cost)}, more than {settings.confirm_count} at once."
    return ""


def money(amount: float) -> str:
    """Format an amount in US dollars with two decimals, or with up to four if needed."""
    text = f"{amount:.4f}".rstrip("0")
    whole, _, part = text.partition(".")
    return f"${whole}.{part.ljust(2, '0')}"
