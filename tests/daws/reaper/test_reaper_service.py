"""Tests actions such as Swap and Remove, the self-test, errors and the job window; the tests act as the daemon."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.doctor import selftests
from tests.daws.reaper import picture
from tests.daws.reaper.rig import Rig, job
from tests.daws.reaper.steps import ask, of_bridge, offer, points, source_tracks


@pytest.fixture
def rig(home: Path, tmp_path: Path) -> Rig:
    rig = Rig(home, tmp_path)
    rig.choose()
    return rig


def test_swap_and_remove(rig: Rig) -> None:
    item = rig.item()
    offer(rig, ask(rig))
    (result,) = of_bridge(rig)
    item.selected, result.selected = False, True
    rig.act("Swap source and remix")
    assert (item.values["B_MUTE"], result.values["B_MUTE"]) == (1.0, 0.0)
    rig.act("Swap source and remix")
    assert (item.values["B_MUTE"], result.values["B_MUTE"]) == (0.0, 1.0)
    removed = result.texts["P_EXT:ace_bridge_variation"]
    rig.project.time_selection = (0.0, 0.0)
    rig.act("Remove this remix")
    assert source_tracks(rig) == ["Guitar"]
    assert rig.messages("removed")[0]["args"] == {"variation_id": removed}
    assert points(rig)[1:] == ["Swap source and remix"] * 2 + ["Remove remix"]


def test_a_remix_is_run_again(rig: Rig) -> None:
    item = rig.item()
    offer(rig, ask(rig))
    (result,) = of_bridge(rig)
    item.selected, result.selected = False, True
    rig.act("Re-run this remix")
    rig.host.answers = ["techno, hard"]
    rig.act("Same seed, new tags")
    first, second = (one["args"] for one in rig.messages("rerun"))
    assert first["job_id"] == second["job_id"] == result.texts["P_EXT:ace_bridge_job"]
    assert second["remix"] == {"tags": "techno, hard", "seed": 7}
    rig.host.verify()


ALL = {"take_volume", "item_volume", "fades", "take_pan"}
SETS: list[set[str]] = [set(), {"take_volume"}, {"item_volume", "fades", "take_pan"}, ALL]


def self_test(rig: Rig) -> None:
    """Run the self-test until the report is shown, and close the report."""
    rig.act("Self-test")
    rig.until(lambda: rig.host.boxes)
    assert rig.host.boxes.pop().startswith("Self-test of REAPER")


@pytest.mark.parametrize(("accessor", "render"), list(zip(SETS, reversed(SETS), strict=True)))
def test_the_self_test_measures_correctly_and_changes_nothing(rig: Rig, accessor: set[str], render: set[str]) -> None:
    rig.host.accessor_has, rig.host.render_has = accessor, render
    item = rig.item()
    values = json.dumps([item.values, item.take and item.take.values, item.track.values])
    self_test(rig)
    (item,) = rig.project.items  # an undo point that the self-test undoes has replaced the old object
    assert json.dumps([item.values, item.take and item.take.values, item.track.values]) == values
    found = json.loads((rig.home / "reaper" / "logs" / "selftest.json").read_bytes())
    for name in (*ALL, "track_volume"):
        assert (found[f"accessor_has_{name}"], found[f"render_has_{name}"]) == (name in accessor, name in render)
    assert (found["unicode_paths"], found["reaper"]) == (True, "7.60/linux-x86_64")
    assert found["render_is_whole_item"] is True
    assert {fact.key for fact in selftests.REAPER} <= set(found)  # all facts that the doctor reads
    assert not list((rig.home / "reaper" / "rendered").iterdir())
    rig.host.verify()


@pytest.mark.parametrize("has", [set(), ALL])
def test_baked_in_settings_are_not_applied_twice(rig: Rig, has: set[str]) -> None:
    rig.item()
    rig.host.accessor_has = has
    self_test(rig)
    (item,) = rig.project.items  # an undo point that the self-test undoes has replaced the old object
    assert item.take
    item.take.values |= {"D_PITCH": 1.0, "D_VOL": -0.5, "D_PAN": 0.5}
    item.values |= {"D_VOL": 0.25, "D_FADEINLEN": 0.1}
    message = ask_by_reader(rig)
    offer(rig, message)
    (result,) = of_bridge(rig)
    assert result.take
    applied = (result.take.values["D_VOL"], result.values["D_VOL"], result.values["D_FADEINLEN"])
    assert applied == ((1.0, 1.0, 0.0) if has else (-0.5, 0.25, 0.1))
    assert result.take.values["D_PAN"] == (0.0 if has else 0.5)


def test_a_silent_right_channel_gives_no_answer(rig: Rig) -> None:
    sound, rate = soundfile.read(rig.tone, always_2d=True)
    left = np.column_stack([sound[:, 0], np.zeros(len(sound))])
    soundfile.write(rig.tone, left, rate)
    rig.item()
    self_test(rig)
    found = json.loads((rig.home / "reaper" / "logs" / "selftest.json").read_bytes())
    assert "accessor_has_take_pan" not in found
    assert found["accessor_has_take_volume"] is False


def test_a_missing_pointer_file_is_explained(rig: Rig) -> None:
    (rig.scripts / "ace-bridge.json").unlink()
    rig.item()
    rig.act("Remix with last settings")
    assert "ace-bridge install reaper" in rig.host.boxes[0]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize("by_reader", [False, True])
def test_a_full_disk_is_reported_and_nothing_is_sent(rig: Rig, by_reader: bool) -> None:
    item = rig.item()
    assert item.take
    item.take.values["D_PITCH"] = 1.0 if by_reader else 0.0
    rig.host.disk_full = True
    rig.act("Remix with last settings")
    rig.host.tick(60)
    assert "No space left" in rig.host.boxes[0]
    assert not rig.messages("remix")
    assert not [path for folder in ("requests", "rendered") for path in (rig.home / "reaper" / folder).glob("*")]
    assert not rig.project.history
    rig.host.verify()


@pytest.mark.parametrize("version", ["7.08", "7.27", "7.60"])
@pytest.mark.parametrize("system", ["Win64", "macOS-arm64", "Other"])
def test_a_remix_on_every_system_and_version(home: Path, tmp_path: Path, version: str, system: str) -> None:
    rig = Rig(home, tmp_path, version=version, system=system)
    rig.choose()
    item = rig.item()
    offer(rig, ask(rig))
    assert len(of_bridge(rig)) == 1
    item.take.values["D_PITCH"] = 1.0  # type: ignore[union-attr]
    message = ask_by_reader(rig)
    path = message["args"]["clips"][0]["rendered"]["path"]
    assert path.startswith(rig.host.paths.shown(home))
    assert ("\\" in path, "/" in path) == (system == "Win64", system != "Win64")
    assert soundfile.info(rig.host.paths.real(path)).frames == 48_000
    error = {"code": "x", "text": "It failed.", "hint": "Again."}
    rig.answer(jobs=[job(message["message_id"], rig.tone, state="failed", error=error)])
    rig.host.tick(8)  # must replace an existing file, which `rename` cannot do on Windows
    assert "It failed." in rig.host.boxes[-1]
    rig.host.verify()


def ask_by_reader(rig: Rig) -> dict[str, Any]:
    rig.act("Remix with last settings")
    return rig.until(lambda: rig.messages("remix"))[-1]  # type: ignore[no-any-return]


def test_an_old_reaper_is_refused(home: Path, tmp_path: Path) -> None:
    rig = Rig(home, tmp_path, version="6.83")
    rig.item()
    rig.act("Remix with last settings")
    assert "need REAPER 7.08" in rig.host.boxes[0]


def test_the_window_shows_progress_and_closes(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    made = job(message["message_id"], rig.tone, state="running")
    made["variations"][0] |= {"progress": 0.5, "message": "the model works"}
    rig.answer(jobs=[made])
    rig.act("Show jobs")
    rig.host.tick(8)
    assert ("at", 12, 12) in rig.host.picture
    (text, cross) = [one[1] for one in rig.host.picture if one[0] == "drawstr"]
    assert re.fullmatch(r"tone, remix 1: running, the model works \(\d+ s\)", text)
    assert cross == "x"
    bars = [one[3] for one in rig.host.picture if one[0] == "rect"]
    assert bars[-2:] == [436, 218]
    rig.act("Show jobs")  # closes the window
    assert not [path for path in rig.host.scripts if "Show jobs" in path.name]
    rig.act("Show jobs")
    rig.host.keys = [27]
    rig.host.tick(1)
    assert not [path for path in rig.host.scripts if "Show jobs" in path.name]
    rig.host.verify()


def test_a_click_on_a_cross_cancels_once(rig: Rig) -> None:
    rig.item()
    made = job(ask(rig)["message_id"], rig.tone, state="running")
    rig.answer(jobs=[made])
    rig.act("Show jobs")
    rig.host.mouse = (436, 15, 1)
    rig.host.tick(20)  # the button is held down
    rig.host.mouse = (436, 15, 0)
    rig.host.tick(2)
    rig.host.mouse = (200, 15, 1)  # beside the cross
    rig.host.tick(2)
    assert [one["args"] for one in rig.messages("cancel")] == [{"job_id": made["job_id"]}]
    rig.host.verify()


@pytest.mark.parametrize("is_recording", [False, True])
def test_the_window_shows_why_a_result_waits(rig: Rig, is_recording: bool) -> None:
    rig.item()
    message = ask(rig)
    rig.host.edit(rig.project)
    rig.host.undo(rig.project)
    rig.project.play_state = 5 if is_recording else 0
    rig.act("Show jobs")
    offer(rig, message)
    rig.host.tick(8)
    texts = [one[1] for one in rig.host.picture if one[0] == "drawstr"]
    reason = "waiting until the recording ends" if is_recording else r"will be placed after (10|9) s without an edit"
    assert re.search(reason, texts[0])
    rig.host.verify()


@pytest.mark.parametrize("name", picture.PICTURES)
def test_the_pictures_in_the_docs_are_up_to_date(home: Path, tmp_path: Path, name: str) -> None:
    drawn = picture.PICTURES[name](Rig(home, tmp_path))
    assert (picture.FOLDER / name).read_text("utf-8") == drawn
    assert f"reaper/{name}" in (picture.FOLDER.parent / "reaper.md").read_text("utf-8")


def test_an_item_deleted_while_it_is_read_is_reported_and_leaves_nothing(rig: Rig) -> None:
    item = rig.item(0.0, 60.0)
    assert item.take
    item.take.values["D_PITCH"] = 1.0
    rig.act("Remix with last settings")
    rig.host.tick(3)
    item.track.items.remove(item)
    rig.host.bury(item, item.take)
    rig.host.tick(10)
    assert "was deleted before it was read" in rig.host.boxes[0]
    assert len(rig.host.boxes) == 1
    assert not rig.messages("remix")
    assert not list((rig.home / "reaper" / "rendered").iterdir())
    rig.host.verify()


def test_a_service_stopped_while_reading_resumes_at_its_next_start(rig: Rig) -> None:
    item = rig.item(0.0, 6.0)
    assert item.take
    item.take.values["D_PITCH"] = 1.0
    rig.act("Remix with last settings")
    rig.host.tick(3)
    rig.act("Service")  # the user starts the script again
    rig.until(lambda: rig.messages("remix"))
    (clip,) = rig.messages("remix")[0]["args"]["clips"]
    assert soundfile.info(clip["rendered"]["path"]).frames == 6 * 48_000
    rig.host.verify()


@pytest.mark.parametrize("installed", [True, False])
def test_the_service_runs_without_being_in_the_action_list(rig: Rig, installed: bool) -> None:
    if installed:
        rig.host.answers = [False, False, False]
        rig.act("Install")
        rig.host.boxes.clear()
    before = dict(rig.host.registered)
    rig.item()
    message = ask(rig)
    assert rig.host.registered == before
    assert rig.host.busy()
    offer(rig, message)
    assert len(of_bridge(rig)) == 1
    rig.host.verify()


def test_a_replaced_service_ends_without_saying_bye(rig: Rig) -> None:
    """REAPER may run the script twice, if a message box stopped the first run for longer than a heartbeat may take."""
    rig.item()
    ask(rig)
    rig.host.ext["ace-bridge", "heartbeat"] = json.dumps({"id": "another", "at": rig.host.clock})
    rig.host.tick(2)
    assert not rig.host.busy()
    assert not rig.messages("bye")
    assert json.loads(rig.host.ext["ace-bridge", "heartbeat"])["id"] == "another"
    rig.host.verify()


def test_place_ready_without_a_daemon_ends(rig: Rig) -> None:
    rig.act("Place ready remixes")
    rig.host.tick(30 * 80)
    assert len(rig.host.boxes) == 1
    assert not rig.host.busy()


def test_a_rejected_request_is_shown_and_forgotten(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    refusal = {
        "message_id": message["message_id"],
        "code": "preset_unknown",
        "text": "There is no preset.",
        "hint": "x",
    }
    rig.answer(errors=[refusal])
    rig.host.tick(150)
    assert [box for box in rig.host.boxes if "There is no preset." in box] == rig.host.boxes
    assert len(rig.host.boxes) == 1
    assert not rig.host.busy()
    assert not list((rig.home / "reaper" / "requests").iterdir())


def test_a_failed_result_is_placed_after_a_retry(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    error = {"code": "x", "text": "It failed.", "hint": "Again."}
    rig.answer(jobs=[job(message["message_id"], rig.tone, state="failed", error=error)])
    rig.host.tick(150)
    assert not rig.host.busy()
    rig.act("Place ready remixes")
    offer(rig, message)
    assert len(of_bridge(rig)) == 1
    rig.host.verify()
