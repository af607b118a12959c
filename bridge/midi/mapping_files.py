"""The mapping files in the home, and the templates that ship with the bridge.

Learned controls are appended to the files. Lines that the user wrote stay unchanged.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bridge.errors import MappingInvalid, NotPossibleNow
from bridge.midi.mapping import VERSION, Binding, Mapping, check, load
from bridge.presets.preset import slug
from bridge.util.atomic import explained, write_bytes
from bridge.util.suggest import did_you_mean
from bridge.util.text import decode

FOLDER = "midi"  # name of the folder in the home
TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True, slots=True)
class Kept:
    """A mapping and the path of its file."""

    path: Path
    mapping: Mapping


def fits(pattern: str, name: str) -> bool:
    """Return whether a device name contains a pattern, ignoring case. A * in the pattern matches anything."""
    parts = (re.escape(part) for part in pattern.strip("*").split("*"))
    return re.search(".*".join(parts), name, re.IGNORECASE) is not None


class MappingFiles:
    """The mappings in one home."""

    def __init__(self, home: Path) -> None:
        self.folder = home / FOLDER
        self.kept: tuple[Kept, ...] = ()
        self._seen: Dict[Path, tuple[int, int]] = {}

    def stamps(self) -> Dict[Path, tuple[int, int]]:
        """Return the modification time and size of each mapping file, for detecting changes."""
        found = {}
        for path in sorted(self.folder.glob("*.toml")):
            with contextlib.suppress(OSError):  # a link to nowhere, or a file that was just removed
                about = path.stat()
                found[path] = (about.st_mtime_ns, about.st_size)
        return found

    def refresh(self) -> list[MappingInvalid] | None:
        """Reload the mappings if a file has changed.

        If a file has become invalid, the last valid mapping from it stays in use.

        Returns:
            An error for each invalid file, or None if no file has changed.
        """
        stamps = self.stamps()
        if stamps == self._seen:
            return None
        self._seen = stamps
        before = {kept.path: kept for kept in self.kept}
        kept, problems = [], []
        for path in stamps:
            try:
                kept.append(Kept(path, load(path)))
            except MappingInvalid as problem:
                problems.append(problem)
                kept += [before[path]] if path in before else []
        self.kept = tuple(kept)
        return problems

    def of(self, device: str) -> Kept | None:
        """Return the mapping of a device, or None if there is none."""
        return next((kept for kept in self.kept if fits(kept.mapping.device, device)), None)

    def add(self, device: str, control: Binding) -> Path:
        """Add a control to a device's mapping file, and return the file's path. Create the file if necessary.

        Raises:
            MappingInvalid: the control does not suit its command.
            DiskFull: the disk is full.
            OutputUnwritable: the file cannot be written.
        """
        check(control)
        kept = self.of(device)
        path = kept.path if kept else self._free(device)
        text = decode(path.read_bytes()).rstrip() if kept else _beginning(device)
        self._write(path, f"{text}\n\n{_block(control)}")
        return path

    def remove(self, path: Path, index: int) -> None:
        """Remove the control with the given index from a mapping file (raises DiskFull, OutputUnwritable)."""
        lines = decode(path.read_bytes()).splitlines()
        first, end = _extent(lines, index)
        self._write(path, "\n".join([*lines[:first], *lines[end:]]).rstrip() + "\n")

    def adopt(self, name: str) -> Kept:
        """Copy a template to the mapping files in the home.

        Raises:
            MappingInvalid: there is no template with that name.
            NotPossibleNow: the home already has a file with that name.
        """
        found = {path.stem: path for path in TEMPLATES.glob("*.toml")}
        if name not in found:
            raise MappingInvalid(
                f"There is no template “{name[:60]}”.{did_you_mean(name, found)}",
                hint=f"The templates are {', '.join(sorted(found))}.",
            )
        path = self.folder / f"{name}.toml"
        if path.exists():
            raise NotPossibleNow(f"{path} already exists.", hint="Edit that file, or remove it first.")
        self._write(path, found[name].read_text("utf-8"))
        return Kept(path, load(path))

    def _write(self, path: Path, text: str) -> None:
        with explained(path):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_bytes(path, text.encode())

    def _free(self, device: str) -> Path:
        """Return the path of a new file for a device, with a number in the file name if that name is already used."""
        base = slug(device) or "device"
        names = (f"{base}{f'-{k}' if k > 1 else ''}.toml" for k in range(1, 1000))
        return next(self.folder / name for name in names if not (self.folder / name).exists())


def templates() -> tuple[Kept, ...]:
    """Return the mapping templates that ship with the bridge."""
    return tuple(Kept(path, load(path)) for path in sorted(TEMPLATES.glob("*.toml")))


def _beginning(device: str) -> str:
    name = json.dumps(device, ensure_ascii=False)
    return f"# docs/controllers.md describes every key.\nversion = {VERSION}\ndevice = {name}"


def _block(control: Binding) -> str:
    """Return a control as TOML, leaving out default values."""
    values: Dict[str, Any] = msgspec.structs.asdict(control)
    defaults = {field.name: field.default for field in msgspec.structs.fields(Binding)}
    # In TOML, strings, numbers and booleans are written as in JSON.
    entries = [
        f"{name} = {json.dumps(value, ensure_ascii=False)}"
        for name, value in values.items()
        if value != defaults[name] or name in ("channel", "number")
    ]
    return "\n".join(["[[control]]", *entries]) + "\n"


def _extent(lines: list[str], index: int) -> tuple[int, int]:
    """Return the index of a control's first line, and the index of the line after its last line."""
    heads = [number for number, line in enumerate(lines) if re.match(r"\s*\[\[\s*control\s*\]\]", line)]
    first = heads[index]
    after = (number for number in range(first + 1, len(lines)) if re.match(r"\s*(\[|#)", lines[number]))
    return first, next(after, len(lines))
