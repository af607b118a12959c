"""Tests session changes while the engine works: a remix follows its source region, and waits until it can be placed."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from tests.daws.ardour import rig, saved
from tests.daws.ardour.conftest import Open
from tests.daws.ardour.studio import Studio, music
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import fal_environment
from tests.waiting import until

LATER = 20 * 48_000  # samples; position of the clip in the test that changes the tempo
TEMPO = """
local map = (Temporal.TempoMap.write_copy or Temporal.TempoMap.fetch_writable) () -- the name in 8 or 7.3
map:set_tempo (Temporal.Tempo (90, 90, 4), Temporal.timepos_t.from_ticks (1920 * 24))
Temporal.TempoMap.update (map)
one:set_position (Temporal.timepos_t (1000000))
"""
CHANGES = {
    # change: (Lua code of the change, position of the remix in samples, word in the note about the change);
    # each clip is at sample 96000 of the session and starts at sample 24000 of its file
    "moved": ("one:set_position (Temporal.timepos_t (240003))", 240_003, ""),
    "trimmed": ("one:trim_front (Temporal.timepos_t (96000 + 1001))", 96_000, ""),
    "slipped": ("one:set_start (Temporal.timepos_t (24000 + 777))", 96_000 - 777, ""),
    "hurried": (TEMPO, LATER, "tempo"),
    "split": ("route:to_track ():playlist ():split_region (one, Temporal.timepos_t (120000))", 96_000, "split"),
    "deleted": ("route:to_track ():playlist ():remove_region (one)", 96_000, "deleted"),
}


def waiting(open_studio: Open, tmp_path: Path, fal: FalServer) -> tuple[Studio, str]:
    """Return (studio, clip ID); the engine works on the clip until `fal.release()`."""
    fal.hold()
    studio = open_studio(**fal_environment(fal.url))
    studio.settings(preset="lofi-chill", seed=7)
    clip = studio.clip(music(tmp_path / "take.wav"), position=96_000, start=24_000, length=96_000)
    studio.ask(clip)
    until(lambda: [one for one in studio.variations() if one["state"] == "queued"] or None, "the job")
    return studio, clip


def test_each_remix_follows_its_source(open_studio: Open, tmp_path: Path, fal: FalServer) -> None:
    fal.hold()
    studio = open_studio(**fal_environment(fal.url))
    studio.settings(preset="lofi-chill", seed=7)
    clips = {
        name: studio.clip(
            music(tmp_path / f"{name}.wav"), position=LATER if change is TEMPO else 96_000, start=24_000, length=96_000
        )
        for name, (change, _, _) in CHANGES.items()
    }
    for clip in clips.values():
        studio.ask(clip)
    for name, (change, _, _) in CHANGES.items():
        studio.change(clips[name], change)
    fal.release()
    variations = {one["clip_id"].split("-")[0]: one for one in studio.finished(len(CHANGES))}
    tracks = {track.name: track for track in studio.save()}
    for name, (_, position, said) in CHANGES.items():
        variation, remix = variations[clips[name]], tracks[f"{name} · lofi-chill"]
        assert variation["state"] == "done", variation
        (region,) = remix.regions
        assert (name, region.position, region.length) == (name, position, 96_000)
        assert said in variation["message"]
        assert said in remix.comment
        assert ("original position" in remix.comment) == bool(said)


def test_nothing_is_placed_while_recording(open_studio: Open, tmp_path: Path, fal: FalServer) -> None:
    studio, _ = waiting(open_studio, tmp_path, fal)
    record(studio)
    fal.release()
    until(lambda: [one for one in studio.variations() if one["state"] == "placing"] or None, "the offer")
    studio.action("Place ready remixes")
    studio.answer("ACE Bridge", "Return")  # "Remixes cannot be placed while Ardour records. …"
    studio.ticks()
    assert studio.lua("return Session:actively_recording ()") == "true"
    assert "take · lofi-chill" not in [track.name for track in studio.save()]
    stop(studio)
    (variation,) = studio.finished()
    assert variation["state"] == "done", variation
    (region,) = next(track for track in studio.save() if track.name == "take · lofi-chill").regions
    assert region.position == 96_000


def test_only_the_right_session_gets_the_remix(open_studio: Open, tmp_path: Path, fal: FalServer) -> None:
    studio, _ = waiting(open_studio, tmp_path, fal)
    instance = studio.memory()["instance"]
    assert studio.ardour.quit() == 0
    other = rig.copy_session(studio.session, tmp_path / "other")
    studio.ardour.start(other)
    fal.release()
    until(lambda: [one for one in studio.variations() if one["state"] in ("ready", "placing")] or None, "the result")
    studio.ticks()
    studio.lua('Session:save_state ("", false, false, false, false, false)')
    assert [track.name for track in saved.tracks(other, 48_000)] == ["take"]
    assert studio.ardour.quit() == 0
    studio.ardour.start(studio.session)
    until(lambda: studio.memory_of(studio.session).get("instance") != instance, "the new instance")
    (variation,) = studio.finished()
    assert variation["state"] == "done", variation
    (region,) = next(track for track in studio.save() if track.name == "take · lofi-chill").regions
    assert (region.position, region.length) == (96_000, 96_000)


def test_a_crash_before_confirming_places_nothing_twice(open_studio: Open, tmp_path: Path, fal: FalServer) -> None:
    studio, _ = waiting(open_studio, tmp_path, fal)
    record(studio)
    fal.release()
    until(lambda: [one for one in studio.variations() if one["state"] == "placing"] or None, "the offer")
    assert studio.daemon is not None
    os.kill(studio.daemon.process.pid, signal.SIGSTOP)  # suspended, so that the daemon does not read the confirmation
    try:
        stop(studio)
        confirmed = until(lambda: messages(studio.home, "placed") or None, "the confirmation")
        studio.save()
        studio.ardour.kill()
        for path in confirmed:
            path.unlink()
    finally:
        os.kill(studio.daemon.process.pid, signal.SIGCONT)
    studio.ardour.start(studio.session)
    (variation,) = studio.finished()
    assert variation["state"] == "done", variation
    tracks = [track for track in studio.save() if "lofi" in track.name]
    assert [len(track.regions) for track in tracks] == [1]
    assert variation["result"]["placed"]


def test_the_daemon_is_killed_and_restarted(open_studio: Open, tmp_path: Path, fal: FalServer) -> None:
    studio, _ = waiting(open_studio, tmp_path, fal)
    assert studio.daemon is not None
    studio.daemon.kill()
    fal.release()
    studio.ticks()
    studio.start_daemon(**fal_environment(fal.url))
    (variation,) = studio.finished()
    assert variation["state"] == "done", variation
    (region,) = next(track for track in studio.save() if track.name == "take · lofi-chill").regions
    assert region.position == 96_000
    assert len(fal.seen("submit")) == 1


def messages(home: Path, command: str) -> list[Path]:
    return [path for path in (home / "inbox").glob("*.json") if json.loads(path.read_text())["command"] == command]


def record(studio: Studio) -> None:
    """Start recording on a new track; `stop` ends the recording."""
    studio.lua(
        """
        local made = Session:new_audio_track (1, 2, nil, 1, "voice", 9, ARDOUR.TrackMode.Normal, true, false)
        made:front ():to_track ():rec_enable_control ():set_value (1, PBD.GroupControlDisposition.NoGroup)
        Session:maybe_enable_record (true)
        Session:request_roll (ARDOUR.TransportRequestSource.TRS_UI)
        """
    )
    until(lambda: studio.lua("return Session:actively_recording ()") == "true", "the recording")


def stop(studio: Studio) -> None:
    """End the recording; Ardour 7.3 crashed once when recording was disabled before it had ended."""
    studio.lua("Session:request_stop (false, false, ARDOUR.TransportRequestSource.TRS_UI)")
    until(lambda: studio.lua("return Session:actively_recording ()") == "false", "the end of the recording")
    studio.lua("Session:disable_record (true, false)")
