"""Makes the mock's table from a capture of Live's API.

Run `python tests/daws/live/make_table.py live_api.tsv`. The capture, live_api.tsv, has the columns class, member, kind,
signature, first version of Live 11 with the member, and first version of Live 12 with the member.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

CLASSES = (
    "Application",
    "Application(module)",
    "Application.View",
    "Clip",
    "Clip.WarpMarker",
    "ClipSlot",
    "DeviceParameter",
    "MidiMap(module)",
    "MixerDevice",
    "RemoteScript",
    "Scene",
    "Song",
    "Song.View",
    "TakeLane",
    "Track",
    "c_instance",
)
TABLE = Path(__file__).with_name("table.tsv")


def main(source: Path) -> None:
    with source.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if row["class"] in CLASSES]
    lines = sorted("\t".join(line(row)) for row in rows)
    TABLE.write_text("class\tmember\tkind\tabout\tlive11\tlive12\n" + "\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(lines)} members of {len(CLASSES)} classes in {TABLE.name}\n")


def line(row: dict[str, str]) -> tuple[str, ...]:
    """Return a table row: class, member, kind, access (ro or rw) or arity, first versions in Live 11 and 12."""
    versions = re.match(r"11:(\S+) 12:(\S+)", row["live_version"])
    first = ["0" if one == "yes" else one for one in versions.groups()] if versions else ["0", "0"]
    if row["kind"] == "property":
        about = "rw" if "[rw]" in row["signature"] else "ro"
    elif row["kind"] == "constant":
        about = row["signature"]
    else:
        about = arity(row["signature"])
    return row["class"], row["member"], row["kind"], about, *first


def arity(signature: str) -> str:
    """Return a function's numbers of arguments, as MINIMUM-MAXIMUM."""
    inner, depth, parts = signature[1 : signature.rindex(")")], 0, [""]
    for letter in inner.split(") ->")[0]:
        depth += (letter in "[(") - (letter in "])")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    names = [part for part in parts if part.strip()]
    return f"{sum('=' not in name for name in names)}-{len(names)}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
