"""Tests that the installer keeps all other content of Ardour's settings, whether Ardour or the installer wrote them."""

from __future__ import annotations

import base64
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from lupa.lua53 import LuaRuntime

from bridge.config import resources
from bridge.errors import HomeError, InstallRefused
from bridge.installers import ardour_slots
from bridge.installers.ardour import PROVEN, SHARED
from bridge.installers.base import Surroundings
from bridge.installers.installer import Installer, Pointer, start_command
from bridge.installers.plans import plan
from tests.waiting import until

OURS = [
    ardour_slots.Script("ACE Bridge: one", 'ardour { name = "ACE Bridge: one" }'),
    ardour_slots.Script("ACE Bridge: two", "-- 2"),
]
HOOK = [ardour_slots.Script("ACE Bridge", "-- hook")]
THEIRS = (
    'scripts = {} scripts[1] = {} scripts[1]["n"] = "Mine" scripts[1]["s"] = "a \\"quoted\\"\\\nline" '
    'scripts[1]["f"] = "\\27Lua\\0" scripts[1]["a"] = {} scripts[1]["a"]["x"] = "y" scripts[1]["c"] = false '
)


def ui_scripts(text: str) -> bytes:
    code = base64.b64encode(text.encode()).decode()
    hook = '<LuaCallback lua="Lua 5.3" id="7" name="Backup" signals="0">cyA9IHt9</LuaCallback>'
    return (
        f'<UIScripts><ActionScript lua="Lua 5.3">{code}</ActionScript><ActionHooks>{hook}</ActionHooks></UIScripts>'
    ).encode()


def inside(data: bytes) -> str:
    return base64.b64decode(ElementTree.fromstring(data).findtext("ActionScript") or "").decode()


def test_free_slots_are_used_and_freed_again() -> None:
    before = ui_scripts(THEIRS)
    with_ours = ardour_slots.put(before, OURS, HOOK)
    assert ardour_slots.numbers(with_ours) == {"ACE Bridge: one": 2, "ACE Bridge: two": 3}
    assert inside(with_ours).startswith(THEIRS)
    assert ardour_slots.put(with_ours, OURS, HOOK) == with_ours
    without = ardour_slots.take(with_ours)
    assert without is not None
    assert ElementTree.canonicalize(without) == ElementTree.canonicalize(before)
    assert ardour_slots.take(ardour_slots.put(None, OURS, HOOK)) is None


def test_a_new_version_keeps_its_slots() -> None:
    taken = ardour_slots.put(None, OURS, HOOK)
    newer = [ardour_slots.Script("ACE Bridge: nought", "-- 0"), ardour_slots.Script("ACE Bridge: two", "-- 2, newer")]
    assert ardour_slots.numbers(ardour_slots.put(taken, newer, HOOK)) == {"ACE Bridge: nought": 1, "ACE Bridge: two": 2}


def test_a_file_rewritten_by_ardour_is_unchanged() -> None:
    """When Ardour quits, it rewrites the sources as quoted strings and the code as bytecode."""
    text = "scripts = {} "
    for number, one in enumerate(OURS, 4):
        quoted = one.source.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\\n")
        slot = f"scripts[{number}]"
        text += f'{slot} = {{}} {slot}["f"] = "\\27Lua" {slot}["s"] = "{quoted}" {slot}["n"] = "{one.name}" '
    root = ElementTree.fromstring(ardour_slots.put(ui_scripts(text), [], HOOK))
    written = ElementTree.tostring(root).replace(
        (root.findtext("ActionScript") or "").encode(), base64.b64encode(text.encode())
    )
    assert ardour_slots.put(written, OURS, HOOK) == written
    assert ardour_slots.numbers(written) == {"ACE Bridge: one": 4, "ACE Bridge: two": 5}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scripts = {} os.exit ()", "unexpected content"),
        ("".join(f'scripts[{n}] = {{}} scripts[{n}]["n"] = "x" ' for n in range(1, 32)), "slots of Ardour are in use"),
    ],
)
def test_unsafe_edits_are_refused(text: str, said: str) -> None:
    with pytest.raises(InstallRefused, match=said):
        ardour_slots.put(ui_scripts(text), OURS, HOOK)
    with pytest.raises(InstallRefused, match="cannot be parsed"):
        ardour_slots.put(b"<UIScripts>", OURS, HOOK)


