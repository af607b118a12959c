"""Chooses the engine for a remix: the requested engine, or by default the best available one."""

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
    """All engines by name, best first."""

    by_name: Mapping[str, Engine]
    default: str  # "auto" or the name of an engine
    key: Callable[[], str | None]  # returns the fal key, if any; raises KeyInvalid
    store: Store

    def get(self, name: str) -> Engine:
        """Return the engine named `name`.

        Raises:
            EngineUnknown: there is no such engine.
        """
        if name not in self.by_name:
            raise EngineUnknown(f"There is no engine “{name}”; there are auto, {', '.join(self.by_name)}.")
        return self.by_name[name]

    async def choose(self, name: str | None) -> Engine:
        """Return the engine for a new job. A paid engine is never silently replaced by a free one.

        Raises:
            EngineUnknown: there is no engine named `name`.
            KeyMissing: fal was requested or has worked before, but there is no fal key.
        """
        name = name or self.default
        # in a thread: the keychain may prompt the user
        has_key = name in ("auto", "fal") and await asyncio.to_thread(self.key) is not None
        if name == "auto":
            if has_key:
                name = "fal"
            elif await self.store(Database.fact, "worked:fal"):
                raise KeyMissing("fal has worked before, but its key is missing now. Nothing was sent.")
            else:
                name = "offline"
        engine = self.get(name)
        if name == "fal" and not has_key:
            raise KeyMissing
        return engine
