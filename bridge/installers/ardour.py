"""The installation plan for Ardour: scripts, modules, the pointer file and, with consent, six action slots and a hook.

Each major version of Ardour has its own settings folder, such as ardour8. Without `--folder`, the newest one is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from bridge.config import resources
from bridge.errors import HomeError
from bridge.installers import ardour_slots
from bridge.installers.base import POINTER, Edit, Installation, Own, Surroundings
from bridge.installers.places import user_folder
from bridge.util import spawn

SHARED = ("files.lua", "json.lua", "wave.lua")  # copied from reaper_scripts/lib; plain Lua that does not call REAPER
OLDEST = 7  # oldest major version in which the scripts work
PROVEN = {7: "7.3", 8: "8.12"}  # major version → version in which every full test run tests the scripts
# Matches ardour8, ardour-8.12.0~ds and ardour, but no helper program such as ardour8-export.
PROGRAM = re.compile(rb"ardour(?:-?(\d+)[\w.~]*)?", re.IGNORECASE)
HELPER = re.compile(r"ardour\d+-")
FOLDER = re.compile(r"ardour(\d+)", re.IGNORECASE)  # the name of a settings folder
STEPS = (
    "Start Ardour, select an audio region, and run Edit > Lua Scripts > “ACE Bridge: Remix with last settings”.",
    "For a key: in Window > Keyboard Shortcuts, find “ACE Bridge” and press the key, for example Ctrl+Alt+R.",
    "For a button: right-click a script button in the toolbar and choose an “ACE Bridge” script.",
    "For a MIDI pad: in Preferences > Control Surfaces > Generic MIDI, use a map with the line"
    ' <Binding channel="1" note="36" action="LuaAction/script-{remix}"/>.',
    "For an OSC controller: send /access_action “LuaAction/script-{remix}” to Ardour's port 3819.",
    "docs/ardour.md has more details.",
)


def plan(surroundings: Surroundings) -> Installation:
    """Return the installation plan for Ardour.

    Raises:
        HomeError: this copy of ace-bridge lacks the scripts, or Ardour's settings folder does not exist yet.
    """
    config = surroundings.folder or _newest(settings_base(surroundings.environ, surroundings.platform))
    if not config.is_dir():
        raise HomeError(
            f"Ardour's settings folder {config} does not exist.", hint="Start Ardour once, or pass --folder."
        )
    shipped = resources.folder("ardour_scripts")
    shared = [resources.file("reaper_scripts", f"lib/{name}") for name in SHARED]
    scripts, parts = sorted((shipped / "scripts").glob("*.lua")), sorted((shipped / "lib").glob("*.lua")) + shared
    read = {path.name: ardour_slots.script(path.read_text("utf-8")) for path in scripts}
    actions = [one for name, one in read.items() if "hook" not in name]
    hooks = [one for name, one in read.items() if "hook" in name]
    ui_scripts = config / "ui_scripts"
    edit = Edit(
        ui_scripts,
        "six actions in free slots and a hook",
        lambda now: ardour_slots.put(now, actions, hooks),
        ardour_slots.take,
    )
    return Installation(
        daw="ardour",
        title="Ardour",
        files=(
            *(Own(config / "scripts" / path.name, path.read_bytes()) for path in scripts),
            *(Own(config / "ace-bridge" / path.name, path.read_bytes()) for path in parts),
        ),
        pointer=config / "ace-bridge" / POINTER,
        edits=(edit,),
        busy=partial(_busy, config, surroundings.platform),
        steps=(
            *_about(config),
            *(step.replace("{remix}", str(_slot(ui_scripts, actions, hooks))) for step in STEPS),
        ),
    )


def _slot(ui_scripts: Path, actions: list[ardour_slots.Script], hooks: list[ardour_slots.Script]) -> int:
    """Return the number of the slot that the action "Remix with last settings" has, or will get when installed."""
    now = ui_scripts.read_bytes() if ui_scripts.exists() else None
    return next(
        number for name, number in ardour_slots.numbers(ardour_slots.put(now, actions, hooks)).items() if "last" in name
    )


def settings_base(environ: Mapping[str, str], platform: str) -> Path:
    """Return the folder that has the settings folders of all versions of Ardour."""
    home = user_folder(environ, platform)
    if platform == "darwin":
        return home / "Library" / "Preferences"
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    return Path(environ.get("XDG_CONFIG_HOME") or home / ".config")


def _newest(base: Path) -> Path:
    """Return the settings folder of the newest Ardour; if there is none, the folder of the newest tested version."""
    return (settings_folders(base) or [base / f"ardour{max(PROVEN)}"])[-1]


def settings_folders(base: Path) -> list[Path]:
    """Return all settings folders of Ardour, oldest version first."""
    found = [one for one in base.glob("[Aa]rdour*") if FOLDER.fullmatch(one.name) and one.is_dir()]
    return sorted(found, key=lambda one: major_version(one) or 0)


def major_version(config: Path) -> int | None:
    """Return the major version of Ardour that uses a settings folder, or None if the folder's name does not show it."""
    found = FOLDER.fullmatch(config.name)
    return int(found[1]) if found else None


def _about(config: Path) -> Iterator[str]:
    """Yield sentences about the tested versions, and about the settings folders of other versions."""
    major = major_version(config)
    untested = f" Ardour {major} is not tested: run “ACE Bridge: Self-test” in it first." if major else ""
    yield f"The scripts are tested in Ardour {' and '.join(PROVEN.values())}.{'' if major in PROVEN else untested}"
    for other in settings_folders(config.parent):
        if other != config and (major_version(other) or 0) >= OLDEST:
            yield f'For Ardour {major_version(other)}, run: ace-bridge install ardour --folder "{other}"'


def _busy(config: Path, platform: str) -> str | None:
    """Return an error text if a running Ardour uses this folder, because Ardour would overwrite the slots on exit."""
    runs = _with_folder(config) if platform == "linux" else _by_name(platform)
    return "Ardour is running and would overwrite its script slots when it quits." if runs else None


def _with_folder(config: Path) -> bool:
    for process, major in _ardours():
        about = dict(part.partition(b"=")[::2] for part in _bytes(process / "environ").split(b"\0"))
        environ = {name: about.get(name.encode(), b"").decode(errors="replace") for name in ("HOME", "XDG_CONFIG_HOME")}
        is_alive = bool(about.get(b"HOME"))  # a process that has ended has no variables
        uses_base = is_alive and settings_base(environ, "linux") == config.parent
        if uses_base and major in (None, major_version(config)):
            return True
    return False


def _ardours() -> Iterator[tuple[Path, int | None]]:
    """Yield the /proc folder of each running Ardour, with its major version if the program's name shows it.

    An Ardour is recognised by its program, because it renames its process.
    """
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            program = _bytes(process / "cmdline").partition(b"\0")[0].rpartition(b"/")[2]
            if found := PROGRAM.fullmatch(program):
                yield process, int(found[1]) if found[1] else None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # the process has ended or belongs to another user
        return b""


def _by_name(platform: str) -> bool:
    command = ["tasklist"] if platform == "win32" else ["ps", "-A", "-o", "comm="]
    names = spawn.run(command).stdout.decode(errors="replace").lower().splitlines()
    return any("ardour" in name and not HELPER.search(name) for name in names)
