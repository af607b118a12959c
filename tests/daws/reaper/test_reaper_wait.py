"""Tests placeholders in the arrange view and mixes of several microphones; the tests take the place of the daemon."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.daws.reaper.model import Track
from tests.daws.reaper.rig import Rig, job
from tests.daws.reaper.steps import LEAD, ask, of_bridge, offer, points, source_tracks, waiting
from tests.fakes.studio import write_tone


@pytest.fixture
def rig(home: Path, tmp_path: Path) -> Rig:
    rig = Rig(home, tmp_path)
    rig.choose()
    return rig


# --- placeholders ----------------------------------------------------------------------------------------------------


def test_a_muted_placeholder_appears_at_the_request(rig: Rig) -> None:
    rig.choose(variations=2)
    rig.item(4.0, 1.0)
    message = ask(rig)
    assert source_tracks(rig) == ["Guitar", "Guitar - remix 1", "Guitar - remix 2"]
    found = waiting(rig)
    assert [(one.values["D_POSITION"], one.values["D_LENGTH"], one.values["B_MUTE"]) for one in found] == [
        (4, 1, 1)
    ] * 2
    assert found[0].texts["P_NOTES"] == "The remix of tone will appear here."
    assert rig.messages() == []
    error = {"code": "x", "text": "It failed.", "hint": "Again."}
    rig.answer(jobs=[job(message["message_id"], rig.tone, state="failed", error=error)])
    rig.host.tick(8)
    assert source_tracks(rig) == ["Guitar"]
    assert points(rig) == ["Remove placeholder"]
    rig.host.verify()


@pytest.mark.parametrize(("play_state", "undone"), [(5, []), (0, ["Move item"])])
def test_no_placeholder_while_recording_or_while_redo_is_possible(rig: Rig, play_state: int, undone: list[str]) -> None:
    rig.item()
    rig.project.play_state, rig.project.undone = play_state, undone
    ask(rig)
    assert not rig.project.history
    assert rig.project.undone == undone


def test_a_remix_is_placed_without_its_placeholder(rig: Rig) -> None:
    item = rig.item()
    message = ask(rig)
    item.selected, waiting(rig)[0].selected = False, True
    rig.act("Remove this remix")
    assert source_tracks(rig) == ["Guitar"]
    offer(rig, message)
    assert source_tracks(rig) == ["Guitar", "Guitar - remix 1"]
    rig.host.verify()


def test_a_later_service_removes_leftover_placeholders(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    offer(rig, message)
    rig.host.undo(rig.project)
    rig.answer(jobs=[job(message["message_id"], rig.folder / "result.wav", state="done")])
    rig.host.tick(200)
    assert not rig.host.busy()
    assert len(waiting(rig)) == 1  # the placeholder stays, because redo is possible
    rig.project.undone.clear()
    rig.act("Service")
    rig.host.tick(8)
    assert source_tracks(rig) == ["Guitar"]


def test_the_new_track_is_as_loud_as_its_source(rig: Rig) -> None:
    item = rig.item()
    item.track.values |= {"D_VOL": 0.5, "D_PAN": -0.3}
    offer(rig, ask(rig))
    assert [of_bridge(rig)[0].track.values[key] for key in ("D_VOL", "D_PAN")] == [0.5, -0.3]


# --- mixes of several microphones ------------------------------------------------------------------------------------


def microphones(rig: Rig) -> list[Track]:
    """Add two tracks with overlapping items to the project, and return the tracks."""
    tracks = [rig.track("Left"), rig.track("Right")]
    rig.item(4.0, 1.0, 0.5, tracks[1])
    rig.item(4.5, 1.0, 0.5, tracks[0])
    return tracks


def test_overlapping_items_are_offered_as_one_mix(rig: Rig) -> None:
    microphones(rig)
    rig.host.answers = [True]
    rig.act("Remix with last settings")
    (message,) = rig.messages("remix")
    assert "overlap on several tracks" in rig.host.boxes[0]
    assert message["args"]["placement"]["as_one"] is True
    assert len(message["args"]["clips"]) == 2
    assert [(one.values["D_POSITION"], one.values["D_LENGTH"]) for one in waiting(rig)] == [(4.0, 1.5)]
    made = job(message["message_id"], write_tone(rig.folder / "mix.wav", 2.0), lead=LEAD)
    rig.answer(jobs=[made], place=[made["variations"][0]["variation_id"]])
    rig.host.tick(8)
    (result,) = of_bridge(rig)
    assert source_tracks(rig) == ["Left", "Right", "Right - remix 1"]
    assert (result.values["D_POSITION"], result.values["D_LENGTH"]) == (4.0, 1.5)
    assert not waiting(rig)
    rig.host.verify()


def test_a_split_mix_is_placed_below_each_source(rig: Rig) -> None:
    microphones(rig)
    rig.host.answers = [True]
    rig.act("Remix with last settings")
    offer(rig, rig.messages("remix")[0])
    assert sorted((one.track.name, one.values["D_POSITION"]) for one in of_bridge(rig)) == [
        ("Left - remix 1", 4.5), ("Right - remix 1", 4.0)
    ]  # fmt: skip


@pytest.mark.parametrize(("answer", "count"), [(False, 1), (None, 0)])
def test_the_user_may_choose_separate_remixes_or_cancel(rig: Rig, answer: bool | None, count: int) -> None:
    microphones(rig)
    rig.host.answers = [answer]
    rig.act("Remix with last settings")
    found = rig.messages("remix")
    assert [one["args"]["placement"].get("as_one") for one in found] == [False] * count


@pytest.mark.parametrize("second", [(6.0, True), (4.5, False)])
def test_items_that_do_not_overlap_are_not_offered_as_a_mix(rig: Rig, second: tuple[float, bool]) -> None:
    """In each case, the items do not overlap in time or are on the same track."""
    position, on_another_track = second
    first = rig.item(4.0, 1.0)
    rig.item(position, 1.0, 0.5, rig.track("Other") if on_another_track else first.track)
    message = ask(rig)
    assert "as_one" not in message["args"]["placement"]


def test_the_items_volume_is_not_applied_twice_in_a_take(rig: Rig) -> None:
    rig.choose(mode="take")
    item = rig.item()
    assert item.take
    item.take.fx, item.values["D_VOL"] = [True], 0.5
    rig.act("Remix with last settings")
    message = rig.until(lambda: rig.messages("remix"))[0]
    offer(rig, message)
    assert item.takes[1].values["D_VOL"] == 2.0
