"""A project for scripts by others, and one run of such a script in the mock."""

from __future__ import annotations

import copy
from pathlib import Path

from tests.daws.reaper.host import Host
from tests.daws.reaper.model import Envelope, Item, Marker, Point, Track, add_item
from tests.daws.reaper.rpp_file import written
from tests.daws.reaper.rules import public
from tests.fakes.studio import write_tone

TICKS = 30  # how often deferred functions run before the script is ended
ENCODINGS = ("utf-8-sig", "cp1252")


class Scene:
    """A mock REAPER with a small song: a folder of drums, a guitar and a bass, with markers and a time selection."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = Host(folder / "resources", rules=public())
        self.host.resources.mkdir()
        self.host.home = folder
        self.project = self.host.open_project(folder, str(folder / "song.rpp"))
        self.tone = write_tone(folder / "tone.wav", 3.0)
        self.drums = self.project.add_track("Drums", 1)
        self.kick = self.project.add_track("Kick")
        self.snare = self.project.add_track("Snare", -1)
        self.guitar = self.project.add_track("Guitar")
        self.bass = self.project.add_track("Bass")
        self.bass.values["I_CUSTOMCOLOR"] = float(0x1000000 | 0x0000FF)
        self.k1 = self.item(self.kick, 0.0, 1.0, "kick")
        self.k2 = self.item(self.kick, 2.0, 1.0, "kick")
        self.g1 = self.item(self.guitar, 4.0, 2.0, "riff", selected=True)
        self.g2 = self.item(self.guitar, 7.0, 1.0, "solo", selected=True)
        self.b1 = self.item(self.bass, 4.0, 2.0, "riff")
        self.g1.texts["P_NOTES"] = "first note"
        self.guitar.values["I_SELECTED"] = 1.0
        self.project.time_selection = (4.0, 8.0)
        self.project.markers = [
            Marker(1, "Intro", 0.0),
            Marker(2, "Verse", 5.0),
            Marker(1, "Part A", 3.0, 6.5),
        ]
        self.project.cursor = 4.5
        self.over(self.g1, 5.0)
        Path(self.project.path).write_text(written(self.project), "utf-8")

    def item(self, track: Track, position: float, length: float, name: str, *, selected: bool = False) -> Item:
        item = add_item(track, self.tone, position, length)
        item.selected = selected
        assert item.take
        item.take.name = name
        return item

    def over(self, item: Item | None, time: float) -> None:
        """Put the mouse on an item."""
        self.host.item_under_mouse, self.host.time_under_mouse = item, time

    def select(self, *items: Item) -> None:
        """Select these items and no others."""
        for one in self.project.items:
            one.selected = one in items

    def select_tracks(self, *tracks: Track) -> None:
        """Select these tracks and no others."""
        for one in self.project.tracks:
            one.values["I_SELECTED"] = float(one in tracks)

    def envelope(self, owner: Track | Item, name: str = "Volume") -> Envelope:
        """Add an envelope with two points to a track or an active take."""
        thing = owner if isinstance(owner, Track) else owner.take
        assert thing
        made = Envelope(thing, name, points=[Point(0.0, 1.0), Point(2.0, 0.5)])
        thing.envelopes.append(made)
        return made

    def run(self, code: bytes, name: str) -> None:
        """Run a script to its end; a script that keeps deferring is ended as when REAPER quits."""
        path = self.host.resources / name.rsplit("/", 1)[-1]
        path.write_text(_decoded(code), "utf-8")
        self.host.run(path)
        self.host.tick(TICKS)
        self.host.quit()
        self.host.verify()

    # --- what expectations ask ---------------------------------------------------------------------------------------

    def selected(self) -> list[Item]:
        return [item for item in self.project.items if item.selected]

    def selected_tracks(self) -> list[Track]:
        return [track for track in self.project.tracks if track.values["I_SELECTED"]]

    def positions(self, track: Track) -> list[float]:
        """Return the positions of a track's items in s, rounded to 1 ns."""
        return [round(item.values["D_POSITION"], 9) for item in track.in_order]

    def names(self, track: Track) -> list[str]:
        """Return the names of the active takes of a track's items."""
        return [item.take.name if item.take else "" for item in track.in_order]

    def state(self) -> list[object]:
        """Return everything that a script could have changed or shown, without undo points."""
        project, host = self.project, self.host
        things: list[object] = [track.values | {"razor": track.razor, "name": track.name} for track in self._tracks()]
        things += [(item.track.guid, item.values, item.texts, item.active, item.selected) for item in project.items]
        for take in (take for item in project.items for take in item.takes):
            things += [take.name, take.values, take.fx, take.markers, take.source]
        for owner in (*self._tracks(), *(take for item in project.items for take in item.takes)):
            things += [(one.points, one.automation_items) for one in owner.envelopes]
        things += [(one.number, one.name, one.start, one.end) for one in project.markers]
        things += [project.cursor, project.view, project.time_selection, project.grid, project.render, project.kept]
        things += [host.console, host.boxes, host.asked, host.ext, host.kept, host.toggles, host.ripple]
        return copy.deepcopy(things, {id(take.source): take.source for item in project.items for take in item.takes})

    def _tracks(self) -> list[Track]:
        return [self.project.master, *self.project.tracks]

    def points(self) -> list[str]:
        return [name for name, _ in self.project.history]


def _decoded(code: bytes) -> str:
    for encoding in ENCODINGS:
        try:
            return code.decode(encoding)
        except UnicodeDecodeError:
            continue
    return code.decode("latin-1")
