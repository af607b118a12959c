"""Write the pages of docs/ that come from tables in the code, or with --check fail if one is out of date.

To add a page, add one line to PAGES: its name under docs/ and the function that returns its text.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import contracts
import pages

DOCS = Path(__file__).resolve().parent.parent / "docs"

PAGES: Mapping[str, Callable[[], str]] = {
    "params.md": pages.params,
    "presets.md": pages.presets,
    "config.md": pages.config,
    "errors.md": pages.errors,
    "osc.md": pages.osc,
    "cli.md": pages.cli,
    "contracts/messages.md": contracts.messages,
    "contracts/messages.schema.json": contracts.schema,
    "contracts/outbox.md": contracts.outbox,
    "contracts/states.md": contracts.states,
    "contracts/engine.md": contracts.engine,
}


def drift(docs: Path) -> list[str]:
    """Return the differences between what is written and what the code says, as lines of a diff."""
    lines: list[str] = []
    for name, text in texts().items():
        path = docs / name
        written = path.read_text(encoding="utf-8") if path.exists() else ""
        lines += difflib.unified_diff(
            written.splitlines(),
            text.splitlines(),
            f"docs/{name} as written",
            f"docs/{name} from the code",
            n=1,
            lineterm="",
        )
    return lines


def texts() -> dict[str, str]:
    """Return every page's text by its name."""
    return {name: page().strip() + "\n" for name, page in PAGES.items()}


def write(docs: Path) -> None:
    """Write every page."""
    for name, text in texts().items():
        path = docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def main(arguments: list[str]) -> int:
    """Write the pages; with --check only compare, and return 1 if they differ."""
    if arguments == ["--check"]:
        found = drift(DOCS)
        print(
            "\n".join([*found, "Run scripts/docs.py and commit what it writes."])
            if found
            else f"{len(PAGES)} pages are up to date."
        )
        return 1 if found else 0
    write(DOCS)
    print(f"Wrote {len(PAGES)} pages under docs/.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
