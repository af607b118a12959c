"""Tests what the Install action offers: a floating toolbar with icons, and a line in __startup.lua."""

from __future__ import annotations

import json
import struct
import sys
import zlib
from pathlib import Path

import pytest

from tests.daws.reaper.rig import SCRIPTS, Rig

sys.path.append(str(Path(__file__).parents[3] / "scripts"))

import icons

MENUS = (
    "[Main toolbar]\nicon_0=mine.png\nitem_0=40023 New\n\n[Floating toolbar 16]\ntitle=Mine\nitem_0=40001 Track\n"
    "[Media item context]\nitem_0=-1\n"
)
MAIN = "ace-bridge_Remix with last settings.lua"
STARTUP = "-- my own\nreaper.ShowConsoleMsg('hello')"


@pytest.fixture
def rig(home: Path, tmp_path: Path) -> Rig:
    return Rig(home, tmp_path)


def install(rig: Rig, *, toolbar: bool = False, startup: bool = False, shortcut: bool = False) -> None:
    main = rig.host._command(rig.scripts / MAIN)
    asks_for_keys = not rig.host.shortcuts.get(main)
    rig.host.answers = [toolbar, startup, *([shortcut] if asks_for_keys else [])]
    rig.act("Install")
    assert not rig.host.answers


def section(text: str, head: str) -> list[str]:
    return text.partition(f"[{head}]\n")[2].partition("\n[")[0].splitlines()


def test_nothing_is_written_without_consent(rig: Rig) -> None:
    install(rig)
    found = {path.name for path in rig.resources.rglob("*") if path.is_file()}
    assert not found & {"reaper-menu.ini", "__startup.lua", "reaper-kb.ini"}
    assert "Toolbar" not in rig.host.boxes[-1]


def test_a_free_floating_toolbar_gets_the_buttons(rig: Rig) -> None:
    menus = rig.resources / "reaper-menu.ini"
    menus.write_text(MENUS)
    install(rig, toolbar=True)
    text = menus.read_text()
    assert text.startswith(MENUS)
    ours = section(text, "Floating toolbar 15")
    assert ours[-1] == "title=ACE Bridge"
    commands = json.loads((rig.home / "reaper" / "logs" / "commands.json").read_bytes())
    assert f"item_0={commands['ace-bridge_Remix with last settings.lua']} Remix" in ours
    for number in range(5):
        (icon,) = [line.partition("=")[2] for line in ours if line.startswith(f"icon_{number}=")]
        assert (SCRIPTS / "toolbar_icons" / icon).exists()
    assert "Toolbar 15" in rig.host.boxes[-1]
    assert (rig.resources / "reaper-menu.ini.before-ace-bridge").read_text() == MENUS
    install(rig, toolbar=True)  # a second installation changes nothing
    assert menus.read_text() == text
    rig.act("Uninstall")
    assert menus.read_text() == MENUS
    rig.host.verify()


def test_the_only_toolbar_is_removed_with_its_file(rig: Rig) -> None:
    install(rig, toolbar=True)
    assert section((rig.resources / "reaper-menu.ini").read_text(), "Floating toolbar 16")
    rig.act("Uninstall")
    assert not (rig.resources / "reaper-menu.ini").exists()


def test_toolbars_in_use_do_not_change(rig: Rig) -> None:
    menus = rig.resources / "reaper-menu.ini"
    menus.write_text("".join(f"[Floating toolbar {number}]\ntitle=Mine\n" for number in range(1, 17)))
    before = menus.read_bytes()
    install(rig, toolbar=True)
    assert menus.read_bytes() == before
    assert "in use" in rig.host.boxes[-1]


@pytest.mark.parametrize("before", [None, STARTUP, STARTUP + "\n"])
def test_the_startup_line_is_added_and_removed(rig: Rig, before: str | None) -> None:
    path = rig.resources / "Scripts" / "__startup.lua"
    if before:
        path.write_text(before)
    install(rig, startup=True)
    install(rig, startup=True)  # a second installation changes nothing
    lines = path.read_text().splitlines()
    assert lines[: len(lines) - 1] == (before or "").splitlines()
    commands = json.loads((rig.home / "reaper" / "logs" / "commands.json").read_bytes())
    assert f"'{commands['ace-bridge_Listen to controllers.lua']}'" in lines[-1]
    assert len([line for line in lines if "ace-bridge" in line]) == 1
    if before:
        assert (path.parent / "__startup.lua.before-ace-bridge").read_text() == before
    rig.act("Uninstall")
    assert (path.read_text().rstrip("\n") if before else path.exists()) == ((before or "").rstrip("\n") or False)
    rig.host.verify()


def test_the_startup_line_starts_listening_and_adds_no_undo_point(rig: Rig) -> None:
    install(rig, startup=True)
    rig.host.run(rig.resources / "Scripts" / "__startup.lua")
    rig.host.tick()
    assert rig.host.ext["ace-bridge", "listen"] == "true"
    assert not rig.project.history
    rig.host.verify()


def test_the_main_button_is_lit_while_a_remix_is_in_progress(rig: Rig) -> None:
    install(rig)
    rig.choose()
    rig.item()
    command = rig.host._command(rig.scripts / "ace-bridge_Remix with last settings.lua")
    rig.act("Remix with last settings")
    assert rig.host.toggles[command] == 1
    rig.host.quit()
    assert rig.host.toggles[command] == 0


