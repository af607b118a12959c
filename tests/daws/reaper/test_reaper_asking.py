"""Tests the requests that the scripts send; the tests take the place of the daemon."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.daws.reaper.model import Source
from tests.daws.reaper.rig import Rig
from tests.daws.reaper.steps import ask, points


@pytest.fixture
def rig(home: Path, tmp_path: Path) -> Rig:
    rig = Rig(home, tmp_path)
    rig.choose()
    return rig


def test_a_plain_item_is_sent_as_file_and_offset(rig: Rig) -> None:
    item = rig.item(4.0, 1.0, 0.5)
    (clip,) = ask(rig)["args"]["clips"]
    assert clip["source"]["path"] == str(rig.tone)
    assert (clip["source"]["offset"], clip["position"], clip["length"]) == (0.5, 4.0, 1.0)
    assert clip["grid"]["beats"][clip["grid"]["downbeats"][1]] == 0.0  # a bar starts at the clip's start, 4 s
    assert clip["track"]["id"] == item.track.guid
    assert not points(rig)
    rig.host.verify()


def test_item_settings_are_sent(rig: Rig) -> None:
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
        {"type": "MP3"},
    ],
    ids=str,
)
def test_clips_that_need_reapers_reader(rig: Rig, change: dict[str, Any]) -> None:
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
def test_take_fx_and_midi_are_rendered_and_settings_are_restored(rig: Rig, midi: bool) -> None:
    item = rig.item()
    rig.item(6.0, track=item.track).selected = False
    assert item.take
    item.take.fx, item.take.midi = [not midi], midi
    rig.act("Remix with last settings")
    assert "blocks REAPER" in rig.host.boxes[0]
    rig.until(lambda: rig.messages("remix"))
    (clip,) = rig.messages("remix")[0]["args"]["clips"]
    sound, _ = soundfile.read(clip["rendered"]["path"])
    np.testing.assert_allclose(sound[:48_000], (1.0 if midi else 0.5) * item.take.read(48_000, 0.0, 48_000), atol=1e-6)
    assert clip["rendered"]["handles"] == [0.0, 0.5 if midi else 0.0]
    assert rig.host.rendered[0]["RENDER_SETTINGS"] == (2.0 + 8192.0 if midi else 32.0)
    rig.host.verify()


def test_the_rest_of_a_rendered_item_becomes_handles(rig: Rig) -> None:
    """REAPER always renders the complete item, so the audio around the clip becomes the clip's handles."""
    item = rig.item(4.0, 2.0, 0.5)
    assert item.take
    item.take.fx = [True]
    rig.project.time_selection = (4.5, 5.25)
    rig.act("Remix time selection")
    rig.until(lambda: rig.messages("remix"))
    (clip,) = rig.messages("remix")[0]["args"]["clips"]
    assert (clip["position"], clip["length"], clip["rendered"]["handles"]) == (4.5, 0.75, [0.5, 0.75])
    assert soundfile.info(clip["rendered"]["path"]).frames == 2 * 48_000
    rig.host.verify()


@pytest.mark.parametrize("rendering", ["nothing", "empty", "half"])
def test_an_empty_render_is_reported_and_nothing_is_sent(rig: Rig, rendering: str) -> None:
    item = rig.item()
    assert item.take
    item.take.fx = [True]
    rig.host.rendering = rendering
    rig.act("Remix with last settings")
    rig.host.tick(10)
    assert ("instead of 1.00 s" if rendering == "half" else "rendered nothing") in rig.host.boxes[-1]
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
def test_items_that_cannot_be_remixed_are_reported_and_leave_nothing(rig: Rig, prepare: Any, says: str) -> None:
    prepare(rig)
    rig.act("Remix with last settings")
    assert says in rig.host.boxes[0]
    assert not rig.messages("remix")
    assert not rig.project.history
    rig.host.verify()


