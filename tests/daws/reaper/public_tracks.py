"""Cases of public scripts that change takes, tracks, markers or envelopes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.daws.reaper.model import Take
from tests.daws.reaper.public_cases import case
from tests.daws.reaper.public_scene import Scene

# --- takes -----------------------------------------------------------------------------------------------------------


def take(scene: Scene) -> Take:
    assert scene.g1.take
    return scene.g1.take


@case("X-Raym_Add take markers from project markers to selected takes.lua")
def markers_to_takes(scene: Scene) -> Iterator[None]:
    take(scene).values |= {"D_STARTOFFS": 0.5, "D_PLAYRATE": 2.0}
    yield
    assert [(at, name) for at, name, _ in take(scene).markers] == [(pytest.approx(2.5), "Verse")]
    assert scene.g2.take
    assert scene.g2.take.markers == []


@case("mordi_Rename take markers from 1 to X.lua")
def rename_markers(scene: Scene) -> Iterator[None]:
    take(scene).markers = [(0.5, "a", 7), (1.5, "b", 8)]
    yield
    assert take(scene).markers == [(0.5, "1", 7), (1.5, "2", 8)]


@case("amagalma_Set all take markers' color for selected items in time selection.lua")
def color_markers(scene: Scene) -> Iterator[None]:
    scene.host.answers = [0x123456]
    scene.project.time_selection = (4.0, 5.0)
    take(scene).markers = [(0.5, "inside", 0), (1.5, "outside", 0)]
    yield
    assert take(scene).markers == [(0.5, "inside", 0x1123456), (1.5, "outside", 0)]
    assert scene.points() == ["Set take marker color"]


@case("X-Raym_Rename selected takes from CSV input.lua")
def rename_from_csv(scene: Scene) -> Iterator[None]:
    scene.host.answers = ['one,"two, too"']
    yield
    assert scene.names(scene.guitar) == ["one", "two, too"]


@case("X-Raym_Toggle selected active takes reverse arround their snap offset.lua")
def reverse(scene: Scene) -> Iterator[None]:
    scene.select(scene.g1)
    scene.g1.values["D_SNAPOFFSET"] = 0.5
    yield
    assert take(scene).source
    assert take(scene).source.reverse  # type: ignore[union-attr]
    assert scene.g1.values["D_SNAPOFFSET"] == 1.5
    assert scene.g1.values["D_POSITION"] == 3.0


@case("beaunus_Name item takes by last marker to cut item.lua")
def name_by_marker(scene: Scene) -> Iterator[None]:
    yield
    assert scene.names(scene.guitar) == ["Verse", "Verse"]


@case("mpl_Rename items on selected tracks incrementally.lua")
def rename_with_numbers(scene: Scene) -> Iterator[None]:
    yield
    assert scene.names(scene.guitar) == ["Guitar#1", "Guitar#2"]


@case("Mordi_Namecount from x.lua")
def count_names(scene: Scene) -> Iterator[None]:
    scene.select(scene.k1, scene.k2, scene.g2)
    scene.host.answers = ["5"]
    yield
    assert scene.names(scene.kick) == ["kick 05", "kick 06"]
    assert scene.names(scene.guitar) == ["riff", "solo 05"]


@case("Mordi_Move first character of active takes name to end (on selected items).lua")
def first_character(scene: Scene) -> Iterator[None]:
    yield
    assert scene.names(scene.guitar) == ["iffr", "olos"]


@case("Mordi_Add count of same-named takes to selected takes names (starting from 1).lua")
def add_count(scene: Scene) -> Iterator[None]:
    scene.select(scene.k1, scene.k2)
    yield
    assert scene.names(scene.kick) == ["kick_1", "kick_2"]


@case(
    "cfillion_Toggle take FX bypass for selected items.lua", "cfillion_Toggle take FX 2 bypass for selected items.lua"
)
def toggle_take_effect(scene: Scene) -> Iterator[None]:
    take(scene).fx = [True, True]
    yield
    assert take(scene).fx == [True, False]


@case(
    "cfillion_Select the item with highest or lowest pitch.lua",
    "cfillion_Select the item with highest pitch.lua",
)
def highest_pitch(scene: Scene) -> Iterator[None]:
    assert scene.g2.take
    scene.g2.take.values["D_PITCH"] = 3.0
    yield
    assert scene.selected() == [scene.g2]


@case("edgemeal_Cycle item last selected take up-down.lua", "edgemeal_Cycle item last selected take down.lua")
def cycle_take(scene: Scene) -> Iterator[None]:
    scene.select(scene.g1)
    scene.g1.takes += [Take(scene.g1), Take(scene.g1)]
    yield
    assert scene.g1.active == 1


@case("cfillion_Set take playback rate from semitones.lua")
def rate_from_semitones(scene: Scene) -> Iterator[None]:
    scene.host.answers = ["12"]
    yield
    assert take(scene).values["D_PLAYRATE"] == pytest.approx(2.0)
    assert take(scene).values["B_PPITCH"] == 0.0


@case("X-Raym_Multiply selected items rate by X and adjust length.lua")
def multiply_rate(scene: Scene) -> Iterator[None]:
    yield  # the box offers 2
    assert take(scene).values["D_PLAYRATE"] == 2.0
    assert scene.g1.values["D_LENGTH"] == 1.0


@case("amagalma_Reset gain to +0dB (un-normalize) for all the takes of the selected items.lua")
def reset_gain(scene: Scene) -> Iterator[None]:
    take(scene).values["D_VOL"] = 0.3
    yield
    assert take(scene).values["D_VOL"] == 1.0


@case("IXix_delete selected items active take envelopes.lua")
def delete_take_envelopes(scene: Scene) -> Iterator[None]:
    scene.envelope(scene.g1)
    yield
    assert take(scene).envelopes == []


@case("az_Propagate project Pitch Shift mode to all takes with default mode.lua")
def pitch_mode(scene: Scene) -> Iterator[None]:
    assert scene.g2.take
    scene.g2.take.values["I_PITCHMODE"] = 7.0  # is not the default, and stays
    yield
    assert take(scene).values["I_PITCHMODE"] == 589_824.0  # the project's mode, DEFPITCHMODE
    assert scene.g2.take.values["I_PITCHMODE"] == 7.0


# --- tracks ----------------------------------------------------------------------------------------------------------


@case("mordi_Sort selected tracks alphabetically.lua")
def sort_tracks(scene: Scene) -> Iterator[None]:
    scene.select_tracks(scene.guitar, scene.bass)
    yield
    assert [track.name for track in scene.project.tracks] == ["Drums", "Kick", "Snare", "Bass", "Guitar"]
    assert scene.selected_tracks() == [scene.bass, scene.guitar]


@case("ED_Toggle free item positioning mode with track name marker.lua")
def free_positioning(scene: Scene) -> Iterator[None]:
    yield
    assert scene.guitar.values["I_FREEMODE"] == 1.0
    assert scene.guitar.name == "[F] Guitar"


@case("Lokasenna_Select tracks in selection with no items.lua")
def without_items(scene: Scene) -> Iterator[None]:
    scene.select_tracks(scene.snare, scene.guitar)
    yield
    assert scene.selected_tracks() == [scene.snare]


@case("Lokasenna_Select tracks in selection with items.lua")
def with_items(scene: Scene) -> Iterator[None]:
    scene.select_tracks(scene.snare, scene.guitar)
    yield
    assert scene.selected_tracks() == [scene.guitar]


@case("Lokasenna_Track selection follows item selection.lua")
def selection_follows(scene: Scene) -> Iterator[None]:
    scene.select(scene.b1, scene.k1)
    yield
    assert scene.selected_tracks() == [scene.kick, scene.bass]


@case("airon_Show VCA Followers of selected VCA Leader.lua")
def show_followers(scene: Scene) -> Iterator[None]:
    scene.guitar.groups = {"VOLUME_VCA_LEAD": [0b100, 0]}
    scene.kick.groups, scene.bass.groups = {"VOLUME_VCA_FOLLOW": [0b110, 0]}, {"VOLUME_VCA_FOLLOW": [0b010, 0]}
    yield
    assert [track.name for track in scene.project.tracks if track.values["B_SHOWINTCP"]] == ["Kick"]


@case("edgemeal_Disable multichannel metering on selected tracks.lua")
def no_multichannel_metering(scene: Scene) -> Iterator[None]:
    scene.select_tracks(scene.guitar, scene.bass)
    scene.guitar.values["I_VUMODE"] = 2.0
    yield
    assert scene.guitar.values["I_VUMODE"] == scene.bass.values["I_VUMODE"] == 0.0
    assert scene.selected_tracks() == [scene.guitar, scene.bass]


@case("Lokasenna_Create bus after selected tracks and reroute them.lua")
def create_bus(scene: Scene) -> Iterator[None]:
    scene.select_tracks(scene.kick, scene.guitar)
    yield
    bus = scene.project.tracks[4]
    assert bus.name == "Bus"
    for track in (scene.kick, scene.guitar):
        assert [send.target for send in track.sends] == [bus]
        assert track.values["B_MAINSEND"] == 0.0


@case("jmieszkowski_Set the color of selected tracks from their parent tracks.lua")
def color_of_parent(scene: Scene) -> Iterator[None]:
    scene.drums.values["I_CUSTOMCOLOR"] = float(0x1000123)
    scene.select_tracks(scene.snare, scene.guitar)
    yield
    assert scene.snare.values["I_CUSTOMCOLOR"] == 0x1000123
    assert scene.guitar.values["I_CUSTOMCOLOR"] == 0.0


@case("set_channel_count.lua")
def channel_count(scene: Scene) -> Iterator[None]:
    scene.host.answers = ["5"]
    yield
    assert scene.guitar.values["I_NCHAN"] == 6.0
    assert scene.bass.values["I_NCHAN"] == 2.0


@case("cfillion_Delete last marker left of the play or edit cursor.lua")
def delete_marker(scene: Scene) -> Iterator[None]:
    scene.project.cursor = 5.5
    yield
    assert [one.name for one in scene.project.markers] == ["Intro", "Part A"]


@case("cfillion_Bypass all input FX for selected tracks.lua")
def bypass_input_effects(scene: Scene) -> Iterator[None]:
    scene.guitar.input_fx, scene.guitar.fx = [True, True], [True]
    yield
    assert scene.guitar.input_fx == [False, False]
    assert scene.guitar.fx == [True]


@case(
    "cfillion_Toggle input FX bypass for selected tracks.lua",
    "cfillion_Toggle input FX 1 bypass for selected tracks.lua",
)
def toggle_input_effect(scene: Scene) -> Iterator[None]:
    scene.guitar.input_fx = [True, True]
    yield
    assert scene.guitar.input_fx == [False, True]


@case("cfillion_Monitoring FX bypass bundle.lua", "cfillion_Bypass monitoring FX 2.lua")
def bypass_monitoring_effect(scene: Scene) -> Iterator[None]:
    scene.project.master.input_fx = [True, True]
    yield
    assert scene.project.master.input_fx == [True, False]


@case(
    "cfillion_Split selected automation items at project markers and regions.lua",
    "cfillion_Split selected automation items at project markers.lua",
)
def split_automation(scene: Scene) -> Iterator[None]:
    envelope = scene.envelope(scene.guitar)
    scene.host.InsertAutomationItem(envelope, 3, 4.0, 2.0)
    envelope.automation_items[0]["D_UISEL"] = 1.0
    yield
    parts = [(one["D_POSITION"], one["D_LENGTH"], one["D_STARTOFFS"]) for one in envelope.automation_items]
    assert parts == [(4.0, 1.0, 0.0), (5.0, 1.0, 1.0)]
    assert {one["D_POOL_ID"] for one in envelope.automation_items} == {3.0}


@case("edgemeal_Select tracks with locked items.lua")
def with_locked_items(scene: Scene) -> Iterator[None]:
    scene.b1.values["C_LOCK"] = 1.0
    yield
    assert scene.selected_tracks() == [scene.bass]


@case("mpl_Set track pan from take pan.lua")
def pan_to_track(scene: Scene) -> Iterator[None]:
    scene.select(scene.g1)
    take(scene).values["D_PAN"] = -0.5
    yield
    assert scene.guitar.values["D_PAN"] == -0.5
    assert take(scene).values["D_PAN"] == 0.0


@case("amagalma_Apply track fader volume to all items in selected tracks and reset faders to 0dB.lua")
def fader_to_items(scene: Scene) -> Iterator[None]:
    scene.guitar.values["D_VOL"], scene.g2.values["D_VOL"] = 0.5, 0.5
    yield
    assert scene.guitar.values["D_VOL"] == 1.0
    assert (scene.g1.values["D_VOL"], scene.g2.values["D_VOL"]) == (0.5, 0.25)


@case("X-Raym_Set selected tracks razor edit area to time selection.lua")
def razor_from_time_selection(scene: Scene) -> Iterator[None]:
    yield
    assert scene.guitar.razor == '4.0 8.0 ""'
    assert scene.bass.razor == ""


@case("JRT_Mute and hide selected tracks.lua")
def mute_and_hide(scene: Scene) -> Iterator[None]:
    yield
    assert [scene.guitar.values[key] for key in ("B_MUTE", "B_SHOWINMIXER", "B_SHOWINTCP")] == [1.0, 0.0, 0.0]
    assert scene.bass.values["B_MUTE"] == 0.0


@case("mpl_Invert selected tracks solo to mute states.lua")
def solo_to_mute(scene: Scene) -> Iterator[None]:
    scene.guitar.values["I_SOLO"] = 2.0
    yield
    assert (scene.guitar.values["I_SOLO"], scene.guitar.values["B_MUTE"]) == (0.0, 1.0)


@case("Lokasenna_Create folder to contain selected tracks.lua")
def create_folder(scene: Scene) -> Iterator[None]:
    scene.host.answers = ["Band"]
    scene.select_tracks(scene.guitar, scene.bass)
    yield
    assert [track.name for track in scene.project.tracks] == ["Drums", "Kick", "Snare", "Band", "Guitar", "Bass"]
    assert [scene.host.GetParentTrack(one) for one in (scene.guitar, scene.bass)] == [scene.project.tracks[3]] * 2


@case("cfillion_Explode selected tracks to mono tracks.lua")
def explode_to_mono(scene: Scene) -> Iterator[None]:
    yield
    assert [track.name for track in scene.project.tracks[4:6]] == ["Ch. 1 - Guitar", "Ch. 2 - Guitar"]
    assert [send.values["I_SRCCHAN"] for send in scene.guitar.sends] == [1024.0, 1025.0]


@case("mordi_Set media playback offset for selected tracks.lua")
def playback_offset(scene: Scene) -> Iterator[None]:
    scene.host.answers = ["-12"]
    yield
    assert scene.guitar.values["D_PLAY_OFFSET"] == pytest.approx(-0.012)
    assert scene.guitar.values["I_PLAY_OFFSET_FLAG"] == 0.0


@case("mpl_Delete x characters from selected track names.lua")
def shorten_names(scene: Scene) -> Iterator[None]:
    scene.host.answers = ["1;2"]
    yield
    assert scene.guitar.name == "uit"
    assert scene.bass.name == "Bass"
