"""Tests which items an action takes: what the user marked, or else only what they see and hear."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.daws.reaper.model import Item
from tests.daws.reaper.rig import Rig
from tests.daws.reaper.steps import ask, of_bridge, offer
from tests.fakes.processes import running

MARK = "P_EXT:ace_bridge_"


@pytest.fixture
def rig(home: Path, tmp_path: Path) -> Rig:
    rig = Rig(home, tmp_path)
    rig.choose()
    rig.project.time_selection = (0.0, 60.0)
    return rig


def unselected(rig: Rig, position: float = 4.0, **options: object) -> Item:
    item = rig.item(position, **options)  # type: ignore[arg-type]
    item.selected = False
    return item


def taken(rig: Rig, action: str = "Remix time selection") -> list[float]:
    """Return the positions of the clips that an action requests, s."""
    before = len(rig.messages("remix"))
    rig.host.answers = [False] * 2  # no mix of overlapping items
    rig.act(action)
    return [clip["position"] for one in rig.messages("remix")[before:] for clip in one["args"]["clips"]]


def put_on_lanes(rig: Rig, *positions: float, plays: int) -> list[Item]:
    """Add items to the lanes of a new track; only the lane `plays` plays."""
    track = rig.track("Comp")
    track.values |= {"I_FREEMODE": 2.0, "I_NUMFIXEDLANES": float(len(positions))}
    items = [unselected(rig, position, track=track) for position in positions]
    for lane, item in enumerate(items):
        item.values["I_FIXEDLANE"] = float(lane)
        track.lane_plays[lane] = 1 if lane == plays else 0
    return items


LEFT_OUT: dict[str, Callable[[Rig, Item], object]] = {
    "a muted item": lambda rig, item: item.values.update(B_MUTE=1.0),
    "a muted track": lambda rig, item: item.track.values.update(B_MUTE=1.0),
    "a hidden track": lambda rig, item: item.track.values.update(B_SHOWINTCP=0.0),
    "another track is soloed": lambda rig, item: rig.project.tracks[0].values.update(I_SOLO=2.0),
    "a result": lambda rig, item: item.texts.update({MARK + "variation": "v"}),
    "a result as the active take": lambda rig, item: item.takes[0].texts.update({MARK + "variation": "v"}),
    "a placeholder": lambda rig, item: item.texts.update({MARK + "waits": "r/c/0"}),
    "an empty item": lambda rig, item: item.takes.clear(),
}


@pytest.mark.parametrize("what", LEFT_OUT)
def test_with_nothing_selected_only_what_is_seen_and_heard_is_taken(rig: Rig, what: str) -> None:
    unselected(rig, 2.0)
    other = unselected(rig, 8.0)
    assert taken(rig) == [2.0, 8.0]
    LEFT_OUT[what](rig, other)
    rig.host.tick(61)
    assert taken(rig) == [2.0]
    rig.host.verify()


def test_a_muted_folder_silences_its_tracks(rig: Rig) -> None:
    folder, child = rig.track("Band", 1), rig.track("Drums", -1)
    unselected(rig, 2.0, track=child)
    unselected(rig, 8.0)
    folder.values["B_MUTE"] = 1.0
    assert taken(rig) == [8.0]


def test_a_soloed_folder_plays_its_tracks_and_so_does_a_track_that_defeats_solo(rig: Rig) -> None:
    folder, child = rig.track("Band", 1), rig.track("Drums", -1)
    unselected(rig, 2.0, track=child)
    click = unselected(rig, 5.0)
    unselected(rig, 8.0)
    folder.values["I_SOLO"] = 1.0
    click.track.values["B_SOLO_DEFEAT"] = 1.0
    assert taken(rig) == [2.0, 5.0]


def test_silent_lanes_are_left_out(rig: Rig) -> None:
    put_on_lanes(rig, 2.0, 2.2, 8.0, plays=1)
    assert taken(rig) == [2.2]
    rig.host.verify()


def test_an_item_left_on_a_lane_of_a_track_without_lanes_is_left_out(rig: Rig) -> None:
    item = unselected(rig, 2.0)
    unselected(rig, 8.0)
    item.track.lane_plays[0] = -1
    assert taken(rig) == [8.0]


def test_what_the_user_selected_is_taken_even_if_muted(rig: Rig) -> None:
    item = rig.item(2.0)
    item.values["B_MUTE"] = item.track.values["B_MUTE"] = 1.0
    assert taken(rig) == [2.0]


def test_a_time_selection_over_a_remix_takes_only_its_source(rig: Rig) -> None:
    item = rig.item(4.0)
    offer(rig, ask(rig))
    item.selected = False
    assert len(of_bridge(rig)) == 1
    rig.act("Remix time selection")
    ((clip,),) = [one["args"]["clips"] for one in rig.messages("remix")]
    assert clip["track"]["name"] == "Guitar"
    rig.host.verify()


@pytest.mark.parametrize(
    ("area", "expected"),
    [
        ('0 60 ""', [2.0, 4.0, 8.0]),
        ("0 60", [2.0, 4.0, 8.0]),
        ('0 60 "" 0.0 0.333333', [2.0]),
        ('0 60 "" 0.333333 0.666667', [4.0]),
        ('0 60 "" 0.333333 1.0', [4.0, 8.0]),
        ('0 60 "" 0.666667 1.0,1 3 "" 0.0 0.3', [8.0, 2.0]),
        ('0 60 "{A-GUID}"', []),
        ('0 60 "{A-GUID}" 0.0 0.333333', []),
    ],
)
def test_a_razor_edit_takes_the_items_of_its_lanes(rig: Rig, area: str, expected: list[float]) -> None:
    first, *_ = put_on_lanes(rig, 2.0, 4.0, 8.0, plays=1)
    first.track.razor = area
    assert taken(rig, "Remix razor edits") == expected
    rig.host.verify()


def test_a_razor_edit_takes_no_items_of_hidden_lanes_and_no_placeholders(rig: Rig) -> None:
    first, second, _ = put_on_lanes(rig, 2.0, 4.0, 8.0, plays=2)
    first.values["B_FIXEDLANE_HIDDEN"] = 1.0
    second.texts[MARK + "waits"] = "r/c/0"
    first.track.razor = '0 60 ""'
    assert taken(rig, "Remix razor edits") == [8.0]


def test_a_selected_placeholder_is_not_a_clip(rig: Rig) -> None:
    rig.item(2.0)
    rig.item(8.0).texts[MARK + "waits"] = "r/c/0"
    assert taken(rig, "Remix with last settings") == [2.0]


# --- items that cannot be remixed -------------------------------------------------------------------------------------

UNUSABLE: dict[str, tuple[Callable[[Item], object], str]] = {
    "empty": (lambda item: item.takes.clear(), "This item is empty."),
    "offline": (lambda item: setattr(item.takes[0], "source", None), "This item's media is offline."),
    "missing": (lambda item: setattr(item.takes[0].source, "path", "/nowhere/gone.wav"), "missing: /nowhere/gone.wav"),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_an_item_that_cannot_be_remixed_does_not_refuse_the_others(rig: Rig, what: str) -> None:
    spoil, text = UNUSABLE[what]
    track = rig.track()
    spoiled = [rig.item(position, track=track) for position in (2.0, 4.0, 6.0)][1]
    spoil(spoiled)
    assert taken(rig) == [2.0, 6.0]
    assert not rig.host.boxes
    (told,) = [one for one in rig.host.helped if one]
    assert told.startswith("ACE Bridge: 1 of 3 items left out. ")
    assert text in told
    assert "Nothing was sent" not in told
    rig.host.tick(310)
    assert (rig.host.helped[-1], rig.host.tooltips[-1]) == ("", "")
    rig.host.verify()


def test_the_price_does_not_include_what_is_left_out(rig: Rig) -> None:
    track = rig.track()
    items = [rig.item(2.0 * number, track=track) for number in range(22)]
    items[0].takes.clear()
    assert not taken(rig)
    assert rig.host.boxes == ["Submit 21 remixes (21.0 s of audio, up to USD 0.004)?"]
    assert not rig.host.helped, "nothing was left out of a request that the user cancelled"


def test_a_spoiled_item_does_not_make_a_mix(rig: Rig) -> None:
    rig.item(2.0)
    rig.item(2.0, track=rig.track("Room")).takes.clear()
    rig.act("Remix with last settings")
    assert not rig.host.boxes
    assert len(rig.messages("remix")) == 1


def test_a_surface_and_the_dialog_leave_out_items_too(rig: Rig) -> None:
    track = rig.track()
    rig.item(2.0, track=track).takes.clear()
    rig.item(4.0, track=track)
    rig.act("Listen to controllers")
    rig.host.tick(8)
    rig.answer(ask={"id": "ask-1", "command": "selection"})
    rig.host.tick(8)
    rig.host.answers = [1, None]
    rig.act("Remix selected items (asks)")
    for command in ("selection", "prepare"):
        assert [clip["position"] for one in rig.messages(command) for clip in one["args"]["clips"]] == [4.0]
    rig.host.verify()


def test_no_box_asks_for_settings_if_nothing_can_be_remixed(rig: Rig) -> None:
    rig.item(2.0).takes.clear()
    rig.act("Remix selected items (asks)")
    assert not rig.host.asked
    assert "empty" in rig.host.boxes[0]


def test_the_rest_is_remixed_and_placed_by_the_daemon(home: Path, tmp_path: Path) -> None:
    with running(home):
        rig = Rig(home, tmp_path)
        rig.choose()
        track = rig.track()
        rig.item(2.0, track=track).takes.clear()
        rig.item(4.0, track=track)
        rig.act("Remix with last settings")
        rig.until(lambda: of_bridge(rig))
        assert [item.values["D_POSITION"] for item in of_bridge(rig)] == [4.0]
        rig.until(lambda: not rig.host.busy())
        rig.host.verify()
