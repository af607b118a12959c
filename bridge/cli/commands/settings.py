"""presets, config: list, check and create presets; show the settings; store the fal key."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from dataclasses import asdict
from typing import Any

from bridge.cli.output import print_path
from bridge.cli.terminal import labelled
from bridge.config.home import home, prepare_home
from bridge.errors import PresetUnknown, SettingError
from bridge.presets.library import Preset, Presets, new, standard
from bridge.util import busy_files

FIRST = ("key", "engine", "fal")  # the sections that users need most often


def presets(options: argparse.Namespace) -> int:
    """List, show, check or create presets."""
    library = standard(home())
    actions = {"list": _list, "show": _show, "new": _new, "check": _check}
    if options.action not in actions:  # not an action but a preset's name, as in `presets roots-dub`
        options.action, options.name = "show", options.action
    return actions[options.action](library, options)


def config(options: argparse.Namespace) -> int:
    """Show the settings in effect, or store the fal key."""
    actions = {"show": _settings, "set-key": _set_key, "forget-key": _forget_key, "path": _path}
    return actions[options.action](options)


# --- presets ---------------------------------------------------------------------------------------------------------


def _list(library: Presets, options: argparse.Namespace) -> int:
    for preset in library.all():
        if options.json:
            print(json.dumps(_plain(preset)))
        else:
            _print(preset.name, preset.description, 23)
            _print("", preset.offline, 23)
    return 0


def _show(library: Presets, options: argparse.Namespace) -> int:
    preset = library.get(_named(options))
    if options.json:
        print(json.dumps(_plain(preset)))
        return 0
    for name, value in _plain(preset).items():
        if value not in (None, "", {}):
            _print(name.replace("_", " "), _text(value), 15)
    return 0


def _new(_: Presets, options: argparse.Namespace) -> int:
    prepare_home(home())
    path = new(home() / "presets", _named(options))
    print_path(path)
    return 0


def _check(library: Presets, options: argparse.Namespace) -> int:
    """Read every preset file; return 1 if any of the files has an error."""
    problems = library.problems()
    for problem in problems:
        print(json.dumps(problem.to_wire()) if options.json else f"{problem.text}\n  {problem.hint}")
    if not problems and not options.json:
        print(f"All {len(library.all())} presets are valid.")
    return 1 if problems else 0


def _named(options: argparse.Namespace) -> str:
    if not options.name:
        example = "my-dub" if options.action == "new" else "roots-dub"
        raise PresetUnknown(
            f"`ace-bridge presets {options.action}` needs the name of a preset.",
            hint=f"For example `ace-bridge presets {options.action} {example}`; `ace-bridge presets` lists them.",
        )
    return str(options.name)


def _plain(preset: Preset) -> dict[str, Any]:
    return {**asdict(preset), "parameters": dict(preset.parameters), "path": str(preset.path)}


def _text(value: Any) -> str:
    """Return a value of a preset as text."""
    return ", ".join(f"{name} {one}" for name, one in value.items()) if isinstance(value, dict) else str(value)


def _print(label: str, text: str, column: int) -> None:
    for line in labelled(label, text, column):
        print(line)


# --- settings and the key --------------------------------------------------------------------------------------------


def _settings(options: argparse.Namespace) -> int:
    from bridge.config.credentials import find, mask
    from bridge.config.load import load

    effective = load(home(), os.environ)
    key = find(os.environ, home())
    shown = {**effective.effective(), "key": {"fal": f"{mask(key.key)} from {key.origin}" if key else "none"}}
    if options.json:
        print(json.dumps(shown))
        return 0
    file = home() / "config.toml"
    print(f"# home         {home()}")
    print(f"# config.toml  {file}{'' if file.exists() else ' (does not exist: all settings have their defaults)'}")
    for section in (*FIRST, *(name for name in shown if name not in FIRST)):
        print(
            f"\n[{section}]"
            + ("  # not stored in config.toml: `ace-bridge config set-key`" if section == "key" else "")
        )
        for name, value in shown[section].items():
            origin = effective.origins.get(f"{section}.{name}", "default")
            line = f"{name} = {json.dumps(value, ensure_ascii=False)}"
            print(line if origin == "default" else f"{line:<40}  # from {origin}")
    return 0


def _set_key(_: argparse.Namespace) -> int:
    """Prompt for the fal key, which is then neither shown on the screen nor stored in the shell's history."""
    from bridge.config.credentials import set_key
    from bridge.config.key_text import clean

    prepare_home(home())
    try:
        key = getpass.getpass("fal key (input is hidden): ") if sys.stdin.isatty() else sys.stdin.readline()
    except (KeyboardInterrupt, EOFError):
        print("\nNothing was stored.", file=sys.stderr)
        return 130
    print(f"The key is stored in {set_key(home(), clean(key))}, which only you can read.")
    return 0


def _forget_key(_: argparse.Namespace) -> int:
    path = home() / "credentials"
    if not path.exists():
        raise SettingError(
            f"There is no key in {path}.", hint="The bridge does not remove keys from the environment or the keychain."
        )
    busy_files.remove(path)
    print(f"{path} was deleted.")
    return 0


def _path(_: argparse.Namespace) -> int:
    print_path(home() / "config.toml")
    return 0
