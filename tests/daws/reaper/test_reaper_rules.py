"""Tests of the mock's rules: facts about REAPER, its systems and its user that scripts meet sooner or later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.daws.reaper.boxes import read_box
from tests.daws.reaper.gui import Context, Gui
from tests.daws.reaper.host import CALL, LONGEST_TICK, Host
from tests.daws.reaper.model import Item, Track, add_item
from tests.daws.reaper.rules import Rules
from tests.fakes.studio import write_tone


def make(tmp_path: Path, system: str = "Other", **rules: bool) -> Host:
    host = Host(tmp_path / "resources", system=system, rules=Rules(**rules))
    host.resources.mkdir()
    host.open_project(tmp_path)
    return host


def run(host: Host, code: str) -> Any:
    """Run Lua code, and return what it stored with SetExtState('t', 'answer', …)."""
    path = host.resources / "script.lua"
    path.write_text(code)
    host.run(path)
    host.tick(2)
    return host.ext.get(("t", "answer"))


# --- the input box ---------------------------------------------------------------------------------------------------

BOX = """
local _, answer = reaper.GetUserInputs('Title', 2, {captions}, {values})
reaper.SetExtState('t', 'answer', answer, false)
"""


@pytest.mark.parametrize(
    ("captions", "values", "expected"),
    [
        ("One,Two", "1,2", ("1", "2")),
        ("One,Two,separator=;", "1;2", ("1", "2")),
        ("One,Two,extrawidth=80,separator=\n", "a,b\nc", ("a,b", "c")),
        ("One (a, b),Two", "1,2", ("1", "2")),
        ('One (with ","),Two', "1,2", ("1", "2")),
        ("One,Two", "'n',(a,b)", ("'n'", "(a,b)")),
    ],
)
def test_an_input_box_separates_its_fields(captions: str, values: str, expected: tuple[str, str]) -> None:
    box = read_box(captions, values, quotes=True)
    assert box.complete
    assert box.values == expected
    assert len(box.captions) == 2


@pytest.mark.parametrize("value", ["don't", 'say "yes', "(live"])
def test_an_open_quote_or_parenthesis_hides_all_later_separators(tmp_path: Path, value: str) -> None:
    assert read_box("One,Two,separator=\n", value + "\nb", quotes=True).values == (value + "\nb",)
    code = BOX.format(captions="'One,Two,separator=\\n'", values=f"[[{value}\nb]]")
    host = make(tmp_path, quotes_hide_separators=False)
    assert run(host, code) == value + "\nb"
    host.rules.quotes_hide_separators = True
    with pytest.raises(Exception, match="different numbers"):
        run(host, code)


def test_values_use_the_separator_of_the_captions(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="different numbers"):
        run(make(tmp_path), BOX.format(captions="'One,Two'", values="'1\\n2'"))


# --- ReaImGui --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "kept"), [(7, 7), (2**31 - 1, 2**31 - 1), (2**31, -(2**31)), (2**32 + 5, 5)])
def test_integers_of_reaimgui_have_32_bits(tmp_path: Path, number: int, kept: int) -> None:
    for on, expected in ((True, kept), (False, number)):
        folder = tmp_path / str(on)
        folder.mkdir()
        gui = Gui(make(folder, integers_have_32_bits=on))
        gui.ImGui_Begin(Context(), "window", True)
        assert gui.ImGui_InputInt(Context(), "Seed", number) == (False, expected)
        gui.typed["Seed"] = number
        assert gui.ImGui_SliderInt(Context(), "Seed", 0, 0, 9) == (True, expected)


# --- audio -----------------------------------------------------------------------------------------------------------

READ = """
local take = reaper.GetActiveTake(reaper.GetMediaItem(0, 0))
local accessor = reaper.CreateTakeAudioAccessor(take)
local buffer = reaper.new_array(4 * {channels})
reaper.GetAudioAccessorSamples(accessor, 48000, {channels}, 0.1, 4, buffer)
reaper.DestroyAudioAccessor(accessor)
local values = buffer.table()
for i = 1, #values do values[i] = ('%.9g'):format(values[i]) end
reaper.SetExtState('t', 'answer', table.concat(values, ' '), false)
"""


def read(tmp_path: Path, channels: int, **rules: bool) -> np.ndarray:
    """Return 4 frames of a mono source as an accessor reads them."""
    host = make(tmp_path, "Other", **rules)
    add_item(host.active.add_track(), write_tone(tmp_path / "tone.wav", channels=1), 0.0, 1.0)
    text = run(host, READ.format(channels=channels))
    return np.array(text.split(), float).reshape(4, channels)


def test_a_mono_source_fills_one_channel_or_both(tmp_path: Path) -> None:
    for name in ("mono", "both", "one", "three"):
        (tmp_path / name).mkdir()
    mono = read(tmp_path / "mono", 1)
    assert np.abs(mono).max() > 0
    both = read(tmp_path / "both", 2, accessor_copies_mono=True)
    one = read(tmp_path / "one", 2, accessor_copies_mono=False)
    np.testing.assert_array_equal(both, np.repeat(mono, 2, axis=1))
    np.testing.assert_array_equal(one, np.hstack([mono, np.zeros_like(mono)]))
    three = read(tmp_path / "three", 3, accessor_copies_mono=True)
    np.testing.assert_array_equal(three, np.hstack([mono, mono, np.zeros_like(mono)]))


# --- files -----------------------------------------------------------------------------------------------------------

RENAME = """
local folder = reaper.GetResourcePath()
local file = io.open(folder .. '/a.tmp', 'w') file:close()
local ok = os.rename(folder .. '/a.tmp', folder .. '/b.tmp')
local gone = os.remove(folder .. (ok and '/b.tmp' or '/a.tmp'))
reaper.SetExtState('t', 'answer', tostring(ok) .. ' ' .. tostring(gone), false)
"""


@pytest.mark.parametrize(
    ("system", "works", "answer"),
    [("Win64", True, "true true"), ("Win64", False, "nil nil"), ("macOS-arm64", False, "true true")],
)
def test_windows_may_not_rename_files_outside_ascii(tmp_path: Path, system: str, works: bool, answer: str) -> None:
    assert run(make(tmp_path, system, renames_any_path=works), RENAME) == answer


def test_a_listing_of_files_is_kept_until_a_new_one_is_asked_for(tmp_path: Path) -> None:
    host = make(tmp_path)
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a").touch()
    first = f"reaper.SetExtState('t', 'answer', tostring(reaper.EnumerateFiles('{folder}', 0)), false)"
    assert run(host, first) == "a"
    (folder / "a").rename(folder / "b")
    assert run(host, first) == "a"
    assert run(host, f"reaper.EnumerateFiles('{folder}', -1) {first}") == "b"


RENDER = """
for index, name in ipairs { 'front', 'back' } do
  local project = reaper.EnumProjects(index - 1)
  reaper.GetSetProjectInfo(project, 'RENDER_SETTINGS', 32, true)
  reaper.GetSetProjectInfo_String(project, 'RENDER_FILE', reaper.GetResourcePath(), true)
  reaper.GetSetProjectInfo_String(project, 'RENDER_PATTERN', name, true)
