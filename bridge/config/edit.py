"""Changes one setting in config.toml and keeps every other line, including comments, as it is."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.config.load import FILE
from bridge.config.toml_file import TomlError, TomlFile, read
from bridge.errors import ConfigInvalid
from bridge.util.atomic import write_bytes
from bridge.util.text import decode

_VALUE = re.compile(r"""^(\s*[^=]+=\s*)("[^"]*"|'[^']*'|[^\s#]+)(.*)$""")


def set_value(home: Path, section: str, key: str, value: str) -> Path:
    """Set one text setting in the home's config.toml and return the path of the file.

    Raises:
        ConfigInvalid: the file is not valid TOML, or its line with this setting cannot be changed safely.
        DiskFull, OutputUnwritable: the file could not be written.
    """
    path = home / FILE
    try:
        before = read(path) if path.exists() else TomlFile(path, {}, {})
        text = decode(path.read_bytes()) if path.exists() else ""
    except (TomlError, UnicodeDecodeError) as problem:
        raise ConfigInvalid(f"{path} cannot be changed: it is not valid TOML.") from problem
    after = _with(text, before, section, key, json.dumps(value))
    if not _is_only_change(before.values, after, section, key, value):
        raise ConfigInvalid(
            f"{before.place(f'{section}.{key}')}: the setting [{section}] {key} cannot be changed here."
        )
    write_bytes(path, after.encode(), mode=0o600)
    return path


def _with(text: str, file: TomlFile, section: str, key: str, value: str) -> str:
    """Return the text with the setting in its own line, in its section or in a new section."""
    lines = text.split("\n")
    if line := file.lines.get(f"{section}.{key}"):
        lines[line - 1] = _VALUE.sub(lambda found: f"{found[1]}{value}{found[3]}", lines[line - 1])
    elif line := file.lines.get(section):
        lines.insert(line, f"{key} = {value}")
    else:
        lines = [*text.rstrip("\n").split("\n"), ""] if text.strip() else []
        lines += [f"[{section}]", f"{key} = {value}", ""]
    return "\n".join(lines)


def _is_only_change(before: Mapping[str, Any], after: str, section: str, key: str, value: str) -> bool:
    try:
        found = tomllib.loads(after)
    except tomllib.TOMLDecodeError:
        return False
    entries = before.get(section, {})
    return isinstance(entries, dict) and found == {**before, section: {**entries, key: value}}
