"""The installation plan for Ardour: scripts, modules, the pointer file and, with consent, six action slots and a hook.

Tested with Ardour 7.3. Other versions keep their files in other folders, so they need `--folder`.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from bridge.config import resources
from bridge.errors import HomeError
from bridge.installers import ardour_slots
from bridge.installers.base import POINTER, Edit, Installation, Own, Surroundings

SHARED = ("files.lua", "json.lua", "wave.lua")  # copied from reaper_scripts/lib; plain Lua that does not call REAPER
PROGRAM = re.compile(rb"ardour(-?\d[\w.~]*)?", re.IGNORECASE)  # does not match helper programs such as ardour7-export
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
    config = surroundings.folder or _config(surroundings.environ, surroundings.platform)
    if not config.is_dir():
        raise HomeError(
            f"Ardour 7's settings folder {config} does not exist.", hint="Start Ardour once, or pass --folder."
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
        steps=tuple(step.replace("{remix}", str(_slot(ui_scripts, actions, hooks))) for step in STEPS),
    )


def _slot(ui_scripts: Path, actions: list[ardour_slots.Script], hooks: list[ardour_slots.Script]) -> int:
    """Return the number of the slot that the action "Remix with last settings" has, or will get when installed."""
    now = ui_scripts.read_bytes() if ui_scripts.exists() else None
    return next(
        number for name, number in ardour_slots.numbers(ardour_slots.put(now, actions, hooks)).items() if "last" in name
    )


def _config(environ: Mapping[str, str], platform: str) -> Path:
    """Return the path of Ardour 7's default settings folder."""
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
    if platform == "darwin":
        return home / "Library" / "Preferences" / "Ardour7"
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "ardour7"
    return Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "ardour7"


def _busy(config: Path, platform: str) -> str | None:
    """Return an error text if a running Ardour uses this folder, because Ardour would overwrite the slots on exit."""
    runs = _with_folder(config) if platform == "linux" else _by_name(platform)
    return "Ardour is running and would overwrite its script slots when it quits." if runs else None


def _with_folder(config: Path) -> bool:
    for process in _ardours():
        about = dict(part.partition(b"=")[::2] for part in _bytes(process / "environ").split(b"\0"))
        environ = {name: about.get(name.encode(), b"").decode(errors="replace") for name in ("HOME", "XDG_CONFIG_HOME")}
        if about.get(b"HOME") and _config(environ, "linux") == config:  # a process that has ended has no environment
            return True
    return False


def _ardours() -> Iterator[Path]:
    """Yield the /proc folder of each running Ardour, recognised by its program, because Ardour renames its process."""
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            program = _bytes(process / "cmdline").partition(b"\0")[0].rpartition(b"/")[2]
            if PROGRAM.fullmatch(program):
                yield process


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # the process has ended or belongs to another user
        return b""


def _by_name(platform: str) -> bool:
    command = ["tasklist"] if platform == "win32" else ["ps", "-A", "-o", "comm="]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    return any("ardour" in line.lower() and "ardour7-" not in line.lower() for line in listed.stdout.splitlines())
