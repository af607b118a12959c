"""Tests all actions except a normal remix, and the messages shown to the user."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bridge.installers import ardour_slots
from tests.daws.ardour.conftest import Open
from tests.daws.ardour.studio import Studio, music
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import fal_environment
from tests.waiting import until


def test_a_remix_is_requested_in_a_window_and_removed(open_studio: Open, tmp_path: Path) -> None:
    studio = open_studio()
    studio.settings(preset="lofi-chill", seed=7)
    clip = studio.clip(music(tmp_path / "take.wav"), position=0, start=0, length=96_000)
    studio.select(clip)
    studio.action("Remix selected clip")
    studio.agree("ACE Bridge")
    (variation,) = studio.finished()
    (asked,) = studio.requests()
    assert asked["remix"]["preset"] == "lofi-chill"
    assert json.loads((studio.home / "ardour-last.json").read_text())["remix"]["variations"] == 1
    (remix,) = studio.save()[1].regions
    assert variation["result"]["placed"]
    studio.select(remix.id)
    studio.action("Remove this remix")
    until(lambda: not studio.variations()[0]["result"]["placed"], "the removal")
    source, track = studio.save()
    assert (len(source.regions), track.regions) == (1, ())
    assert Path(variation["result"]["path"]).exists()
    studio.lua("Editor:undo (1)")
    assert len(studio.save()[1].regions) == 1


def test_above_the_settings_limit_the_user_is_asked_once(open_studio: Open, tmp_path: Path) -> None:
    studio = open_studio(ACE_BRIDGE_BUDGET_CONFIRM_COUNT="0")
    studio.settings(preset="lofi-chill", seed=7)
    clip = studio.clip(music(tmp_path / "take.wav"), position=0, start=0, length=96_000)
    studio.select(clip)
    studio.action("last settings")
    studio.agree("ACE Bridge")
    studio.finished()
    (asked,) = studio.requests()
    assert asked["confirmed"] is True


def test_cancel(open_studio: Open, tmp_path: Path, fal: FalServer) -> None:
    fal.hold()
    studio = open_studio(**fal_environment(fal.url))
    studio.settings(preset="lofi-chill", seed=7)
    clip = studio.clip(music(tmp_path / "take.wav"), position=0, start=0, length=96_000)
    studio.ask(clip)
    until(lambda: [one for one in studio.variations() if one["state"] == "queued"] or None, "the job")
    studio.action("Cancel remixes")
    (variation,) = studio.finished()
    assert variation["state"] == "cancelled", variation
    studio.ticks()
    assert [track.name for track in studio.save()] == ["take"]


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_request_without_a_daemon_is_kept(open_studio: Open, tmp_path: Path, answer: str) -> None:
    studio = open_studio(daemon=False, ardour_environ={"ACE_BRIDGE_OSC_PORT": "0"})
    studio.settings(preset="lofi-chill", seed=7)
    clip = studio.clip(music(tmp_path / "take.wav"), position=0, start=0, length=96_000)
    studio.select(clip)
    studio.action("last settings")
    studio.window("ACE Bridge")  # "ACE Bridge is not running. … Start it now?"
    assert len(list((studio.home / "inbox").glob("*.json"))) == 1
    if answer == "yes":
        studio.agree("ACE Bridge")  # Ardour starts the daemon
    else:
        studio.answer("ACE Bridge", "Escape")
        studio.start_daemon()
    (variation,) = studio.finished()
    assert variation["state"] == "done", variation
    assert len(studio.save()[1].regions) == 1


def test_errors_are_shown_and_no_slot_is_lost(open_studio: Open, tmp_path: Path) -> None:
    studio = open_studio()
    studio.action("Self-test")
    studio.window("ACE Bridge")
    assert studio.lua("return 'the timer runs on'") == "the timer runs on"
    studio.answer("ACE Bridge", "Return")
    report = (studio.home / "logs" / "ardour-selftest.txt").read_text()
    assert "all Lua bindings are present" in report
    assert f"Ardour {studio.ardour.program.version}" in report
    assert "the bridge is running" in report
    studio.action("last settings")  # no region is selected
    studio.answer("ACE Bridge", "Return")
    clip = studio.clip(music(tmp_path / "take.wav"), position=0, start=0, length=96_000)
    studio.settings(preset="no-such-style")
    studio.select(clip)
    studio.action("last settings")  # the daemon rejects the request
    studio.answer("ACE Bridge", "Return")
    studio.settings(preset="lofi-chill")
    core = studio.ardour.config / "ace-bridge" / "session.lua"
    whole = core.read_text()
    core.write_text("error ('broken')")
    studio.action("last settings")  # causes an error in the scripts themselves
    studio.answer("ACE Bridge", "Return")
    until(lambda: "broken" in (studio.home / "logs" / "bridge.log").read_text(), "the log")
    core.write_text(whole)
    studio.ask(clip)  # the action still works
    (variation,) = studio.finished()
    assert variation["state"] == "done", variation


def test_missing_bindings_are_reported_at_the_start(open_studio: Open) -> None:
    def age(studio: Studio) -> None:
        """Simulate another Ardour version, with a missing function, different arguments and a moved signal."""
        path = studio.ardour.config / "ace-bridge" / "selftest.lua"
        text = path.read_text().replace("Editor.do_embed", "Editor.no_such", 1)
        text = text.replace('"#8 number", "#2 number"', '"#9 number", "#3 number"', 1)
        path.write_text(text.replace(f"TIMER = {ardour_slots.TIMER}", "TIMER = 1", 1))

    studio = open_studio(prepare=age, wait=False)  # a window that a hook opens blocks the timer of all hooks
    studio.answer("ACE Bridge", "Return")
    said = (
        "Missing Lua bindings: Editor:do_embed, Session:new_audio_track (different arguments), "
        "LuaSignal.LuaTimerDS (different number)"
    )
    until(lambda: said in (studio.home / "logs" / "bridge.log").read_text(), "the log")


def test_place_ready_remixes_needs_no_hook(open_studio: Open, tmp_path: Path) -> None:
    def without_hook(studio: Studio) -> None:
        path = studio.ardour.config / "ui_scripts"
        root = ElementTree.fromstring(path.read_bytes())
        hooks = root.find("ActionHooks")
        assert hooks is not None
        hooks.remove(next(hook for hook in hooks if hook.get("name") == "ACE Bridge"))
        path.write_bytes(ElementTree.tostring(root))

    studio = open_studio(prepare=without_hook)
    studio.settings(preset="lofi-chill", seed=7)
    studio.ask(studio.clip(music(tmp_path / "take.wav"), position=0, start=0, length=96_000))
    until(lambda: [one for one in studio.variations() if one["state"] == "ready"] or None, "the result")
    assert [track.name for track in studio.save()] == ["take"]
    studio.action("Place ready remixes")

    def placed() -> bool:
        if studio.windows("ACE Bridge"):  # the daemon took longer than 1 s to offer the result
            studio.answer("ACE Bridge", "Return")
            studio.action("Place ready remixes")
        return bool(studio.variations()[0]["state"] == "done")

    until(placed, "the remix")
    assert [track.name for track in studio.save()] == ["take", "take · lofi-chill"]
    studio.action("Place ready remixes")
    studio.answer("ACE Bridge", "Return")  # "This session has no ready remixes."


def test_nothing_is_installed_while_ardour_runs(open_studio: Open) -> None:
    studio = open_studio(daemon=False)
    (studio.ardour.config / "scripts" / "ace_bridge_2_remix.lua").unlink()  # so that there is a script to install
    before = {path: path.read_bytes() for path in studio.ardour.config.rglob("*.lua")}
    slots_before = (studio.ardour.config / "ui_scripts").read_bytes()
    for verb in ("install", "uninstall"):
        done = studio.bridge(verb, "ardour", "--yes", check=False)
        assert done.returncode != 0
        assert "Ardour is running" in done.stdout + done.stderr
    assert {path: path.read_bytes() for path in studio.ardour.config.rglob("*.lua")} == before
    assert (studio.ardour.config / "ui_scripts").read_bytes() == slots_before
    assert studio.ardour.quit() == 0
    studio.bridge("uninstall", "ardour", "--yes")
    assert not list(studio.ardour.config.rglob("ace*.lua"))
    assert ardour_slots.numbers((studio.ardour.config / "ui_scripts").read_bytes()) == {}
