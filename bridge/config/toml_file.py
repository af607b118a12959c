"""Reads TOML files and remembers the line of every key, so that errors can name file, line and key.

tomllib does not report line numbers. It is imported only when needed.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.util.text import decode

LARGEST = 256 * 1024  # bytes; settings and presets are a few kilobytes long

_HEADER = re.compile(r"^\s*\[+\s*([A-Za-z0-9_.\-\"' ]+?)\s*\]+")
_KEY = re.compile(r"^\s*([A-Za-z0-9_.\-\"' ]+?)\s*=\s*")
_WHERE = re.compile(r"\s*\(at line (\d+), column \d+\)|\s*\(at end of document\)")


class TomlError(ValueError):
    """The error for a file that is not valid TOML."""

    def __init__(self, text: str, line: int | None = None) -> None:
        super().__init__(text)
        self.text = text  # a clause that names the problem, without a full stop
        self.line = line  # line number, from 1; None: the problem has no particular line


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A file's values and their line numbers."""

    path: Path
    values: Mapping[str, Any]
    lines: Mapping[str, int]  # "section.key", "section" or "list[2].key" → line, from 1

    def place(self, key: str = "") -> str:
        """Return "file, line n" for a key, or only the file if the key's line is unknown."""
        line = self.lines.get(key)
        return f"{self.path}, line {line}" if line else str(self.path)


def read(path: Path) -> TomlFile:
    """Read a TOML file.

    Raises:
        TomlError: the path is not a regular file, or the file is too large, not UTF-8 or not valid TOML.
        OSError: the system cannot read the file.
    """
    import tomllib  # only here, since the import is slow

    facts = path.stat()
    if not stat.S_ISREG(facts.st_mode):
        raise TomlError("it is not a file")  # opening a pipe would block
    if facts.st_size > LARGEST:
        raise TomlError(f"it has {facts.st_size} bytes, but at most {LARGEST} are allowed")
    raw = path.read_bytes()[: LARGEST + 1]
    try:
        text = decode(raw)
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
    return f"it is not valid TOML ({what[:1].lower()}{what[1:]})", line


def _lines(text: str) -> dict[str, int]:
    """Find the line of every section and key. Lines inside a multi-line string are skipped."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}  # index of the latest item of each list
    section, quotes = "", ""
    for number, line in enumerate(text.split("\n"), start=1):
        if quotes:
            quotes = "" if line.count(quotes) % 2 else quotes
            continue
        header, key = _HEADER.match(line), _KEY.match(line)
        if header:
            section = _plain(header[1])
            lines.setdefault(section, number)
            if line.lstrip().startswith("[["):  # the next item of a list
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
