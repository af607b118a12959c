"""Tests that the mock REAPER detects every planted mistake, even if the script catches the error."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.daws.reaper.host import Host
from tests.daws.reaper.model import add_item
from tests.fakes.studio import write_tone

PREAMBLE = """
local project = reaper.EnumProjects(-1)
local item = reaper.GetSelectedMediaItem(project, 0)
local track = reaper.GetTrack(project, 0)
"""
MISTAKES = {
    "reaper.CountTracks()": "takes 1 to 1 arguments, not 0",
    "reaper.GetTrack(project, 0, '')": "takes 2 to 2 arguments",
    "reaper.GetTrack(project, 0.5)": "bad argument #2",
    "reaper.GetMediaItem_Track(track)": "MediaItem expected",
    "reaper.GetActiveTake(nil)": "bad argument #1",
    "reaper.AddMediaItemTake(item)": "no function AddMediaItemTake",
    "reaper.SetMediaItemInfo_Value(item, 'B_MUTE', 1)": "outside an undo block",
    "reaper.Undo_BeginBlock2(project)": "without its end",
    "reaper.Undo_BeginBlock2(project) reaper.Undo_EndBlock2(project, ' ', -1)": "without a name",
    "reaper.Undo_BeginBlock2(other) reaper.SetMediaItemInfo_Value(item, 'B_MUTE', 1)": "in another project",
    "reaper.Undo_BeginBlock2(project) reaper.SelectProjectInstance(other)": "tab was changed inside",
    "reaper.Undo_BeginBlock2(project) reaper.DeleteTrackMediaItem(track, item) reaper.GetActiveTake(item)": "a deleted",
    "reaper.GetSetProjectInfo(project, 'RENDER_SETTINGS', 32, true)": "not restored",
    "reaper.SetMediaItemSelected(item, false)": "not restored",
    "reaper.PreventUIRefresh(1)": "not balanced",
    "reaper.GetMediaItemInfo_Value(item, 'D_VOLUME')": "unknown key D_VOLUME",
    "reaper.SetExtState('a', 'b', 'c\\nd', true)": "line break",
    "reaper.ExecProcess('curl', 0)": "blocks REAPER",
    "os.execute('true')": "blocks or leaves",
    "reaper.ShowConsoleMsg('a') reaper.ShowConsoleMsg('b')": "once per run",
    "io.open('/etc/ace-bridge-test', 'w')": "outside the home",
    "a_global = 1": "global a_global is written",
    "return a_global": "global a_global is read",
    "reaper.mine = 1": "is written to",
    "reaper.Main_OnCommandEx(40001, 0, project)": "may not run",
    "reaper.GetSet_LoopTimeRange2(project, true, false, 0, 1, false)": "the user's",
    "reaper.GetRegionOrMarker(project, 0, '')": "came with",
    "local function again() reaper.defer(again) end reaper.defer(again) reaper.defer(again)": "second defer loop",
    "reaper.InsertTrackInProject(project, 0)": "takes 3 to 3",
    "reaper.SetMediaTrackInfo_Value(track, 'I_SELECTED', 1)": "not restored",
    "reaper.GetSetProjectInfo(project, 'RENDER_SPEED', 0, false)": "unknown project setting",
    "reaper.GetSetProjectInfo(project, 'RENDER_SETTINGS', 64, true) "
    "reaper.Main_OnCommandEx(42230, 0, project)": "through the master",
    "for _ = 1, 2 do reaper.Undo_BeginBlock2(project) "
    "reaper.Undo_EndBlock2(project, 'a', -1) end": "more than one undo point",
    "io.open(reaper.GetResourcePath() .. '/inbox/a.json', 'w')": "may read a half",
    "reaper.ImGui_CreateContext('a')": "no function ImGui_CreateContext",
    "for _ = 1, 1000 do reaper.time_precise() end": "an action of",
    "reaper.Undo_BeginBlock2(project) reaper.Undo_BeginBlock2(project)": "inside an undo block",
    "reaper.RefreshToolbar2(0, 1)": "not changed",
    "reaper.GetSetMediaTrackInfo_String(track, 'P_RAZOREDITS', '', true)": "the user's razor edits",
    "reaper.Undo_OnStateChange('a')": "instead of an undo block",
    "reaper.SetEditCurPos(7, false, false)": "not restored",
    "reaper.Main_OnCommand(40289, 0)": "may not run",
    "reaper.SetTrackSelected(track, true)": "not restored",
    "return item.selected": "the field selected of a MediaItem is used",
    "item.selected = false": "the field selected of a MediaItem is used",
    "reaper.SplitMediaItem(item, 1.2)": "outside an undo block",
    "reaper.AddProjectMarker(project, false, 1, 0, 'a', -1)": "outside an undo block",
    "reaper.Undo_BeginBlock2(project) reaper.SetMediaItemInfo_Value(item, 'B_MUTE', 1) "
    "reaper.Undo_EndBlock2(project, 'Mute', 1)": "do not cover",
    "reaper.Undo_BeginBlock2(project) reaper.InsertTrackInProject(project, 0, 0) "
    "reaper.Undo_EndBlock2(project, 'Insert', 4)": "do not cover",
}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(tmp_path / "resources", version="7.60")
    host.resources.mkdir()
    project = host.open_project(tmp_path)
    host.open_project(tmp_path)
    tone = write_tone(tmp_path / "tone.wav")
    add_item(project.add_track("one"), tone, 1.0, 0.5)
    return host


def run(host: Host, code: str) -> None:
    path = host.resources / "script.lua"
    path.write_text(f"{PREAMBLE}\nlocal other = reaper.EnumProjects(1)\npcall(function() {code} end)\n")
    host.run(path)
    host.tick(2)


@pytest.mark.parametrize("code", MISTAKES)
def test_mistakes_are_caught(host: Host, code: str) -> None:
    run(host, code)
    assert host.violations, code
    assert MISTAKES[code] in " ".join(host.violations)


@pytest.mark.parametrize(
    "code",
    [
        "assert(reaper.GetMediaItem_Track(item) == track)",
        "assert(reaper.EnumProjects(0) == project and other ~= project)",
        "reaper.Undo_BeginBlock2(project) reaper.SetMediaItemInfo_Value(item, 'B_MUTE', 1) "
        "reaper.Undo_EndBlock2(project, 'Mute', 4)",
        "assert(reaper.ValidatePtr2(project, item, 'MediaItem*'))",
        "assert(not reaper.ValidatePtr2(other, item, 'MediaItem*'))",
        "local left = 3 local function again() left = left - 1 if left > 0 then reaper.defer(again) end end again()",
    ],
)
def test_a_correct_script_passes(host: Host, code: str) -> None:
    run(host, code + " reaper.SetExtState('t', 'ok', 'yes', false)")
    assert host.ext["t", "ok"] == "yes"
    host.verify()


def test_an_older_reaper_lacks_newer_functions(host: Host) -> None:
    host.version = "7.08"
    run(host, "assert(not reaper.APIExists('InsertTrackInProject')) reaper.InsertTrackInProject(project, 0, 0)")
    assert "InsertTrackInProject came with 7.27" in host.violations[0]


def test_restarting_a_running_script_asks(host: Host) -> None:
    path = host.resources / "loop.lua"
    path.write_text("local function again() reaper.defer(again) end again()")
    host.run(path)
    host.run(path)
    assert host.violations == ["REAPER asks: the script is already running"]


def test_a_long_tick_is_a_violation(host: Host) -> None:
    run(host, "reaper.defer(function() local stop = reaper.time_precise() + 0.05 "
        "while reaper.time_precise() < stop do end end)")  # fmt: skip
    assert "a tick of" in host.violations[0]


def test_undo_restores_the_tracks_and_invalidates_luas_pointers(host: Host) -> None:
    run(host, "reaper.Undo_BeginBlock2(project) reaper.InsertTrackInProject(project, 1, 0) "
        "reaper.Undo_EndBlock2(project, 'New track', -1)")  # fmt: skip
    project = host.projects[0]
    old = project.tracks[0]
    assert len(project.tracks) == 2
    assert host.undo(project) == "New track"
    assert [track.name for track in project.tracks] == ["one"]
    assert not old.alive
    assert host.Undo_CanRedo2(project) == "New track"
    assert host.redo(project) == "New track"
    assert len(project.tracks) == 2
    assert [track.alive for track in project.tracks] == [True, True]


NAMED = "reaper.Undo_BeginBlock2(project) reaper.Undo_EndBlock2(project, 'Mine', -1)"
NESTED = (
    "local id = reaper.AddRemoveReaScript(true, 0, reaper.GetResourcePath() .. '/inner.lua', true) "
    "reaper.defer(function() end) reaper.Main_OnCommandEx(id, 0, project)"
)


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("", ["ReaScript: script.lua"]),
        ("error('a bug')", ["ReaScript: script.lua"]),
        ("reaper.atexit(function() end)", ["ReaScript: script.lua"]),
        ("reaper.defer(function() end)", []),
        (NAMED, ["Mine"]),
        (f"{NAMED} reaper.defer(function() end)", ["Mine"]),
        (NESTED, ["ReaScript: inner.lua"]),
    ],
)
def test_a_script_that_does_not_defer_leaves_an_undo_point(host: Host, code: str, names: list[str]) -> None:
    """https://www.reaper.fm/sdk/reascript/reascript.php: undo points are created unless a script calls defer."""
    project = host.projects[0]
    host.edit(project)
    host.undo(project)
    (host.resources / "inner.lua").write_text("")
    run(host, code)
    assert [name for name, _ in project.history] == names
    assert project.undone == ([] if names else ["Move item"])
