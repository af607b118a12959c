"""Tests which undo points the scripts add, and that all other actions keep the redo history."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.daws.reaper.functions_undo import UNDO_ITEMS, UNDO_TRACKS
from tests.daws.reaper.rig import SCRIPTS, Rig
from tests.daws.reaper.steps import ask, offer

ACTIONS = sorted(path.stem.removeprefix("ace-bridge_") for path in SCRIPTS.glob("*.lua"))


@pytest.fixture
def rig(home: Path, tmp_path: Path) -> Rig:
    rig = Rig(home, tmp_path)
    rig.choose()
    rig.host.edit(rig.project)
    rig.host.undo(rig.project)
    return rig


def keeps_redo(rig: Rig) -> None:
    """Check that nothing was added to the undo history and that the user can still redo."""
    rig.host.tick(3)
    assert not rig.project.history
    assert rig.project.undone == ["Move item"]
    rig.host.verify()


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_without_anything_to_change_adds_no_undo_point(rig: Rig, name: str) -> None:
    """In an empty project, most actions stop with a message; the others only show or store something."""
    rig.host.answers = [False, False]
    rig.act(name)
    keeps_redo(rig)


@pytest.mark.parametrize("name", ["Remix with last settings", "Show jobs", "Amount (fader)"])
@pytest.mark.parametrize("broken", ["version", "pointer", "bug"])
def test_an_action_that_fails_adds_no_undo_point(rig: Rig, name: str, broken: str) -> None:
    if broken == "version":
        rig.host.version = "6.83"
    elif broken == "pointer":
        (rig.scripts / "ace-bridge.json").unlink()
    else:
        (rig.scripts / "lib" / "error_guard.lua").write_text(
            (SCRIPTS / "lib" / "error_guard.lua").read_text("utf-8").replace("xpcall(step,", "xpcall(error,")
        )
    rig.act(name)
    assert len(rig.host.boxes) >= 1
    rig.host.tick(broken == "version")  # REAPER 6 does not let a script choose what happens if it is run again
    rig.act(name)
    keeps_redo(rig)


def two_microphones(rig: Rig) -> None:
    rig.item(4.0, 1.0, 0.5, rig.track("Left"))
    rig.item(4.2, 1.0, 0.5, rig.track("Right"))


def with_effects(rig: Rig) -> None:
    rig.item().takes[0].fx = [True]


def many_items(rig: Rig) -> None:
    track = rig.track()
    for number in range(21):
        rig.item(4.0 + number, 1.0, 0.5, track)


@pytest.mark.parametrize(
    ("name", "prepare", "answers"),
    [
        ("Remix selected items (asks)", Rig.item, [0]),  # closes the menu
        ("Remix selected items (asks)", Rig.item, [1, None]),  # cancels the input box
        ("Remix with last settings", two_microphones, [None]),
        ("Remix with last settings", many_items, [False]),
        ("Remix with last settings", with_effects, [False]),
        ("Choose favourites", Rig.item, [None]),
        ("Choose favourites", Rig.item, ["no such preset"]),
        ("Install", Rig.item, [False, False]),
    ],
)
def test_a_cancelled_dialog_adds_no_undo_point(
    rig: Rig, name: str, prepare: Callable[[Rig], object], answers: list[object]
) -> None:
    prepare(rig)
    rig.host.answers = [*answers]
    rig.act(name)
    assert not rig.host.answers
    assert not rig.messages("remix")
    keeps_redo(rig)


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("lib/*.lua")), ids=lambda path: path.name)
def test_only_one_module_ends_undo_blocks(path: Path) -> None:
    if path.name != "undo.lua":
        assert not re.search(r"Undo_(?!CanRedo)", path.read_text("utf-8"))


@pytest.mark.parametrize("mode", ["new_track", "take"])
def test_undo_points_cover_only_tracks_and_items(rig: Rig, mode: str) -> None:
    rig.choose(mode=mode, source="mute")
    rig.host.redo(rig.project)
    item = rig.item()
    offer(rig, ask(rig))
    item.selected = True
    if mode == "new_track":
        rig.act("Swap source and remix")
    names = ["Add placeholder", "Place remix", "Swap source and remix"] if mode == "new_track" else ["Place remix"]
    assert [name for name, _ in rig.project.history[1:]] == names
    expected = {"Swap source and remix": UNDO_ITEMS}
    assert rig.host.undo_flags == [(name, expected.get(name, UNDO_TRACKS | UNDO_ITEMS)) for name in names]
    rig.host.verify()
