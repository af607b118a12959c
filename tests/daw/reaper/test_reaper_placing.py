"""The scripts with a daemon that the test plays: what is asked, and what becomes of an answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.daw.reaper import picture
from tests.daw.reaper.model import Item, Source, Track
from tests.daw.reaper.rig import Rig, job
from tests.fakes.studio import write_tone

LEAD = 0.25  # s of handle before the clip in the result's file


@pytest.fixture
def rig(home: Path, tmp_path: Path) -> Rig:
    rig = Rig(home, tmp_path)
    rig.wish()
    return rig


def ask(rig: Rig) -> dict[str, Any]:
    """Press the key, and take the message in as the daemon does."""
    rig.act("Remix with last settings")
    rig.host.tick(3)
    assert not rig.host.boxes, rig.host.boxes
    message = rig.messages("remix")[-1]
    for one in rig.messages():
        (rig.home / "inbox" / f"{one['message_id']}.json").unlink()
    return message


def offer(rig: Rig, message: dict[str, Any], seconds: float = 1.5, *, lead: float = LEAD) -> list[str]:
    """Have results for all its clips, and ask for their placing."""
    result = write_tone(rig.folder / "result.wav", seconds)
    made = job(message["message_id"], result, count=len(message["args"]["clips"]), lead=lead)
    ids = [one["variation_id"] for one in made["variations"]]
    rig.answer(jobs=[made], place=ids)
    rig.host.tick(8)
    return ids


def placed(rig: Rig) -> list[dict[str, Any]]:
    return [one["args"] for one in rig.messages("placed")]


def source_tracks(rig: Rig) -> list[str]:
    return [track.name for track in rig.project.tracks]


def of_bridge(rig: Rig) -> list[Item]:
    return [item for item in rig.project.items if "P_EXT:ace_bridge_variation" in item.texts]


# --- what is asked ---------------------------------------------------------------------------------------------------


def test_a_plain_item_goes_out_as_its_file_and_offset(rig: Rig) -> None:
    item = rig.item(4.0, 1.0, 0.5)
    (clip,) = ask(rig)["args"]["clips"]
    assert clip["source"]["path"] == str(rig.tone)
    assert (clip["source"]["offset"], clip["position"], clip["length"]) == (0.5, 4.0, 1.0)
    assert clip["grid"]["beats"][clip["grid"]["downbeats"][1]] == 0.0  # at 4 s a bar begins
    assert clip["track"]["id"] == item.track.guid
    assert not rig.project.history
    rig.host.verify()


def test_what_the_item_level_does_is_told(rig: Rig) -> None:
    item = rig.item()
    assert item.take
    item.take.values |= {"D_VOL": -0.5, "D_PAN": -0.25, "I_CHANMODE": 3.0, "D_PLAYRATE": 1.25, "B_PPITCH": 0.0}
    (clip,) = ask(rig)["args"]["clips"]
    source = clip["source"]
    assert (source["polarity"], source["pan"], source["channels"], source["playrate"]) == (True, -0.25, "left", 1.25)
    assert source["gain_db"] == pytest.approx(-6.02, abs=0.01)
    assert source["preserve_pitch"] is False


@pytest.mark.parametrize(
    "change",
    [
        {"D_PITCH": 3.0},
        {"D_PLAYRATE": 0.5},
        {"D_STARTOFFS": 2.5},
        {"D_STARTOFFS": -0.5},
        {"stretch_markers": 2},
        {"section": True},
        {"reverse": True},
        {"type": "VIDEO"},
    ],
    ids=str,
)
def test_what_a_file_does_not_say_is_read_by_reaper(rig: Rig, change: dict[str, Any]) -> None:
    item = rig.item(4.0, 1.0, 0.5)
    take = item.take
    assert take
    assert take.source
    if "section" in change or "reverse" in change:
        take.source = Source("", "SECTION", take.source, (0.2, 2.5), "reverse" in change)
    for key, value in change.items():
        if key in take.values:
            take.values[key] = value
        elif key == "stretch_markers":
            take.stretch_markers = value
        elif key == "type":
            take.source.type = value
    rig.act("Remix with last settings")
    assert not rig.messages("remix")
    rig.until(lambda: rig.messages("remix"))
    (clip,) = rig.messages("remix")[0]["args"]["clips"]
    assert "source" not in clip
    sound, rate = soundfile.read(clip["rendered"]["path"], dtype="float32")
    assert rate == 48_000
    np.testing.assert_allclose(sound, take.read(48_000, 0.0, 48_000), atol=1e-7)
    rig.host.verify()


def test_a_long_item_is_read_in_short_ticks(rig: Rig) -> None:
    item = rig.item(0.0, 12.0)
    assert item.take
    item.take.values["D_PITCH"] = 1.0
    rig.act("Remix with last settings")
    rig.until(lambda: rig.messages("remix"))
    (clip,) = rig.messages("remix")[0]["args"]["clips"]
    assert soundfile.info(clip["rendered"]["path"]).frames == 12 * 48_000
    rig.host.verify()


@pytest.mark.parametrize("midi", [False, True])
def test_take_fx_and_midi_are_rendered_and_everything_is_as_before(rig: Rig, midi: bool) -> None:
    item = rig.item()
    rig.item(6.0, track=item.track).selected = False
    assert item.take
    item.take.fx, item.take.midi = [not midi], midi
    rig.act("Remix with last settings")
    assert "does nothing else meanwhile" in rig.host.boxes[0]
    rig.until(lambda: rig.messages("remix"))
    (clip,) = rig.messages("remix")[0]["args"]["clips"]
    sound, _ = soundfile.read(clip["rendered"]["path"])
    np.testing.assert_allclose(sound, (1.0 if midi else 0.5) * item.take.read(48_000, 0.0, 48_000), atol=1e-6)
    assert rig.host.rendered[0]["RENDER_SETTINGS"] == (2.0 if midi else 32.0)
    rig.host.verify()


@pytest.mark.parametrize("rendering", ["nothing", "empty"])
def test_a_render_that_writes_nothing_is_said_and_nothing_is_sent(rig: Rig, rendering: str) -> None:
    item = rig.item()
    assert item.take
    item.take.fx = [True]
    rig.host.rendering = rendering
    rig.act("Remix with last settings")
    rig.host.tick(10)
    assert "rendered nothing" in rig.host.boxes[-1]
    assert not rig.messages("remix")
    assert not list((rig.home / "reaper" / "rendered").iterdir())
    rig.host.verify()


def test_the_time_selection_and_razor_edits_narrow_the_clip(rig: Rig) -> None:
    item = rig.item(4.0, 2.0, 0.5)
    rig.project.time_selection = (4.5, 5.25)
    rig.act("Remix time selection")
    rig.project.time_selection = (0.0, 0.0)
    item.track.razor = '5.0 5.5 "", 4.1 4.2 "{ENVELOPE}"'
    rig.act("Remix razor edits")
    first, second = (one["args"]["clips"] for one in rig.messages("remix"))
    assert [(one["position"], one["length"], one["source"]["offset"]) for one in first] == [(4.5, 0.75, 1.0)]
    assert [(one["position"], one["length"], one["source"]["offset"]) for one in second] == [(5.0, 0.5, 1.5)]
    rig.host.verify()


@pytest.mark.parametrize(
    ("prepare", "says"),
    [
        (lambda rig: rig.track(), "Select an audio item"),
        (lambda rig: setattr(rig.item(), "takes", []), "empty"),
        (lambda rig: setattr(rig.item().takes[0], "source", None), "offline"),
        (lambda rig: setattr(rig.item().takes[0].source, "path", "/nowhere/gone.wav"), "missing"),
    ],
)
def test_what_cannot_be_remixed_is_said_and_nothing_is_left(rig: Rig, prepare: Any, says: str) -> None:
    prepare(rig)
    rig.act("Remix with last settings")
    assert says in rig.host.boxes[0]
    assert not rig.messages("remix")
    assert not rig.project.history
    rig.host.verify()


def test_more_than_three_clips_ask_with_the_price(rig: Rig) -> None:
    track = rig.track()
    for number in range(4):
        rig.item(4.0 + number, 1.0, 0.5, track)
    rig.host.answers = [False]
    rig.act("Remix with last settings")
    assert rig.host.boxes == ["4 remixes will be made: 4.0 s of audio, up to USD 0.001."]
    assert not rig.messages("remix")


def test_two_presses_start_one_service(rig: Rig) -> None:
    rig.item()
    rig.act("Remix with last settings")
    rig.host.tick(6)
    rig.act("Remix with last settings")
    rig.host.tick(6)
    assert len(rig.messages("remix")) == 2
    assert len(rig.messages("hello")) == 1
    rig.host.verify()


def test_the_dialog_keeps_what_was_said(rig: Rig) -> None:
    rig.item()
    rig.host.answers = ["lofi-tape\nsoft, slow\n[verse]|la la\n0.4\n12\n2\noffline\ntake\ny"]
    rig.act("Remix selected items (asks)")
    args = rig.messages("remix")[0]["args"]
    assert args["remix"] == {
        "preset": "lofi-tape", "tags": "soft, slow", "lyrics": "[verse]\nla la", "amount": 0.4, "seed": 12,
        "variations": 2, "engine": "offline",
    }  # fmt: skip
    assert args["placement"] == {"mode": "take", "source": "mute"}
    assert len(rig.messages("prepare")) == 1
    rig.host.answers = [None]
    rig.act("Remix selected items (asks)")
    assert "soft, slow" in rig.host.asked[-1][1]
    assert len(rig.messages("remix")) == 1


@pytest.mark.parametrize("name", ["a;b 'c' \"d\".wav", "Grüße 日本 🎛.wav", "100% $(x) `y`.wav"])
def test_hostile_names_arrive_as_they_are(rig: Rig, name: str) -> None:
    path = rig.folder / name
    path.write_bytes(rig.tone.read_bytes())
    item = rig.item()
    assert item.take
    assert item.take.source
    item.take.source.path, item.take.name, item.track.name = str(path), name, name
    (clip,) = ask(rig)["args"]["clips"]
    assert (clip["source"]["path"], clip["name"], clip["track"]["name"]) == (str(path), name, name)


# --- what becomes of an answer ---------------------------------------------------------------------------------------


def test_the_result_stands_below_the_source_at_the_same_place(rig: Rig) -> None:
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
    assert [name for name, _ in rig.project.history] == ["Place remix"]
    assert placed(rig) == [{"variation_id": variation, "item": result.guid}]
    assert rig.host.peaks[-1] == (str(rig.folder / "result.wav"), 2)
    rig.host.verify()


@pytest.mark.parametrize(
    ("change", "position", "length", "offset"),
    [
        ({"D_POSITION": 9.0}, 9.0, 1.0, LEAD),  # moved
        ({"D_POSITION": 4.25, "D_LENGTH": 0.75, "D_STARTOFFS": 0.75}, 4.25, 0.75, LEAD + 0.25),  # trimmed on the left
        ({"D_LENGTH": 0.5}, 4.0, 0.5, LEAD),  # trimmed on the right
        ({"D_POSITION": 3.9, "D_LENGTH": 1.1, "D_STARTOFFS": 0.4}, 3.9, 1.1, LEAD - 0.1),  # opened into the handle
        ({"D_LENGTH": 1.2}, 4.0, 1.2, LEAD),
        ({"D_STARTOFFS": 0.7}, 4.0, 1.0, LEAD + 0.2),  # slipped
        ({"D_STARTOFFS": 2.9}, 1.6, 1.0, LEAD),  # shows another part now: the remix is where its source was
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
    assert [name for name, _ in rig.project.history] == ["Place 3 remixes"]
    rig.host.undo(rig.project)
    assert source_tracks(rig) == ["Guitar", "Bass"]


@pytest.mark.parametrize(
    ("depths", "source", "expected"),
    [
        ([0, 0], 0, [0, 0, 0]),
        ([1, 0, -1, 0], 0, [1, 0, -1, 0, 0]),  # a folder: after its last child
        ([1, 0, -1, 0], 1, [1, 0, 0, -1, 0]),
        ([1, 0, -1, 0], 2, [1, 0, 0, -1, 0]),  # the last child: the new one ends the folder
        ([1, 1, -2, 0], 1, [1, 1, -1, -1, 0]),  # an inner folder that ends both
        ([1, 1, -2, 0], 2, [1, 1, 0, -2, 0]),
    ],
)
def test_folders_stay_as_they_are(rig: Rig, depths: list[int], source: int, expected: list[int]) -> None:
    tracks = [rig.track(str(number), depth) for number, depth in enumerate(depths)]
    rig.item(track=tracks[source])
    offer(rig, ask(rig))
    assert [track.values["I_FOLDERDEPTH"] for track in rig.project.tracks] == expected
    new = next(track for track in rig.project.tracks if track.name.endswith("remix 1"))
    assert parent(new) is parent(tracks[source])


def parent(track: Track) -> Track | None:
    above: list[Track] = []
    for one in track.project.tracks:
        if one is track:
            return above[-1] if above else None
        depth = int(one.values["I_FOLDERDEPTH"])
        above = [*above, one] if depth > 0 else above[: len(above) + depth]
    raise AssertionError


def test_as_a_take(rig: Rig) -> None:
    rig.wish(mode="take")
    item = rig.item()
    offer(rig, ask(rig))
    assert source_tracks(rig) == ["Guitar"]
    assert len(item.takes) == 2
    assert item.active == 1
    assert item.takes[1].values["D_STARTOFFS"] == LEAD
    assert item.takes[1].texts["P_EXT:ace_bridge_variation"]


@pytest.mark.parametrize("lanes", [True, False])
def test_as_a_lane_only_where_the_track_has_lanes(rig: Rig, lanes: bool) -> None:
    rig.wish(mode="lane", source="mute")
    item = rig.item()
    item.track.values |= {"I_FREEMODE": 2.0 if lanes else 0.0, "I_NUMFIXEDLANES": 2.0}
    offer(rig, ask(rig))
    (result,) = of_bridge(rig)
    assert (result.track is item.track) is lanes
    assert result.values["I_FIXEDLANE"] == (2.0 if lanes else 0.0)
    assert item.values["B_MUTE"] == 1.0


def test_it_lands_in_the_tab_it_came_from(rig: Rig, tmp_path: Path) -> None:
    rig.item()
    message = ask(rig)
    rig.host.active = rig.host.open_project(tmp_path, str(tmp_path / "other.rpp"))
    offer(rig, message)
    assert len(rig.project.tracks) == 2
    assert not rig.host.active.tracks
    rig.host.verify()


def test_an_older_reaper_waits_for_the_tab(home: Path, tmp_path: Path) -> None:
    rig = Rig(home, tmp_path, version="7.08")
    rig.wish()
    rig.item()
    message = ask(rig)
    rig.host.active = rig.host.open_project(tmp_path, str(tmp_path / "other.rpp"))
    offer(rig, message)
    assert len(rig.project.tracks) == 1
    rig.host.active = rig.project
    rig.host.tick(8)
    assert len(rig.project.tracks) == 2
    rig.host.verify()


def test_nothing_is_placed_while_reaper_records_or_could_redo(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    rig.project.play_state = 5
    offer(rig, message)
    assert len(rig.project.tracks) == 1
    rig.project.play_state, rig.project.undone = 0, ["Move item"]
    rig.host.tick(30)
    assert len(rig.project.tracks) == 1
    assert rig.project.undone == ["Move item"]
    rig.act("Place ready remixes")
    rig.host.tick(8)
    assert len(rig.project.tracks) == 2
    rig.host.verify()


def test_what_is_there_already_is_only_confirmed(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    offer(rig, message)
    assert len(placed(rig)) == 1
    rig.host.quit()
    for key in [key for key in rig.host.ext if key[1] != "instance"]:
        del rig.host.ext[key]
    rig.act("Service")  # its memory is gone, the project has the item
    rig.host.tick(8)
    assert len(of_bridge(rig)) == 1
    assert len(placed(rig)) == 2
    assert placed(rig)[0] == placed(rig)[1]


def test_undo_is_respected(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    offer(rig, message)
    rig.host.undo(rig.project)
    rig.host.tick(30)
    assert len(rig.project.tracks) == 1
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
    expected = ["Guitar", "Guitar - remix 1", "Bass"] if gone == "item" else ["Bass", "remix 1"]
    assert source_tracks(rig) == expected


def test_a_closed_project_is_said_once_and_the_service_ends(rig: Rig, tmp_path: Path) -> None:
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
    assert not rig.project.history


def test_the_service_ends_when_nothing_is_open_and_says_bye(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    rig.answer(jobs=[job(message["message_id"], rig.tone, state="done")])
    rig.host.tick(150)
    assert not rig.host.busy()
    assert len(rig.messages("bye")) == 1
    rig.host.verify()


def test_an_error_is_said_once_in_its_own_words(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    error = {"code": "key_refused", "text": "fal does not accept the key.", "hint": "Check the key."}
    rig.answer(jobs=[job(message["message_id"], rig.tone, state="failed", error=error)])
    rig.host.tick(60)
    assert rig.host.boxes == ["The remix has a problem.\n\nfal does not accept the key.\n\nCheck the key."]


def test_half_an_outbox_is_not_yet_one(rig: Rig) -> None:
    rig.item()
    ask(rig)
    path = rig.home / "outbox" / f"{rig.instance}.json"
    for content in ("", '{"jobs": [', "null", '{"jobs": 1}'):
        path.write_text(content)
        rig.host.tick(8)
    rig.host.verify()
    assert not rig.host.boxes


def test_swap_and_remove(rig: Rig) -> None:
    item = rig.item()
    offer(rig, ask(rig))
    (result,) = of_bridge(rig)
    item.selected, result.selected = False, True
    rig.act("Swap source and remix")
    assert (item.values["B_MUTE"], result.values["B_MUTE"]) == (1.0, 0.0)
    rig.act("Swap source and remix")
    assert (item.values["B_MUTE"], result.values["B_MUTE"]) == (0.0, 1.0)
    removed = result.texts["P_EXT:ace_bridge_variation"]
    rig.project.time_selection = (0.0, 0.0)
    rig.act("Remove this remix")
    assert source_tracks(rig) == ["Guitar"]
    assert rig.messages("removed")[0]["args"] == {"variation_id": removed}
    assert [name for name, _ in rig.project.history][1:] == ["Swap source and remix"] * 2 + ["Remove remix"]


def test_a_remix_is_made_again(rig: Rig) -> None:
    item = rig.item()
    offer(rig, ask(rig))
    (result,) = of_bridge(rig)
    item.selected, result.selected = False, True
    rig.act("Re-run this remix")
    rig.host.answers = ["techno, hard"]
    rig.act("Same seed, new tags")
    first, second = (one["args"] for one in rig.messages("rerun"))
    assert first["job_id"] == second["job_id"] == result.texts["P_EXT:ace_bridge_job"]
    assert second["remix"] == {"tags": "techno, hard", "seed": 7}
    rig.host.verify()


SETS: list[set[str]] = [set(), {"take_volume"}, {"item_volume", "fades"}, {"take_volume", "item_volume", "fades"}]


@pytest.mark.parametrize(("accessor", "render"), list(zip(SETS, reversed(SETS), strict=True)), ids=str)
def test_the_self_test_finds_the_truth_and_changes_nothing(rig: Rig, accessor: set[str], render: set[str]) -> None:
    rig.host.accessor_has, rig.host.render_has = accessor, render
    item = rig.item()
    values = json.dumps([item.values, item.take and item.take.values, item.track.values])
    rig.act("Self-test")
    assert json.dumps([item.values, item.take and item.take.values, item.track.values]) == values
    found = json.loads((rig.home / "reaper" / "logs" / "selftest.json").read_bytes())
    for name in ("take_volume", "item_volume", "fades", "track_volume"):
        assert (found[f"accessor_has_{name}"], found[f"render_has_{name}"]) == (name in accessor, name in render)
    assert (found["unicode_paths"], found["reaper"]) == (True, "7.60/linux-x86_64")
    assert not list((rig.home / "reaper" / "rendered").iterdir())
    rig.host.verify()


@pytest.mark.parametrize("has", [set(), {"take_volume", "item_volume", "fades"}], ids=str)
def test_what_reaper_bakes_in_is_not_applied_twice(rig: Rig, has: set[str]) -> None:
    item = rig.item()
    rig.host.accessor_has = has
    rig.act("Self-test")
    rig.host.boxes.clear()
    assert item.take
    item.take.values |= {"D_PITCH": 1.0, "D_VOL": 0.5}
    item.values |= {"D_VOL": 0.25, "D_FADEINLEN": 0.1}
    message = ask_by_reader(rig)
    offer(rig, message)
    (result,) = of_bridge(rig)
    assert result.take
    applied = (result.take.values["D_VOL"], result.values["D_VOL"], result.values["D_FADEINLEN"])
    assert applied == ((1.0, 1.0, 0.0) if has else (0.5, 0.25, 0.1))


def test_without_its_pointer_file_it_says_how_to_get_one(rig: Rig) -> None:
    (rig.scripts / "ace-bridge.json").unlink()
    rig.item()
    rig.act("Remix with last settings")
    assert "ace-bridge install reaper" in rig.host.boxes[0]


def test_a_full_disk_is_said_and_nothing_is_sent(rig: Rig) -> None:
    rig.item()
    (rig.home / "inbox").rename(rig.home / "no inbox")
    rig.act("Remix with last settings")
    assert "cannot be written" in rig.host.boxes[0]
    assert not list((rig.home / "reaper" / "requests").iterdir())


@pytest.mark.parametrize("version", ["7.08", "7.27", "7.60"])
@pytest.mark.parametrize("system", ["Win64", "macOS-arm64", "Other"])
def test_the_main_way_on_every_system_and_version(home: Path, tmp_path: Path, version: str, system: str) -> None:
    rig = Rig(home, tmp_path, version=version, system=system)
    rig.wish()
    item = rig.item()
    offer(rig, ask(rig))
    assert len(of_bridge(rig)) == 1
    item.take.values["D_PITCH"] = 1.0  # type: ignore[union-attr]
    message = ask_by_reader(rig)
    error = {"code": "x", "text": "It failed.", "hint": "Again."}
    rig.answer(jobs=[job(message["message_id"], rig.tone, state="failed", error=error)])
    rig.host.tick(8)  # the note is written over itself, which Windows' rename refuses
    assert "It failed." in rig.host.boxes[-1]
    rig.host.verify()


def ask_by_reader(rig: Rig) -> dict[str, Any]:
    rig.act("Remix with last settings")
    return rig.until(lambda: rig.messages("remix"))[-1]  # type: ignore[no-any-return]


def test_a_reaper_that_is_too_old_is_told(home: Path, tmp_path: Path) -> None:
    rig = Rig(home, tmp_path, version="6.83")
    rig.item()
    rig.act("Remix with last settings")
    assert "need REAPER 7.08" in rig.host.boxes[0]


def test_the_window_shows_progress_and_closes(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    made = job(message["message_id"], rig.tone, state="running")
    made["variations"][0] |= {"progress": 0.5, "message": "the model works"}
    rig.answer(jobs=[made])
    rig.act("Show jobs")
    rig.host.tick(8)
    assert ("at", 12, 12) in rig.host.picture
    assert ("drawstr", "running  the model works", 0, 448, 52) in rig.host.picture
    bars = [one[3] for one in rig.host.picture if one[0] == "rect"]
    assert bars[-2:] == [436, 218]
    rig.act("Show jobs")  # again: closed
    assert not [path for path in rig.host.scripts if "Show jobs" in path.name]
    rig.act("Show jobs")
    rig.host.keys = [27]
    rig.host.tick(1)
    assert not [path for path in rig.host.scripts if "Show jobs" in path.name]
    rig.host.verify()


def test_the_picture_in_the_docs_is_what_is_drawn(home: Path, tmp_path: Path) -> None:
    assert picture.PICTURE.read_text("utf-8") == picture.window(home, tmp_path)


def test_an_item_that_is_deleted_while_it_is_read_is_said_and_nothing_is_left(rig: Rig) -> None:
    item = rig.item(0.0, 60.0)
    assert item.take
    item.take.values["D_PITCH"] = 1.0
    rig.act("Remix with last settings")
    rig.host.tick(3)
    item.track.items.remove(item)
    rig.host.bury(item, item.take)
    rig.host.tick(10)
    assert "was deleted before it was read" in rig.host.boxes[0]
    assert len(rig.host.boxes) == 1
    assert not rig.messages("remix")
    assert not list((rig.home / "reaper" / "rendered").iterdir())
    rig.host.verify()


def test_a_service_that_is_stopped_while_it_reads_goes_on_at_its_next_start(rig: Rig) -> None:
    item = rig.item(0.0, 6.0)
    assert item.take
    item.take.values["D_PITCH"] = 1.0
    rig.act("Remix with last settings")
    rig.host.tick(3)
    rig.act("Service")  # run by hand: it ends itself and begins anew
    rig.until(lambda: rig.messages("remix"))
    (clip,) = rig.messages("remix")[0]["args"]["clips"]
    assert soundfile.info(clip["rendered"]["path"]).frames == 6 * 48_000
    rig.host.verify()


def test_a_refused_request_is_said_and_forgotten(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    refusal = {
        "message_id": message["message_id"],
        "code": "preset_unknown",
        "text": "There is no preset.",
        "hint": "x",
    }
    rig.answer(errors=[refusal])
    rig.host.tick(150)
    assert [box for box in rig.host.boxes if "There is no preset." in box] == rig.host.boxes
    assert len(rig.host.boxes) == 1
    assert not rig.host.busy()
    assert not list((rig.home / "reaper" / "requests").iterdir())


def test_what_fails_is_placed_after_a_retry(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    error = {"code": "x", "text": "It failed.", "hint": "Again."}
    rig.answer(jobs=[job(message["message_id"], rig.tone, state="failed", error=error)])
    rig.host.tick(150)
    assert not rig.host.busy()
    rig.act("Place ready remixes")
    offer(rig, message)
    assert len(of_bridge(rig)) == 1
    rig.host.verify()
