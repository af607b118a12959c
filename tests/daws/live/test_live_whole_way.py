"""End-to-end tests from key press to track, with the real script in the mock Live, real files and a real daemon."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.installers.installer import start_command
from tests.daws.live.conftest import Start
from tests.daws.live.host import Host, put_clip
from tests.daws.live.playback import second_of
from tests.daws.live.table import PLACING
from tests.fakes.fal_server import FalServer
from tests.fakes.music import track
from tests.fakes.processes import KEY, PATIENT, Daemon, environment, fal_environment, outbox, running
from tests.waiting import PATIENCE, described, until

pytestmark = pytest.mark.needs("music")


@pytest.fixture(params=["offline", "fal"])
def engine(request: pytest.FixtureRequest) -> Iterator[tuple[str, dict[str, str]]]:
    if request.param == "offline":
        yield "offline", {}
        return
    with FalServer(zero_delay=True, key=KEY) as fal:
        yield "fal", fal_environment(fal.url)


def ticking(host: Host, look: Callable[[], Any]) -> Any:
    """Tick the mock Live, faster than the real Live, until `look` returns a true value; return this value."""

    def tick() -> Any:
        host.tick()
        return look() or None

    try:
        return until(tick, described(look))
    except AssertionError as error:
        raise AssertionError(f"{error}; the status bar said {host.said[-5:]}") from error


class Awake:
    """A real-time clock that skips the test process's delays, which would look like pauses in Live's ticks."""

    def __init__(self) -> None:
        self._now = self._seen = time.monotonic()

    def __call__(self) -> float:
        seen = time.monotonic()
        self._now += min(seen - self._seen, 0.1)
        self._seen = seen
        return self._now


def start(start_live: Start, version: str, **about: Any) -> Host:
    host = start_live(version, clock=Awake(), **about)
    host.wall.now = time.time()
    return host


def warped_clip(host: Host, slot: int | None) -> Any:
    source = track("gravity")
    about = soundfile.info(source)
    seconds = about.frames / about.samplerate
    found = [(0.0, 0.5), (8.0, 4.6), (16.0, 8.5)]
    return put_clip(
        host.world,
        source,
        seconds,
        slot=slot,
        rate=float(about.samplerate),
        warping=True,
        markers=found,
        last_tempo=122.0,
        start=2.0,
        end=14.0,
    )


def placed(host: Host) -> bool:
    return any(text.startswith("Remix placed.") for text in host.said)


def press(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.sendto(OscMessageBuilder("/bridge/remix").build().dgram, ("127.0.0.1", port))


@pytest.mark.parametrize("slot", [None, 1], ids=["arrangement", "session"])
def test_from_the_key_to_the_track(
    start_live: Start, home: Path, tmp_path: Path, engine: tuple[str, dict[str, str]], slot: int | None
) -> None:
    name, environ = engine
    (tmp_path / "Song Project" / "Ableton Project Info").mkdir(parents=True)
    set_file = tmp_path / "Song Project" / "Song.als"
    with running(home, program=PATIENT, **environ) as daemon:
        port = daemon.wait_until_up()["osc_port"]
        host = start(start_live, "12.3.6", tempo=124.0, path=str(set_file))
        source = warped_clip(host, slot)
        ticking(host, lambda: (home / "outbox" / f"{host.id}.json").exists() and not host.messages("hello"))
        press(port)
        ticking(host, lambda: placed(host))
        (job,) = ticking(host, lambda: [one for one in outbox(home, host.id)["jobs"] if one["state"] == "done"])
        assert job["engine"] == name
        (variation,) = job["variations"]
        assert variation["result"]["placed"]
        assert variation["result"]["source_offset"] == 0.0
        new = host.world.state.tracks[2]
        (clip,) = new.clips or [one.clip for one in new.slots if one.clip]
        assert Path(clip.path) == Path(variation["result"]["path"])
        assert Path(clip.path).parent == tmp_path / "Song Project" / "Samples" / "ACE Bridge"
        assert (clip.start_time, clip.start, clip.end) == (source.start_time, pytest.approx(2.0), pytest.approx(14.0))
        assert (new.slots[1].clip is not None) == (slot == 1)
        assert len(host.world.undo_steps) == 1
        assert any("%" in text for text in host.said)


def test_a_far_stretched_clip_is_straightened(start_live: Start, home: Path) -> None:
    """The unsteady clip is far from the Set's tempo, so it is sent and returned with even beats at the Set's tempo."""
    pytest.importorskip("python_stretch")
    with running(home, program=PATIENT):
        host = start(start_live, "12.3.6", tempo=180.0)
        source = warped_clip(host, None)
        host.tick()
        press(host.script._bell.port)
        ticking(host, lambda: placed(host))
        (job,) = ticking(host, lambda: [one for one in outbox(home, host.id)["jobs"] if one["state"] == "done"])
        assert {one["code"] for one in job["warnings"]} <= {"not_ace_step", "not_carried"}
        (clip,) = host.world.state.tracks[2].clips
        about = soundfile.info(clip.path)
        assert about.frames == round(12 * 60 / 180 * about.samplerate)
        assert (clip.start_time, clip.start, clip.end) == (source.start_time, 2.0, 14.0)
        for beat in (2.0, 5.0, 11.0, 14.0):
            assert second_of(clip, beat) == pytest.approx((beat - 2.0) * 60 / 180, abs=1e-4)


@pytest.mark.parametrize("version", PLACING[:2])
def test_other_lives_that_place(start_live: Start, home: Path, version: str) -> None:
    with running(home, program=PATIENT):
        host = start(start_live, version, tempo=124.0)
        warped_clip(host, None)
        host.tick()
        press(host.script._bell.port)
        ticking(host, lambda: placed(host))
        assert Path(host.world.state.tracks[2].clips[0].path).parent == home / "results"


def test_a_live_that_cannot_place_shows_the_path_of_the_file(start_live: Start, home: Path) -> None:
    with running(home, program=PATIENT):
        host = start(start_live, "11.3.20", tempo=124.0)
        warped_clip(host, None)
        host.tick()
        press(host.script._bell.port)
        ticking(host, lambda: any("Drag the file" in text for text in host.said))
        (job,) = ticking(host, lambda: [one for one in outbox(home, host.id)["jobs"] if one["state"] == "done"])
        (variation,) = job["variations"]
        assert variation["error"] is None
        assert not variation["result"]["placed"]
        assert variation["result"]["path"] in variation["message"]
        assert Path(variation["result"]["path"]).is_file()
        assert any(variation["result"]["path"] in text for text in host.said)
        assert len(host.world.state.tracks) == 3


def test_a_closed_set_gets_its_remix_when_it_is_reopened(start_live: Start, home: Path) -> None:
    with running(home, program=PATIENT):
        first = start(start_live, "12.3.6", path="/music/song.als")
        warped_clip(first, None)
        first.world.dialogs = 1  # an open dialog, which prevents placing until the Set is closed
        first.tick()
        press(first.script._bell.port)
        ticking(first, lambda: any("placed later: a dialog is open" in text for text in first.said))
        first.script.disconnect()
        second = start(start_live, "12.3.6", path="/music/song.als")
        warped_clip(second, None)
        ticking(second, lambda: placed(second))
        (clip,) = second.world.state.tracks[2].clips
        assert clip.start_time == 16.0


def test_the_script_starts_the_daemon(start_live: Start, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script uses the command that `ace-bridge install live` writes to the pointer file."""
    for name in [name for name in os.environ if name.startswith(("FAL_", "ACE_BRIDGE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ACE_BRIDGE_OSC_PORT", "0")
    host = start(start_live, "12.3.6", tempo=124.0, command=start_command(home, sys.executable))
    warped_clip(host, None)
    host.tick(2)
    press(host.script._bell.port)
    try:
        ticking(host, lambda: placed(host))
        ticking(host, lambda: host.script._starter is None)
    finally:
        words = [sys.executable, "-m", "bridge", "--home", str(home), "stop"]
        stopped = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert stopped.returncode == 0, stopped.stderr
    assert any("Starting it" in text for text in host.said)
    assert len(host.world.state.tracks[2].clips) == 1


def test_requested_on_the_command_line(start_live: Start, home: Path) -> None:
    """Run the command that docs/live.md gives for a system shortcut."""
    with running(home, program=PATIENT):
        host = start(start_live, "12.3.6", tempo=124.0)
        warped_clip(host, None)
        ticking(host, lambda: (home / "outbox" / f"{host.id}.json").exists() and not host.messages("hello"))
        words = [sys.executable, "-m", "bridge", "--home", str(home), "send", "/bridge/remix"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment(home)) as command:
            host.wall.now = time.time()
            ticking(host, lambda: command.poll() is not None)
            assert command.stdout is not None
            assert "/bridge/accepted" in command.stdout.read()
        ticking(host, lambda: placed(host))


def test_two_lives_get_their_own_results(start_live: Start, home: Path) -> None:
    with running(home, program=PATIENT):
        lives = [start(start_live, version, tempo=tempo) for version, tempo in (("12.3.6", 124.0), ("11.3.25", 118.0))]
        for host in lives:
            warped_clip(host, None)
            host.tick()
            press(host.script._bell.port)
            host.tick(2)
        for host in lives:
            ticking(host, lambda host=host: placed(host))
        paths = {host.world.state.tracks[2].clips[0].path for host in lives}
        assert len(paths) == 2


def test_a_daemon_is_killed_during_a_remix(start_live: Start, home: Path) -> None:
    """The next daemon resumes the job, and the result is placed exactly once."""
    host = start(start_live, "12.3.6", tempo=124.0)
    warped_clip(host, None)
    first = Daemon(home, program=PATIENT)
    try:
        first.wait_until_up()
        host.world.dialogs = 1
        host.tick()
        press(host.script._bell.port)
        ticking(host, lambda: any("placed later: a dialog is open" in text for text in host.said))
    finally:
        first.kill()
    host.tick(5)
    with running(home, program=PATIENT):
        host.world.dialogs = 0
        ticking(host, lambda: placed(host))
        (job,) = ticking(host, lambda: [one for one in outbox(home, host.id)["jobs"] if one["state"] == "done"])
    assert job["variations"][0]["result"]["placed"]
    assert len(host.world.state.tracks) == 4
