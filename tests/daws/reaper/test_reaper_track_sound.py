"""Tests remixes of items as heard on their track: through the track's effects, rendered as a stem before the fader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.config.load import load
from bridge.engines.fal.engine import _capabilities
from bridge.installers.catalogue import catalogue
from bridge.presets.library import standard
from tests.daws.reaper.gui import Gui
from tests.daws.reaper.model import Item, Send
from tests.daws.reaper.rig import Rig, job
from tests.daws.reaper.stems import AS_PLAYED, DELAY, DRY, ECHO, item_sound, stem
from tests.daws.reaper.steps import of_bridge, placed, points, waiting

RATE = 48_000
MARGIN = 0.5  # s rendered before and after the clip


@pytest.fixture
def rig(home: Path, tmp_path: Path) -> Rig:
    rig = Rig(home, tmp_path)
    rig.choose()
    return rig


def guitar(rig: Rig, position: float = 4.0, length: float = 1.0) -> Item:
    """Add an item on a track with an effect, and choose the track's sound for it."""
    item = rig.item(position, length)
    item.track.fx = [True]
    rig.act("Track effects (on or off)")
    return item


def clip_of(rig: Rig) -> dict[str, Any]:
    """Remix with the last settings, let the script render, and return the clip that it sends."""
    rig.act("Remix with last settings")
    rig.until(lambda: rig.messages("remix"))
    (clip,) = rig.messages("remix")[-1]["args"]["clips"]
    rig.host.verify()
    return clip  # type: ignore[no-any-return]


def through_effects(item: Item) -> np.ndarray:
    """Return a whole item through its track's effects, without the end of the echo."""
    dry = item_sound(item, AS_PLAYED, RATE)
    wet, delay = DRY * dry, round(DELAY * RATE)
    wet[delay:] += ECHO * dry[:-delay]
    return wet


def rendered(clip: dict[str, Any]) -> np.ndarray:
    sound, rate = soundfile.read(clip["rendered"]["path"])
    assert rate == RATE
    return sound  # type: ignore[no-any-return]


def inside(clip: dict[str, Any]) -> np.ndarray:
    """Return the clip without its handles."""
    start = round(clip["rendered"]["handles"][0] * RATE)
    return rendered(clip)[start : start + round(clip["length"] * RATE)]


# --- what is sent ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("position", [4.0, 4.123456])
def test_the_stem_contains_the_item_through_the_tracks_effects(rig: Rig, position: float) -> None:
    item = guitar(rig, position)
    item.values |= {"D_VOL": 0.5, "D_FADEINLEN": 0.1}
    item.track.values |= {"D_VOL": 0.25, "D_PAN": -0.5}
    clip = clip_of(rig)
    lead, tail = clip["rendered"]["handles"]
    frames = len(rendered(clip))
    assert (lead + 1.0 + tail) * RATE == pytest.approx(frames, abs=1e-6), "the handles are exact to the sample"
    assert 0.0 <= lead < 0.01
    assert (position - lead) * RATE == pytest.approx(round((position - lead) * RATE), abs=1e-6), "starts with a sample"
    assert tail >= MARGIN
    np.testing.assert_allclose(inside(clip), through_effects(item), atol=1e-6)
    after = rendered(clip)[-round((tail - DELAY - 0.01) * RATE) :]
    assert not after.any(), "nothing follows the end of the echo"
    assert np.abs(rendered(clip)[round((lead + 1.0) * RATE) :]).max() > 0.004, "the echo is part of the handle"
    (settings,) = rig.host.rendered
    assert (settings["RENDER_SETTINGS"], settings["RENDER_BOUNDSFLAG"]) == (2 + 8192, 0)


def test_a_part_of_an_item_gets_the_music_around_it(rig: Rig) -> None:
    item = guitar(rig, 4.0, 3.0)
    rig.project.time_selection = (5.0, 5.5)
    clip = clip_of(rig)
    assert (clip["position"], clip["length"], clip["rendered"]["handles"]) == (5.0, 0.5, [MARGIN, MARGIN])
    whole = DRY * item_sound(item, AS_PLAYED, RATE)
    own = rendered(clip)[: round(DELAY * RATE)]  # before the first echo within the render
    np.testing.assert_allclose(own, whole[round(0.5 * RATE) :][: len(own)], atol=1e-6)


