"""TOML files with a place for every key, so that an error can name file, line and key.

Configuration and presets are read through here; tomllib itself keeps no lines and is imported only when needed.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LARGEST = 256 * 1024  # bytes; settings and presets are a few kilobytes

_HEADER = re.compile(r"^\s*\[+\s*([A-Za-z0-9_.\-\"' ]+?)\s*\]+")
_KEY = re.compile(r"^\s*([A-Za-z0-9_.\-\"' ]+?)\s*=\s*")
_WHERE = re.compile(r"\s*\(at line (\d+), column \d+\)|\s*\(at end of document\)")


class TomlError(ValueError):
    """The file cannot be read as TOML."""

    def __init__(self, text: str, line: int | None = None) -> None:
        super().__init__(text)
        self.text = text  # what is wrong, a clause without a full stop
        self.line = line  # counted from 1; None: not in one line


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A file's values and where they stand."""

    path: Path
    values: Mapping[str, Any]
    lines: Mapping[str, int]  # "section.key", "section" or "list[2].key" → line, counted from 1

    def place(self, key: str = "") -> str:
        """Return "file, line n" for a key; without a line if the key is not found in the text."""
        line = self.lines.get(key)
        return f"{self.path}, line {line}" if line else str(self.path)


def read(path: Path) -> TomlFile:
    """Read a TOML file whole.

    Raises:
        TomlError: it is not a plain file, too large, not UTF-8 or not TOML.
        OSError: the system does not let it be read.
    """
    import tomllib  # a third of the time a short command has

    facts = path.stat()
    if not stat.S_ISREG(facts.st_mode):
        raise TomlError("it is not a file")  # opening a pipe would wait for ever
    if facts.st_size > LARGEST:
        raise TomlError(f"it has {facts.st_size} bytes and more than {LARGEST} are not read")
    raw = path.read_bytes()[: LARGEST + 1]
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")  # some editors put a mark before the first line
    except UnicodeDecodeError as problem:
        raise TomlError("it is not UTF-8 text", raw.count(b"\n", 0, problem.start) + 1) from problem
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise TomlError(*_explain(str(problem), text)) from problem
    except RecursionError as problem:
        raise TomlError("it is nested too deeply") from problem
    return TomlFile(path, values, _lines(text))


def _explain(message: str, text: str) -> tuple[str, int]:
    found = _WHERE.search(message)
    line = int(found[1]) if found and found[1] else text.count("\n") + 1
    what = _WHERE.sub("", message)
    return f"it is not TOML here ({what[:1].lower()}{what[1:]})", line


def _lines(text: str) -> dict[str, int]:
    """Find the line of every section and key; what stands inside a text of several lines is passed over."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}  # members of each list so far, less one
    section, quotes = "", ""
    for number, line in enumerate(text.split("\n"), start=1):
        if quotes:
            quotes = "" if line.count(quotes) % 2 else quotes
            continue
        header, key = _HEADER.match(line), _KEY.match(line)
        if header:
            section = _plain(header[1])
            lines.setdefault(section, number)
            if line.lstrip().startswith("[["):  # one more of a list
                counts[section] = counts.get(section, -1) + 1
                section = f"{section}[{counts[section]}]"
                lines[section] = number
        elif key:
            name = _plain(key[1])
            lines.setdefault(f"{section}.{name}" if section else name, number)
            value = line[key.end() :]
            quotes = next((mark for mark in ('"""', "'''") if value.startswith(mark) and value.count(mark) % 2), "")
    return lines


def _plain(key: str) -> str:
    return ".".join(part.strip(" \"'") for part in key.split("."))
