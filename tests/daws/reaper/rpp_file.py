"""Writes the mock's project as an .RPP file, with the keys that REAPER writes for placed results."""

from __future__ import annotations

from rpp import Element, dumps

from tests.daws.reaper.model import Item, Project, Take, Track


def written(project: Project) -> str:
    """Return the text of the project's .RPP file."""
    root = Element("REAPER_PROJECT", ["0.1", "7.60", "1"])
    root.append(["TEMPO", _number(project.tempo), str(project.beats_per_bar), "4"])
    root.append(["DEFPITCHMODE", "589824", "0"])
    root.extend(track_element(track) for track in project.tracks)
    return str(dumps(root))


def track_element(track: Track) -> Element:
    """Return a track with its items."""
    element = Element("TRACK", [track.guid])
    element.append(["NAME", track.name])
    depth = int(track.values["I_FOLDERDEPTH"])
    element.append(["ISBUS", "1" if depth > 0 else "2" if depth < 0 else "0", str(depth)])
    if track.values["I_VUMODE"]:
        element.append(["VU", str(int(track.values["I_VUMODE"]))])
    element.extend(item_element(item) for item in track.items)
    return element


def item_element(item: Item) -> Element:
    """Return an item with its takes."""
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
    kept = [[name.removeprefix("P_EXT:"), text] for name, text in item.texts.items() if name.startswith("P_EXT:")]
    if kept:
        element.append(Element("EXT", [], kept))
    if item.texts.get("P_NOTES"):
        element.append(Element("NOTES", [], ["|" + line for line in item.texts["P_NOTES"].split("\n")]))
    for number, take in enumerate(item.takes):
        element.extend(_take(take, first=number == 0))
    return element


def _take(take: Take, *, first: bool) -> list[list[str] | Element]:
    lines: list[list[str] | Element] = [] if first else [["TAKE"]]
    lines.append(["NAME", take.name])
    lines.append(["SOFFS", _number(take.values["D_STARTOFFS"])])
    rest = [_number(take.values[key]) for key in ("B_PPITCH", "D_PITCH", "I_PITCHMODE", "I_STRETCHFLAGS")]
    lines.append(["PLAYRATE", _number(take.values["D_PLAYRATE"]), *rest, "0.0025"])
    lines.append(["GUID", take.guid])
    if take.source:
        lines.append(Element("SOURCE", ["WAVE"], [["FILE", take.source.path]]))
    return lines


def _number(value: float) -> str:
    return f"{value:.14g}"
