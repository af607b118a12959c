"""End-to-end tests of the shipped scripts in the mock REAPER, with a real daemon process and both engines."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

from bridge.config.home import prepare_home
from tests.daws.reaper.model import Item, Source
from tests.daws.reaper.rig import Rig
from tests.daws.reaper.rules import Rules
from tests.daws.reaper.steps import move, points, split
from tests.daws.reaper.steps_daemon import press, results, states
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import KEY, PATIENT, Daemon, fal_environment, running

pytestmark = pytest.mark.slow  # REAPER's mock and a real daemon, many times


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run one daemon for all tests that need no special settings, and yield the daemon's home."""
    home = tmp_path_factory.mktemp("home with späces")
    prepare_home(home)
    with running(home, program=PATIENT):
        yield home


def of_bridge(rig: Rig) -> list[Item]:
    return [item for item in rig.project.items if "P_EXT:ace_bridge_variation" in item.texts]


def start(started: list[Daemon], home: Path, **environ: str) -> None:
    """Start a daemon and wait until it is running; the mock's clock pauses during the wait."""
    started.append(Daemon(home, **environ))
    started[-1].wait_until_up()


def change(item: Item, kind: str) -> None:
    """Turn an item into an item of this kind."""
    take = item.take
    assert take
    assert take.source
    match kind:
        case "pitched":
            take.values["D_PITCH"] = 2.0
        case "slow":
            take.values |= {"D_PLAYRATE": 0.8, "B_PPITCH": 1.0}
        case "varispeed":
            take.values |= {"D_PLAYRATE": 1.25, "B_PPITCH": 0.0}
        case "reversed":
            take.source = Source("", "SECTION", take.source, (0.0, 3.0), True)
        case "section":
            take.source = Source("", "SECTION", take.source, (0.5, 2.0))
        case "looped":
            take.values["D_STARTOFFS"] = 2.6
        case "inverted left":
            take.values |= {"D_VOL": -0.7, "I_CHANMODE": 3.0, "D_PAN": 0.3}
        case "effects":
            take.fx = [True]
        case "MIDI":
            take.midi = True


@pytest.mark.parametrize(
    "kind",
    ["plain", "pitched", "slow", "varispeed", "reversed", "section", "looped", "inverted left", "effects", "MIDI"],
)
def test_the_result_of_every_kind_of_item_is_in_place(bridge: Path, tmp_path: Path, kind: str) -> None:
    rig = Rig(bridge, tmp_path)
    rig.choose()
    item = rig.item(4.0, 1.0, 0.5)
    change(item, kind)
    (result,) = press(rig)
    (placed,) = of_bridge(rig)
    assert placed.take
    assert placed.take.source
    assert (placed.values["D_POSITION"], placed.values["D_LENGTH"]) == (4.0, 1.0)
    assert placed.take.source.path == result["path"]
    assert Path(result["path"]).parent == rig.folder
    about = soundfile.info(result["path"])
    assert about.samplerate == 48_000
    assert about.frames >= round((placed.take.values["D_STARTOFFS"] + 1.0) * 48_000)
    assert result["placed"] is True
    assert json.loads(Path(placed.texts["P_EXT:ace_bridge_recipe"]).read_bytes())
    assert points(rig) == ["Place remix"]


def test_an_item_is_remixed_as_heard_on_its_track(bridge: Path, tmp_path: Path) -> None:
    rig = Rig(bridge, tmp_path)
    rig.choose()
    item = rig.item(4.123456, 1.0, 0.5)
    item.track.fx, item.track.values["D_VOL"] = [True], 0.5
    rig.act("Track effects (on or off)")
    (result,) = press(rig)
    (placed,) = of_bridge(rig)
    assert len(rig.host.rendered) == 1
    assert placed.take
    assert (placed.values["D_POSITION"], placed.values["D_LENGTH"], placed.values["D_VOL"]) == (4.123456, 1.0, 1.0)
    assert result["samples"] == 48_000
    assert placed.take.values["D_STARTOFFS"] == result["source_offset"]
    assert (placed.track.values["D_VOL"], placed.track.fx) == (0.5, [])
    assert points(rig) == ["Place remix"]


