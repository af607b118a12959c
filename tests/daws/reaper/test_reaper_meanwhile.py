"""Tests that results follow what users do while a remix is in progress, and that new tracks play like their sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.daws.reaper.model import Envelope, Item, Point, Source, Take
from tests.daws.reaper.rig import Rig, job
from tests.daws.reaper.steps import LEAD, ask, move, of_bridge, offer, placed, points, source_tracks, split, waiting
from tests.fakes.studio import write_tone


@pytest.fixture
def rig(home: Path, tmp_path: Path) -> Rig:
    rig = Rig(home, tmp_path)
    rig.choose()
    return rig


# --- the new track plays like the source track -----------------------------------------------------------------------

PLAYBACK = {
    "D_PLAY_OFFSET": -0.02,
    "I_PLAY_OFFSET_FLAG": 2.0,
    "B_PHASE": 1.0,
    "C_BEATATTACHMODE": 2.0,
}
LEVEL = {"D_VOL": 0.5, "D_PAN": 0.25, "D_WIDTH": 0.5, "I_PANMODE": 5.0, "D_PANLAW": 0.7}


def test_offset_polarity_pan_law_and_timebase_are_copied(rig: Rig) -> None:
    item = rig.item()
    item.track.values |= PLAYBACK | LEVEL
    item.values["C_BEATATTACHMODE"] = 1.0
    offer(rig, ask(rig))
    (result,) = of_bridge(rig)
    for key, value in (PLAYBACK | LEVEL).items():
        assert result.track.values[key] == value, key
    assert result.values["C_BEATATTACHMODE"] == 1.0
    rig.host.verify()


@pytest.mark.parametrize("active", [True, False])
def test_automation_of_the_fader_is_mentioned(rig: Rig, active: bool) -> None:
    item = rig.item()
    for name in ("Volume", "Pan", "Volume (Pre-FX)"):
        item.track.envelopes.append(Envelope(item.track, name, active, points=[Point(0.0, 0.5)]))
    message = ask(rig)
    expected = ["the volume automation of the track", "the pan automation of the track"]
    assert message["args"]["clips"][0]["ignored"] == (expected if active else [])
    offer(rig, message)
    (result,) = of_bridge(rig)
    assert not result.track.envelopes


# --- the item was moved to another track -----------------------------------------------------------------------------


@pytest.mark.parametrize("variations", [1, 2])
def test_a_result_is_placed_below_the_track_that_its_item_is_on_now(rig: Rig, variations: int) -> None:
    rig.choose(variations=variations)
    item, bass = rig.item(), rig.track("Bass")
    bass.values["D_VOL"] = 0.25
    message = ask(rig)
    assert source_tracks(rig)[:2] == ["Guitar", "Guitar - remix 1"]
    move(item, bass)
    offer(rig, message)
    (result,) = of_bridge(rig)
    others = ["Guitar - remix 2"] if variations == 2 else []
    assert source_tracks(rig) == ["Guitar", *others, "Bass", "Bass - remix 1"]
    assert (result.track.name, result.track.values["D_VOL"]) == ("Bass - remix 1", 0.25)
    assert len(waiting(rig)) == variations - 1
    assert points(rig) == ["Place remix"]
    rig.host.verify()


def test_items_that_stay_keep_their_track(rig: Rig) -> None:
    track, bass = rig.track("Guitar"), rig.track("Bass")
    items = [rig.item(position, 1.0, 0.5, track) for position in (4.0, 6.0, 8.0)]
    message = ask(rig)
    for item in items[1:]:
        move(item, bass)
    offer(rig, message)
    assert source_tracks(rig) == ["Guitar", "Guitar - remix 1", "Bass", "Bass - remix 1"]
    assert [len(one.items) for one in rig.project.tracks] == [1, 1, 2, 2]


# --- the item plays at another rate ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["new_track", "take"])
@pytest.mark.parametrize(("before", "now", "length"), [(1.0, 2.0, 0.5), (1.0, 0.5, 2.0), (1.5, 1.0, 1.5)])
def test_a_result_is_stretched_like_its_item(rig: Rig, mode: str, before: float, now: float, length: float) -> None:
    rig.choose(mode=mode)
    item = rig.item(4.0, 1.0, 0.5)
    assert item.take
    item.take.values |= {"D_PLAYRATE": before, "B_PPITCH": 0.0}
    message = ask(rig)
    item.take.values["D_PLAYRATE"] = now
    item.values["D_LENGTH"] = length
    offer(rig, message)
    if mode == "take":
        result = item
        assert len(item.takes) == 2
    else:
        (result,) = of_bridge(rig)
    assert result.values["D_POSITION"] == 4.0
    assert result.values["D_LENGTH"] == pytest.approx(length, abs=1e-9)
    assert result.take
    assert result.take.values["D_PLAYRATE"] == pytest.approx(now / before)
    assert result.take.values["D_STARTOFFS"] == pytest.approx(LEAD)
    assert result.take.values["B_PPITCH"] == 0.0


def test_a_stretched_and_trimmed_item_gets_its_part(rig: Rig) -> None:
    item = rig.item(4.0, 1.0, 0.5)
    message = ask(rig)
    assert item.take
    item.take.values |= {"D_PLAYRATE": 0.5, "D_STARTOFFS": 0.75}  # the first quarter was cut off
    item.values |= {"D_POSITION": 10.0, "D_LENGTH": 1.0}  # and of the rest, the last half second of the source
    offer(rig, message)
    (result,) = of_bridge(rig)
    assert result.take
    assert (result.values["D_POSITION"], result.values["D_LENGTH"]) == (10.0, pytest.approx(1.0))
    assert result.take.values["D_STARTOFFS"] == pytest.approx(LEAD + 0.25)
    assert result.take.values["D_PLAYRATE"] == 0.5


# --- the item was split ----------------------------------------------------------------------------------------------


def parts(rig: Rig) -> list[tuple[float, float, float]]:
    """Return (position, length, offset in the result after the clip's start) of the placed items, by offset."""
    assert not rig.messages("place_failed"), (rig.home / "reaper" / "logs" / "reaper.log").read_text()
    assert placed(rig)
    found = []
    for one in of_bridge(rig):
        assert one.take
        offset = one.take.values["D_STARTOFFS"] - LEAD
        found.append((one.values["D_POSITION"], round(one.values["D_LENGTH"], 9), round(offset, 9)))
    return sorted(found, key=lambda part: part[2])


def test_each_half_of_a_split_item_gets_its_part(rig: Rig) -> None:
    item = rig.item(4.0, 1.0, 0.5)
    item.values |= {"D_FADEINLEN": 0.1, "D_FADEOUTLEN": 0.2}
    message = ask(rig)
    right = split(rig, item, 4.25)
    right.values["D_FADEINLEN"] = 0.05
    (variation,) = offer(rig, message)
    assert parts(rig) == [(4.0, 0.25, 0.0), (4.25, 0.75, 0.25)]
    first, second = sorted(of_bridge(rig), key=lambda one: one.values["D_POSITION"])
    assert first.track is second.track
    assert [(one.values["D_FADEINLEN"], one.values["D_FADEOUTLEN"]) for one in (first, second)] == [
        (0.1, 0.0),
        (0.05, 0.2),
    ]
    assert [one.texts["P_EXT:ace_bridge_source"] for one in (first, second)] == [item.guid, right.guid]
    assert [one["variation_id"] for one in placed(rig)] == [variation]
    assert points(rig) == ["Place remix"]
    rig.host.verify()


def test_moved_retimed_and_repeated_halves(rig: Rig) -> None:
    item, bass = rig.item(4.0, 2.0, 0.5), rig.track("Bass")
    message = ask(rig)
    middle = split(rig, item, 4.5)
    last = split(rig, middle, 5.5)
    middle.values["D_POSITION"] = 20.0
    move(last, bass)
    assert last.take
    last.take.values["D_PLAYRATE"], last.values["D_LENGTH"] = 0.5, 1.0
    offer(rig, message, 3.0)
    assert parts(rig) == [(4.0, 0.5, 0.0), (20.0, 1.0, 0.5), (5.5, 1.0, 1.5)]
    assert source_tracks(rig) == ["Guitar", "Guitar - remix 1", "Bass", "Bass - remix 1"]
    rig.host.verify()


def test_a_part_of_an_item_that_was_split_before_it_and_in_it(rig: Rig) -> None:
    item = rig.item(4.0, 2.0, 0.5)
    rig.project.time_selection = (5.0, 5.5)
    message = ask(rig)
    right = split(rig, item, 4.5)
    split(rig, right, 5.25)
    offer(rig, message)
    assert parts(rig) == [(5.0, 0.25, 0.0), (5.25, 0.25, 0.25)]


def test_a_deleted_half_gets_nothing(rig: Rig) -> None:
    item = rig.item(4.0, 1.0, 0.5)
    message = ask(rig)
    right = split(rig, item, 4.25)
    right.track.items.remove(right)
    offer(rig, message)
    assert parts(rig) == [(4.0, 0.25, 0.0)]


@pytest.mark.parametrize("position", [4.25, 12.0])
def test_an_item_that_existed_before_is_no_half(rig: Rig, position: float) -> None:
    """Chopped loops play parts of one file in a row; the next one is no half of an item that was shortened."""
    item = rig.item(4.0, 1.0, 0.5)
    other = rig.item(position, 0.75, 0.75, item.track)
    other.selected = False
    message = ask(rig)
    item.values["D_LENGTH"] = 0.25
    offer(rig, message)
    assert parts(rig) == [(4.0, 0.25, 0.0)]


def test_halves_with_a_crossfade(rig: Rig) -> None:
    item = rig.item(4.0, 1.0, 0.5)
    message = ask(rig)
    right = split(rig, item, 4.5)
    assert right.take
    right.values |= {"D_POSITION": 4.49, "D_LENGTH": 0.51}
    right.take.values["D_STARTOFFS"] -= 0.01
    offer(rig, message)
    assert parts(rig) == [(4.0, 0.5, 0.0), (4.49, 0.51, 0.49)]


def test_takes_in_both_halves(rig: Rig) -> None:
    rig.choose(mode="take", source="mute")
    item = rig.item(4.0, 1.0, 0.5)
    message = ask(rig)
    right = split(rig, item, 4.25)
    offer(rig, message)
    assert [len(one.takes) for one in (item, right)] == [2, 2]
    assert right.takes[1].values["D_STARTOFFS"] == pytest.approx(LEAD + 0.25)


def test_swap_and_remove_know_the_halves(rig: Rig) -> None:
    item = rig.item(4.0, 1.0, 0.5)
    message = ask(rig)
    right = split(rig, item, 4.25)
    (variation,) = offer(rig, message)
    item.selected, right.selected = False, True
    rig.act("Swap source and remix")
    assert (item.values["B_MUTE"], right.values["B_MUTE"]) == (0.0, 1.0)
    right.selected = False
    for count in (0, 1):
        of_bridge(rig)[0].selected = True
        rig.act("Remove this remix")
        assert [one["args"]["variation_id"] for one in rig.messages("removed")] == [variation] * count
    assert source_tracks(rig) == ["Guitar"]


# --- a take on a part of an item -------------------------------------------------------------------------------------


def sounds(item: Item, start: float, length: float) -> np.ndarray:
    """Return what the active take of an item plays."""
    assert item.take
    return item.take.read(48_000, start, round(length * 48_000))


def test_a_take_on_a_part_of_an_item_does_not_loop_outside_the_part(rig: Rig) -> None:
    rig.choose(mode="take")
    item = rig.item(4.0, 2.0, 0.5)
    before = sounds(item, 0.0, 2.0)
    rig.project.time_selection = (4.75, 5.25)
    offer(rig, ask(rig), LEAD + 0.5 + 0.1)
    assert len(item.takes) == 2
    assert item.take
    assert item.take.values["D_STARTOFFS"] == pytest.approx(LEAD - 0.75)
    assert np.abs(sounds(item, 0.75, 0.5)).max() > 0.1
    assert not sounds(item, 0.0, 0.5).any(), "before the margin"
    assert not sounds(item, 1.36, 0.6).any(), "after the margin"
    item.active = 0
    np.testing.assert_array_equal(sounds(item, 0.0, 2.0), before)
    rig.host.verify()


def test_a_take_that_covers_its_item_leaves_the_item_looped(rig: Rig) -> None:
    rig.choose(mode="take")
    item = rig.item(4.0, 1.0, 0.5)
    offer(rig, ask(rig))
    assert item.values["B_LOOPSRC"] == 1.0


@pytest.mark.parametrize("kind", ["loop", "other take", "MIDI"])
def test_an_item_that_needs_its_loop_gets_the_part_on_a_new_track(rig: Rig, kind: str) -> None:
    """Without the loop, a take of the source would sound different."""
    rig.choose(mode="take")
    item = rig.item(4.0, 2.0, 0.5)
    assert item.take
    assert item.take.source
    if kind == "loop":
        item.take.values["D_STARTOFFS"] = 2.0
    else:
        source = Source(item.take.source.path)
        item.takes.append(Take(item, source, midi=kind == "MIDI"))
        item.takes[1].values["D_STARTOFFS"] = 0.0 if kind == "MIDI" else 2.0
    rig.project.time_selection = (4.75, 5.25)
    rig.act("Remix with last settings")
    rig.until(lambda: rig.messages("remix"))
    offer(rig, rig.messages("remix")[-1], LEAD + 0.5)
    (result,) = of_bridge(rig)
    assert result.track is not item.track
    assert (result.values["D_POSITION"], result.values["D_LENGTH"]) == (4.75, 0.5)
    assert item.values["B_LOOPSRC"] == 1.0
    rig.host.verify()


def test_an_item_that_was_extended_gets_no_loop_either(rig: Rig) -> None:
    rig.choose(mode="take")
    item = rig.item(4.0, 1.0, 0.5)
    message = ask(rig)
    item.values["D_LENGTH"] = 2.0
    offer(rig, message, LEAD + 1.0)
    assert len(item.takes) == 2
    assert np.abs(sounds(item, 0.0, 1.0)).max() > 0.1
    assert not sounds(item, 1.01, 0.9).any()


# --- clips remixed as one --------------------------------------------------------------------------------------------


def ask_as_one(rig: Rig, *spans: tuple[str, float, float]) -> tuple[dict[str, Item], Any]:
    """Remix items (track, position, length) as one; return the items by track and position, and the message."""
    tracks = {name: rig.track(name) for name in dict.fromkeys(name for name, _, _ in spans)}
    items = {
        f"{name} {position:g}": rig.item(position, length, position - 3.5, tracks[name])
        for name, position, length in spans
    }
    rig.host.answers = [True]
    rig.act("Remix with last settings")
    rig.until(lambda: rig.messages("remix"))
    rig.host.boxes.clear()
    return items, rig.messages("remix")[-1]


def offer_pieces(rig: Rig, message: Any) -> None:
    """Offer the mix of a request's clips, as the daemon describes it."""
    clips = message["args"]["clips"]
    start = min(clip["position"] for clip in clips)
    end = max(clip["position"] + clip["length"] for clip in clips)
    made = job(message["message_id"], write_tone(rig.folder / "mix.wav", LEAD + end - start), lead=LEAD)
    made["variations"][0]["result"] |= {
        "samples": round((end - start) * 48_000),
        "pieces": [
            {"clip_id": clip["id"], "at": clip["position"] - start, "samples": round(clip["length"] * 48_000)}
            for clip in clips
        ],
    }
    rig.answer(jobs=[made], place=[made["variations"][0]["variation_id"]])
    rig.until(lambda: placed(rig))
    rig.host.verify()


DRUMS = [
    ("Kick", 4.0, 0.5),
    ("Snare", 4.0, 0.5),
    ("Kick", 4.5, 0.5),
    ("Snare", 4.5, 0.5),
    ("Kick", 6, 0.5),
    ("Snare", 6.25, 0.5),
]


def test_a_mix_is_cut_back_to_its_items(rig: Rig) -> None:
    """Microphones that sound together stay together; the cuts are where the items of all tracks end."""
    rig.choose(source="mute")
    items, message = ask_as_one(rig, *DRUMS)
    offer_pieces(rig, message)
    assert parts(rig) == [(4.0, 0.5, 0.0), (4.5, 0.5, 0.5), (6.0, 0.75, 2.0)]
    assert source_tracks(rig) == ["Kick", "Snare", "Snare - remix 1"]
    assert {one.track.name for one in of_bridge(rig)} == {"Snare - remix 1"}
    assert [one.values["B_MUTE"] for one in items.values()] == [1.0] * 6
    assert not waiting(rig)
    assert points(rig) == ["Place remix"]


def test_the_parts_of_a_mix_follow_their_items(rig: Rig) -> None:
    items, message = ask_as_one(rig, *DRUMS)
    items["Kick 4.5"].values["D_POSITION"] = 10.0
    offer_pieces(rig, message)
    assert parts(rig) == [(4.0, 0.5, 0.0), (10.0, 0.5, 0.5), (6.0, 0.75, 2.0)]


def test_microphones_without_cuts_stay_one_item(rig: Rig) -> None:
    _, message = ask_as_one(rig, ("Left", 4.5, 1.0), ("Right", 4.0, 1.0))
    offer_pieces(rig, message)
    assert parts(rig) == [(4.0, 1.5, 0.0)]
