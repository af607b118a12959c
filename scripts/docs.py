"""Generate the pages of docs/ and the files of surfaces/ that come from tables; with --check, fail if any is outdated.

To add a page, add an entry to PAGES: the page's name under docs/ and the function that returns its text. Files outside
docs/ are listed in FILES. A .tosc file is compressed; --check compares its content, because compressed bytes differ
between machines.
"""

from __future__ import annotations

import difflib
import sys
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import contracts
import faults
import pages
import picture
import stage_control
import touch_pages
import touchosc

PROJECT = Path(__file__).resolve().parent.parent

BELOW = "<!-- Generated from here on by scripts/docs.py from scripts/faults.py: change it there. -->"


def reliability() -> str:
    """Return the hand-written part of the page, followed by the table of faults."""
    written, _, _ = _read(PROJECT / "docs" / "reliability.md").partition(BELOW)
    return "\n\n".join([written.rstrip(), BELOW, *faults.section()])


PAGES: Mapping[str, Callable[[], str]] = {
    "params.md": pages.params,
    "presets.md": pages.presets,
    "config.md": pages.config,
    "errors.md": pages.errors,
    "osc.md": pages.osc,
    "cli.md": pages.cli,
    "reliability.md": reliability,
    "contracts/messages.md": contracts.messages,
    "contracts/messages.schema.json": contracts.schema,
    "contracts/outbox.md": contracts.outbox,
    "contracts/states.md": contracts.states,
    "contracts/engine.md": contracts.engine,
    "pictures/touchosc.svg": lambda: picture.touchosc(touchosc.layout(touch_pages.pages())),
    "pictures/open-stage-control.svg": lambda: picture.stage_control(stage_control.session(touch_pages.pages())),
}
FILES: Mapping[str, Callable[[], str]] = {
    **{f"docs/{name}": text for name, text in PAGES.items()},
    "surfaces/ace-bridge.tosc": lambda: touchosc.xml(touch_pages.pages()).decode(),
    "surfaces/ace-bridge.json": lambda: stage_control.session(touch_pages.pages()).decode(),
}


def drift(root: Path) -> list[str]:
    """Return the differences between the files under a root and the generated texts, as lines of a diff."""
    lines: list[str] = []
    for name, text in texts().items():
        lines += difflib.unified_diff(
            _read(root / name).splitlines(),
            text.splitlines(),
            f"{name} in the folder",
            f"{name} as generated",
            n=1,
            lineterm="",
        )
    return lines


def texts() -> dict[str, str]:
    """Return the text of every file by name."""
    return {name: generate().strip() + "\n" for name, generate in FILES.items()}


def write(root: Path) -> None:
    """Write every file that differs from its generated text."""
    for name, text in texts().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if _read(path) != text:
            data = text.encode()
            path.write_bytes(zlib.compress(data, 9) if path.suffix == ".tosc" else data)


def _read(path: Path) -> str:
    """Return the text of a file; empty if it does not exist or cannot be decoded."""
    data = path.read_bytes() if path.exists() else b""
    try:
        return (zlib.decompress(data) if path.suffix == ".tosc" else data).decode()
    except (zlib.error, UnicodeDecodeError):
        return ""


def main(arguments: list[str]) -> int:
    """Write the files; with --check only compare, and return 1 if they differ."""
    if arguments == ["--check"]:
        found = drift(PROJECT)
        print(
            "\n".join([*found, "Run scripts/docs.py and commit the result."])
            if found
            else f"{len(FILES)} files are up to date."
        )
        return 1 if found else 0
    write(PROJECT)
    print(f"Wrote {len(FILES)} files.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
