"""Tests that mapping files are read, that errors name the file, line and key, and that controls can be added."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.errors import MappingInvalid, NotPossibleNow
from bridge.midi.mapping import MAPPABLE, Binding, load
from bridge.midi.mapping_files import TEMPLATES, MappingFiles, fits, templates
from bridge.midi.messages import Spot
from bridge.presets.library import standard

HEAD = 'version = 1\ndevice = "Pad"\n'
REMIX = '[[control]]\ncommand = "remix"\nmessage = "note"\nnumber = 36\n'


def read(tmp_path: Path, text: str) -> object:
    path = tmp_path / "pad.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_a_mapping_may_be_saved_by_notepad_and_extended(tmp_path: Path) -> None:
    mapping_files = MappingFiles(tmp_path)
    mapping_files.folder.mkdir()
    path = mapping_files.folder / "pad.toml"
    path.write_bytes((HEAD + REMIX.replace("36", "36.0")).replace("\n", "\r\n").encode("utf-16"))
    assert mapping_files.refresh() == []
    mapping_files.add("Pad", Binding(command="cancel", message="note", number=37))
    assert [control.number for control in load(path).control] == [36, 37]
    mapping_files.remove(path, 0)
    assert [control.number for control in load(path).control] == [37]


def test_a_mapping_is_read_from_its_file(tmp_path: Path) -> None:
    mapping = read(
        tmp_path,
        HEAD + REMIX + 'light = "pad"\n[lights.pad]\nidle = 3\nrunning = { channel = 3, value = 13 }\n'
        '[[show]]\nshows = "progress"\nmessage = "cc"\nnumbers = [7]\n',
    )
    control = mapping.control[0]  # type: ignore[attr-defined]
    assert control.spot == Spot("note", 1, 36)
    colours = mapping.colours("pad")  # type: ignore[attr-defined]
    assert colours.at(control.spot, "idle") == (control.spot, 3)
    assert colours.at(control.spot, "running") == (Spot("note", 3, 36), 13)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("version = 1\n", 0, "device is missing"),
        ('version = 2\ndevice = "Pad"\n', 1, "version"),
        (HEAD + 'devise = "x"\n', 3, "no “devise”. Did you mean “device”"),
        (HEAD + "control = 3\n", 3, "control"),
        (HEAD + REMIX + "chanel = 3\n", 7, "no “chanel” in control[0]. Did you mean “channel”"),
        (HEAD + REMIX + "channel = 17\n", 7, "channel is 17; it takes a whole number from 1 to 16"),
        (HEAD + REMIX.replace("36", "128"), 6, "number"),
        (HEAD + REMIX.replace("note", "nota"), 5, "message"),
        (HEAD + '[[control]]\ncommand = "remix"\n', 3, "message"),
        (HEAD + REMIX.replace("remix", "remx"), 4, "command “remx” is not for controls. Did you mean “remix”"),
        (HEAD + REMIX.replace("remix", "clip"), 4, "command “clip” is not for controls"),
        (
            HEAD + REMIX + 'light = "pat"\n[lights.pad]\n',
            7,
            "light is “pat”, but there is no [lights.pat]. Did you mean “pad”",
        ),
        (HEAD + REMIX + "\n" + REMIX, 8, "note 36, channel 1 is mapped twice, first in line 3"),
        (HEAD + REMIX + 'kind = "fader"\n', 7, "kind is fader"),
        (HEAD + REMIX + 'kind = "twos"\n', 7, "kind is twos"),
        (HEAD + REMIX + 'kind = "program"\n', 7, "kind “program”"),
        (HEAD + REMIX + "hold = 0.1\n", 7, "hold"),
        (HEAD + REMIX.replace("remix", "param") + 'argument = "amout"\nvalue = 1\n', 7, "Did you mean “amount”"),
        (HEAD + REMIX.replace("remix", "param") + 'argument = "amount"\n', 3, "value is missing"),
        (HEAD + REMIX.replace("remix", "preset.select"), 3, "argument"),
        (HEAD + REMIX.replace("remix", "audition") + 'argument = "both"\n', 7, "one of source, result"),
        (HEAD + REMIX + "any_number = true\n", 7, "any_number"),
        (
            HEAD + '[[control]]\ncommand="param"\nargument="amount"\nkind="fader"\nmessage="cc14"\nnumber=32\n',
            8,
            "number",
        ),
        (HEAD + "[lights.pad]\nidel = 1\n", 4, "no “idel” in lights.pad. Did you mean “idle”"),
        (HEAD + "[lights.pad]\nidle = 128\n", 4, "idle"),
        (HEAD + "[lights.pad]\nidle = { channel = 0, value = 1 }\n", 4, "idle.channel"),
        (HEAD + 'setup = ["F0 00 80 F7"]\n', 3, "setup"),
        (HEAD + '[[show]]\nshows = "progress"\nmessage = "cc"\nnumbers = []\n', 6, "numbers"),
        (HEAD + '[[show]]\nshows = "tempo"\nmessage = "cc"\nnumbers = [1]\n', 4, "shows"),
        (HEAD + "[[control]\n", 3, "not valid TOML"),
    ],
)
def test_errors_name_file_line_and_key(tmp_path: Path, text: str, line: int, says: str) -> None:
    with pytest.raises(MappingInvalid) as caught:
        read(tmp_path, text)
    place = f"pad.toml, line {line}:" if line else "pad.toml:"
    assert place in caught.value.text, caught.value.text
    assert says in caught.value.text


def test_learned_controls_are_appended_and_removed(tmp_path: Path) -> None:
    mapping_files = MappingFiles(tmp_path)
    control = Binding(command="preset.next", message="note", number=40)
    path = mapping_files.add("My “pad” #2", control)
    mapping_files.refresh()
    text = "# mine\n" + path.read_text("utf-8").replace("number = 40", "number = 40  # the red one")
    path.write_text(text, "utf-8")
    mapping_files.refresh()
    amount = Binding(command="param", argument="amount", message="cc14", number=3, channel=5, kind="fader")
    assert mapping_files.add("My “pad” #2", amount) == path
    assert mapping_files.refresh() == []
    assert mapping_files.kept[0].mapping.control == (control, amount)
    assert path.read_text("utf-8").startswith(text.rstrip())
    mapping_files.remove(path, 1)
    assert path.read_text("utf-8") == text
    mapping_files.remove(path, 0)
    mapping_files.refresh()
    assert mapping_files.kept[0].mapping.control == ()
    assert "# mine" in path.read_text("utf-8")


def test_devices_with_similar_names_get_separate_files(tmp_path: Path) -> None:
    mapping_files = MappingFiles(tmp_path)
    control = Binding(command="remix", message="note", number=1)
    first = mapping_files.add("Pad (A)", control)
    mapping_files.refresh()
    assert mapping_files.add("Pad-A", control) != first
    mapping_files.refresh()
    assert [kept.mapping.device for kept in mapping_files.kept] == ["Pad-A", "Pad (A)"]


def test_an_invalid_file_keeps_the_last_valid_mapping(tmp_path: Path) -> None:
    mapping_files = MappingFiles(tmp_path)
    path = mapping_files.add("Pad", Binding(command="remix", message="note", number=1))
    assert mapping_files.refresh() == []
    assert mapping_files.refresh() is None
    right = path.read_text("utf-8")
    path.write_text(right + "[[control]]\n", "utf-8")
    (problem,) = mapping_files.refresh() or []
    assert "line" in problem.text
    assert mapping_files.of("Pad") is not None
    path.write_text(right + "# valid again\n", "utf-8")
    assert mapping_files.refresh() == []
    path.unlink()
    assert mapping_files.refresh() == []
    assert mapping_files.of("Pad") is None


@pytest.mark.parametrize(
    ("pattern", "name", "fit"),
    [
        ("APC mini mk2", "APC mini mk2 MIDI 1", True),
        ("apc MINI", "APC mini mk2", True),
        ("Launchpad*MIDI", "Launchpad Mini MK3 LPMiniMK3 MIDI In", True),
        ("Launchpad*MIDI", "Launchpad Mini MK3 LPMiniMK3 DAW In", False),
        ("nano[KONTROL", "nano[KONTROL2", True),
        ("APC mini mk2", "APC mini", False),
    ],
)
def test_devices_match_a_part_of_their_name(pattern: str, name: str, fit: bool) -> None:
    assert fits(pattern, name) is fit


def test_the_templates_are_valid_and_name_existing_presets(tmp_path: Path) -> None:
    found = templates()
    assert len(found) >= 2
    names = standard(tmp_path).names()
    for kept in found:
        assert kept.mapping.title
        assert {control.command for control in kept.mapping.control} >= {"remix", "cancel", "preset.next"}
        chosen = {control.argument for control in kept.mapping.control if control.command == "preset.select"}
        assert chosen <= set(names)
        assert all(control.light for control in kept.mapping.control if MAPPABLE[control.command].spends)


def test_a_template_is_copied_into_the_home_once(tmp_path: Path) -> None:
    mapping_files = MappingFiles(tmp_path)
    kept = mapping_files.adopt("apc-mini-mk2")
    assert kept.path.read_text("utf-8") == (TEMPLATES / "apc-mini-mk2.toml").read_text("utf-8")
    with pytest.raises(NotPossibleNow):
        mapping_files.adopt("apc-mini-mk2")
    with pytest.raises(MappingInvalid, match="Did you mean “apc-mini-mk2”"):
        mapping_files.adopt("apc-mini-mk3")
