"""Tests how the scripts place results; the tests take the place of the daemon."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.daws.reaper.rig import Rig, job
from tests.daws.reaper.steps import ASKED, LEAD, ask, of_bridge, offer, placed, points, source_tracks, waiting


@pytest.fixture
def rig(home: Path, tmp_path: Path) -> Rig:
    rig = Rig(home, tmp_path)
    rig.choose()
    return rig


def test_the_result_is_placed_below_the_source_at_the_same_position(rig: Rig) -> None:
    item = rig.item(4.0, 1.0)
    item.values |= {"D_VOL": 0.8, "D_FADEINLEN": 0.1, "C_FADEOUTSHAPE": 3.0, "D_SNAPOFFSET": 0.05}
    rig.track("Bass")
    message = ask(rig)
    (variation,) = offer(rig, message)
    assert source_tracks(rig) == ["Guitar", "Guitar - remix 1", "Bass"]
    (result,) = of_bridge(rig)
    assert (result.values["D_POSITION"], result.values["D_LENGTH"]) == (4.0, 1.0)
    assert result.take
    assert result.take.values["D_STARTOFFS"] == LEAD
    kept = ("D_VOL", "D_FADEINLEN", "C_FADEOUTSHAPE", "D_SNAPOFFSET")
    assert [result.values[key] for key in kept] == [0.8, 0.1, 3.0, 0.05]
    assert result.texts["P_EXT:ace_bridge_recipe"].endswith(".json")
    assert [name for name, _ in rig.project.history] == [ASKED, "Place remix"]
    assert not waiting(rig)
    assert placed(rig) == [{"variation_id": variation, "item": result.guid}]
    assert rig.host.peaks[-1] == (str(rig.folder / "result.wav"), 2)
    rig.host.verify()


@pytest.mark.parametrize(
    ("change", "position", "length", "offset"),
    [
        ({"D_POSITION": 9.0}, 9.0, 1.0, LEAD),  # moved
        ({"D_POSITION": 4.25, "D_LENGTH": 0.75, "D_STARTOFFS": 0.75}, 4.25, 0.75, LEAD + 0.25),  # trimmed at its start
        ({"D_LENGTH": 0.5}, 4.0, 0.5, LEAD),  # trimmed at its end
        ({"D_POSITION": 3.9, "D_LENGTH": 1.1, "D_STARTOFFS": 0.4}, 3.9, 1.1, LEAD - 0.1),  # extended into the handle
        ({"D_LENGTH": 1.2}, 4.0, 1.2, LEAD),
        ({"D_STARTOFFS": 0.7}, 4.0, 1.0, LEAD + 0.2),  # slipped
        ({"D_STARTOFFS": 2.9}, 1.6, 1.0, LEAD),  # slipped further: the sent part would now be at 1.6 s
    ],
)
def test_the_result_follows_its_source(
    rig: Rig, change: dict[str, float], position: float, length: float, offset: float
) -> None:
    item = rig.item(4.0, 1.0, 0.5)
    message = ask(rig)
    assert item.take
    for key, value in change.items():
        (item.take.values if key in item.take.values else item.values)[key] = value
    offer(rig, message)
    (result,) = of_bridge(rig)
    assert result.take
    assert result.values["D_POSITION"] == pytest.approx(position, abs=1e-9)
    assert result.values["D_LENGTH"] == pytest.approx(length, abs=1e-9)
    assert result.take.values["D_STARTOFFS"] == pytest.approx(offset, abs=1e-9)


def test_items_of_one_track_share_a_new_track_and_one_undo_point(rig: Rig) -> None:
    track, other = rig.track("Guitar"), rig.track("Bass")
    for position, where in ((4.0, track), (6.0, track), (8.0, other)):
        rig.item(position, 1.0, 0.5, where)
    offer(rig, ask(rig))
    assert source_tracks(rig) == ["Guitar", "Guitar - remix 1", "Bass", "Bass - remix 1"]
    assert [len(one.items) for one in rig.project.tracks] == [2, 2, 1, 1]
    assert points(rig) == ["Place 3 remixes"]
    rig.host.undo(rig.project)
    assert len(waiting(rig)) == 3
    rig.host.undo(rig.project)
    assert source_tracks(rig) == ["Guitar", "Bass"]


@pytest.mark.parametrize(
    ("depths", "source", "expected"),
    [
        ([0, 0], 0, [0, 0, 0]),
        ([1, 0, -1, 0], 0, [1, 0, -1, 0, 0]),  # source is the folder: the new track follows the last child
        ([1, 0, -1, 0], 1, [1, 0, 0, -1, 0]),
        ([1, 0, -1, 0], 2, [1, 0, 0, -1, 0]),  # source is the last child: the new track ends the folder
        ([1, 1, -2, 0], 1, [1, 1, -1, -1, 0]),  # source is the inner folder: the new track ends the outer folder
        ([1, 1, -2, 0], 2, [1, 1, 0, -2, 0]),
    ],
)
def test_the_folder_structure_is_kept(rig: Rig, depths: list[int], source: int, expected: list[int]) -> None:
    tracks = [rig.track(str(number), depth) for number, depth in enumerate(depths)]
    rig.item(track=tracks[source])
    offer(rig, ask(rig))
    assert [track.values["I_FOLDERDEPTH"] for track in rig.project.tracks] == expected
    new = next(track for track in rig.project.tracks if track.name.endswith("remix 1"))
    assert new.parent is tracks[source].parent


def test_as_a_take(rig: Rig) -> None:
    rig.choose(mode="take")
    item = rig.item()
    offer(rig, ask(rig))
    assert source_tracks(rig) == ["Guitar"]
    assert len(item.takes) == 2
    assert item.active == 1
    assert item.takes[1].values["D_STARTOFFS"] == LEAD
    assert item.takes[1].texts["P_EXT:ace_bridge_variation"]


@pytest.mark.parametrize("lanes", [True, False])
def test_as_a_lane_only_if_the_track_has_lanes(rig: Rig, lanes: bool) -> None:
    rig.choose(mode="lane", source="mute")
    item = rig.item()
    item.track.values |= {"I_FREEMODE": 2.0 if lanes else 0.0, "I_NUMFIXEDLANES": 2.0}
    offer(rig, ask(rig))
    (result,) = of_bridge(rig)
    assert (result.track is item.track) is lanes
    assert result.values["I_FIXEDLANE"] == (2.0 if lanes else 0.0)
    assert item.values["B_MUTE"] == 1.0


def test_the_result_goes_to_the_tab_of_its_request(rig: Rig, tmp_path: Path) -> None:
    rig.item()
    message = ask(rig)
    rig.host.active = rig.host.open_project(tmp_path, str(tmp_path / "other.rpp"))
    offer(rig, message)
    assert len(of_bridge(rig)) == 1
    assert not rig.host.active.tracks
    rig.host.verify()


def test_an_older_reaper_waits_for_the_tab(home: Path, tmp_path: Path) -> None:
    rig = Rig(home, tmp_path, version="7.08")
    rig.choose()
    rig.item()
    message = ask(rig)
    rig.host.active = rig.host.open_project(tmp_path, str(tmp_path / "other.rpp"))
    offer(rig, message)
    assert not of_bridge(rig)
    rig.host.active = rig.project
    rig.host.tick(8)
    assert len(of_bridge(rig)) == 1
    rig.host.verify()


def test_nothing_is_placed_while_recording_or_while_redo_is_possible(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    rig.project.play_state = 5
    offer(rig, message)
    assert not of_bridge(rig)
    rig.project.play_state, rig.project.undone = 0, ["Move item"]
    rig.host.tick(30)
    assert not of_bridge(rig)
    assert rig.project.undone == ["Move item"]
    rig.act("Place ready remixes")
    rig.host.tick(8)
    assert len(of_bridge(rig)) == 1
    rig.host.verify()


def test_place_ready_waits_for_the_daemons_offer(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    rig.project.undone = ["Move item"]
    rig.act("Place ready remixes")
    rig.host.tick(30)  # the daemon has not offered the result yet
    offer(rig, message)
    assert len(of_bridge(rig)) == 1
    rig.host.verify()


def test_a_placed_result_is_only_confirmed(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    offer(rig, message)
    assert len(placed(rig)) == 1
    rig.host.quit()
    for key in [key for key in rig.host.ext if key[1] != "instance"]:
        del rig.host.ext[key]
    rig.act("Service")  # the script's state is lost, but the project contains the item
    rig.host.tick(8)
    assert len(of_bridge(rig)) == 1
    assert len(placed(rig)) == 2
    assert placed(rig)[0] == placed(rig)[1]


def test_an_undone_result_is_not_placed_again(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    offer(rig, message)
    rig.host.undo(rig.project)
    rig.host.tick(30)
    assert not of_bridge(rig)
    rig.host.verify()


@pytest.mark.parametrize("gone", ["item", "track"])
def test_a_deleted_source_does_not_lose_the_result(rig: Rig, gone: str) -> None:
    item = rig.item(4.0)
    rig.track("Bass")
    message = ask(rig)
    track = item.track
    track.items.clear()
    if gone == "track":
        rig.project.tracks.remove(track)
    offer(rig, message)
    (result,) = of_bridge(rig)
    assert result.values["D_POSITION"] == 4.0
    expected = ["Guitar", "Guitar - remix 1", "Bass"] if gone == "item" else ["Guitar - remix 1", "Bass"]
    assert source_tracks(rig) == expected


def test_a_result_without_source_tracks_gets_the_last_track(rig: Rig) -> None:
    item = rig.item(4.0)
    rig.track("Bass")
    message = ask(rig)
    item.track.items.clear()
    del rig.project.tracks[:2]
    offer(rig, message)
    assert source_tracks(rig) == ["Bass", "remix 1"]


def test_a_closed_project_is_reported_once_and_the_service_ends(rig: Rig, tmp_path: Path) -> None:
    rig.item()
    message = ask(rig)
    rig.host.projects.clear()
    rig.host.active = rig.host.open_project(tmp_path, str(tmp_path / "other.rpp"))
    offer(rig, message)
    rig.host.tick(200)
    assert [one for one in rig.host.boxes if "is not open" in one] == rig.host.boxes
    assert len(rig.host.boxes) == 1
    assert not rig.host.busy()
    assert not placed(rig)


def test_a_result_that_reaper_cannot_open_is_reported(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    broken = rig.folder / "broken.wav"
    broken.write_bytes(b"no audio")
    made = job(message["message_id"], broken)
    rig.answer(jobs=[made], place=[made["variations"][0]["variation_id"]])
    rig.host.tick(8)
    (failed,) = rig.messages("place_failed")
    assert "cannot open" in failed["args"]["text"]
    assert not points(rig)


def test_an_idle_service_sends_bye_and_ends(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    rig.answer(jobs=[job(message["message_id"], rig.tone, state="done")])
    rig.host.tick(150)
    assert not rig.host.busy()
    assert len(rig.messages("bye")) == 1
    rig.host.verify()


def test_an_error_is_shown_once_with_its_own_text(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    error = {"code": "key_refused", "text": "fal does not accept the key.", "hint": "Check the key."}
    rig.answer(jobs=[job(message["message_id"], rig.tone, state="failed", error=error)])
    rig.host.tick(60)
    assert rig.host.boxes == ["The remix did not finish.\n\nfal does not accept the key.\n\nCheck the key."]


def test_a_half_written_outbox_is_ignored(rig: Rig) -> None:
    rig.item()
    ask(rig)
    path = rig.home / "outbox" / f"{rig.instance}.json"
    for content in ("", '{"jobs": [', "null", '{"jobs": 1}'):
        path.write_text(content)
        rig.host.tick(8)
    rig.host.verify()
    assert not rig.host.boxes


@pytest.mark.parametrize("count", [4, 1])
def test_a_large_session_is_not_blocked(rig: Rig, count: int) -> None:
    """The mock counts 1 µs per call and 10 ns per instruction; no tick or action may take more than 20 ms."""
    track = rig.track("Long")
    for number in range(2500):
        rig.item(10.0 + number, 0.5, 0.5, track).selected = number < count
    rig.host.answers = [True]
    rig.act("Remix with last settings")
    (message,) = rig.messages("remix")
    offer(rig, message)
    assert len(of_bridge(rig)) == count
    assert points(rig) == ["Place remix" if count == 1 else f"Place {count} remixes"]
    rig.host.verify()
