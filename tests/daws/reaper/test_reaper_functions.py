"""Tests of the mock's REAPER functions, called from Lua under the rules for scripts by others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.daws.reaper.host import Host
from tests.daws.reaper.public_scene import Scene
from tests.daws.reaper.table import functions, sws

PREAMBLE = """
local track = reaper.GetTrack(0, 3)
local item = reaper.GetTrackMediaItem(track, 0)
local take = reaper.GetActiveTake(item)
local envelope = reaper.GetTrackEnvelope(track, 0)
local function near(a, b) assert(math.abs(a - b) < 1e-9, tostring(a) .. ' is not ' .. tostring(b)) end
local function same(a, b) assert(a == b, tostring(a) .. ' is not ' .. tostring(b)) end
"""
FILES = sorted(Path(__file__).with_name("function_cases").glob("*.lua"))
CASES = {  # title → code
    title: code
    for file in FILES
    for title, code in re.findall(r"(?ms)^--- (.*?)\n(.*?)(?=^--- |\Z)", file.read_text("utf-8"))
}
REFUSED = {
    "reaper.TrackFX_GetInstrument(track)": "does not implement TrackFX_GetInstrument",
    "reaper.Main_OnCommand(40001, 0)": "does not implement the action 40001",
    "reaper.GetMediaItemInfo_Value(item, 'D_VOLUME')": "unknown key D_VOLUME",
    "reaper.SetMediaItemInfo_Value(item, 'IP_ITEMNUMBER', 0)": "read-only",
    "reaper.GetMediaTrackInfo_Value(track, 'C_LANEPLAYS:3')": "no lane 3",
    "reaper.GetTakeName(nil)": "bad argument #1",
    "reaper.GetTakeName(item)": "bad argument #1",
    "reaper.NamedCommandLookup('_S&M_COPYFXCHAIN1')": "does not implement the action _S&M_COPYFXCHAIN1",
    "reaper.GetTrack()": "takes 2 to 2 arguments",
    "reaper.DeleteTrack(track) reaper.GetTrackName(track)": "a deleted MediaTrack",
    "local a = reaper.new_array(2) return a[3]": "has no value 3",
}


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = Scene(tmp_path)
    scene.envelope(scene.guitar)
    assert scene.g1.take
    scene.guitar.fx, scene.guitar.input_fx, scene.g1.take.fx = [True, True], [True], [True]
    return scene


def run(scene: Scene, code: str) -> None:
    scene.run((PREAMBLE + code).encode(), "case.lua")


@pytest.mark.parametrize("title", CASES)
def test_functions_behave_as_documented(scene: Scene, title: str) -> None:
    run(scene, CASES[title])


@pytest.mark.parametrize("code", REFUSED)
def test_what_reaper_or_the_mock_does_not_know_is_refused(scene: Scene, code: str) -> None:
    with pytest.raises(Exception, match=REFUSED[code]):
        run(scene, code)
    assert scene.host.violations


def test_an_unknown_name_is_nil_as_in_reaper(scene: Scene) -> None:
    run(scene, "same(reaper.AddMediaItemTake, nil) assert(reaper.BR_GetMediaItemGUID)")
    scene.host.rules.extensions = False
    run(scene, "same(reaper.BR_GetMediaItemGUID, nil)")


def test_old_scripts_may_leave_out_and_add_arguments(scene: Scene) -> None:
    run(scene, "same(reaper.CountTracks(), 5) same(reaper.CountTracks(-1), 5)")
    run(scene, "same(select(2, reaper.GetTrackName(track, '')), 'Guitar')")
    run(scene, "reaper.SetMediaItemSelected(item, 0) assert(not reaper.IsMediaItemSelected(item))")
    run(
        scene,
        "reaper.SetMediaItemInfo_Value(item, 'D_VOL', '0.5') near(reaper.GetMediaItemInfo_Value(item, 'D_VOL'), 0.5)",
    )


def test_every_function_names_its_source() -> None:
    lines = Path(__file__).with_name("sources.tsv").read_text("utf-8").splitlines()
    sources = dict(line.split("\t") for line in lines if not line.startswith("#"))
    assert set(sources) == {name for name in (*functions(), *sws()) if hasattr(Host, name)}
    assert all(sources.values())
