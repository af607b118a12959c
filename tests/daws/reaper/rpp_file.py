"""Writes the mock's project as an .RPP file, with the keys that REAPER writes for placed results."""

from __future__ import annotations

from rpp import Element, dumps

from tests.daws.reaper.model import Item, Project, Take, Track


def written(project: Project) -> str:
    """Return the text of the project's .RPP file."""
    root = Element("REAPER_PROJECT", ["0.1", "7.60", "1"])
    root.append(["TEMPO", _number(project.tempo), str(project.beats_per_bar), "4"])
    root.extend(_track(track) for track in project.tracks)
    return str(dumps(root))


def _track(track: Track) -> Element:
    element = Element("TRACK", [track.guid])
    element.append(["NAME", track.name])
    depth = int(track.values["I_FOLDERDEPTH"])
    element.append(["ISBUS", "1" if depth > 0 else "2" if depth < 0 else "0", str(depth)])
    element.extend(_item(item) for item in track.items)
    return element


def _item(item: Item) -> Element:
    values = item.values
    element = Element("ITEM", [])
    element.append(["POSITION", _number(values["D_POSITION"])])
    element.append(["SNAPOFFS", _number(values["D_SNAPOFFSET"])])
    element.append(["LENGTH", _number(values["D_LENGTH"])])
    element.append(["LOOP", str(int(values["B_LOOPSRC"]))])
    element.append(["FADEIN", str(int(values["C_FADEINSHAPE"])), _number(values["D_FADEINLEN"])])
    element.append(["MUTE", str(int(values["B_MUTE"])), "0"])
    element.append(["IGUID", item.guid])
    element.append(["VOLPAN", _number(values["D_VOL"]), "0"])
    if item.texts:
        element.append(Element("EXT", [], [[name.removeprefix("P_EXT:"), text] for name, text in item.texts.items()]))
    for number, take in enumerate(item.takes):
        element.extend(_take(take, first=number == 0))
    return element


def _take(take: Take, *, first: bool) -> list[list[str] | Element]:
    lines: list[list[str] | Element] = [] if first else [["TAKE"]]
    lines.append(["NAME", take.name])
    lines.append(["SOFFS", _number(take.values["D_STARTOFFS"])])
    lines.append(["PLAYRATE", _number(take.values["D_PLAYRATE"]), "1"])
    lines.append(["GUID", take.guid])
    if take.source:
        lines.append(Element("SOURCE", ["WAVE"], [["FILE", take.source.path]]))
    return lines


def _number(value: float) -> str:
    return f"{value:.14g}"