# --- the shortcut ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "used", "offered"),
    [
        ("Win64", [], "Ctrl+Alt+R"),
        ("Other", ["Shift+Ctrl+R", "Alt+Ctrl+R"], "Ctrl+Alt+Shift+R"),
        ("macOS-arm64", [], "Cmd+Opt+R"),
        ("macOS-arm64", ["Cmd+Option+R"], "Cmd+Shift+R"),
    ],
)
def test_a_free_shortcut_is_offered_and_the_user_assigns_it(
    home: Path, tmp_path: Path, system: str, used: list[str], offered: str
) -> None:
    rig = Rig(home, tmp_path, system=system)
    rig.host.shortcuts[40001] = used
    rig.host.pressed = ["F8"]  # the user chooses other keys
    install(rig, shortcut=True)
    main = rig.host._command(rig.scripts / MAIN)
    assert f"No action uses {offered}." in rig.host.boxes[-2]
    assert rig.host.shortcut_dialogs == [main]
    assert rig.host.shortcuts == {40001: used, main: ["F8"]}
    assert "Assign" not in rig.host.boxes[-1]
    boxes = len(rig.host.boxes)
    install(rig)  # an action that has a shortcut is not offered another
    assert "Assign" not in "".join(rig.host.boxes[boxes:])
    assert not (rig.resources / "reaper-kb.ini").exists()
    rig.host.verify()


def test_no_shortcut_is_taken(rig: Rig) -> None:
    rig.host.shortcuts[40001] = ["Ctrl+Alt+R", "Ctrl+Shift+R", "Ctrl+Alt+Shift+R", "Alt+Shift+R", "Ctrl+Alt+B",
                                 "Ctrl+Alt+Shift+B"]  # fmt: skip
    install(rig)
    assert "of your choice" in rig.host.boxes[-2]
    assert not rig.host.shortcut_dialogs
    install(rig, shortcut=True)  # the user closes REAPER's dialog
    assert len(rig.host.shortcut_dialogs) == 1
    assert "Assign a shortcut" in rig.host.boxes[-1]
    assert list(rig.host.shortcuts) == [40001]


# --- the menu --------------------------------------------------------------------------------------------------------

OWN_MENU = "[Media item context]\ntitle=Mine\nitem_0=40012 Split\nitem_1=-2 Fades\nitem_2=41520 Fade\nitem_3=-3\n"


def menu(rig: Rig) -> list[str]:
    """Return the values of the menu file's entries; their numbers must have no gaps."""
    lines = (rig.resources / "MenuSets" / "ACE Bridge.ReaperMenu").read_text().splitlines()
    assert lines.pop(0) == "[Media item context]"
    entries = [line.partition("=") for line in lines]
    assert [name for name, _, _ in entries] == [f"item_{number}" for number in range(len(entries))]
    return [value for _, _, value in entries]


def test_a_menu_file_can_be_imported(rig: Rig) -> None:
    install(rig)
    commands = json.loads((rig.home / "reaper" / "logs" / "commands.json").read_bytes())
    entries = menu(rig)
    assert (entries[0], entries[-1]) == ("-2 ACE Bridge", "-3")
    assert f"{commands[MAIN]} Remix with last settings" in entries
    assert all(entry.partition(" ")[0] in commands.values() for entry in entries[1:-1])
    assert "Include default menu as submenu" in rig.host.boxes[-1]
    assert not (rig.resources / "reaper-menu.ini").exists()
    rig.act("Uninstall")
    assert not (rig.resources / "MenuSets" / "ACE Bridge.ReaperMenu").exists()
    rig.host.verify()


def test_the_menu_file_keeps_the_users_own_entries(rig: Rig) -> None:
    ini = rig.resources / "reaper-menu.ini"
    ini.write_text(MENUS.partition("[Media")[0] + OWN_MENU)
    before = ini.read_bytes()
    install(rig)
    own = ["40012 Split", "-2 Fades", "41520 Fade", "-3"]
    entries = menu(rig)
    assert entries[:6] == [*own, "-1", "-2 ACE Bridge"]
    assert "Include default menu" not in rig.host.boxes[-1]
    assert ini.read_bytes() == before
    imported = "".join(f"item_{number}={value}\n" for number, value in enumerate(entries))
    ini.write_text(f"[Media item context]\n{imported}")
    install(rig)  # the imported submenu is replaced, not repeated
    assert menu(rig) == entries
    rig.host.verify()


@pytest.mark.parametrize(("folder", "size"), icons.SIZES.items())
@pytest.mark.parametrize("name", icons.ICONS)
def test_the_icons_match_their_script(folder: str, size: int, name: str) -> None:
    data = (SCRIPTS / "toolbar_icons" / folder / f"ace_bridge_{name}.png").read_bytes()
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height) == (3 * size, size)
    start = data.index(b"IDAT") + 4
    (length,) = struct.unpack(">I", data[start - 8 : start - 4])
    lines = b"".join(icons.rows(icons.ICONS[name], size))
    assert zlib.decompress(data[start : start + length]) == lines
    inked = [lines[3 * size * 4 * row + row + 1 :][: 3 * size * 4 : 4] for row in range(size)]
    assert any(map(any, inked))
