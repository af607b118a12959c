"""Tests that the scripts work both ways wherever REAPER's behaviour is not documented."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.doctor.selftests import REAPER, found
from tests.daws.reaper.model import add_item
from tests.daws.reaper.rig import Rig, job
from tests.daws.reaper.rules import Rules
from tests.daws.reaper.steps import ask, of_bridge, offer, points


def make(home: Path, tmp_path: Path, system: str = "Other", **rules: bool) -> Rig:
    rig = Rig(home, tmp_path, system=system, rules=Rules(**rules))
    rig.choose()
    return rig


def measured(rig: Rig, **found: Any) -> None:
    """Store facts as the self-test does."""
    folder = rig.home / "reaper" / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "selftest.json").write_text(json.dumps(found))


# --- channels --------------------------------------------------------------------------------------------------------


def sent(rig: Rig) -> tuple[np.ndarray, list[str]]:
    """Request a remix whose audio REAPER's accessor reads; return the samples and the ignored settings."""
    rig.act("Remix with last settings")
    (message,) = rig.until(lambda: rig.messages("remix"))
    (clip,) = message["args"]["clips"]
    sound, _ = soundfile.read(clip["rendered"]["path"], dtype="float32", always_2d=True)
    return sound, clip["ignored"]


@pytest.mark.parametrize("copies", [True, False])
def test_a_mono_source_is_read_as_mono(home: Path, tmp_path: Path, copies: bool) -> None:
    rig = make(home, tmp_path, accessor_copies_mono=copies)
    sound, rate = soundfile.read(rig.tone, always_2d=True)
    soundfile.write(rig.tone, sound[:, :1], rate)
    item = rig.item(offset=0.5)
    assert item.take
    item.take.values["D_PITCH"] = 1.0
    found, ignored = sent(rig)
    np.testing.assert_allclose(found, sound[rate // 2 : rate * 3 // 2, :1], atol=1e-4)
    assert not ignored
    rig.host.verify()


@pytest.mark.parametrize("copies", [True, False])
@pytest.mark.parametrize("applies", [True, False])
@pytest.mark.parametrize("mode", [1, 2, 3, 4])
def test_a_channel_mode_is_sent_or_reported(home: Path, tmp_path: Path, mode: int, applies: bool, copies: bool) -> None:
    rig = make(home, tmp_path, accessor_copies_mono=copies, accessor_has_channel_mode=applies)
    measured(rig, accessor_has_channel_mode=applies)
    sound, rate = soundfile.read(rig.tone, always_2d=True)
    item = rig.item(offset=0.5)
    assert item.take
    item.take.values |= {"D_PITCH": 1.0, "I_CHANMODE": float(mode)}
    found, ignored = sent(rig)
    part = sound[rate // 2 : rate * 3 // 2]
    np.testing.assert_allclose(found, item.take.in_mode(part) if applies else part, atol=1e-4)
    assert ignored == ([] if applies else ["the channel mode"])
    rig.host.verify()


# --- lanes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exists", [True, False])
def test_a_result_gets_a_lane_of_its_own_that_plays(home: Path, tmp_path: Path, exists: bool) -> None:
    rig = make(home, tmp_path, lanes_must_exist=exists)
    rig.choose(mode="lane")
    item = rig.item()
    item.track.values |= {"I_FREEMODE": 2.0, "I_NUMFIXEDLANES": 2.0}
    item.track.lane_plays = {0: 1, 1: 0}  # the user listens to the first lane only
    offer(rig, ask(rig))
    (result,) = of_bridge(rig)
    assert (result.track, result.values["I_FIXEDLANE"]) == (item.track, 2.0)
    assert item.track.values["I_NUMFIXEDLANES"] == 3.0
    assert item.track.plays(2) == 2
    assert points(rig) == ["Place remix"]
    rig.host.verify()


def test_a_result_gets_a_track_if_no_lane_can_be_added(home: Path, tmp_path: Path) -> None:
    rig = make(home, tmp_path, lanes_can_be_added=False)
    rig.choose(mode="lane")
    item = rig.item()
    item.track.values |= {"I_FREEMODE": 2.0, "I_NUMFIXEDLANES": 2.0}
    offer(rig, ask(rig))
    (result,) = of_bridge(rig)
    assert result.track is not item.track
    assert item.track.items == [item]
    assert points(rig) == ["Place remix"]
    rig.host.verify()


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("renames", [True, False])
def test_windows_may_not_rename_or_remove_files_outside_ascii(home: Path, tmp_path: Path, renames: bool) -> None:
    """All files that the scripts replace or remove are in folders with a user's name."""
    rig = make(home, tmp_path, "Win64", renames_any_path=renames)
    item = rig.item()
    assert item.take
    item.take.values["D_PITCH"] = 1.0
    rig.act("Remix with last settings")
    (message,) = rig.until(lambda: rig.messages("remix"))
    error = {"code": "x", "text": "It failed.", "hint": "Again."}
    rig.answer(jobs=[job(message["message_id"], rig.tone, state="failed", error=error)])
    rig.host.tick(8)
    assert "It failed." in rig.host.boxes[-1]
    (note,) = (home / "reaper" / "requests").glob("*.json")
    note.write_text(json.dumps(json.loads(note.read_bytes()) | {"created": 0}))
    rig.until(lambda: not rig.host.busy())
    rig.act("Service")  # removes notes that are older than a month, with their audio
    kept = [path for folder in ("requests", "rendered") for path in (home / "reaper" / folder).iterdir()]
    assert not [path for path in kept if path.stat().st_size]
    assert bool(kept) is not renames
    rig.host.verify()


@pytest.mark.parametrize("renames", [True, False])
def test_install_and_uninstall_with_a_user_name_outside_ascii(home: Path, tmp_path: Path, renames: bool) -> None:
    rig = make(home, tmp_path, "Win64", renames_any_path=renames)
    rig.host.answers = [True, True, False]
    rig.act("Install")
    files = [rig.resources / "reaper-menu.ini", rig.resources / "Scripts" / "__startup.lua"]
    assert all(path.stat().st_size for path in files)
    rig.act("Uninstall")
    assert not [path for path in files if path.exists() and path.stat().st_size]
    rig.host.verify()


# --- the self-test ---------------------------------------------------------------------------------------------------

MEASURED = {  # rule of the mock → name of the fact in the report
    "accessor_copies_mono": "accessor_copies_mono",
    "accessor_has_channel_mode": "accessor_has_channel_mode",
    "lanes_can_be_added": "lanes_can_be_added",
    "renames_any_path": "unicode_renames",
    "nested_scripts_add_points": "nested_script_adds_undo_point",
    "deferring_scripts_add_points": "deferring_script_adds_undo_point",
}


@pytest.mark.parametrize("value", [True, False])
@pytest.mark.parametrize("rule", MEASURED)
def test_the_self_test_measures_each_open_fact(home: Path, tmp_path: Path, rule: str, value: bool) -> None:
    rig = make(home, tmp_path, "Win64", **{rule: value})
    item = rig.item()
    before = len(rig.host.registered)
    rig.host.edit(rig.project)
    rig.act("Self-test")
    rig.until(lambda: rig.host.boxes)
    report = json.loads((home / "reaper" / "logs" / "selftest.json").read_bytes())
    name = MEASURED[rule]
    assert report[name] is value
    assert f"{name.replace('_', ' ')}: {'yes' if value else 'no'}" in rig.host.boxes[-1]
    if rule == "renames_any_path":
        assert report["unicode_removes"] is value
    assert points(rig) == ["Move item", "ACE Bridge self-test (changes nothing)"]
    assert [track.items for track in rig.project.tracks] == [rig.project.items]
    assert rig.project.items[0].guid == item.guid
    assert len(rig.host.registered) == before
    assert not [path for path in (home / "reaper" / "rendered").iterdir() if path.stat().st_size]
    findings = list(found("reaper", "REAPER", report))
    told = {finding.check for finding in findings}
    fact = next(one for one in REAPER if one.key == name)
    assert (f"reaper.fact.{name}" in told) is (fact.expected is not value)
    rig.host.verify()


@pytest.mark.parametrize("renders", [True, False])
@pytest.mark.parametrize("length", [1.0, 11.0])
def test_the_self_test_measures_renders_of_background_tabs(
    home: Path, tmp_path: Path, renders: bool, length: float
) -> None:
    rig = make(home, tmp_path, renders_background_tabs=renders)
    rig.item()
    other = rig.host.open_project(tmp_path, str(tmp_path / "other.rpp"))
    add_item(other.add_track(), rig.tone, 0.0, length)
    rig.act("Self-test")
    rig.until(lambda: rig.host.boxes)
    report = json.loads((home / "reaper" / "logs" / "selftest.json").read_bytes())
    assert report.get("renders_background_tabs") is (renders if length == 1.0 else None)
    assert not other.history
    assert not list((home / "reaper" / "rendered").iterdir())
    rig.host.verify()
