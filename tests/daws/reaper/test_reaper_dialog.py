"""Tests what the ReaImGui dialog shows and sends, and that the dialog follows ReaImGui's rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bridge.engines.offline import CAPABILITIES
from bridge.presets.library import standard
from tests.daws.reaper.rig import Rig, job
from tests.daws.reaper.steps_dialog import opened, with_gui


@pytest.fixture
def rig(home: Path, tmp_path: Path) -> Rig:
    return with_gui(Rig(home, tmp_path))


def of_dialog(rig: Rig) -> list[str]:
    return [path.name for path in rig.host.scripts if "asks" in path.name]


def test_the_choices_are_sent(rig: Rig) -> None:
    rig.item()
    gui = opened(rig)
    gui.typed |= {"Tags": "soft, slow", "Variations": 2, "number_of_steps": 60, "amount": 0.25, "Mute the source": True}
    gui.typed |= {"Random seed": False}
    gui.pressed |= {"Preset", "Acid Rave"}
    rig.host.tick()
    gui.pressed.discard("Preset")
    gui.typed["Seed"] = "12"
    gui.pressed |= {"[verse]"}
    rig.host.tick()
    gui.pressed.add("Remix")
    rig.host.tick(2)
    (args,) = [one["args"] for one in rig.messages("remix")]
    assert args["remix"] == {
        "tags": "soft, slow", "variations": 2, "number_of_steps": 60, "amount": 0.25, "seed": 12, "lyrics": "[verse]\n",
        "preset": chosen(rig),
    }  # fmt: skip
    assert args["placement"] == {"mode": "new_track", "source": "mute"}
    assert args["confirmed"] is True, "the dialog shows the price"
    rig.host.verify()


def chosen(rig: Rig) -> str:
    (name,) = [one.name for one in standard(rig.home).all() if one.title == "Acid Rave"]
    return name


def test_only_the_engines_parameters_are_shown(rig: Rig) -> None:
    rig.item()
    gui = opened(rig)
    sliders = {*gui.labels("SliderDouble"), *gui.labels("SliderInt")}
    assert sliders == {"amount (engine default)", "number of steps", "guidance scale", "Variations"}
    assert "Lyrics" in gui.labels("InputTextMultiline")
    gui.pressed |= {"Engine", CAPABILITIES.label}
    rig.host.tick()
    gui.pressed.discard("Engine")
    rig.host.tick()
    assert {*gui.labels("SliderDouble"), *gui.labels("SliderInt")} == {"amount (engine default)", "Variations"}
    assert not gui.labels("InputTextMultiline")
    assert [text for text in gui.labels("Text") if "1 clip" in text] == ["1 clip (tone), 1.0 s of audio, free"]
    rig.host.verify()


def test_an_untouched_knob_is_not_sent(rig: Rig) -> None:
    rig.item()
    gui = opened(rig)
    gui.pressed.add("Remix")
    rig.host.tick(2)
    assert rig.messages("remix")[0]["args"]["remix"] == {"variations": 1}


def test_an_open_dialog_prepares_the_clips_once(rig: Rig) -> None:
    item = rig.item()
    opened(rig)
    rig.host.tick(60)
    assert len(rig.messages("prepare")) == 1
    item.values["D_LENGTH"] = 0.5
    rig.host.tick(60)
    assert [one["args"]["clips"][0]["length"] for one in rig.messages("prepare")] == [1.0, 0.5]
    rig.host.verify()


def test_progress_and_cancel(rig: Rig) -> None:
    rig.item()
    gui = opened(rig)
    gui.pressed.add("Remix")
    rig.host.tick(2)
    (message,) = rig.messages("remix")
    made = job(message["message_id"], rig.tone, state="running")
    made["variations"][0] |= {"progress": 0.5, "message": "the model works"}
    rig.answer(jobs=[made])
    rig.host.tick(8)
    assert next(args for name, *args in gui.drawn if name == "ProgressBar")[1] == 0.5
    assert gui.labels("ProgressBar")[0].startswith("the model works (")
    assert "tone, remix 1: running" in gui.labels("Text")
    gui.pressed.add("Cancel")
    rig.host.tick(2)
    assert [one["args"] for one in rig.messages("cancel")] == [{"job_id": made["job_id"]}]
    rig.host.verify()


@pytest.mark.parametrize("way", ["closed", "Close", "again"])
def test_it_closes(rig: Rig, way: str) -> None:
    rig.item()
    gui = opened(rig)
    assert of_dialog(rig)
    if way == "closed":
        gui.closed = True
    elif way == "Close":
        gui.pressed.add("Close")
    else:
        rig.act("Remix selected items (asks)")
    rig.host.tick(2)
    assert not of_dialog(rig)
    assert not rig.messages("remix")
    rig.host.verify()


def test_a_hidden_window_draws_nothing_and_stays_open(rig: Rig) -> None:
    gui = rig.host.gui
    assert gui
    gui.hidden = True
    rig.item()
    opened(rig)
    assert not gui.drawn
    assert of_dialog(rig)
    rig.host.verify()


def test_the_remix_button_needs_a_selection(rig: Rig) -> None:
    gui = opened(rig)
    gui.pressed.add("Remix")
    rig.host.tick(3)
    assert "Select an audio item." in gui.labels("Text")
    assert not rig.messages("remix")
    rig.item()
    rig.host.tick(12)
    assert len(rig.messages("remix")) == 1


def test_an_error_is_shown_and_the_dialog_stays_open(rig: Rig) -> None:
    item = rig.item()
    gui = opened(rig)
    item.takes.clear()
    gui.pressed.add("Remix")
    rig.host.tick(2)
    assert not rig.host.boxes
    rig.host.tick(3)
    assert of_dialog(rig)
    assert "This item is empty. Select an item with audio or MIDI." in gui.labels("Text")
    item.selected = False
    rig.item(8.0)
    gui.pressed.add("Remix")
    rig.host.tick(3)
    assert not [text for text in gui.labels("Text") if "empty" in text], "the message ends when the user goes on"
    assert len(rig.messages("remix")) == 1
    rig.host.verify()


def test_a_knob_shows_its_help(rig: Rig) -> None:
    rig.item()
    gui = opened(rig)
    gui.hovered = "number_of_steps"
    rig.host.tick()
    assert gui.labels("Tooltip")[0].startswith("Number of diffusion steps")


@pytest.mark.parametrize("content", ["error('broken')", "return 1", "return function() error('too old') end"])
def test_a_broken_toolkit_falls_back_to_reapers_own_box(rig: Rig, content: str) -> None:
    assert rig.host.gui
    (rig.host.gui.folder / "imgui.lua").write_text(content)
    rig.item()
    rig.host.answers = [1, None]
    rig.act("Remix selected items (asks)")
    assert len(rig.host.asked) == 1
    assert "ReaImGui cannot be used" in (rig.home / "reaper" / "logs" / "reaper.log").read_text()


MISTAKES: dict[str, str] = {
    "ImGui.Begin(context, 'a', true)": "without its end",
    "ImGui.Button(context, 'a')": "outside a window",
    "ImGui.Begin(context, 'a', true) ImGui.BeginDisabled(context, true) ImGui.End(context)": "without its begin",
    "ImGui.Begin(context, 'a', true) ImGui.EndCombo(context)": "without its begin",
    "ImGui.SliderInt(context, 'a', 1.5, 1, 2)": "integer expected",
    "ImGui.PushFont(context)": "takes 3 to 3",
    "ImGui.Knob(context)": "no function ImGui_Knob",
}


@pytest.mark.parametrize("code", MISTAKES)
def test_the_mock_catches_misuse_of_the_toolkit(rig: Rig, code: str) -> None:
    path: Any = rig.resources / "script.lua"
    path.write_text(
        "package.path = reaper.ImGui_GetBuiltinPath() .. '/?.lua'\nlocal ImGui = require 'imgui' '0.9'\n"
        f"local context = ImGui.CreateContext('a')\npcall(function() {code} end)\n"
    )
    rig.host.run(path)
    assert MISTAKES[code] in " ".join(rig.host.violations)
