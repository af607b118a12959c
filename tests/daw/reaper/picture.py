"""A gfx window as SVG, from the calls that drew it: the pictures in docs/reaper.md are what the shipped Lua draws.

Run as a program it writes them anew: `python -m tests.daw.reaper.picture`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from bridge.home import prepare_home
from tests.daw.reaper.rig import Rig, job

PICTURE = Path(__file__).parents[3] / "docs" / "reaper" / "window.svg"
WIDTH, HEIGHT = 460, 260
ROWS = (
    ("running", 0.62, "the model works, 4 s", None),
    ("queued", 0.31, "", 2),
    ("done", 1.0, "placed", None),
)


def svg(calls: Sequence[tuple[Any, ...]]) -> str:
    """Calls as (name, arguments…); `at` is where the next text goes."""
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">']
    color, at, size = "#000000", (0, 0), 14
    for name, *args in calls:
        match name:
            case "set":
                color = "#" + "".join(f"{round(255 * part):02x}" for part in args[:3])
            case "at":
                at = (args[0], args[1])
            case "setfont":
                size = args[2]
            case "rect":
                x, y, width, height = (round(part) for part in args[:4])
                lines.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{color}"/>')
            case "drawstr":
                style = f'font-family="Arial, sans-serif" font-size="{size}" fill="{color}"'
                lines.append(f'<text x="{at[0]}" y="{at[1] + size}" {style}>{escape(args[0])}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"


def window(home: Path, folder: Path) -> str:
    """The window with a job that runs, one that waits and one that is done."""
    rig = Rig(home, folder)
    rig.host.ext["ace-bridge", "instance"] = json.dumps("picture")
    jobs = []
    for number, (state, progress, message, queue) in enumerate(reversed(ROWS)):
        made = job(f"{number}", rig.tone, state=state)
        made["variations"][0] |= {"progress": progress, "message": message, "queue_position": queue}
        jobs.append(made)
    rig.answer(jobs=jobs)
    rig.act("Show jobs")
    rig.host.tick(2)
    rig.host.verify()
    return svg(rig.host.picture)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        prepare_home(home)
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_text(window(home, Path(folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
