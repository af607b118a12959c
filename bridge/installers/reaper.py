"""The installation plan for REAPER: ReaScripts, pointer file and catalogue in Scripts/ACE Bridge, and icons in Data.

REAPER may be running during the installation, because its own files do not change. Afterwards the action "Install" in
REAPER registers the scripts.

If ReaPack has installed the scripts, only the pointer file and the catalogue are installed, because ReaPack's copy
reads them too. A second copy would add every action twice.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from bridge.config import resources
from bridge.config.home import home_folder
from bridge.config.load import load
from bridge.errors import HomeError
from bridge.installers.base import POINTER, Edit, Installation, Own, Surroundings
from bridge.installers.catalogue import FILE as CATALOGUE
from bridge.installers.catalogue import catalogue
from bridge.installers.places import user_folder, usual_places
from bridge.installers.portable import portable_reapers
from bridge.presets.library import standard

NAME = "ACE Bridge"  # name of the folder in REAPER's Scripts folder
REAPACK = (NAME, "reaper_scripts")  # ReaPack's folder for the scripts, in REAPER's Scripts folder: index name, category
INSTALL = "ace-bridge_Install.lua"  # the script that adds the other actions to REAPER's action list
STARTUP_MARK = b"-- ace-bridge: listen to controllers"  # as in reaper_scripts/lib/startup.lua
ICONS = "toolbar_icons"  # name of the folder, both in REAPER's Data folder and in reaper_scripts
STEPS = (
    "In REAPER, open Actions > Show action list > New action > Load ReaScript, choose “ace-bridge_Install.lua” in"
    " Scripts/ACE Bridge, and run it. It adds the other actions to the list, and suggests a shortcut.",
    "Select an audio item that is not silent at its start and run “Script: ace-bridge_Self-test.lua” once.",
    "docs/reaper.md describes pads, faders and OSC.",
)
WITH_REAPACK = (
    "ReaPack has already installed the scripts in {folder} and added their actions. Therefore, only the bridge's"
    " location was written. ReaPack also updates the scripts.",
    "In REAPER, run “Script: ace-bridge_Install.lua” once. It offers a shortcut, a toolbar and a menu.",
    *STEPS[1:],
)
WAS_TWICE = (
    "The scripts that an earlier installation copied were removed. If REAPER's action list shows their"
    " actions twice, remove those in Scripts/ACE Bridge there (New action > Remove)."
)


def plan(surroundings: Surroundings) -> Installation:
    """Return the installation plan for REAPER.

    Raises:
        HomeError: this copy of ace-bridge lacks the scripts, or the resource folder is missing, invalid or ambiguous.
    """
    root = surroundings.folder or _only(_found(surroundings))
    if not (root / "reaper.ini").is_file():
        raise HomeError(
            f"{root} is not a REAPER resource folder: it has no reaper.ini.",
            hint="Find it in REAPER's Options > Show REAPER resource path and pass it with --resource-path.",
        )
    scripts_folder = root / "Scripts"
    target, packaged = scripts_folder / NAME, scripts_folder.joinpath(*REAPACK)
    is_packaged = (packaged / INSTALL).is_file()
    scripts = () if is_packaged else (*_scripts(target), *_icons(root))
    return Installation(
        daw="reaper",
        title="REAPER",
        files=(*scripts, Own(target / CATALOGUE, _catalogue(surroundings))),
        pointer=target / POINTER,
        edits=tuple(_startup(scripts_folder / "__startup.lua")),
        given_up=tuple(icon.path for icon in _icons(root)) if is_packaged else (),
        steps=tuple(step.format(folder=packaged) for step in _steps(target)) if is_packaged else STEPS,
    )


def _scripts(target: Path) -> Iterator[Own]:
    shipped = resources.folder("reaper_scripts")
    for path in sorted((*shipped.glob("*.lua"), *shipped.glob("lib/*.lua"))):
        yield Own(target / path.relative_to(shipped), path.read_bytes())


def _icons(root: Path) -> Iterator[Own]:
    """Yield the toolbar icons; ReaPack installs its own in the same places."""
    shipped = resources.folder("reaper_scripts")
    for path in sorted((shipped / ICONS).rglob("*.png")):
        yield Own(root / "Data" / path.relative_to(shipped), path.read_bytes())


def _startup(path: Path) -> Iterator[Edit]:
    """Yield the removal of the line that the action “Install” may have added to REAPER's start-up script."""
    try:
        has_line = STARTUP_MARK in path.read_bytes()
    except OSError:
        has_line = False
    if has_line:
        yield Edit(path, "the line that listens to controllers", lambda now: now or b"", _without_line)


def _without_line(now: bytes) -> bytes | None:
    return b"".join(line for line in now.splitlines(keepends=True) if STARTUP_MARK not in line) or None


def has_actions(root: Path) -> bool:
    """Return whether REAPER's action list has the bridge's actions, which only REAPER can remove."""
    with contextlib.suppress(OSError):
        return b"ace-bridge_" in (root / "reaper-kb.ini").read_bytes()
    return False


def _steps(target: Path) -> Iterator[str]:
    """Yield the next steps if ReaPack has installed the scripts."""
    yield WITH_REAPACK[0]
    if (target / INSTALL).is_file():
        yield WAS_TWICE
    yield from WITH_REAPACK[1:]


def candidates(environ: Mapping[str, str], platform: str) -> Iterator[Path]:
    """Yield REAPER's default resource folders that exist. `portable_reapers` finds portable installations."""
    home = user_folder(environ, platform)
    if platform == "win32":
        usual = [Path(environ.get("APPDATA") or home / "AppData" / "Roaming") / "REAPER"]
    elif platform == "darwin":
        usual = [home / "Library" / "Application Support" / "REAPER"]
    else:
        flatpak = home / ".var" / "app" / "fm.reaper.Reaper" / "config" / "REAPER"
        usual = [Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "REAPER", flatpak]
    yield from (path for path in usual if (path / "reaper.ini").is_file())


def _found(surroundings: Surroundings) -> list[Path]:
    """Return the default resource folders or, if there is none, those of portable installations."""
    normal = list(candidates(surroundings.environ, surroundings.platform))
    return normal or list(portable_reapers(usual_places(surroundings.environ, surroundings.platform).roots))


def _only(found: list[Path]) -> Path:
    """Return the only folder in the list. Raise an error if the list is empty or has several folders."""
    if len(found) == 1:
        return found[0]
    hint = "Start REAPER once, or pass its resource folder with --resource-path (Options > Show REAPER resource path)."
    if not found:
        raise HomeError("No REAPER resource folder with a reaper.ini was found.", hint=hint)
    raise HomeError(
        f"Found several REAPER installations: {', '.join(map(str, found))}.", hint="Choose one with --resource-path."
    )


def _catalogue(surroundings: Surroundings) -> bytes:
    """Return an initial catalogue (presets, and fal's price per second), which the daemon later replaces."""
    home = home_folder(surroundings.environ, surroundings.platform)
    settings = load(home, surroundings.environ)
    price = {"currency": "USD", "per_second": settings.fal.price_per_second}
    shown = {**catalogue(standard(home).all(), (), settings.budget), "price": price}
    return json.dumps(shown, indent=1, ensure_ascii=False).encode() + b"\n"
