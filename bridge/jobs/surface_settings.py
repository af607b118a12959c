"""Keeps the preset and the parameters that users set on surfaces; they apply to remixes requested from a surface.

The settings are saved in the store, so they survive a restart.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from typing import Any

from bridge.errors import ParamInvalid, PresetInvalid, PresetUnknown
from bridge.events import EventBus, ParamSet, PresetSelected
from bridge.presets.library import Presets
from bridge.presets.parameters import AMOUNT, PARAMS, check
from bridge.presets.preset import Preset
from bridge.store.async_store import Store
from bridge.store.database import Database
from bridge.util.validation import validate

FACT = "hands"
SAVE_DELAY = 0.2  # seconds from a change until it is saved


class SurfaceSettings:
    """The preset, amount and parameters set on surfaces."""

    def __init__(self, store: Store, bus: EventBus, presets: Presets) -> None:
        self._store = store
        self._bus = bus
        self._presets = presets
        self._held: dict[str, Any] = {}
        self._saving: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Load the settings from the store."""
        kept = await self._store(Database.fact, FACT)
        with contextlib.suppress(ValueError):  # a damaged journal; the surfaces begin with the defaults
            found = json.loads(kept or "{}")
            self._held = found if isinstance(found, dict) else {}

    async def close(self) -> None:
        """Wait until a pending save is finished."""
        if self._saving is not None and not self._saving.done():
            await self._saving

    def overrides(self) -> Mapping[str, Any]:
        """Return the values set on surfaces, by name."""
        return dict(self._held)

    def effective(self) -> dict[str, Any]:
        """Return all values in effect: the settings override the preset, and the preset overrides the defaults."""
        name = self._held.get("preset")
        preset = None
        with contextlib.suppress(PresetUnknown, PresetInvalid):  # a missing or broken preset is reported by the remix
            preset = self._presets.get(name) if name else None
        return self._over(preset)

    def _over(self, preset: Preset | None) -> dict[str, Any]:
        values: dict[str, Any] = {param.name: param.default for param in PARAMS.values() if param.kind != "text"}
        if preset is not None:
            values |= {"edit_mode": preset.edit_mode, "amount": preset.amount, **preset.parameters}
        values |= self._held
        return {key: value for key, value in values.items() if key not in ("preset", "audio_url") and value is not None}

    def select(self, name: str) -> None:
        """Select a preset and discard all parameters set before.

        Raises:
            PresetUnknown: there is no preset with that name.
        """
        self._select(self._presets.get(name))

    def step(self, steps: int) -> None:
        """Select the next (1) or previous (-1) preset, wrapping around."""
        now = self._held.get("preset", "")
        self._select(self._presets.next(now) if steps > 0 else self._presets.previous(now))

    def _select(self, preset: Preset) -> None:
        self._held = {"preset": preset.name}
        self._save()
        self._bus.publish(PresetSelected(preset.name, self._over(preset)))

    def set(self, name: str, value: Any) -> None:
        """Set a parameter or `amount`.

        Raises:
            ParamUnknown, ParamInvalid: the name or value is invalid; the error text contains the name and the range.
        """
        if name == AMOUNT.name:
            self._held[name] = validate(value, AMOUNT.takes, name, ParamInvalid)
        else:
            self._held |= check({name: value})
        self._save()
        self._bus.publish(ParamSet(name, self._held.get(name, value)))

    def _save(self) -> None:
        """Schedule a save; while a knob moves, this method is called many times a second."""
        if self._saving is None or self._saving.done():
            self._saving = asyncio.create_task(self._save_soon(), name="save surface settings")

    async def _save_soon(self) -> None:
        await asyncio.sleep(SAVE_DELAY)
        await self._store(Database.remember, FACT, json.dumps(self._held))
