"""The installation plan for REAPER: ReaScripts, pointer file and catalogue in Scripts/ACE Bridge, and icons in Data.

REAPER may be running during the installation, because its own files do not change. Afterwards the action "Install" in
REAPER registers the scripts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from bridge.config import resources
from bridge.config.home import home_folder
from bridge.config.load import load
from bridge.errors import HomeError
from bridge.installers.base import POINTER, Installation, Own, Surroundings
from bridge.installers.catalogue import FILE as CATALOGUE
from bridge.installers.catalogue import catalogue
from bridge.presets.library import standard

NAME = "ACE Bridge"  # name of the folder in REAPER's Scripts folder; ReaPack uses another folder
ICONS = "toolbar_icons"  # name of the folder, both in REAPER's Data folder and in reaper_scripts
STEPS = (
    "In REAPER, open Actions > Show action list > New action > Load ReaScript, choose “ace-bridge_Install.lua” in"
    " Scripts/ACE Bridge, and run it. It adds the other actions to the list.",
    "Select “Script: ace-bridge_Remix with last settings.lua” in the action list and add a shortcut.",
    "Select an audio item that is not silent at its start and run “Script: ace-bridge_Self-test.lua” once.",
    "docs/reaper.md describes pads, faders and OSC.",
)


def plan(surroundings: Surroundings) -> Installation:
    """Return the installation plan for REAPER.

    Raises:
        HomeError: this copy of ace-bridge lacks the scripts, or the resource folder is missing, invalid or ambiguous.
    """
    root = surroundings.folder or _only(list(candidates(surroundings.environ, surroundings.platform)))
    if not (root / "reaper.ini").is_file():
        raise HomeError(
            f"{root} is not a REAPER resource folder: it has no reaper.ini.",
            hint="Find it in REAPER's Options > Show REAPER resource path and pass it with --resource-path.",
        )
    target = root / "Scripts" / NAME
    shipped = resources.folder("reaper_scripts")
    scripts = sorted((*shipped.glob("*.lua"), *shipped.glob("*.eel"), *shipped.glob("lib/*.lua")))
    icons = sorted((shipped / ICONS).rglob("*.png"))
    return Installation(
        daw="reaper",
        title="REAPER",
        files=(
            *(Own(target / path.relative_to(shipped), path.read_bytes()) for path in scripts),
            *(Own(root / "Data" / path.relative_to(shipped), path.read_bytes()) for path in icons),
            Own(target / CATALOGUE, _catalogue(surroundings)),
        ),
        pointer=target / POINTER,
        steps=STEPS,
    )


def candidates(environ: Mapping[str, str], platform: str) -> Iterator[Path]:
    """Yield REAPER's default resource folders that exist. Portable installations are not found."""
    home = Path(environ.get("USERPROFILE" if platform == "win32" else "HOME") or Path.home())
    if platform == "win32":
        usual = [Path(environ.get("APPDATA") or home / "AppData" / "Roaming") / "REAPER"]
    elif platform == "darwin":
        usual = [home / "Library" / "Application Support" / "REAPER"]
    else:
        flatpak = home / ".var" / "app" / "fm.reaper.Reaper" / "config" / "REAPER"
        usual = [Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "REAPER", flatpak]
    yield from (path for path in usual if (path / "reaper.ini").is_file())


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