def test_only_the_item_itself_is_in_the_stem(rig: Rig) -> None:
    item = guitar(rig)
    for position in (3.2, 4.5, 5.2):
        rig.item(position, 1.0, 0.0, item.track).selected = False
    other = rig.item(4.0, 1.0, 0.0, rig.track("Bass"))
    other.selected = False
    clip = clip_of(rig)
    np.testing.assert_allclose(inside(clip), through_effects(item), atol=1e-6)
    assert [one.values["B_MUTE"] for one in rig.project.items if not one.texts] == [0.0] * 5


@pytest.mark.parametrize("silenced", ["track", "solo", "item", "item solo"])
def test_what_is_muted_is_rendered_as_well(rig: Rig, silenced: str) -> None:
    item = guitar(rig)
    other = rig.item(4.0, 1.0, 0.0, item.track)
    other.selected = False
    match silenced:
        case "track":
            item.track.values["B_MUTE"] = 1.0
        case "solo":
            rig.track("Bass").values["I_SOLO"] = 2.0
        case "item":
            item.values["B_MUTE"] = 1.0
        case "item solo":
            item.values["C_MUTE_SOLO"], other.values["C_MUTE_SOLO"] = 1.0, -1.0
    before = [dict(one.values) for one in (*rig.project.tracks, item, other)]
    tracks = list(rig.project.tracks)
    clip = clip_of(rig)
    np.testing.assert_allclose(inside(clip), through_effects(item), atol=1e-6)
    assert [dict(one.values) for one in (*tracks, item, other)] == before
    assert not points(rig)


@pytest.mark.parametrize("flag", [0.0, 2.0])
def test_the_tracks_delay_and_polarity_are_left_to_the_new_track(rig: Rig, flag: float) -> None:
    item = guitar(rig)
    item.track.values |= {"B_PHASE": 1.0, "D_PLAY_OFFSET": 0.05 if flag == 0 else 2400.0, "I_PLAY_OFFSET_FLAG": flag}
    np.testing.assert_allclose(inside(clip_of(rig)), through_effects(item), atol=1e-6)
    assert (item.track.values["B_PHASE"], item.track.values["I_PLAY_OFFSET_FLAG"]) == (1.0, flag)


@pytest.mark.parametrize("effects", [[], [False], "bypassed"])
def test_without_active_effects_nothing_is_rendered(rig: Rig, effects: Any) -> None:
    """A frozen track has no effects either: its items contain them."""
    item = guitar(rig)
    item.track.fx = [True] if effects == "bypassed" else effects
    item.track.values["I_FXEN"] = 0.0 if effects == "bypassed" else 1.0
    assert clip_of(rig)["source"]["path"] == str(rig.tone)
    assert not rig.host.rendered
    assert not rig.host.boxes


def test_an_item_in_a_silent_lane_is_sent_without_effects(rig: Rig) -> None:
    item = guitar(rig)
    item.track.values |= {"I_FREEMODE": 2.0, "I_NUMFIXEDLANES": 2.0}
    item.track.lane_plays = {0: 0, 1: 1}
    clip = clip_of(rig)
    assert clip["ignored"] == ["the track's effects, because the item's lane does not play"]
    assert "source" in clip


@pytest.mark.parametrize("kind", ["receive", "folder"])
def test_what_other_tracks_play_into_the_track_is_included_and_announced(rig: Rig, kind: str) -> None:
    item = guitar(rig)
    item.track.fx = []
    other = rig.item(4.0, 1.0, 1.0, rig.track("Kick"))
    other.selected = False
    if kind == "folder":
        item.track.values["I_FOLDERDEPTH"], other.track.values["I_FOLDERDEPTH"] = 1.0, -1.0
    else:
        other.track.sends.append(Send(item.track, {}))
    clip = clip_of(rig)
    both = item_sound(item, AS_PLAYED, RATE) + item_sound(other, AS_PLAYED, RATE)
    np.testing.assert_allclose(inside(clip), both, atol=1e-6)
    assert "what other tracks play into this track" in rig.host.boxes[0]


@pytest.mark.parametrize("rendering", ["nothing", "empty", "half"])
def test_a_failed_render_restores_everything(rig: Rig, rendering: str) -> None:
    item = guitar(rig)
    other = rig.item(4.2, 1.0, 0.0, item.track)
    other.selected, item.track.values["B_MUTE"] = False, 1.0
    rig.host.rendering = rendering
    rig.act("Remix with last settings")
    rig.host.tick(10)
    assert "Nothing was sent or charged" in rig.host.boxes[-1]
    assert (other.values["B_MUTE"], item.track.values["B_MUTE"]) == (0.0, 1.0)
    assert not rig.messages("remix")
    assert not list((rig.home / "reaper" / "rendered").iterdir())
    rig.host.verify()


