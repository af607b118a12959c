"""Cases of public scripts that select, move, change or delete items."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.daws.reaper.public_cases import case
from tests.daws.reaper.public_scene import Scene


@case("X-Raym_Invert tracks (reverse vertically) of selected items.lua")
def invert_tracks(scene: Scene) -> Iterator[None]:
    scene.select(scene.k1, scene.g1, scene.b1)
    yield
    assert scene.k1.track is scene.bass
    assert scene.g1.track is scene.guitar
    assert scene.b1.track is scene.kick
    assert scene.selected() == scene.project.items[:0] + sorted_items(scene)
    assert scene.points() == ["Invert tracks (reverse vertically) of selected items"]


def sorted_items(scene: Scene) -> list[object]:
    return [one for one in scene.project.items if one in (scene.k1, scene.g1, scene.b1)]


@case("X-Raym_Group selected items vertically by position.lua")
def group_by_position(scene: Scene) -> Iterator[None]:
    scene.select(scene.g1, scene.b1, scene.g2)
    yield
    groups = [one.values["I_GROUPID"] for one in (scene.g1, scene.b1, scene.g2)]
    assert groups[0] == groups[1] != 0.0
    assert groups[2] != groups[0]
    assert scene.selected() == [scene.g1, scene.g2, scene.b1]


@case("X-Raym_Set selected items notes to their current region name.lua")
def notes_from_region(scene: Scene) -> Iterator[None]:
    yield
    assert scene.g1.texts["P_NOTES"] == "Part A"
    assert "P_NOTES" not in scene.g2.texts


@case("X-Raym_Display list of selected media items active take names in the console.lua")
def list_names(scene: Scene) -> Iterator[None]:
    yield
    assert scene.host.console == ["riff\n", "solo\n"]
    assert scene.points() == []


@case("X-Raym_Move selected items to first track with same color.lua")
def same_color(scene: Scene) -> Iterator[None]:
    scene.kick.values["I_CUSTOMCOLOR"] = scene.bass.values["I_CUSTOMCOLOR"]
    scene.select(scene.b1)
    yield
    assert scene.b1.track is scene.kick
    assert scene.positions(scene.kick) == [0.0, 2.0, 4.0]


@case("X-Raym_Move cusor to item under mouse and delete it.lua")
def cursor_to_item(scene: Scene) -> Iterator[None]:
    scene.over(scene.g2, 7.5)
    yield
    assert scene.project.cursor == 7.0
    assert scene.guitar.items == [scene.g1]
    assert not scene.g2.alive
    assert not scene.selected()


@case("X-Raym_Sort selected items order by item notes alphabetically keeping snap offset positions per tracks.lua")
def sort_by_notes(scene: Scene) -> Iterator[None]:
    scene.g2.texts["P_NOTES"] = "a note"
    yield
    assert scene.g2.values["D_POSITION"] == 4.0
    assert scene.g1.values["D_POSITION"] == 7.0
    assert scene.selected_tracks() == [scene.guitar]


@case("X-Raym_Split selected items according to items on selected tracks.lua")
def split_by_items(scene: Scene) -> Iterator[None]:
    scene.select_tracks(scene.kick)
    scene.item(scene.kick, 4.5, 1.0, "hit")
    scene.select(scene.g1)
    yield
    assert scene.positions(scene.guitar) == [4.0, 4.5, 5.5, 7.0]


@case("X-Raym_Move selected items to next item on all visible tracks.lua")
def to_next_item(scene: Scene) -> Iterator[None]:
    scene.select(scene.g1)
    yield
    assert scene.positions(scene.guitar) == [5.0, 7.0]


@case("amagalma_Convert empty items with notes to dedicated video processor item named after the notes.lua")
def empty_to_video(scene: Scene) -> Iterator[None]:
    scene.g1.takes = []
    yield
    assert scene.names(scene.guitar) == ["first note", "solo"]
    assert scene.g1.take
    assert scene.g1.take.source
    assert scene.g1.take.source.type == "VIDEOEFFECT"


@case("amagalma_Select all items in track that have exactly the same video processors as the selected item.lua")
def same_video(scene: Scene) -> Iterator[None]:
    lines = ["<VIDEO_EFFECT", "<CODE", "|gfx_fillrect()", ">", "CODEPARM 0 0", ">"]
    twin, other = scene.item(scene.guitar, 9.0, 1.0, "twin"), scene.item(scene.guitar, 11.0, 1.0, "other")
    scene.g1.chunk_lines, twin.chunk_lines, other.chunk_lines = lines, lines, ["<VIDEO_EFFECT", "CODEPARM 1 1", ">"]
    scene.select(scene.g1)
    yield
    assert scene.selected() == [scene.g1, twin]


@case("spk77_Export item names and time stamps to text file.lua")
def export_names(scene: Scene) -> Iterator[None]:
    yield
    written = scene.host.resources / "Exported item list.txt"
    assert written.is_file()
    assert written.read_text() == "0:04.000\triff\n0:07.000\tsolo\n"


@case(
    "acendan_Set subprojects in selected items to custom color slot.lua",
    "acendan_Set subprojects in selected items to custom color slot 3.lua",
)
def no_subprojects(scene: Scene) -> Iterator[None]:
    yield
    assert scene.host.boxes == ["No subprojects in selected items!"]
    assert scene.selected() == [scene.g1, scene.g2]


@case("mpl_Change volume for item under mouse cursor (mousewheel).lua")
def volume_by_wheel(scene: Scene) -> Iterator[None]:
    scene.host.controller = (1, 0, 15.0, "wheel:up")
    yield
    assert scene.g1.values["D_VOL"] == pytest.approx(10 ** (0.1 / 20))


@case("X-Raym_Unloop selected items.lua")
def unloop(scene: Scene) -> Iterator[None]:
    scene.g1.values["D_LENGTH"] = 10.0  # the source lasts 3 s
    yield
    assert scene.g1.values["D_LENGTH"] == 3.0
    assert scene.g2.values["D_LENGTH"] == 1.0


@case("X-Raym_Move selected items to end of previous items on all visible tracks.lua")
def end_of_previous(scene: Scene) -> Iterator[None]:
    yield
    assert scene.positions(scene.guitar) == [3.0, 6.0]  # the kick ends at 3 s


@case("X-Raym_Move selected items on first selected tracks.lua")
def on_first_track(scene: Scene) -> Iterator[None]:
    scene.select_tracks(scene.snare, scene.bass)
    yield
    assert scene.snare.in_order == [scene.g1, scene.g2]
    assert not scene.guitar.items


@case("X-Raym_Delete selected items and ripple edit adjacent items.lua")
def delete_and_ripple(scene: Scene) -> Iterator[None]:
    adjacent = scene.item(scene.guitar, 6.0, 1.0, "adjacent")
    scene.select(scene.g1)
    yield
    assert adjacent.values["D_POSITION"] == 4.0
    assert scene.positions(scene.guitar) == [4.0, 5.0]  # the solo was adjacent to the adjacent item
    assert scene.selected() == [adjacent, scene.g2]


@case("mordi_Move selected items to new individual tracks.lua")
def to_new_tracks(scene: Scene) -> Iterator[None]:
    scene.host.answers = [True]  # line the items up
    yield
    names = [track.name for track in scene.project.tracks]
    assert names == ["Drums", "Kick", "Snare", "Guitar", "riff", "solo", "Bass"]
    assert scene.g1.track.name == "riff"
    assert scene.g2.values["D_POSITION"] == 4.0


@case("mendel_Restore ripple mode from persistent ExtState.lua")
def restore_ripple(scene: Scene) -> Iterator[None]:
    scene.host.kept["Ripple", "RippleState"] = "A"
    yield
    assert scene.host.ripple == 2


@case("Lokasenna_Insert empty item for each selected track.lua")
def empty_items(scene: Scene) -> Iterator[None]:
    scene.select_tracks(scene.drums, scene.snare)
    yield
    for track in (scene.drums, scene.snare):
        assert [(one.values["D_POSITION"], one.values["D_LENGTH"], one.takes) for one in track.items] == [
            (4.0, 4.0, [])
        ]
    assert scene.selected_tracks() == [scene.drums, scene.snare]


@case("BuyOne_Delete selected item(s) and select next or previous (settings inside).lua")
def delete_and_select_next(scene: Scene) -> Iterator[None]:
    scene.select(scene.g1)
    yield
    assert scene.guitar.items == [scene.g2]
    assert scene.selected() == [scene.g2]


@case("bfut_Trim to source media lengths (limit items lengths).lua")
def limit_lengths(scene: Scene) -> Iterator[None]:
    scene.g1.values["D_LENGTH"], scene.g2.values["D_LENGTH"] = 9.0, 9.0
    scene.g2.values["C_LOCK"] = 1.0
    yield
    assert scene.g1.values["D_LENGTH"] == 3.0
    assert scene.g2.values["D_LENGTH"] == 9.0


@case("amagalma_Select all items on track with the same name as the selected item.lua")
def same_name(scene: Scene) -> Iterator[None]:
    twin = scene.item(scene.guitar, 10.0, 1.0, "riff")
    scene.select(scene.g1)
    yield
    assert scene.selected() == [scene.g1, twin]


@case("amagalma_Select previous item with take FX.lua")
def previous_with_effects(scene: Scene) -> Iterator[None]:
    scene.select(scene.g2)
    assert scene.g1.take
    scene.g1.take.fx = [True]
    yield
    assert scene.selected() == [scene.g1]
    assert scene.project.view == (-25.0, 35.0)  # the item is in the middle of a view of the same length


@case("cfillion_Split selected non-locked items at edit cursor.lua")
def split_at_cursor(scene: Scene) -> Iterator[None]:
    scene.select(scene.g1, scene.b1)
    scene.b1.values["C_LOCK"] = 1.0
    yield
    assert scene.positions(scene.guitar) == [4.0, 4.5, 7.0]
    assert scene.g1.values["D_LENGTH"] == 0.5
    assert scene.positions(scene.bass) == [4.0]
    assert scene.points() == ["Split selected non-locked items at edit cursor"]


@case("mpl_Select items by pattern.lua")
def by_pattern(scene: Scene) -> Iterator[None]:
    scene.select(*scene.project.items)
    scene.host.answers = ["su"]
    yield
    assert scene.selected() == [scene.k1, scene.g1, scene.b1]


@case("mpl_Toggle solo selected track items.lua")
def solo_items(scene: Scene) -> Iterator[None]:
    scene.select(scene.g1)
    yield
    assert scene.g1.values["B_MUTE"] == 0.0
    assert scene.g2.values["B_MUTE"] == 1.0


@case("mpl_Mute item under mouse cursor.lua")
def mute(scene: Scene) -> Iterator[None]:
    yield
    assert [one.values["B_MUTE"] for one in scene.project.items] == [0.0, 0.0, 1.0, 0.0, 0.0]


@case("mpl_Remove item under mouse cursor.lua")
def remove(scene: Scene) -> Iterator[None]:
    yield
    assert scene.guitar.items == [scene.g2]


@case("mpl_Set fadein of item under cursor to mouse position.lua")
def fade_in_to_mouse(scene: Scene) -> Iterator[None]:
    yield
    assert scene.g1.values["D_FADEINLEN"] == pytest.approx(1.0)


@case("mpl_Invert item selection in selected tracks.lua")
def invert_selection(scene: Scene) -> Iterator[None]:
    scene.select(scene.g1, scene.b1)
    yield
    assert scene.selected() == [scene.g2, scene.b1]


@case("mpl_Snap selected items to each other.lua")
def snap(scene: Scene) -> Iterator[None]:
    yield
    assert scene.positions(scene.guitar) == [4.0, 6.0]


@case("mpl_Move items to tracks with same name.lua")
def to_named_tracks(scene: Scene) -> Iterator[None]:
    assert scene.g1.take
    scene.g1.take.name = "bass.wav"
    yield
    assert scene.g1.track is scene.bass
    assert scene.g2.track is scene.guitar


@case("mpl_Move items to edit cursor if they are same named as their parent tracks.lua")
def to_cursor(scene: Scene) -> Iterator[None]:
    assert scene.g1.take
    assert scene.g2.take
    scene.g1.take.name, scene.g2.take.name = "other.wav", "Guitar.wav"
    yield
    assert scene.g1.values["D_POSITION"] == 4.0
    assert scene.g2.values["D_POSITION"] == 4.5


@case("mpl_Duplicate items until end of time selection.lua")
def duplicate_to_end(scene: Scene) -> Iterator[None]:
    scene.select(scene.b1)
    scene.project.time_selection = (4.0, 11.0)
    yield
    assert scene.positions(scene.bass) == [4.0, 6.0, 8.0]


@case("mpl_Smart duplicate items grid relative.lua")
def duplicate_on_grid(scene: Scene) -> Iterator[None]:
    scene.select(scene.b1)
    yield
    assert scene.positions(scene.bass) == [4.0, 6.0]


@case("mpl_Auto crop item at -40dB.lua")
def crop(scene: Scene) -> Iterator[None]:
    scene.select(scene.g1)
    assert scene.g1.take
    scene.g1.take.values["D_STARTOFFS"] = -1.05  # silence at the start
    scene.g1.values["B_LOOPSRC"] = 0.0
    yield
    assert 4.8 <= scene.g1.values["D_POSITION"] <= 5.05
    assert scene.host.accessors == 0


@case("kkkanten_Deselect odd-numbered items from selected items.lua")
def deselect_odd(scene: Scene) -> Iterator[None]:
    scene.select(*scene.project.items)
    yield
    assert scene.selected() == [scene.k2, scene.g2]


@case("bfut_Unselect items within time selection.lua")
def unselect_within(scene: Scene) -> Iterator[None]:
    scene.select(*scene.project.items)
    yield
    assert scene.selected() == [scene.k1, scene.k2]


@case("amagalma_Close gaps (remove space) between all items of selected tracks.lua")
def close_gaps(scene: Scene) -> Iterator[None]:
    yield
    assert scene.positions(scene.guitar) == [4.0, 6.0]
    assert scene.points() == ["Close gaps between items for selected tracks"]


@case("X-Raym_Swap selected items fades.lua")
def swap_fades(scene: Scene) -> Iterator[None]:
    scene.g1.values |= {"D_FADEINLEN": 0.1, "D_FADEOUTLEN": 0.4, "C_FADEOUTSHAPE": 2.0}
    yield
    assert (scene.g1.values["D_FADEINLEN"], scene.g1.values["D_FADEOUTLEN"]) == (0.4, 0.1)
    assert (scene.g1.values["C_FADEINSHAPE"], scene.g1.values["C_FADEOUTSHAPE"]) == (2.0, 0.0)


@case("X-Raym_Apply volume of previous item on track to selected items.lua")
def volume_of_previous(scene: Scene) -> Iterator[None]:
    scene.select(scene.g2)
    scene.g1.values["D_VOL"] = 0.25
    yield
    assert scene.g2.values["D_VOL"] == 0.25


@case("X-Raym_Explode selected items on tracks below.lua")
def explode(scene: Scene) -> Iterator[None]:
    third = scene.item(scene.guitar, 9.0, 1.0, "third", selected=True)
    yield
    assert scene.g1.track is scene.guitar
    assert scene.g2.track is scene.bass
    assert third.track is scene.project.tracks[5]


@case("amagalma_Move edit cursor to closest item edge in project.lua")
def cursor_to_edge(scene: Scene) -> Iterator[None]:
    scene.project.cursor = 6.6
    yield
    assert scene.project.cursor == 7.0
    assert scene.points() == []


@case("cfillion_Extend time selection to cover selected items.lua")
def extend_time_selection(scene: Scene) -> Iterator[None]:
    scene.project.time_selection = (6.0, 6.5)
    yield
    assert scene.project.time_selection == (4.0, 8.0)
