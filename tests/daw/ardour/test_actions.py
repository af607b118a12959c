"""The other actions, and what a person is told when something cannot be done."""

from __future__ import annotations

import json
from pathlib import Path

from tests.daw.ardour.conftest import Open
from tests.daw.ardour.rig import until
from tests.daw.ardour.studio import music
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import fal_environment


def test_a_remix_is_asked_for_in_a_window_and_removed_again(open_studio: Open, tmp_path: Path) -> None:
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


def test_cancel(open_studio: Open, tmp_path: Path, fal: FalServer) -> None:
    fal.hold()
    studio = open_studio(**fal_environment(fal.url))
    studio.settings(preset="lofi-chill", seed=7)
    clip = studio.clip(music(tmp_path / "take.wav"), position=0, start=0, length=96_000)
    studio.ask(clip)
    until(lambda: [one for one in studio.variations() if one["state"] == "queued"], "the order")
    studio.action("Cancel remixes")
    (variation,) = studio.finished()
    assert variation["state"] == "cancelled", variation
    studio.ticks()
    assert [track.name for track in studio.save()] == ["take"]


def test_without_a_daemon_the_remix_is_kept(open_studio: Open, tmp_path: Path) -> None:
    studio = open_studio(daemon=False)
    studio.settings(preset="lofi-chill", seed=7)
    clip = studio.clip(music(tmp_path / "take.wav"), position=0, start=0, length=96_000)
    studio.select(clip)
    studio.action("last settings")
    studio.answer("ACE Bridge", "Escape")  # "The bridge is not running. … Start it now?"
    assert len(list((studio.home / "inbox").glob("*.json"))) == 1
    studio.start_daemon()
    (variation,) = studio.finished()
    assert variation["state"] == "done", variation
    assert len(studio.save()[1].regions) == 1


def test_what_goes_wrong_is_shown_and_no_slot_is_lost(open_studio: Open, tmp_path: Path) -> None:
    studio = open_studio()
    studio.action("Self-test")
    studio.answer("ACE Bridge", "Return")
    report = (studio.home / "logs" / "ardour-selftest.txt").read_text()
    assert "all bindings are there" in report
    assert "Ardour 7.3" in report
    assert "the bridge runs" in report
    studio.action("last settings")  # nothing is selected
    studio.answer("ACE Bridge", "Return")
    clip = studio.clip(music(tmp_path / "take.wav"), position=0, start=0, length=96_000)
    studio.settings(preset="no-such-style")
    studio.select(clip)
    studio.action("last settings")  # refused by the daemon
    studio.answer("ACE Bridge", "Return")
    studio.settings(preset="lofi-chill")
    core = studio.ardour.config / "ace-bridge" / "session.lua"
    whole = core.read_text()
    core.write_text("error ('broken')")
    studio.action("last settings")  # an error in the scripts themselves
    studio.answer("ACE Bridge", "Return")
    until(lambda: "broken" in (studio.home / "logs" / "bridge.log").read_text(), "the log")
    core.write_text(whole)
    studio.ask(clip)  # the slot is still there
    (variation,) = studio.finished()
    assert variation["state"] == "done", variation