end
reaper.Main_OnCommandEx(42230, 0, reaper.EnumProjects(1))
"""


@pytest.mark.parametrize(("works", "written"), [(True, "back.wav"), (False, "front.wav")])
def test_a_render_of_a_background_tab_may_use_the_one_in_front(tmp_path: Path, works: bool, written: str) -> None:
    host = make(tmp_path, house=False, renders_background_tabs=works)
    host.open_project(tmp_path)
    host.rendering = "empty"
    run(host, RENDER)
    assert [path.name for path in host.resources.glob("*.wav")] == [written]


# --- time and keys ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("milliseconds", [10, 30])
def test_the_time_that_lua_computes_counts(tmp_path: Path, milliseconds: int) -> None:
    """An empty loop needs one instruction per pass, and an instruction takes 10 ns."""
    code = f"for _ = 1, {milliseconds * 100_000} do end"
    host = make(tmp_path)
    run(host, code)
    assert bool(host.violations) == (milliseconds / 1000 > LONGEST_TICK)
    host.rules.counts_lua_time = False
    host.violations.clear()
    run(host, code)
    host.verify()


@pytest.mark.parametrize("calls", [16_000, 24_000])
def test_the_mocks_own_instructions_do_not_count(tmp_path: Path, calls: int) -> None:
    """A call takes 1 µs; with what the mock computes for it, 16,000 calls would take too long."""
    host = make(tmp_path)
    run(host, f"for _ = 1, {calls} do reaper.GetPlayState() end")
    assert bool(host.violations) == (calls * CALL > LONGEST_TICK)


def test_a_held_key_runs_its_action_again_and_again(tmp_path: Path) -> None:
    host = make(tmp_path)
    path = host.resources / "count.lua"
    path.write_text("reaper.SetExtState('t', 'n', tostring((tonumber(reaper.GetExtState('t', 'n')) or 0) + 1), false)")
    host.hold(path, presses=4)
    assert host.ext["t", "n"] == "4"


# --- what the user sees ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "refused"), [(0, False), (1, True), (2, False), (5, True)])
def test_a_message_box_during_playback_is_careless(tmp_path: Path, state: int, refused: bool) -> None:
    host = make(tmp_path, no_boxes_during_playback=True)
    host.active.play_state = state
    run(host, "pcall(reaper.MB, 'text', 'title', 0)")
    assert bool(host.violations) is refused
    assert bool(host.boxes) is not refused


def test_texts_outside_windows(tmp_path: Path) -> None:
    host = make(tmp_path)
    run(host, "reaper.Help_Set('placing', false) reaper.TrackCtl_SetToolTip('done', 1, 2, true)")
    assert host.helped == ["placing"]
    assert host.tooltips == ["done"]
    host.verify()
    run(host, "pcall(reaper.TrackCtl_SetToolTip, '50 % done', 1, 2, true)")
    assert host.violations


# --- lists -----------------------------------------------------------------------------------------------------------


def track(tmp_path: Path) -> tuple[Host, Track, list[Item]]:
    host = make(tmp_path, house=False)
    made = host.active.add_track()
    tone = write_tone(tmp_path / "tone.wav")
    return host, made, [add_item(made, tone, position, 1.0) for position in (3.0, 1.0, 2.0)]


def test_items_are_listed_by_position(tmp_path: Path) -> None:
    host, made, (third, first, second) = track(tmp_path)
    assert [host.GetTrackMediaItem(made, index) for index in range(4)] == [first, second, third, None]
    assert [host.GetMediaItem(host.active, index) for index in range(3)] == [first, second, third]
    host.SetMediaItemInfo_Value(first, "D_POSITION", 9.0)
    assert host.GetTrackMediaItem(made, 2) is first
    assert host.GetMediaItemInfo_Value(first, "IP_ITEMNUMBER") == 2.0


def test_empty_lanes_at_the_bottom_disappear(tmp_path: Path) -> None:
    host, made, (item, *_) = track(tmp_path)
    made.values |= {"I_FREEMODE": 2.0, "I_NUMFIXEDLANES": 4.0}
    item.values["I_FIXEDLANE"] = 2.0
    assert host.UpdateItemLanes(host.active)
    assert made.values["I_NUMFIXEDLANES"] == 3.0, "the empty lane below the item is gone, those above it remain"


def test_a_source_that_is_in_a_project_is_duplicated(tmp_path: Path) -> None:
    host, _, (one, two, _) = track(tmp_path)
    assert one.take
    assert two.take
    assert one.take.source
    host.SetMediaItemTake_Source(two.take, one.take.source)
    assert two.take.source is not one.take.source
    assert two.take.source
    assert two.take.source.path == one.take.source.path