def test_the_result_follows_what_the_user_does_meanwhile(bridge: Path, tmp_path: Path) -> None:
    rig = Rig(bridge, tmp_path)
    rig.choose()
    item, bass = rig.item(4.0, 1.0, 0.5), rig.track("Bass")
    rig.act("Remix with last settings")
    right = split(rig, item, 4.25)
    move(right, bass)
    assert right.take
    right.take.values["D_PLAYRATE"] = 2.0
    right.values |= {"D_POSITION": 9.0, "D_LENGTH": 0.375}
    (result,) = results(rig)
    assert [track.name for track in rig.project.tracks] == ["Guitar", "Guitar - remix 1", "Bass", "Bass - remix 1"]
    found = []
    for one in of_bridge(rig):
        assert one.take
        after = one.take.values["D_STARTOFFS"] - result["source_offset"]
        rate = one.take.values["D_PLAYRATE"]
        found.append((one.values["D_POSITION"], one.values["D_LENGTH"], pytest.approx(after, abs=1e-9), rate))
    assert found == [(4.0, 0.25, 0.0, 1.0), (9.0, 0.375, 0.25, 2.0)]
    rig.host.verify()


@pytest.mark.parametrize("system", ["Win64", "macOS-arm64", "Other"])
@pytest.mark.parametrize("version", ["7.08", "7.60"])
def test_the_path_styles_of_three_systems(bridge: Path, tmp_path: Path, system: str, version: str) -> None:
    """The scripts see paths in the style of `system`; the daemon uses the real paths of the same folders."""
    rig = Rig(bridge, tmp_path, system=system, version=version)
    rig.choose()
    rig.item()
    (result,) = press(rig)
    (placed,) = of_bridge(rig)
    assert placed.take
    assert placed.take.source
    assert placed.take.source.path == result["path"]
    assert result["placed"] is True


def test_windows_does_not_rename_files_outside_ascii(bridge: Path, tmp_path: Path) -> None:
    """The same fault elsewhere: https://github.com/mpv-player/mpv/issues/8835."""
    rig = Rig(bridge, tmp_path, system="Win64", rules=Rules(renames_any_path=False))
    rig.choose()
    rig.item()
    (result,) = press(rig)
    (placed,) = of_bridge(rig)
    assert placed.take
    assert placed.take.source
    assert placed.take.source.path == result["path"]
    assert result["placed"] is True
    rig.host.verify()


def test_several_items_and_variations(bridge: Path, tmp_path: Path) -> None:
    rig = Rig(bridge, tmp_path)
    rig.choose(variations=2)
    track = rig.track()
    for position in (4.0, 5.0):
        rig.item(position, 1.0, 0.5, track)
    press(rig, count=4)
    assert rig.project.tracks[0].name == "Guitar"
    assert sorted(one.name for one in rig.project.tracks[1:]) == ["Guitar - remix 1", "Guitar - remix 2"]
    assert [[item.values["D_POSITION"] for item in sorted(one.items, key=lambda item: item.values["D_POSITION"])]
            for one in rig.project.tracks[1:]] == [[4.0, 5.0]] * 2  # fmt: skip


def test_several_microphones_become_one_remix(bridge: Path, tmp_path: Path) -> None:
    rig = Rig(bridge, tmp_path)
    rig.choose()
    rig.item(4.5, 1.0, 0.5, rig.track("Left"))
    rig.item(4.0, 1.0, 0.5, rig.track("Right"))
    rig.host.answers = [True]
    (result,) = press(rig)
    (placed,) = of_bridge(rig)
    assert placed.take
    assert (placed.values["D_POSITION"], placed.values["D_LENGTH"]) == (4.0, 1.5)
    assert [track.name for track in rig.project.tracks] == ["Left", "Right", "Right - remix 1"]
    assert result["samples"] == round(1.5 * result["sample_rate"])


