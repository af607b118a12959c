"""Tests the surface settings: the preset, the parameters, their events, and restarts."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.errors import ParamInvalid, PresetUnknown
from bridge.events import ParamSet, PresetSelected
from tests.fakes.studio import Studio, write_tone


async def test_selecting_a_preset_updates_the_parameters(home: Path) -> None:
    async with Studio(home) as studio:
        studio.surface_settings.set("number_of_steps", 60)
        studio.surface_settings.select("roots-dub")
        assert studio.events == [
            ParamSet("number_of_steps", 60),
            PresetSelected("roots-dub", studio.surface_settings.effective()),
        ]
        assert studio.surface_settings.effective()["number_of_steps"] == 27
        assert studio.surface_settings.overrides() == {"preset": "roots-dub"}


async def test_next_and_previous_wrap_around(home: Path) -> None:
    async with Studio(home) as studio:
        studio.surface_settings.step(1)
        first = studio.surface_settings.overrides()["preset"]
        studio.surface_settings.step(-1)
        studio.surface_settings.step(1)
        assert studio.surface_settings.overrides()["preset"] == first


async def test_settings_survive_a_restart(home: Path) -> None:
    async with Studio(home) as studio:
        studio.surface_settings.select("roots-dub")
        studio.surface_settings.set("amount", 0.25)
    async with Studio(home) as studio:
        await studio.surface_settings.load()
        assert studio.surface_settings.overrides() == {"preset": "roots-dub", "amount": 0.25}


async def test_invalid_values_change_nothing(home: Path) -> None:
    async with Studio(home) as studio:
        for name, value in (("number_of_steps", 99), ("amount", 1.5), ("amount", True)):
            with pytest.raises(ParamInvalid):
                studio.surface_settings.set(name, value)
        with pytest.raises(PresetUnknown):
            studio.surface_settings.select("no such")
        assert studio.surface_settings.overrides() == {}
        assert studio.events == []


async def test_surface_settings_apply_to_selections_but_not_to_remixes(home: Path, tmp_path: Path) -> None:
    tone = write_tone(tmp_path / "tone.wav")
    args = {"clips": [{"id": "c", "source": {"path": str(tone)}}], "remix": {"seed": 1}}
    async with Studio(home) as studio:
        studio.surface_settings.select("roots-dub")
        studio.surface_settings.set("guidance_scale", 20)
        studio.surface_settings.set("amount", 0.2)
        selected = await studio.send("selection", args)
        plain = await studio.send("remix", args)
        assert selected.job_id
        assert plain.job_id
        recipe = studio.registry.job(selected.job_id).recipe
        assert recipe["preset"] == "roots-dub"
        assert recipe["params"]["guidance_scale"] == 20
        assert recipe["amount"] == 0.2
        assert "edit_mode" not in recipe["chosen"]
        usual = studio.registry.job(plain.job_id).recipe
        assert usual["preset"] == "lofi-chill"
        assert usual["params"]["guidance_scale"] == 15
        await studio.until(selected.job_id, "done")
        await studio.until(plain.job_id, "done")
