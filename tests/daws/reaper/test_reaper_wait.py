"""Tests placeholders in the arrange view and mixes of several microphones; the tests take the place of the daemon."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.daws.reaper.model import Source, Take, Track, add_item
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


def test_audio_that_the_user_put_into_a_placeholder_stays(rig: Rig) -> None:
    item = rig.item()
    message = ask(rig)
    (found,) = waiting(rig)
    found.takes.append(Take(found, Source(str(rig.tone)), "tone"))
    item.selected, found.selected = False, True
    rig.act("Remove this remix")
    assert waiting(rig) == [found]
    offer(rig, message)
    assert waiting(rig) == [found]
    assert len(of_bridge(rig)) == 1


def test_the_placeholder_of_a_failed_remix_is_removed_from_another_project_too(rig: Rig, tmp_path: Path) -> None:
    """A result is placed in one project by the same look that finds the failed remix of the other project."""
    rig.item()
    failed = ask(rig)
    other = rig.host.open_project(tmp_path, str(tmp_path / "other.rpp"))
    add_item(other.add_track(), rig.tone, 4.0, 1.0, 0.5).selected = True
    rig.host.active = other
    message = ask(rig)
    error = {"code": "x", "text": "It failed.", "hint": "Again."}
    ready = job(message["message_id"], rig.tone)
    ids = [one["variation_id"] for one in ready["variations"]]
    rig.answer(jobs=[job(failed["message_id"], rig.tone, state="failed", error=error), ready], place=ids)
    rig.host.tick(8)
    rig.until(lambda: not waiting(rig))
    assert [name for name, _ in other.history][-1] == "Place remix"
    assert [name for name, _ in rig.project.history][-1] == "Remove placeholder"
    rig.host.verify()


def test_no_placeholder_while_recording(rig: Rig) -> None:
    rig.item()
    rig.project.play_state = 5
    ask(rig)
    assert not rig.project.history


def test_a_remix_is_placed_without_its_placeholder(rig: Rig) -> None:
    item = rig.item()
    message = ask(rig)
    item.selected, waiting(rig)[0].selected = False, True
    rig.act("Remove this remix")
    assert source_tracks(rig) == ["Guitar"]
    offer(rig, message)
    assert source_tracks(rig) == ["Guitar", "Guitar - remix 1"]
    rig.host.verify()


@pytest.mark.parametrize("mode", ["new_track", "take"])
def test_a_placeholder_restored_by_an_undo_is_removed_with_the_next_request_or_result(rig: Rig, mode: str) -> None:
    rig.item()
    message = ask(rig)
    offer(rig, message)
    rig.host.undo(rig.project)
    rig.answer(jobs=[job(message["message_id"], rig.folder / "result.wav", state="done")])
    rig.host.tick(200)
    assert not rig.host.busy()
    (left,) = waiting(rig)
    rig.project.items[0].selected = True
    rig.choose(mode=mode)
    message = ask(rig)
    assert (left in waiting(rig)) == (mode == "take")  # a take has no placeholder of its own, so no undo point yet
    offer(rig, message)
    rig.host.tick(200)
    assert not waiting(rig)
    assert points(rig) == ["Place remix"]  # no undo point only for the placeholder
    assert source_tracks(rig) == ["Guitar", *(["Guitar - remix 1"] if mode == "new_track" else [])]
    rig.host.verify()


def test_a_later_service_removes_the_placeholders_of_failed_requests(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    rig.project.play_state = 5
    error = {"code": "x", "text": "It failed.", "hint": "Again."}
    rig.answer(jobs=[job(message["message_id"], rig.tone, state="failed", error=error)])
    rig.host.tick(8)
    rig.host.quit()
    assert len(waiting(rig)) == 1
    rig.project.play_state = 0
    rig.act("Service")
    rig.host.tick(8)
    assert source_tracks(rig) == ["Guitar"]
    assert points(rig) == ["Remove placeholder"]


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