@pytest.mark.only_on("posix", because="the paths are those of other systems")
def test_install_and_uninstall(tmp_path: Path) -> None:
    config = tmp_path / ".config" / "ardour7"
    here = Surroundings({"HOME": str(tmp_path)}, "linux")
    with pytest.raises(HomeError, match="does not exist"):
        plan("ardour", here)
    (config / "scripts").mkdir(parents=True)
    (config / "ui_scripts").write_bytes(ui_scripts(THEIRS))
    before = {path: path.read_bytes() for path in config.rglob("*") if path.is_file()}
    installer = Installer(Pointer(tmp_path / "bridge", start_command(tmp_path / "bridge", "python3"), "1"))
    planned = plan("ardour", here)
    installer.install(planned)
    assert {change.action for change in installer.install(plan("ardour", here))} == {"keep"}
    assert len(ardour_slots.numbers((config / "ui_scripts").read_bytes())) == 6
    assert (config / "ace-bridge" / "ace-bridge.json").is_file()
    for name in SHARED:
        shared = resources.file("reaper_scripts", f"lib/{name}")
        assert (config / "ace-bridge" / name).read_bytes() == shared.read_bytes()
    assert any("LuaAction/script-3" in step for step in planned.steps)
    installer.uninstall(planned)
    assert {path: path.read_bytes() for path in config.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("platform", "environ", "folder"),
    [
        ("linux", {"HOME": "/h", "XDG_CONFIG_HOME": "/x"}, "/x/ardour8"),
        ("linux", {"HOME": "/h"}, "/h/.config/ardour8"),
        ("darwin", {"HOME": "/h"}, "/h/Library/Preferences/ardour8"),
        ("win32", {"USERPROFILE": "/h", "LOCALAPPDATA": "/l"}, "/l/ardour8"),
    ],
)
def test_where_ardour_keeps_its_files(platform: str, environ: dict[str, str], folder: str) -> None:
    with pytest.raises(HomeError, match=re.escape(str(Path(folder)))):
        plan("ardour", Surroundings(environ, platform))


@pytest.mark.parametrize(
    ("folders", "chosen", "said"),
    [
        (["ardour7"], "ardour7", ["tested in Ardour 7.3 and 8.12."]),
        (["ardour8", "ardour10", "ardour7"], "ardour10", ["Ardour 10 is not tested", "For Ardour 7", "For Ardour 8"]),
        (["ardour6"], "ardour6", ["Ardour 6 is not tested"]),
        (["ardour8", "ardour6"], "ardour8", ["tested in Ardour 7.3 and 8.12."]),
        (["Ardour8", "ardour-plugins"], "Ardour8", ["tested in Ardour 7.3 and 8.12."]),
    ],
)
def test_the_newest_ardour_is_chosen_and_the_tested_versions_are_named(
    tmp_path: Path, folders: list[str], chosen: str, said: list[str]
) -> None:
    for name in folders:
        (tmp_path / name).mkdir()
    planned = plan("ardour", Surroundings({"XDG_CONFIG_HOME": str(tmp_path)}, "linux"))
    assert planned.pointer.parent.parent == tmp_path / chosen
    about = planned.steps[: len(said)]
    assert all(words in step for words, step in zip(said, about, strict=True)), about
    assert ("not tested" in about[0]) == (chosen.lower() not in ("ardour7", "ardour8"))
    assert sum("For Ardour" in step for step in planned.steps) == len(said) - 1  # none for versions that are too old
    for step, name in zip(about[1:], sorted(set(folders) - {chosen}), strict=False):
        assert f'--folder "{tmp_path / name}"' in step


@pytest.mark.only_on("posix", because="programs are found in /proc")
@pytest.mark.parametrize(("program", "other"), [("ardour-7.3.0~ds0", "ardour8"), ("ardour-8.12.0~ds", "ardour7")])
def test_a_running_ardour_blocks_only_its_own_version(tmp_path: Path, program: str, other: str) -> None:
    """Ardour overwrites only the settings of its own major version."""
    for name in ("ardour7", "ardour8"):
        (tmp_path / name).mkdir()
    (tmp_path / program).symlink_to("/bin/sleep")
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    plans = {name: plan("ardour", Surroundings(environ, "linux", tmp_path / name)) for name in ("ardour7", "ardour8")}
    free = plans.pop(other)
    (blocked,) = plans.values()
    assert free.busy() is blocked.busy() is None
    with subprocess.Popen([tmp_path / program, "10000"], env=environ) as process:
        try:
            until(blocked.busy)
            assert free.busy() is None
        finally:
            process.kill()


def test_the_scripts_name_the_tested_versions_and_their_timer() -> None:
    """The self-test compares Ardour's number of the timer's signal with the one that the installer writes."""
    text = resources.file("ardour_scripts", "lib/selftest.lua").read_text("utf-8")
    assert f'local PROVEN = "{" and ".join(PROVEN.values())}"' in text
    assert f"local TIMER = {ardour_slots.TIMER} " in text


def test_every_module_that_a_script_needs_is_installed(tmp_path: Path) -> None:
    (tmp_path / ".config" / "ardour7").mkdir(parents=True)
    planned = plan("ardour", Surroundings({"HOME": str(tmp_path)}, "linux"))
    modules = {file.path.stem: file.data.decode() for file in planned.files if file.path.parent.name == "ace-bridge"}
    needed = {name for text in modules.values() for name in re.findall(r'need \("(\w+)"\)', text)}
    assert len(needed) > 10
    assert needed <= set(modules)


def test_every_script_compiles_with_ardours_lua() -> None:
    lua = LuaRuntime()
    for path in resources.folder("ardour_scripts").rglob("*.lua"):
        lua.compile(path.read_text("utf-8"))
