"""presets, config: what there is to choose from, and how the bridge is set up."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from dataclasses import asdict
from typing import Any

from bridge.cli import home
from bridge.errors import PresetUnknown, SettingError
from bridge.home import prepare_home
from bridge.presets import Preset, Presets, new, standard


def presets(options: argparse.Namespace) -> int:
    """List, show, check or begin presets."""
    shelf = standard(home())
    actions = {"list": _list, "show": _show, "new": _new, "check": _check}
    if options.action not in actions:  # `presets roots-dub` shows it
        options.action, options.name = "show", options.action
    return actions[options.action](shelf, options)


def config(options: argparse.Namespace) -> int:
    """Show the settings in effect, or keep a key."""
    actions = {"show": _settings, "set-key": _set_key, "forget-key": _forget_key, "path": _path}
    return actions[options.action](options)


# --- presets ---------------------------------------------------------------------------------------------------------


def _list(shelf: Presets, options: argparse.Namespace) -> int:
    for preset in shelf.all():
        if options.json:
            print(json.dumps(_plain(preset)))
        else:
            print(f"{preset.name:<22} {preset.description}")
    return 0


def _show(shelf: Presets, options: argparse.Namespace) -> int:
    preset = shelf.get(_named(options))
    if options.json:
        print(json.dumps(_plain(preset)))
        return 0
    for name, value in _plain(preset).items():
        if value not in (None, "", {}):
            print(f"{name:<14} {value}")
    return 0


def _new(_: Presets, options: argparse.Namespace) -> int:
    prepare_home(home())
    path = new(home() / "presets", _named(options))
    print(path)
    return 0


def _check(shelf: Presets, options: argparse.Namespace) -> int:
    """Read every file; 1 when one has an error."""
    problems = shelf.problems()
    for problem in problems:
        print(json.dumps(problem.to_wire()) if options.json else f"{problem.text}\n  {problem.hint}")
    if not problems and not options.json:
        print(f"All {len(shelf.all())} presets are right.")
    return 1 if problems else 0


def _named(options: argparse.Namespace) -> str:
    if not options.name:
        raise PresetUnknown(f"`ace-bridge presets {options.action}` needs a preset's name.")
    return str(options.name)


def _plain(preset: Preset) -> dict[str, Any]:
    return {**asdict(preset), "parameters": dict(preset.parameters), "path": str(preset.path)}


# --- settings and the key --------------------------------------------------------------------------------------------


def _settings(options: argparse.Namespace) -> int:
    from bridge import config as settings
    from bridge.credentials import find, mask

    effective = settings.load(home(), os.environ)
    key = find(os.environ, home())
    shown = {**effective.effective(), "key": {"fal": f"{mask(key.key)} from {key.origin}" if key else "none"}}
    if options.json:
        print(json.dumps(shown))
        return 0
    for section, values in shown.items():
        print(f"[{section}]")
        for name, value in values.items():
            origin = effective.origins.get(f"{section}.{name}", "")
            print(f"  {name:<20} {value!s:<44} {origin if origin != 'default' else ''}".rstrip())
    return 0


def _set_key(_: argparse.Namespace) -> int:
    """Read the key without showing it, so that it stands in no shell history."""
    from bridge.credentials import set_key

    prepare_home(home())
    asked = sys.stdin.isatty()
    key = getpass.getpass("fal key (not shown): ") if asked else sys.stdin.readline()
    print(f"The key is kept in {set_key(home(), key)}, readable for you alone.")
    return 0


def _forget_key(_: argparse.Namespace) -> int:
    path = home() / "credentials"
    if not path.exists():
        raise SettingError(
            f"There is no key in {path}.", hint="A key in the environment or keychain is not the bridge's."
        )
    path.unlink()
    print(f"{path} is gone.")
    return 0


def _path(_: argparse.Namespace) -> int:
    print(home() / "config.toml")
    return 0
