"""Loads the settings from default.toml, config.toml and the environment. Later sources override earlier ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bridge.config.settings import KEYS, SECRET, SECTIONS, Config
from bridge.config.toml_file import TomlError, TomlFile, read
from bridge.errors import ConfigInvalid
from bridge.util.suggest import did_you_mean
from bridge.util.validation import from_text, validate

PREFIX = "ACE_BRIDGE_"
FILE = "config.toml"
DEFAULTS = Path(__file__).with_name("default.toml")


def load(home: Path, environ: Mapping[str, str]) -> Config:
    """Read all settings.

    Args:
        home: the bridge's home; its config.toml may be missing.
        environ: the environment variables. ACE_BRIDGE_<SECTION>_<KEY> overrides config.toml; its value is a
            comma-separated list if the setting is a list, and true or false if the setting is a boolean.

    Raises:
        ConfigInvalid: a setting is invalid; the error text names its file and line, or its environment variable, and
            the accepted values.
    """
    values: dict[str, dict[str, Any]] = {name: {} for name in SECTIONS}
    origins: dict[str, str] = {}
    for path, origin in ((DEFAULTS, "default"), (home / FILE, FILE)):
        file = _read(path)
        for section, key, value in _entries(file):
            values[section][key] = _check(section, key, value, file.place(f"{section}.{key}"))
            origins[f"{section}.{key}"] = origin
    for name, section, key in _variables(environ):
        value = from_text(KEYS[section][key], environ[name].strip())
        values[section][key] = _check(section, key, value, name)
        origins[f"{section}.{key}"] = name
    sections = {name: kind(**values[name]) for name, kind in SECTIONS.items()}
    return Config(**sections, home=home, origins=origins)


def _check(section: str, key: str, value: Any, where: str) -> Any:
    """Convert a setting to its type.

    Raises:
        ConfigInvalid: the value is invalid; the error text names the place, the setting and the accepted values.
    """
    if (section, key) == ("fit", "loudness") and isinstance(value, str):
        value = from_text(KEYS[section][key], value)  # users also write "-14", since "off" needs quotes too
    checked = validate(
        value,
        KEYS[section][key],
        f"[{section}] {key}",
        ConfigInvalid,
        place=lambda _: f"{where}: ",
        secret=f"{section}.{key}" in SECRET,
    )
    return checked.rstrip("/") if key.endswith("_url") else checked


def _read(path: Path) -> TomlFile:
    try:
        return read(path)
    except FileNotFoundError:
        return TomlFile(path, {}, {})
    except TomlError as problem:
        where = f"{path}, line {problem.line}" if problem.line else str(path)
        raise ConfigInvalid(f"{where}: {problem.text}.") from problem
    except OSError as problem:
        raise ConfigInvalid(f"{path} cannot be read: {problem.strerror}.") from problem


def _entries(file: TomlFile) -> Iterator[tuple[str, str, Any]]:
    """Yield the section, key and value of each entry; raise ConfigInvalid for an unknown section or key."""
    for section, entries in file.values.items():
        if section not in KEYS:
            at_home = "" if isinstance(entries, dict) else _section_of(section)
            help_ = at_home or did_you_mean(section, KEYS)
            raise ConfigInvalid(f"{file.place(section)}: there is no section [{section}].{help_}")
        if not isinstance(entries, dict):
            raise ConfigInvalid(f"{file.place(section)}: [{section}] is a section and needs a line of its own.")
        for key, value in entries.items():
            if key not in KEYS[section]:
                raise ConfigInvalid(f"{file.place(f'{section}.{key}')}: {_unknown(section, key)}")
            yield section, key, value


def _variables(environ: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield the name, section and key of each environment variable that is a setting. Other variables are ignored."""
    for name in sorted(environ):
        section, _, key = name.removeprefix(PREFIX).lower().partition("_")
        if not name.startswith(PREFIX) or section not in KEYS:
            continue
        if key not in KEYS[section]:
            raise ConfigInvalid(f"The environment variable {name} is not a setting: {_unknown(section, key)}")
        yield name, section, key


def _unknown(section: str, key: str) -> str:
    if section == "fal" and "key" in key.casefold():  # the error must not quote the fal key
        return "the fal key does not belong here; run `ace-bridge config set-key`."
    elsewhere = _section_of(key)
    return f"there is no “{key}” in [{section}].{elsewhere or did_you_mean(key, KEYS[section])}"


def _section_of(key: str) -> str:
    homes = [section for section, keys in KEYS.items() if key in keys]
    return f" It belongs in [{homes[0]}]." if homes else ""