@pytest.mark.parametrize(
    ("limits", "box"),
    [
        (None, None),  # an old catalogue: 20 remixes, 1 dollar
        ({"above": 1.0, "count": 4}, None),
        ({"above": 1.0, "count": 3}, "Submit 4 remixes (4.0 s of audio, less than USD 0.001)?"),
        ({"above": 0.0005, "count": 20}, "Submit 4 remixes (4.0 s of audio, less than USD 0.001)?"),
    ],
)
def test_remixes_above_a_limit_need_a_confirmation_with_the_price(
    rig: Rig, limits: dict[str, float] | None, box: str | None
) -> None:
    path = rig.scripts / "catalogue.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **({"confirm": limits} if limits else {})}))
    track = rig.track()
    for number in range(4):
        rig.item(4.0 + number, 1.0, 0.5, track)
    rig.host.answers = [False]
    rig.act("Remix with last settings")
    assert rig.host.boxes == ([box] if box else [])
    if box:
        assert not rig.messages("remix")
        rig.host.answers = [True]
        rig.act("Remix with last settings")
    (message,) = rig.messages("remix")
    assert message["args"].get("confirmed", False) is bool(box), "the user has confirmed the price"


def test_a_request_without_a_shown_price_is_not_confirmed(rig: Rig) -> None:
    rig.item(4.0, 1.0, 0.5)
    assert "confirmed" not in ask(rig)["args"]


def test_prices_in_words(rig: Rig) -> None:
    rig.choose(variations=16)
    rig.item(4.0, 2.0, 0.5)
    rig.item(8.0, 2.0, 0.5)
    rig.host.answers = [False]
    rig.act("Remix with last settings")
    assert rig.host.boxes == ["Submit 32 remixes (64.0 s of audio, up to USD 0.013)?"]


def test_the_grid_follows_the_tempo_map(rig: Rig) -> None:
    rig.project.changes = [(6.0, 90.0, 3)]  # 120 BPM in 4/4 before 6 s, 90 BPM in 3/4 after
    rig.item(4.0, 2.5, 0.5)
    (clip,) = ask(rig)["args"]["clips"]
    beats, downs = clip["grid"]["beats"], clip["grid"]["downbeats"]
    expected = [-2 + 0.5 * number for number in range(8)] + [2 + number * 2 / 3 for number in range(4)]
    np.testing.assert_allclose(beats, expected, atol=1e-9)
    assert [round(beats[one], 6) for one in downs] == [-2.0, 0.0, 2.0, 4.0]
    assert clip["position_beats"] == 8.0


def test_two_presses_start_one_service(rig: Rig) -> None:
    rig.item()
    rig.act("Remix with last settings")
    rig.host.tick(6)
    rig.act("Remix with last settings")
    rig.host.tick(6)
    assert len(rig.messages("remix")) == 2
    assert len(rig.messages("hello")) == 1
    rig.host.verify()


def test_the_dialog_keeps_the_last_choices(rig: Rig) -> None:
    rig.item()
    rig.host.answers = [2, "soft, slow\n[verse]|la la\n0.4\n12\n2\noffline\ntake\ny"]
    rig.act("Remix selected items (asks)")
    args = rig.messages("remix")[0]["args"]
    assert args["remix"] == {
        "preset": "lofi-tape", "tags": "soft, slow", "lyrics": "[verse]\nla la", "amount": 0.4, "seed": 12,
        "variations": 2, "engine": "offline",
    }  # fmt: skip
    assert args["placement"] == {"mode": "take", "source": "mute"}
    assert len(rig.messages("prepare")) == 1
    assert rig.host.menus == ["!No preset|lofi-tape"]
    rig.host.answers = [2, None]
    rig.act("Remix selected items (asks)")
    assert "soft, slow" in rig.host.asked[-1][1]
    assert rig.host.titles[-1] == "ACE Bridge: remix 1.0 s of audio, less than USD 0.001"
    rig.host.answers = [0]
    rig.act("Remix selected items (asks)")
    assert len(rig.host.asked) == 2
    assert len(rig.messages("remix")) == 1


@pytest.mark.parametrize("name", ["a;b 'c' \"d\".wav", "Grüße 日本 🎛.wav", "100% $(x) `y`.wav"])
def test_hostile_names_arrive_unchanged(rig: Rig, name: str) -> None:
    path = rig.folder / name
    path.write_bytes(rig.tone.read_bytes())
    item = rig.item()
    assert item.take
    assert item.take.source
    item.take.source.path, item.take.name, item.track.name = str(path), name, name
    (clip,) = ask(rig)["args"]["clips"]
    assert (clip["source"]["path"], clip["name"], clip["track"]["name"]) == (str(path), name, name)
