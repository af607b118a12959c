"""Tests how the ReaImGui dialog is used: its seed, its keys, its size, the names and the description of the clips."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bridge.engines.offline import CAPABILITIES
from tests.daws.reaper.gui import Gui
from tests.daws.reaper.rig import Rig
from tests.daws.reaper.steps_dialog import MARK, opened, with_gui

HIGHEST = 2**32 - 1


@pytest.fixture
def rig(home: Path, tmp_path: Path) -> Rig:
    return with_gui(Rig(home, tmp_path))


def is_open(rig: Rig) -> bool:
    return any("asks" in path.name for path in rig.host.scripts)


# --- the seed --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 7, 2**31 - 1, 2**31, HIGHEST])
def test_every_seed_can_be_typed_and_comes_back(rig: Rig, seed: int) -> None:
    rig.item()
    gui = opened(rig)
    gui.typed |= {"Random seed": False, "Seed": str(seed)}
    rig.host.tick()
    gui.typed["Seed"] = str(seed)
    gui.pressed.add("Remix")
    rig.host.tick(3)
    assert rig.messages("remix")[0]["args"]["remix"]["seed"] == seed
    gui.closed = True
    rig.host.tick(2)
    gui.closed = False
    shown = opened(rig)
    assert [args[1] for name, *args in shown.drawn if args and args[0] == "Seed"] == [str(seed)]
    rig.host.verify()


@pytest.mark.parametrize("text", ["", "-1", "1.5", str(HIGHEST + 1), "12/3"])
def test_a_wrong_seed_is_explained_and_not_sent(rig: Rig, text: str) -> None:
    rig.item()
    gui = opened(rig)
    gui.typed["Random seed"] = False
    rig.host.tick()
    gui.typed["Seed"] = text
    gui.pressed.add("Remix")
    rig.host.tick(3)
    assert f"The seed must be a whole number from 0 to {HIGHEST}." in gui.labels("Text")
    gui.pressed.clear()
    gui.keys.add("Enter")
    rig.host.tick(3)
    assert not rig.messages("remix")
    gui.typed["Random seed"] = True
    gui.pressed.add("Remix")
    rig.host.tick(3)
    assert "seed" not in rig.messages("remix")[0]["args"]["remix"], "a random seed needs no text"
    rig.host.verify()


# --- keys ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["Enter", "KeypadEnter"])
def test_enter_remixes(rig: Rig, key: str) -> None:
    rig.item()
    gui = opened(rig)
    gui.keys.add(key)
    rig.host.tick(3)
    (message,) = rig.messages("remix")
    assert message["args"]["trigger"] == "dialog"
    assert is_open(rig)
    rig.host.verify()


def test_esc_closes(rig: Rig) -> None:
    rig.item()
    gui = opened(rig)
    gui.keys.add("Escape")
    rig.host.tick(2)
    assert not is_open(rig)
    assert not rig.messages("remix")
    rig.host.verify()


@pytest.mark.parametrize("key", ["Enter", "Escape"])
@pytest.mark.parametrize("state", ["a field is edited", "a list is open", "the window is behind", "just opened"])
def test_keys_that_belong_to_something_else(rig: Rig, key: str, state: str) -> None:
    """Enter in the lyrics begins a line, and the key that ran the action may still be down."""
    rig.item()
    if state == "just opened":
        rig.act("Remix selected items (asks)")
        assert rig.host.gui
        gui = rig.host.gui
    else:
        gui = opened(rig)
    gui.active = state == "a field is edited"
    gui.popup = state == "a list is open"
    gui.focused = state != "the window is behind"
    rig.host.tick()
    gui.keys.add(key)
    rig.host.tick(3)
    assert is_open(rig)
    assert not rig.messages("remix")
    rig.host.verify()


def test_esc_leaves_a_field_first_and_enter_in_a_line_remixes(rig: Rig) -> None:
    """ReaImGui ends the editing in the frame of the key."""
    rig.item()
    gui = opened(rig)
    gui.active = True
    rig.host.tick()
    gui.active = False
    gui.keys.add("Escape")
    rig.host.tick()
    assert is_open(rig)
    gui.active = True
    rig.host.tick()
    gui.active = False
    gui.keys.add("Enter")
    rig.host.tick(2)
    assert len(rig.messages("remix")) == 1
    rig.host.verify()


def test_a_key_that_closes_a_list_does_nothing_else(rig: Rig) -> None:
    rig.item()
    gui = opened(rig)
    for key in ("Escape", "Enter"):
        gui.popup = True
        rig.host.tick()
        gui.popup = False
        gui.keys.add(key)
        rig.host.tick()
    assert is_open(rig)
    assert not rig.messages("remix")


def test_enter_without_a_selection_does_nothing(rig: Rig) -> None:
    gui = opened(rig)
    gui.keys.add("Enter")
    rig.host.tick(3)
    assert not rig.messages("remix")
    rig.host.verify()


# --- clips and window ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, "1 clip (Solo)"), (3, "3 clips (Solo, tone, Guitar)"), (5, "5 clips (Solo, tone, Guitar and 2 more)")],
)
def test_the_clips_are_named(rig: Rig, count: int, expected: str) -> None:
    track = rig.track()
    items = [rig.item(2.0 * number, track=track) for number in range(count)]
    names = ["Solo", "tone", "", "x", "y"]  # an unnamed clip has the name of its track
    for item, name in zip(items, names, strict=False):
        item.takes[0].name = name
    gui = opened(rig)
    assert [text for text in gui.labels("Text") if text.startswith(expected + ", ")]


def test_a_clip_may_be_deleted_while_the_dialog_is_open(rig: Rig) -> None:
    item = rig.item()
    gui = opened(rig)
    item.track.items.remove(item)
    rig.host.bury(item, *item.takes)
    rig.host.tick(16)
    assert "Select an audio item." in gui.labels("Text")
    rig.host.verify()


def test_the_window_keeps_its_size(rig: Rig) -> None:
    rig.item()
    gui = opened(rig)
    assert gui.size == (460, 620)
    gui.size = (700.0, 500.0)
    rig.host.tick()
    gui.closed = True
    rig.host.tick(2)
    gui.closed, gui.size = False, None
    assert opened(rig).size == (700.0, 500.0)
    rig.host.verify()


# --- what the clip is now --------------------------------------------------------------------------------------------


def now(gui: Gui) -> list[tuple[str, str]]:
    """Return the text and the hint of the field for what the clip is now."""
    return [(args[1], args[2]) for name, *args in gui.drawn if name == "InputTextWithHint"]


def test_what_the_clip_is_now_can_be_described(rig: Rig) -> None:
    rig.item()
    gui = opened(rig)
    assert now(gui) == [("", "described automatically")]
    assert "original tags" not in " ".join(gui.labels("InputText"))
    gui.typed["original_tags"] = "electric piano, slow"
    gui.pressed.add("Remix")
    rig.host.tick(3)
    assert rig.messages("remix")[0]["args"]["remix"]["original_tags"] == "electric piano, slow"
    rig.host.verify()


def test_an_engine_that_takes_no_description_has_no_field_for_it(rig: Rig) -> None:
    rig.item()
    gui = opened(rig)
    gui.pressed |= {"Engine", CAPABILITIES.label}
    rig.host.tick()
    gui.pressed.discard("Engine")
    rig.host.tick()
    assert not now(gui)


RECIPES: dict[str, tuple[Any, str]] = {
    "heard": ({"said": {"original_tags": "bass, 92 BPM, A minor", "tags": "dub"}}, "bass, 92 BPM, A minor"),
    "requested": ({"said": {}, "recipe": {"params": {"original_tags": "bass"}}}, "bass"),
    "none": ({"said": None, "recipe": None}, "described automatically"),
    "broken": ("not a recipe", "described automatically"),
}


@pytest.mark.parametrize("kind", RECIPES)
def test_what_the_bridge_heard_is_shown_after_a_remix(rig: Rig, kind: str) -> None:
    content, expected = RECIPES[kind]
    path = rig.folder / "result.recipe.json"
    path.write_text(json.dumps(content))
    item = rig.item()
    remixed = rig.item(4.0)
    remixed.selected = False
    remixed.texts |= {MARK + "variation": "v", MARK + "source": item.guid, MARK + "recipe": str(path)}
    assert now(opened(rig)) == [("", expected)]
    rig.host.verify()


def test_a_remix_is_what_its_tags_say(rig: Rig) -> None:
    path = rig.folder / "result.recipe.json"
    path.write_text(json.dumps({"said": {"original_tags": "bass", "tags": "dub, deep bass"}}))
    rig.item().texts |= {MARK + "variation": "v", MARK + "source": "{gone}", MARK + "recipe": str(path)}
    assert now(opened(rig)) == [("", "dub, deep bass")]
