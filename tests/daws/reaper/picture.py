"""Draws the SVG pictures in docs/reaper.md from recorded gfx and ReaImGui calls and from the mock's project.

`python -m tests.daws.reaper.picture` writes the pictures.
"""

from __future__ import annotations

import json
import tempfile
from base64 import b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from bridge.config.home import prepare_home
from bridge.config.load import load
from bridge.engines.fal.engine import _capabilities
from bridge.engines.offline import CAPABILITIES
from bridge.installers.catalogue import catalogue
from bridge.presets.library import standard
from tests.daws.reaper.gui import Gui
from tests.daws.reaper.model import Item, Project
from tests.daws.reaper.rig import SCRIPTS, Rig, job
from tests.daws.reaper.steps import ask, offer
from tests.fakes.studio import write_tone

FOLDER = Path(__file__).parents[3] / "docs" / "reaper"
FONT = 'font-family="Arial, sans-serif"'
ROWS = (
    ("Guitar", "running", 0.62, "the model works, 4 s", None),
    ("Bass", "queued", 0.31, "", 2),
    ("Drums", "done", 1.0, "placed", None),
)


def _svg(width: int, height: int, lines: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
    return "\n".join([head, *lines, "</svg>"]) + "\n"


def _text(x: float, y: float, text: str, fill: str = "#dbdbdb", size: int = 14) -> str:
    return f'<text x="{x}" y="{y}" {FONT} font-size="{size}" fill="{fill}">{escape(text)}</text>'


def _box(x: float, y: float, width: float, height: float, fill: str) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{fill}"/>'


# --- gfx -------------------------------------------------------------------------------------------------------------


def of_gfx(calls: Sequence[tuple[Any, ...]], width: int = 460, height: int = 260) -> str:
    """Return the SVG of recorded gfx calls, each (name, arguments…); `at` calls set the position of the next text."""
    lines = []
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
                lines.append(_box(*(round(part) for part in args[:4]), color))
            case "drawstr":
                lines.append(_text(at[0], at[1] + size, args[0], color, size))
    return _svg(width, height, lines)


def window(rig: Rig) -> str:
    """Return the SVG of the job window with a running, a waiting and a finished job."""
    rig.host.ext["ace-bridge", "instance"] = json.dumps("picture")
    jobs = []
    for number, (name, state, progress, message, queue) in enumerate(reversed(ROWS)):
        made = job(f"{number}", rig.tone, state=state)
        made["variations"][0] |= {"progress": progress, "message": message, "queue_position": queue}
        jobs.append(made)
        note = {"message_id": f"{number}", "clips": {"clip-1": {"name": name}}}
        (rig.home / "reaper" / "requests").mkdir(parents=True, exist_ok=True)
        (rig.home / "reaper" / "requests" / f"{number}.json").write_text(json.dumps(note))
    rig.answer(jobs=jobs)
    rig.act("Show jobs")
    rig.host.tick(2)
    rig.host.verify()
    return of_gfx(rig.host.picture)


# --- the dialog ------------------------------------------------------------------------------------------------------

LINE, LEFT, WIDE = 26, 12, 300  # pixels


def of_gui(drawn: Sequence[tuple[Any, ...]]) -> str:
    """Return the SVG of recorded ReaImGui widgets, in one column with labels on the right, as ImGui draws them."""
    lines, x, y, right = [], LEFT, 10, LEFT
    for name, *args in drawn:
        if name == "SameLine":
            x, y = right + 8, y - LINE
            continue
        label = str(args[0]).partition("###")[0] if args else ""
        height = LINE * 3 if name == "InputTextMultiline" else LINE
        match name:
            case "Separator":
                lines.append(_box(LEFT, y + 10, 436, 1, "#444444"))
            case "Text":
                lines.append(_text(x, y + 16, label))
            case "Button":
                right = x + 9 * len(label) + 16
                lines += [_box(x, y, right - x, 21, "#2f5f8f"), _text(x + 8, y + 16, label)]
            case "Checkbox":
                lines += [_box(x, y + 2, 17, 17, "#29384a"), _text(x + 26, y + 16, label)]
                lines += [_box(x + 4, y + 6, 9, 9, "#66a6e0")] if args[1] else []
            case _:
                shown = str(args[1]).replace("\n", " / ") or (args[2] if name == "InputTextWithHint" else "")
                lines += [_box(x, y, WIDE, height - 5, "#29384a"), _text(x + 8, y + 16, shown)]
                lines.append(_text(x + WIDE + 10, y + 16, label))
        x, y = LEFT, y + height
    return _svg(560, y + 8, [_box(0, 0, 560, y + 8, "#0f0f0f"), *lines])


def dialog(rig: Rig) -> str:
    """Return the SVG of the dialog for one item and two results of it."""
    rig.host.gui = gui = Gui(rig.host)
    settings = load(rig.home, {})
    engines = [_capabilities(settings.fal, ""), CAPABILITIES]
    (rig.home / "catalogue.json").write_text(json.dumps(catalogue(standard(rig.home).all(), engines, settings.budget)))
    rig.choose(tags="dub, deep bass, tape echo", lyrics="[verse]\nla la", engine="", variations=2)
    source = rig.item()
    for number in (1, 2):
        result = rig.item(track=rig.track())
        result.selected = False
        assert result.take
        result.take.name = f"tone - remix {number}"
        marks = {"variation": f"v{number}", "source": source.guid, "seed": f"{number + 2_636_811_088}"}
        result.texts |= {f"P_EXT:ace_bridge_{key}": value for key, value in marks.items()}
    rig.act("Remix selected items (asks)")
    rig.host.tick(8)
    return of_gui(gui.drawn)


# --- the arrange view ------------------------------------------------------------------------------------------------

HEAD, TRACK, SECOND = 130, 56, 60  # in pixels: width of the track names, height of a track, width of 1 s


def of_project(project: Project, start: float = 3.0) -> str:
    """Return the SVG of a project's tracks and items, beginning at `start` seconds."""
    lines = []
    for number, track in enumerate(project.tracks):
        y = number * TRACK
        lines += [_box(0, y, HEAD, TRACK - 2, "#3a3a3c"), _text(10, y + 32, track.name)]
        lines.append(_box(HEAD, y, 430, TRACK - 2, "#1e1e20"))
        lines += [line for item in track.items for line in _item(item, y, start)]
    return _svg(HEAD + 430, len(project.tracks) * TRACK, lines)


def _item(item: Item, y: float, start: float) -> list[str]:
    x = HEAD + SECOND * (item.values["D_POSITION"] - start)
    muted = bool(item.values["B_MUTE"])
    name = item.take.name if item.take else item.texts.get("P_NOTES", "")
    fill, ink = ("#4a4a4c", "#9a9a9a") if muted else ("#4d7d74", "#ffffff")
    width = SECOND * item.values["D_LENGTH"]
    return [_box(x, y + 4, width, TRACK - 10, fill), _text(x + 6, y + 20, name, ink, 12)]


def _song(rig: Rig) -> dict[str, Any]:
    rig.choose()
    rig.item(4.0, 4.0, 0.0, rig.track("Guitar"))
    rig.project.items[0].take.name = "Guitar take 3"  # type: ignore[union-attr]
    rig.track("Bass")
    rig.project.items[0].take.source.path = str(write_tone(rig.folder / "long.wav", 5.0))  # type: ignore[union-attr]
    return ask(rig)


def waiting(rig: Rig) -> str:
    """Return the SVG of the arrange view after a request."""
    _song(rig)
    return of_project(rig.project)


def placed(rig: Rig) -> str:
    """Return the SVG of the arrange view after the result has been placed."""
    offer(rig, _song(rig), 5.0)
    return of_project(rig.project)


# --- the toolbar -----------------------------------------------------------------------------------------------------

SIZE = 60  # pixels per icon


def toolbar(rig: Rig) -> str:
    """Return the SVG of the shipped toolbar icons, each in the first of its three states."""
    lines = [_box(0, 0, SIZE * 5, SIZE, "#2b2b2b")]
    for place, name in enumerate(("remix", "ask", "swap", "jobs", "cancel")):
        data = (SCRIPTS / "toolbar_icons" / "200" / f"ace_bridge_{name}.png").read_bytes()
        image = f'<image width="{3 * SIZE}" height="{SIZE}" href="data:image/png;base64,{b64encode(data).decode()}"/>'
        lines.append(f'<svg x="{place * SIZE}" width="{SIZE}" height="{SIZE}">{image}</svg>')
    return _svg(SIZE * 5, SIZE, lines)


PICTURES: dict[str, Callable[[Rig], str]] = {
    "toolbar.svg": toolbar,
    "dialog.svg": dialog,
    "waiting.svg": waiting,
    "window.svg": window,
    "placed.svg": placed,
}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, draw in PICTURES.items():
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder) / "home"
            prepare_home(home)
            (FOLDER / name).write_text(draw(Rig(home, Path(folder))), encoding="utf-8")


if __name__ == "__main__":
    main()
