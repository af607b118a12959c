"""Which engine makes a remix: the one that was named, or by default the best that is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bridge.engines.base import Engine
from bridge.errors import EngineUnknown, KeyMissing
from bridge.store.async_store import Store
from bridge.store.database import Database


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines by name, best first."""

    by_name: Mapping[str, Engine]
    default: str  # "auto" or a name
    key: Callable[[], str | None]  # looks for the key for fal; raises KeyInvalid for one that cannot be
    store: Store

    def get(self, name: str) -> Engine:
        """Return the engine of that name.

        Raises:
            EngineUnknown: there is none.
        """
        if name not in self.by_name:
            raise EngineUnknown(f"There is no engine “{name}”; there are auto, {', '.join(self.by_name)}.")
        return self.by_name[name]

    async def choose(self, name: str | None) -> Engine:
        """Decide once, when a job is taken on; an engine that costs is never replaced in silence by one that does not.

        Raises:
            EngineUnknown: there is none of that name.
            KeyMissing: fal was asked for, or has worked before, and its key is not there.
        """
        name = name or self.default
        # in a thread: a keychain may ask the user
        has_key = name in ("auto", "fal") and await asyncio.to_thread(self.key) is not None
        if name == "auto":
            if has_key:
                name = "fal"
            elif await self.store(Database.fact, "worked:fal"):
                raise KeyMissing("fal worked before and its key is gone, so nothing was sent.")
            else:
                name = "offline"
        engine = self.get(name)
        if name == "fal" and not has_key:
            raise KeyMissing
        return engine
