"""Reads the members of each Live version from table.tsv, which make_table.py writes."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

VERSIONS = ("11.0.0", "11.3.20", "11.3.25", "12.0.0", "12.0.5", "12.3.6")
PLACING = ("11.3.25", "12.0.5", "12.3.6")  # versions that can create clips from files

Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a class."""

    kind: str  # property, method, listener, function or constant
    writable: bool
    least: int  # smallest number of arguments
    most: int  # largest number of arguments


def parse(version: str) -> Version:
    major, minor, bugfix = (int(part) for part in version.split("."))
    return major, minor, bugfix


@cache
def members(version: str) -> dict[str, dict[str, Member]]:
    """Return the members of a Live version: class → name → Member."""
    found: dict[str, dict[str, Member]] = {}
    now = parse(version)
    with Path(__file__).with_name("table.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            first = row[f"live{now[0]}"]
            if first != "-" and (first == "0" or parse(first) <= now):
                found.setdefault(row["class"], {})[row["member"]] = _member(row["kind"], row["about"])
    return found


def _member(kind: str, about: str) -> Member:
    if kind in ("property", "constant"):
        return Member(kind, about == "rw", 0, 0)
    least, most = about.split("-")
    return Member(kind, False, int(least), int(most))
