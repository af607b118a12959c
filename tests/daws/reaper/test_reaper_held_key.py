"""Tests that a held key asks once, whatever the action costs, and that menus and dialogs always ask."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.daws.reaper.host import KEY
from tests.daws.reaper.rig import Rig, job
from tests.daws.reaper.steps import ask, of_bridge, offer, waiting
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import KEY as KEY_OF_FAL
from tests.fakes.processes import fal_environment, running

AFTER_THE_WINDOW = 61  # ticks: more than 2 s


@pytest.fixture
def rig(home: Path, tmp_path: Path) -> Rig:
    rig = Rig(home, tmp_path)
    rig.choose()
    return rig


def press(rig: Rig, name: str, context: str) -> None:
    """Run an action as from a control with this context."""
    rig.host.controller = (-1, -1, -1.0, context)
    rig.act(name)
    rig.host.controller = (-1, -1, -1.0, "")


@pytest.mark.parametrize(
    "name", ["Remix with last settings", "Remix time selection", "Remix razor edits", "Remix with favourite 1"]
)
def test_a_held_key_asks_once(rig: Rig, name: str) -> None:
    item = rig.item()
    rig.project.time_selection = (4.0, 5.0)
    item.track.razor = '4.0 5.0 ""'
    rig.hold(name, presses=8)
    (message,) = rig.messages("remix")
    assert message["args"]["trigger"] == "key"
    assert len(waiting(rig)) == 1
    rig.host.tick(AFTER_THE_WINDOW)
    rig.hold(name)
    assert len(rig.messages("remix")) == 2, "the key was released and pressed again"
    rig.host.verify()


def test_a_key_held_for_longer_than_the_window_asks_once(rig: Rig) -> None:
    rig.item()
    rig.hold("Remix with last settings", presses=AFTER_THE_WINDOW + 9)
    assert len(rig.messages("remix")) == 1


def test_another_selection_is_another_request(rig: Rig) -> None:
    first = rig.item()
    rig.hold("Remix with last settings")
    first.selected = False
    rig.item(8.0)
    rig.hold("Remix with last settings")
    assert [one["args"]["clips"][0]["position"] for one in rig.messages("remix")] == [4.0, 8.0]


def test_other_settings_are_another_request(rig: Rig) -> None:
    rig.item()
    rig.hold("Remix with last settings")
    rig.choose(tags="house")
    rig.hold("Remix with last settings")
    assert [one["args"]["remix"]["tags"] for one in rig.messages("remix")] == ["dub", "house"]


@pytest.mark.parametrize(
    ("context", "kind", "asks"),
    [
        (KEY, "key", 1),
        ("mediakbd:V", "key", 1),
        ("midi:90:24", "pad", 1),
        ("osc:/bridge/remix", "osc", 1),
        ("", "menu", 2),
        ("KBD_OnMainActionEx", "menu", 2),
    ],
)
def test_only_menus_ask_twice_within_two_seconds(rig: Rig, context: str, kind: str, asks: int) -> None:
    rig.item()
    for _ in range(2):
        press(rig, "Remix with last settings", context)
        rig.host.tick(6)
    assert [one["args"]["trigger"] for one in rig.messages("remix")] == [kind] * asks


def test_a_held_key_opens_one_question(rig: Rig) -> None:
    track = rig.track()
    for number in range(21):
        rig.item(4.0 + number, 1.0, 0.5, track)
    rig.host.answers = [False]
    rig.hold("Remix with last settings")
    assert len(rig.host.boxes) == 1
    assert not rig.messages("remix")


def test_key_presses_from_the_time_of_a_question_do_not_count(rig: Rig) -> None:
    track = rig.track()
    for number in range(21):
        rig.item(4.0 + number, 1.0, 0.5, track)
    rig.host.box_takes = 60.0  # s
    rig.hold("Remix with last settings")
    (message,) = rig.messages("remix")
    assert message["args"]["trigger"] == "dialog", "the user has answered a question"
    assert message["args"]["confirmed"] is True


def test_a_held_key_renders_once(rig: Rig) -> None:
    item = rig.item()
    assert item.take
    item.take.fx = [True]
    rig.hold("Remix with last settings")
    rig.until(lambda: rig.messages("remix"))
    rig.host.tick(30)
    assert len(rig.host.rendered) == len(rig.messages("remix")) == len(rig.host.boxes) == 1
    rig.host.verify()


def test_a_held_key_runs_a_remix_again_once(rig: Rig) -> None:
    item = rig.item()
    offer(rig, ask(rig))
    item.selected = False
    of_bridge(rig)[0].selected = True
    rig.hold("Re-run this remix", presses=8)
    assert len(rig.messages("rerun")) == 1
    for _ in range(2):
        rig.act("Re-run this remix")
    assert len(rig.messages("rerun")) == 3, "from a menu, each run is one more"
    rig.host.verify()


def test_a_held_key_starts_one_audition(rig: Rig) -> None:
    item = rig.item()
    offer(rig, ask(rig))
    item.selected = False
    of_bridge(rig)[0].selected = True
    rig.hold("Audition", presses=8)
    assert len([one for one in rig.host.executed if "audition" in one]) == 1


def test_a_request_that_the_daemon_counts_as_a_repeat_leaves_no_placeholder(rig: Rig) -> None:
    rig.item()
    first, second = ask(rig), ask(rig)
    assert len(waiting(rig)) == 2
    made = job(first["message_id"], rig.tone, state="running")
    rig.answer(jobs=[{**made, "repeats": [second["message_id"]]}])
    rig.host.tick(10)
    (left,) = waiting(rig)
    assert left.texts["P_EXT:ace_bridge_waits"].startswith(first["message_id"])
    rig.answer(jobs=[{**made, "state": "cancelled", "repeats": [second["message_id"]]}])
    rig.until(lambda: not rig.host.busy())
    rig.host.verify()


def test_a_surfaces_request_says_so_and_a_repeat_adds_no_placeholder(rig: Rig) -> None:
    rig.item()
    rig.act("Listen to controllers")
    rig.host.tick(8)
    for number in range(3):
        rig.answer(ask={"id": f"ask-{number}", "command": "selection"})
        rig.host.tick(8)
    assert [one["args"]["trigger"] for one in rig.messages("selection")] == ["osc"] * 3
    assert len(waiting(rig)) == 1
    rig.host.verify()


# --- with the real daemon --------------------------------------------------------------------------------------------


def jobs(rig: Rig) -> int:
    """Return how many results were placed, once the daemon has nothing left to do."""
    rig.until(lambda: of_bridge(rig))
    rig.until(lambda: not rig.host.busy())
    assert not waiting(rig)
    rig.host.verify()
    return len(of_bridge(rig))


def without_seed(rig: Rig, engine: str = "fal") -> None:
    """Let "Remix with last settings" choose a random seed."""
    choices = {"remix": {"tags": "dub", "engine": engine}, "placement": {"mode": "new_track", "source": "keep"}}
    rig.host.kept["ace-bridge", "wishes"] = json.dumps(choices)


def test_a_held_key_is_billed_once_and_two_menu_choices_twice(home: Path, tmp_path: Path) -> None:
    with FalServer(zero_delay=True, key=KEY_OF_FAL) as fal, running(home, **fal_environment(fal.url)):
        rig = Rig(home, tmp_path)
        without_seed(rig)
        item = rig.item()
        rig.hold("Remix with last settings", presses=8)
        assert jobs(rig) == 1
        assert sum(fal.queue.submits().values()) == 1
        item.selected = True
        for _ in range(2):
            rig.act("Remix with last settings")
        rig.until(lambda: len(of_bridge(rig)) == 3)
        assert jobs(rig) == 3
        assert sum(fal.queue.submits().values()) == 3


def test_one_more_like_it_from_a_menu_is_never_merged(home: Path, tmp_path: Path) -> None:
    with running(home):
        rig = Rig(home, tmp_path)
        rig.choose()
        item = rig.item()
        rig.act("Remix with last settings")
        assert jobs(rig) == 1
        item.selected = False
        of_bridge(rig)[0].selected = True
        for _ in range(2):
            rig.act("Re-run this remix")
        rig.until(lambda: len(of_bridge(rig)) == 3)
        assert jobs(rig) == 3


def test_the_daemon_counts_what_the_scripts_missed_as_a_repeat(home: Path, tmp_path: Path) -> None:
    with running(home):
        rig = Rig(home, tmp_path)
        without_seed(rig, "offline")
        rig.item()
        for _ in range(2):
            press(rig, "Remix with last settings", KEY)
            rig.host.ext.pop(("ace-bridge", "asked"))  # as if the scripts had forgotten the first press
        assert jobs(rig) == 1