def test_several_microphones_are_cut_back_to_their_items(bridge: Path, tmp_path: Path) -> None:
    rig = Rig(bridge, tmp_path)
    rig.choose()
    for name in ("Kick", "Snare"):
        track = rig.track(name)
        for position in (4.0, 5.0):
            rig.item(position, 1.0, position - 3.5, track)
    rig.host.answers = [True]
    rig.act("Remix with last settings")
    second = rig.project.tracks[0].items[1]
    second.values["D_POSITION"] = 7.0
    (result,) = results(rig)
    found = [(one.values["D_POSITION"], one.values["D_LENGTH"], one.take and one.take.values["D_STARTOFFS"])
             for one in of_bridge(rig)]  # fmt: skip
    start = result["source_offset"]
    assert found == [(4.0, 1.0, start), (7.0, pytest.approx(1.0), pytest.approx(start + 1.0))]
    assert [track.name for track in rig.project.tracks] == ["Kick", "Snare", "Snare - remix 1"]
    rig.host.verify()


@pytest.mark.parametrize("name", ["a;b 'c' \"d\"", "Grüße 日本 🎛", "100% $(x) `y` \\ back"])
def test_hostile_names(bridge: Path, tmp_path: Path, name: str) -> None:
    rig = Rig(bridge, tmp_path)
    rig.choose()
    folder = tmp_path / name
    folder.mkdir()
    path = folder / f"{name}.wav"
    path.write_bytes(rig.tone.read_bytes())
    item = rig.item()
    assert item.take
    assert item.take.source
    item.take.source.path, item.take.name, item.track.name = str(path), name, name
    (result,) = press(rig)
    assert soundfile.info(result["path"]).frames >= 48_000


def test_fal_bills_once_and_the_result_is_placed(home: Path, tmp_path: Path) -> None:
    with FalServer(zero_delay=True, key=KEY) as fal, running(home, **fal_environment(fal.url)):
        rig = Rig(home, tmp_path)
        rig.choose(engine="fal")
        rig.item()
        press(rig)
        assert len(of_bridge(rig)) == 1
        assert sum(fal.queue.submits().values()) == 1


def test_an_error_of_the_engine_reaches_the_user(home: Path, tmp_path: Path) -> None:
    with running(home):  # without a fal key
        rig = Rig(home, tmp_path)
        rig.choose(engine="fal")
        rig.item()
        rig.act("Remix with last settings")
        rig.until(lambda: rig.host.boxes)
        assert "key" in rig.host.boxes[0]
        rig.until(lambda: not rig.host.busy())
        rig.until(lambda: points(rig) == ["Remove placeholder"])


def test_the_daemon_is_started_once(home: Path, tmp_path: Path) -> None:
    rig = Rig(home, tmp_path)
    rig.choose()
    rig.item()
    started: list[Daemon] = []
    rig.host.on_exec = lambda command: start(started, home)
    try:
        press(rig)
        assert len(started) == 1
        assert rig.host.executed == ['"python" "-m" "bridge" "start"']
    finally:
        for daemon in started:
            daemon.stop()


@pytest.mark.slow
def test_a_dead_daemon_is_restarted_and_the_remix_is_placed(home: Path, tmp_path: Path) -> None:
    with FalServer(zero_delay=True, key=KEY) as fal:
        fal.hold("IN_PROGRESS")
        environ = fal_environment(fal.url)
        rig = Rig(home, tmp_path)
        started: list[Daemon] = []
        with Daemon(home, **environ) as first:  # killed at the end
            first.wait_until_up()
            rig.choose(engine="fal")
            rig.item()
            rig.host.on_exec = lambda command: start(started, home, **environ)
            rig.act("Remix with last settings")
            rig.until(lambda: states(rig) == ["running"])
        fal.release()
        try:
            rig.until(lambda: states(rig) == ["done"])
            assert len(of_bridge(rig)) == len(started) == 1
            assert sum(fal.queue.submits().values()) == 1
        finally:
            for daemon in started:
                daemon.stop()


