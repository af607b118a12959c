"""The mock's REAPER functions about state chunks: items and tracks as the text of an .RPP file.

A chunk has the lines that the mock knows. A script may add others, such as effects: the mock keeps them as they are.
"""

from __future__ import annotations

from rpp import Element, dumps

from tests.daws.reaper.functions_base import Base
from tests.daws.reaper.model import Item, Source, Take, Track
from tests.daws.reaper.rpp_file import item_element, track_element

ITEM_LINES = {"POSITION": "D_POSITION", "SNAPOFFS": "D_SNAPOFFSET", "LENGTH": "D_LENGTH", "LOOP": "B_LOOPSRC",
              "MUTE": "B_MUTE", "VOLPAN": "D_VOL"}  # fmt: skip
TAKE_LINES = {
    "SOFFS": ("D_STARTOFFS",),
    "PLAYRATE": ("D_PLAYRATE", "B_PPITCH", "D_PITCH", "I_PITCHMODE", "I_STRETCHFLAGS"),
}
TAKE_WORDS = {"NAME", "<SOURCE", *TAKE_LINES}  # words of the chunk that belong to a take
WRITTEN = {"FADEIN", "IGUID", "GUID", "<SOURCE", "<EXT", "<NOTES", *ITEM_LINES, *TAKE_LINES, "NAME", "TAKE"}


class Chunks(Base):
    """Functions about state chunks."""

    def GetItemStateChunk(self, item: Item, _: str, is_undo: bool) -> tuple[bool, str]:
        lines = _lines(item_element(item))
        for take in item.takes:
            for envelope in take.envelopes:
                lines[-1:-1] = self.host.GetEnvelopeStateChunk(envelope, "", False)[1].strip().split("\n")
        lines[-1:-1] = item.chunk_lines
        return True, "\n".join(lines) + "\n"

    def SetItemStateChunk(self, item: Item, text: str, is_undo: bool) -> bool:
        self.host.must_be_in_block(item.track.project)
        blocks = _blocks(text)
        if not blocks:
            return False
        takes = iter(item.takes)
        take = next(takes, None)
        item.chunk_lines = []
        item.texts.pop("P_NOTES", None)
        for block in blocks:
            word, _, rest = block[0].partition(" ")
            if word == "TAKE":
                take = next(takes, None)
            elif word == "<NOTES":
                item.texts["P_NOTES"] = "\n".join(line.removeprefix("|") for line in block[1:-1])
            elif word not in WRITTEN and not word.endswith("ENV"):
                item.chunk_lines += block
            elif word in ITEM_LINES:
                item.values[ITEM_LINES[word]] = float(rest.split(" ")[0])
            elif word in TAKE_WORDS:
                if take is None:
                    take = self._new_take(item)
                _read_take_line(take, word, rest)
        found = {block[0].partition(" ")[0] for block in blocks}
        for one in item.takes:
            one.envelopes = [envelope for envelope in one.envelopes if "<" + envelope.chunk_name in found]
        return True

    def _new_take(self, item: Item) -> Take:
        item.takes.append(Take(item))
        return item.takes[-1]

    def GetTrackStateChunk(self, track: Track, _: str, is_undo: bool) -> tuple[bool, str]:
        return True, "\n".join(_lines(track_element(track))) + "\n"


def _lines(element: Element) -> list[str]:
    """Return the lines of a chunk, which have no indentation."""
    return [line.strip() for line in str(dumps(element)).strip().split("\n")]


def _read_take_line(take: Take, word: str, rest: str) -> None:
    if word in TAKE_LINES:
        take.values |= dict(zip(TAKE_LINES[word], map(float, rest.split(" ")), strict=False))
    elif word == "NAME":
        take.name = rest.strip('"')
    elif take.source is None:
        take.source = Source(type=rest)


def _blocks(text: str) -> list[list[str]]:
    """Return the lines and nested blocks directly in an item's chunk; none if the chunk is not an item's.

    The last line, which closes the chunk, may be missing, as in "IXix_delete selected items active take envelopes".
    """
    lines = [line.strip() for line in text.strip().split("\n")]
    if lines[0] != "<ITEM":
        return []
    found: list[list[str]] = []
    depth = 0
    for line in lines[1:]:
        if line == ">" and depth == 0:
            break
        if depth:
            found[-1].append(line)
        elif line:
            found.append([line])
        depth += line.startswith("<") - (line == ">")
    return found if depth == 0 else []