@pytest.mark.parametrize("reason", ["tab", "recording"])
def test_the_render_waits_for_its_project_and_for_a_recording(rig: Rig, tmp_path: Path, reason: str) -> None:
    guitar(rig)
    other = rig.host.open_project(tmp_path, str(tmp_path / "other.rpp"))
    rig.act("Remix with last settings")
    if reason == "tab":
        rig.host.active = other
    else:
        rig.project.play_state = 5
    rig.host.tick(20)
    assert not rig.host.rendered
    assert rig.host.helped[-1].startswith("ACE Bridge: an item must be rendered, waiting until")
    rig.host.active, rig.project.play_state = rig.project, 0
    rig.until(lambda: rig.messages("remix"))
    assert len(rig.host.rendered) == 1
    rig.host.verify()


# --- what is placed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_new_enough", [True, False])
@pytest.mark.parametrize("midi", [True, False])
def test_the_new_track_sounds_as_loud_as_the_source(rig: Rig, is_new_enough: bool, midi: bool) -> None:
    """If the model returned the clip unchanged, the new track would sound exactly as the source track does.

    A REAPER that renders stems only after the fader needs the self-test.
    """
    rig.host.rules.stems_can_be_before_the_fader = is_new_enough
    guitar(rig)
    if not is_new_enough:
        rig.act("Self-test")
        rig.until(lambda: rig.host.boxes)
        rig.host.boxes.clear()
    (item,) = rig.project.items  # an undo point that the self-test undoes has replaced the old object
    assert item.take
    item.take.midi = midi
    item.take.values |= {"D_VOL": 0.7, "D_PAN": 0.2}
    item.values |= {"D_VOL": 0.5, "D_FADEINLEN": 0.1}
    item.track.values |= {"D_VOL": 0.25, "D_PAN": -0.5}
    clip = clip_of(rig)
    message = rig.messages("remix")[-1]
    made = job(message["message_id"], Path(clip["rendered"]["path"]), lead=clip["rendered"]["handles"][0])
    rig.answer(jobs=[made], place=[made["variations"][0]["variation_id"]])
    rig.until(lambda: placed(rig))
    (result,) = of_bridge(rig)
    assert result.track.name == "Guitar - remix 1"
    assert not result.track.fx
    bounds = (4.0, 5.0)
    source, new = (stem(one, bounds, RATE, is_pre_fader=False) for one in (item.track, result.track))
    np.testing.assert_allclose(new, source, atol=1e-6)
    rig.host.verify()


@pytest.mark.parametrize("mode", ["take", "lane"])
@pytest.mark.parametrize("midi", [True, False])
def test_a_result_with_effects_is_never_placed_on_the_track_with_these_effects(rig: Rig, mode: str, midi: bool) -> None:
    rig.choose(mode=mode)
    item = guitar(rig)
    item.track.values |= {"I_FREEMODE": 2.0, "I_NUMFIXEDLANES": 2.0}
    assert item.take
    item.take.midi = midi
    clip = clip_of(rig)
    rig.until(lambda: waiting(rig))
    message = rig.messages("remix")[-1]
    made = job(message["message_id"], Path(clip["rendered"]["path"]), lead=clip["rendered"]["handles"][0])
    rig.answer(jobs=[made], place=[made["variations"][0]["variation_id"]])
    rig.until(lambda: placed(rig))
    (result,) = of_bridge(rig)
    assert result.track is not item.track
    assert len(item.takes) == 1
    assert not waiting(rig)


# --- the choice ------------------------------------------------------------------------------------------------------

FIELDS = "dub\n\n\n7\n1\noffline\nnew_track\nn\n"


def test_the_choice_is_remembered_for_each_track(rig: Rig, tmp_path: Path) -> None:
    item = rig.item()
    item.track.fx = [True]
    rig.host.answers = [1, FIELDS + "track"]
    rig.act("Remix selected items (asks)")
    rig.until(lambda: rig.messages("remix"))
    rig.act("Remix with last settings")
    rig.until(lambda: len(rig.messages("remix")) == 2)
    assert len(rig.host.rendered) == 2
    item.selected = False
    bass = rig.item(8.0, track=rig.track("Bass"))
    bass.track.fx = [True]
    rig.act("Remix with last settings")
    assert "source" in rig.messages("remix")[-1]["args"]["clips"][0], "the bass has its own choice"
    assert not points(rig)
    again = Rig(rig.home, tmp_path, name="Again")  # REAPER was restarted; the project was saved
    again.host.projects, again.host.active, again.project = [rig.project], rig.project, rig.project
    bass.selected, item.selected = False, True
    again.host.answers = [1, None]
    again.act("Remix selected items (asks)")
    assert again.host.asked[-1][1].endswith("\ntrack")
    again.host.verify()


