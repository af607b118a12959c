"""Tests the catalogue of presets and engines for DAW scripts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from bridge.config.load import load
from bridge.installers.catalogue import catalogue
from bridge.presets.library import standard
from bridge.presets.parameters import PARAMS
from tests.fakes.fake_engine import CAPABILITIES
from tests.fakes.processes import running


def test_knobs_are_supported_parameters_with_an_effect(home: Path) -> None:
    can = replace(
        CAPABILITIES,
        honours=frozenset({"tags", "seed", "lyrics", "amount", "guidance_scale", "scheduler"}),
        inert=frozenset({"scheduler"}),
    )
    shown = catalogue(standard(home).all(), [can], load(home, {"ACE_BRIDGE_BUDGET_CONFIRM_COUNT": "7"}).budget)
    assert shown["confirm"] == {"above": 1.0, "count": 7}
    (engine,) = shown["engines"]
    assert [knob["name"] for knob in engine["knobs"]] == ["amount", "guidance_scale"]
    knob = engine["knobs"][1]
    assert (knob["low"], knob["high"]) == PARAMS["guidance_scale"].surface
    assert engine["takes_lyrics"] is True
    assert engine["price_per_second"] == can.price_per_second
    assert [one["name"] for one in shown["presets"]] == [one.name for one in standard(home).all()]


def test_the_daemon_writes_it_at_its_start(home: Path) -> None:
    with running(home):
        shown = json.loads((home / "catalogue.json").read_bytes())
    assert [one["name"] for one in shown["engines"]] == ["fal", "offline"]
    assert shown["engines"][1]["takes_lyrics"] is False