def test_a_daemon_that_cannot_start_is_reported(home: Path, tmp_path: Path) -> None:
    rig = Rig(home, tmp_path)
    rig.choose()
    rig.item()
    rig.act("Remix with last settings")
    rig.host.tick(30 * 80)
    assert len(rig.host.executed) == 1
    assert len(rig.host.boxes) == 1
    assert "ace-bridge doctor" in rig.host.boxes[0]
    assert not rig.host.busy()
    assert rig.messages("remix")  # the message waits in the inbox


def test_a_reaper_that_crashes_before_confirming_places_once(home: Path, tmp_path: Path) -> None:
    """The item was saved in the project before the crash; after the restart, the scripts find and confirm the item."""
    with running(home):
        rig = Rig(home, tmp_path)
        rig.choose()
        rig.item()
        placing = rig.scripts / "lib" / "delivery.lua"
        shipped = placing.read_text("utf-8")
        placing.write_text(shipped.replace("if mail.send('placed'", "if false and mail.send('placed'"))
        rig.act("Remix with last settings")
        rig.until(lambda: of_bridge(rig))
        placing.write_text(shipped)
        again = Rig(home, tmp_path)  # a new process with the same project
        again.host.projects, again.host.active, again.project = [rig.project], rig.project, rig.project
        again.act("Place ready remixes")
        again.until(lambda: states(again) == ["done"])
        assert len(of_bridge(again)) == 1
        assert points(again) == ["Place remix"]
        again.host.verify()


def test_a_result_finished_without_reaper_is_placed_at_its_next_start(home: Path, tmp_path: Path) -> None:
    with running(home):
        rig = Rig(home, tmp_path)
        rig.choose()
        rig.item()
        rig.act("Remix with last settings")
        rig.until(lambda: not rig.messages("remix"))
        rig.host.quit()
        rig.until(lambda: states(rig) == ["ready"])
        again = Rig(home, tmp_path)
        again.host.projects, again.host.active, again.project = [rig.project], rig.project, rig.project
        again.act("Place ready remixes")
        again.until(lambda: states(again) == ["done"])
        assert len(of_bridge(again)) == 1


def test_a_placed_item_is_run_again(bridge: Path, tmp_path: Path) -> None:
    rig = Rig(bridge, tmp_path)
    rig.choose()
    item = rig.item()
    press(rig)
    (first,) = of_bridge(rig)
    item.selected, first.selected = False, True
    rig.host.answers = ["techno, hard"]
    press(rig, "Same seed, new tags", count=2)
    second = next(one for one in of_bridge(rig) if one is not first)
    assert second.texts["P_EXT:ace_bridge_seed"] == "7"
    assert second.texts["P_EXT:ace_bridge_variation"] != first.texts["P_EXT:ace_bridge_variation"]
    assert second.track is not first.track


def test_a_surface_asks_for_the_selection(bridge: Path, tmp_path: Path) -> None:
    rig = Rig(bridge, tmp_path)
    rig.item()
    rig.act("Listen to controllers")
    rig.until(lambda: not rig.messages() and rig.outbox().get("updated"))
    about = json.loads((bridge / "daemon.json").read_bytes())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as pad:
        pad.sendto(b"/bridge/remix\0\0\0,\0\0\0", ("127.0.0.1", about["osc_port"]))
    rig.until(lambda: states(rig) == ["done"])
    assert len(of_bridge(rig)) == 1
    rig.host.verify()
    rig.act("Listen to controllers")
    rig.until(lambda: not rig.host.busy())


def test_cancel(home: Path, tmp_path: Path) -> None:
    with FalServer(zero_delay=True, key=KEY) as fal, running(home, **fal_environment(fal.url)):
        fal.hold("IN_QUEUE")
        rig = Rig(home, tmp_path)
        rig.choose(engine="fal")
        rig.item()
        rig.act("Listen to controllers")  # keeps the service, and so the cancelled job in the outbox
        rig.act("Remix with last settings")
        rig.until(lambda: states(rig) == ["queued"])
        rig.act("Cancel remixes")
        rig.until(lambda: states(rig) == ["cancelled"])
        rig.act("List jobs")
        assert "cancelled" in rig.host.console[0]
        rig.until(lambda: points(rig) == ["Remove placeholder"])