def test_tracks_that_differ_keep_their_choices(rig: Rig) -> None:
    guitar(rig)
    bass = rig.item(8.0, track=rig.track("Bass"))
    bass.track.fx = [True]
    rig.host.answers = [1, FIELDS]
    rig.act("Remix selected items (asks)")
    assert rig.host.asked[-1][1].endswith("\nn\n"), "the field is empty"
    rig.until(lambda: rig.messages("remix"))
    first, second = rig.messages("remix")[-1]["args"]["clips"]
    assert ("rendered" in first, "rendered" in second) == (True, False)


def test_an_unknown_choice_is_asked_for_again(rig: Rig) -> None:
    rig.item()
    rig.host.answers = [1, FIELDS + "amp", None]
    rig.act("Remix selected items (asks)")
    assert rig.host.boxes == ['"Sound of" must be item or track.']
    assert len(rig.host.asked) == 2


def test_an_action_switches_the_choice_without_an_undo_point(rig: Rig) -> None:
    item = rig.item()
    item.track.fx = [True]
    rig.act("Track effects (on or off)")
    assert rig.host.helped[-1].endswith("with the track's effects")
    rig.act("Track effects (on or off)")
    assert rig.host.helped[-1].endswith("without the track's effects")
    assert not rig.project.history
    assert not rig.project.kept
    assert "source" in clip_of(rig)


# --- what is said beforehand -----------------------------------------------------------------------------------------


def test_the_time_and_the_price_are_shown_first(rig: Rig) -> None:
    guitar(rig, 4.0, 8.0)
    rig.host.answers = [False]
    rig.act("Remix with last settings")
    text = (
        "REAPER must first render 8.5 s of audio through take FX, an instrument or the track's effects. "
        "This blocks REAPER for {}.\n\nSubmit 1 remix (8.0 s of audio, up to USD 0.002)?"
    )
    assert rig.host.boxes == [text.format("up to 9 s")]
    rig.host.tick(5)
    assert not rig.host.rendered, "the user has cancelled"
    assert not rig.messages("remix")
    rig.host.render_speed = 2.0
    clip_of(rig)
    assert rig.messages("remix")[0]["args"]["confirmed"] is True
    rig.act("Remix with last settings")
    assert rig.host.boxes[-1] == text.format("about 5 s"), "measured at the first render"


def test_the_dialog_shows_for_how_long_reaper_is_blocked(rig: Rig) -> None:
    rig.host.gui = gui = Gui(rig.host)
    settings = load(rig.home, {})
    shown = catalogue(standard(rig.home).all(), [_capabilities(settings.fal, "")], settings.budget)
    (rig.home / "catalogue.json").write_text(json.dumps(shown))
    item = rig.item(4.0, 2.0)
    item.track.fx = [True]
    rig.act("Remix selected items (asks)")
    rig.host.tick(20)
    assert not [text for text in gui.labels("Text") if "blocked" in text]
    prepared = len(rig.messages("prepare"))
    assert prepared == 1
    gui.pressed |= {"Sound of", "the track"}
    rig.host.tick(20)
    gui.pressed.clear()
    assert [text for text in gui.labels("Text") if text.endswith("REAPER is blocked for up to 3 s.")]
    item.track.values["I_FOLDERDEPTH"] = 1.0
    rig.host.edit(rig.project)
    rig.host.tick(20)
    assert [text for text in gui.labels("Text") if text.endswith("what other tracks play into this track.")]
    item.values["D_LENGTH"] = 1.0
    rig.host.tick(60)
    assert [text for text in gui.labels("Text") if "REAPER is blocked for up to 2 s" in text], "still the track"
    assert len(rig.messages("prepare")) == prepared, "the item's own audio is not prepared"
    gui.pressed.add("Remix")
    rig.until(lambda: rig.messages("remix"))
    assert not rig.host.boxes, "the dialog has shown the time and the price"
    assert len(rig.host.rendered) == 1
    rig.host.verify()
