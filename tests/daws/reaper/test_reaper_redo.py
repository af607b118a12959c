"""Tests when a result may clear the redo history, and that no result is lost or stuck after an undo."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.config.home import prepare_home
from tests.daws.reaper.host import TICK
from tests.daws.reaper.rig import Rig, job
from tests.daws.reaper.steps import ASKED, ask, of_bridge, offer, waiting
from tests.fakes.processes import PATIENT, running
from tests.fakes.studio import write_tone

SECOND = round(1 / TICK)  # ticks
CALM = 10 * SECOND  # ticks without an edit after which a result is placed


@pytest.fixture
def rig(home: Path, tmp_path: Path) -> Rig:
    rig = Rig(home, tmp_path)
    rig.choose()
    return rig


def make_redo_possible(rig: Rig, name: str = "Move item") -> None:
    """Edit the project and undo the edit, as the user would."""
    rig.host.edit(rig.project, name)
    rig.host.undo(rig.project)


def names(rig: Rig) -> list[str]:
    return [name for name, _ in rig.project.history]


# --- requests while redo is possible ---------------------------------------------------------------------------------


def test_a_request_while_redo_is_possible_is_placed_at_once(rig: Rig) -> None:
    rig.item()
    make_redo_possible(rig)
    message = ask(rig)
    assert len(waiting(rig)) == 1
    assert not rig.project.undone  # the request is an action of the user, like any other edit
    offer(rig, message)
    assert names(rig) == [ASKED, "Place remix"]
    rig.host.verify()


@pytest.mark.parametrize("mode", ["take", "lane"])
def test_a_result_without_a_placeholder_is_placed_at_once(rig: Rig, mode: str) -> None:
    rig.choose(mode=mode)
    item = rig.item()
    item.track.values |= {"I_FREEMODE": 2.0, "I_NUMFIXEDLANES": 2.0}
    make_redo_possible(rig)
    message = ask(rig)
    assert rig.project.undone == ["Move item"]
    offer(rig, message)
    assert names(rig) == ["Place remix"]
    assert not rig.host.tooltips
    rig.host.verify()


def test_another_redo_history_is_not_cleared_at_once(rig: Rig) -> None:
    rig.choose(mode="take")
    rig.item()
    make_redo_possible(rig)
    message = ask(rig)
    make_redo_possible(rig, "Split item")
    offer(rig, message)
    assert len(rig.project.items[0].takes) == 1
    assert rig.project.undone == ["Split item"]
    rig.host.tick(CALM)
    assert len(rig.project.items[0].takes) == 2


def test_the_same_step_after_the_placeholder_is_another_redo_history(rig: Rig) -> None:
    rig.item()
    make_redo_possible(rig)
    message = ask(rig)
    make_redo_possible(rig)  # a step with the same name, after the request
    offer(rig, message)
    assert not of_bridge(rig)
    assert rig.project.undone == ["Move item"]


def test_a_second_run_while_redo_is_possible_is_placed_at_once(rig: Rig) -> None:
    item = rig.item()
    offer(rig, ask(rig))
    (first,) = of_bridge(rig)
    item.selected, first.selected = False, True
    make_redo_possible(rig)
    rig.act("Re-run this remix")
    (message,) = rig.messages("rerun")
    assert len(waiting(rig)) == 1
    made = job(message["message_id"], write_tone(rig.folder / "second.wav"))
    rig.answer(jobs=[made], place=[made["variations"][0]["variation_id"]])
    rig.host.tick(8)
    assert len(of_bridge(rig)) == 2
    rig.host.verify()


def test_a_request_from_a_controller_is_an_action_of_the_user(rig: Rig) -> None:
    rig.item()
    make_redo_possible(rig)
    rig.act("Listen to controllers")
    rig.host.tick(8)
    rig.answer(ask={"id": "press-1", "command": "selection"})
    rig.host.tick(8)
    (message,) = rig.messages("selection")
    assert names(rig) == [ASKED]
    offer(rig, message)
    assert names(rig) == [ASKED, "Place remix"]
    rig.host.verify()


def test_an_undo_while_an_item_is_read_keeps_its_redo(rig: Rig) -> None:
    item = rig.item(0.0, 6.0)
    assert item.take
    item.take.values["D_PITCH"] = 1.0
    rig.act("Remix with last settings")
    rig.host.tick(3)
    make_redo_possible(rig)  # REAPER replaces the items
    rig.host.tick(3 * SECOND)
    assert not rig.host.boxes
    (message,) = rig.messages("remix")
    assert rig.project.undone == ["Move item"]  # no placeholder
    offer(rig, message)
    rig.host.tick(CALM)
    assert names(rig) == ["Place remix"]
    rig.host.verify()


# --- the countdown ---------------------------------------------------------------------------------------------------


def test_a_result_is_placed_after_ten_seconds_without_an_edit(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    make_redo_possible(rig)
    offer(rig, message)
    rig.host.tick(CALM - 2 * SECOND)
    assert not of_bridge(rig)
    assert rig.project.undone == ["Move item"]
    rig.host.tick(2 * SECOND)
    assert names(rig) == [ASKED, "Place remix"]
    rig.host.verify()


@pytest.mark.parametrize("edits", [["undo"], ["undo", "undo"], ["undo", "redo"]])
def test_each_edit_restarts_the_countdown(rig: Rig, edits: list[str]) -> None:
    rig.item()
    message = ask(rig)
    for name in ("Move item", "Split item", "Mute item"):
        rig.host.edit(rig.project, name)
    rig.host.undo(rig.project)
    offer(rig, message)
    for edit in edits:
        rig.host.tick(CALM - SECOND)
        assert not of_bridge(rig)
        getattr(rig.host, edit)(rig.project)
    rig.host.tick(CALM - SECOND)
    assert not of_bridge(rig)
    rig.host.tick(2 * SECOND)
    assert len(of_bridge(rig)) == 1
    rig.host.verify()


def test_redoing_everything_ends_the_wait(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    make_redo_possible(rig)
    offer(rig, message)
    rig.host.redo(rig.project)
    rig.host.tick(SECOND)
    assert names(rig) == [ASKED, "Move item", "Place remix"]


def test_the_user_is_warned_before_redo_is_cleared(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    make_redo_possible(rig)
    rig.act("Show jobs")
    offer(rig, message)
    rig.host.tick(4)
    text = "will be placed after 10 s without an edit, which clears the redo history"
    assert rig.host.helped == [f"ACE Bridge: a remix is ready, {text}"]
    assert rig.host.tooltips == [
        "ACE Bridge: A remix will be placed after 10 s without an edit. This clears the redo history."
    ]
    assert any(text in str(one[1]) for one in rig.host.picture if one[0] == "drawstr")
    assert not rig.host.boxes
    rig.host.tick(CALM // 2 + SECOND)
    assert rig.host.tooltips[1:] == [""]
    rig.host.tick(CALM)
    seconds = [int(found[1]) for found in (re.search(r"after (\d+) s", one) for one in rig.host.helped) if found]
    assert seconds == list(range(10, 0, -1))
    assert rig.host.helped[-1] == ""
    assert len(of_bridge(rig)) == 1
    rig.host.verify()


def test_each_new_wait_lasts_ten_seconds(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    make_redo_possible(rig)
    offer(rig, message)
    place = rig.outbox()
    rig.answer(jobs=place["jobs"])  # the daemon withdraws its offer
    rig.host.tick(CALM)
    assert rig.host.helped[-1] == ""
    rig.answer(jobs=place["jobs"], place=place["place"])
    rig.host.tick(CALM - SECOND)
    assert not of_bridge(rig)
    rig.host.tick(2 * SECOND)
    assert len(of_bridge(rig)) == 1


def test_the_status_bar_is_cleared_when_reaper_stops_the_service(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    make_redo_possible(rig)
    offer(rig, message)
    rig.host.quit()
    assert (rig.host.helped[-1], rig.host.tooltips[-1]) == ("", "")


def test_a_setting_keeps_redo_possible(rig: Rig) -> None:
    rig.act("Keep redo (on or off)")
    rig.host.tick()
    assert rig.host.helped == ["ACE Bridge: remixes wait while you can redo something"]
    rig.item()
    message = ask(rig)
    make_redo_possible(rig)
    offer(rig, message)
    rig.host.tick(6 * CALM)
    assert not of_bridge(rig)
    assert 'run "Place ready remixes"' in rig.host.helped[-1]
    assert not rig.host.tooltips
    rig.act("Keep redo (on or off)")
    rig.host.tick(CALM + SECOND)
    assert len(of_bridge(rig)) == 1
    rig.host.verify()


# --- undone remixes --------------------------------------------------------------------------------------------------


def test_the_next_variation_is_placed_after_an_undo(rig: Rig) -> None:
    rig.choose(variations=2)
    rig.item()
    message = ask(rig)
    (first,) = offer(rig, message)
    rig.host.undo(rig.project)
    second = {**rig.outbox()["jobs"][0]["variations"][0], "variation_id": "second", "index": 1}
    made = rig.outbox()["jobs"][0]
    rig.answer(jobs=[{**made, "variations": [*made["variations"], second]}], place=[first, "second"])
    rig.host.tick(CALM + SECOND)
    assert [one.texts["P_EXT:ace_bridge_variation"] for one in of_bridge(rig)] == ["second"]
    assert names(rig) == [ASKED, "Place remix"]
    rig.host.verify()


def test_an_undone_placeholder_does_not_lose_the_result(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    assert rig.host.undo(rig.project) == ASKED
    offer(rig, message)
    rig.host.tick(CALM + SECOND)
    assert names(rig) == ["Place remix"]
    assert [track.name for track in rig.project.tracks] == ["Guitar", "Guitar - remix 1"]
    rig.host.verify()


# --- with the real daemon --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("home")
    prepare_home(home)
    with running(home, program=PATIENT):
        yield home


def ended(rig: Rig) -> int:
    return sum(one["state"] == "done" for made in rig.outbox()["jobs"] for one in made["variations"])


def remix(rig: Rig, count: int) -> None:
    """Remix the selection and wait until REAPER has confirmed `count` results in all."""
    rig.act("Remix with last settings")
    rig.until(lambda: ended(rig) == count)


@pytest.mark.parametrize("mode", ["new_track", "take"])
def test_after_an_undo_the_next_remix_is_placed(bridge: Path, tmp_path: Path, mode: str) -> None:
    rig = Rig(bridge, tmp_path)
    rig.choose(mode=mode)
    rig.item()
    remix(rig, 1)
    assert rig.host.undo(rig.project) == "Place remix"
    remix(rig, 2)
    asked = [ASKED] if mode == "new_track" else []
    assert names(rig) == [*asked, *asked, "Place remix"]
    assert not waiting(rig)
    assert len(of_bridge(rig)) == (1 if mode == "new_track" else 0)
    assert not rig.host.tooltips
    assert not rig.host.boxes
    rig.host.verify()


def test_a_remix_whose_placeholder_was_undone_is_placed(bridge: Path, tmp_path: Path) -> None:
    rig = Rig(bridge, tmp_path)
    rig.choose()
    rig.item()
    rig.act("Remix with last settings")
    rig.host.undo(rig.project)
    rig.until(lambda: ended(rig) == 1)
    assert names(rig) == ["Place remix"]
    assert len(of_bridge(rig)) == 1
    assert len(rig.host.tooltips) == 2  # shown and hidden
    rig.host.verify()


def test_a_remix_costs_two_undo_points_and_undoing_both_leaves_nothing(bridge: Path, tmp_path: Path) -> None:
    rig = Rig(bridge, tmp_path)
    rig.choose()
    rig.host.answers = [False, False, False]
    rig.act("Install")
    rig.item()
    remix(rig, 1)
    rig.until(lambda: not rig.host.busy())
    assert names(rig) == [ASKED, "Place remix"]
    rig.host.undo(rig.project)
    rig.host.undo(rig.project)
    assert [track.name for track in rig.project.tracks] == ["Guitar"]
    rig.host.redo(rig.project)
    rig.host.redo(rig.project)
    assert len(of_bridge(rig)) == 1
    rig.host.verify()
