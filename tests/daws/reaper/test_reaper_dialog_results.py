"""Tests the rows that the ReaImGui dialog shows for results, and "Keep this remix"."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.config.home import prepare_home
from tests.daws.reaper.gui import Gui
from tests.daws.reaper.model import Item
from tests.daws.reaper.rig import Rig, job
from tests.daws.reaper.steps import of_bridge, waiting
from tests.daws.reaper.steps_dialog import MARK, opened, with_gui
from tests.fakes.processes import PATIENT, running
from tests.fakes.studio import write_tone


@pytest.fixture
def rig(home: Path, tmp_path: Path) -> Rig:
    return with_gui(Rig(home, tmp_path))


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("home")
    prepare_home(home)
    with running(home, program=PATIENT):
        yield home


def results_of(bridge: Path, tmp_path: Path, count: int = 2) -> tuple[Rig, Gui, Item, list[str]]:
    """Remix one item in the dialog with the real daemon; return its rig, dialog, source and variation IDs."""
    rig = with_gui(Rig(bridge, tmp_path))
    rig.choose(seed=None, variations=count)
    rig.host.kept["ace-bridge", "wishes"] = rig.host.kept["ace-bridge", "wishes"].replace('"seed": null, ', "")
    source = rig.item()
    gui = opened(rig)
    gui.pressed.add("Remix")
    rig.until(lambda: len(of_bridge(rig)) == count)
    rig.until(lambda: rows(gui, "Audition") == count)
    return rig, gui, source, [item.texts[MARK + "variation"] for item in of_bridge(rig)]


def rows(gui: Gui, label: str) -> int:
    return gui.labels("Button").count(label)


def click(rig: Rig, gui: Gui, button: str, variation: str) -> None:
    gui.pressed.add(f"{button} {variation}")
    rig.host.tick(8)
    assert not gui.pressed


def finish(rig: Rig, gui: Gui) -> None:
    gui.closed = True
    rig.until(lambda: not rig.host.busy())
    assert not rig.host.boxes
    rig.host.verify()


def test_a_result_can_be_auditioned_and_swapped(bridge: Path, tmp_path: Path) -> None:
    rig, gui, source, (first, second) = results_of(bridge, tmp_path)
    click(rig, gui, "audition", second)
    assert rig.host.executed[-1].endswith(f"audition {second}")
    by_id = {item.texts[MARK + "variation"]: item for item in of_bridge(rig)}

    def sounds() -> list[bool]:
        return [not item.values["B_MUTE"] for item in (source, by_id[first], by_id[second])]

    click(rig, gui, "swap", second)
    assert sounds() == [False, False, True]
    click(rig, gui, "swap", second)
    assert sounds() == [True, False, False]
    click(rig, gui, "swap", first)
    assert sounds() == [False, True, False]
    names = [name for name, _ in rig.project.history]
    assert names.count("Swap source and remix") == 3
    finish(rig, gui)


def test_one_more_like_it_and_keep_this_one(bridge: Path, tmp_path: Path) -> None:
    rig, gui, source, (first, _) = results_of(bridge, tmp_path)
    other = rig.item(20.0)
    other.selected = False
    for number in range(2):
        click(rig, gui, "more", first)
        rig.until(lambda count=3 + number: len(of_bridge(rig)) == count)  # type: ignore[misc]
    rig.until(lambda: rows(gui, "Keep this one") == 4)
    assert not waiting(rig)
    seeds = {item.texts[MARK + "seed"] for item in of_bridge(rig)}
    assert len(seeds) == 4
    kept = of_bridge(rig)[3].texts[MARK + "variation"]
    before, tracks = len(rig.project.history), len(rig.project.tracks)
    click(rig, gui, "keep", kept)
    assert [item.texts[MARK + "variation"] for item in of_bridge(rig)] == [kept]
    assert [name for name, _ in rig.project.history[before:]] == ["Keep one remix"]
    assert len(rig.project.tracks) == tracks - 3, "the tracks of the others are empty and go too"
    assert source in rig.project.items
    assert other in rig.project.items
    assert rows(gui, "Keep this one") == 1
    click(rig, gui, "keep", kept)
    assert "This clip has no other variations in the project." in gui.labels("Text")
    rig.host.undo(rig.project)
    assert len(of_bridge(rig)) == 4, "one undo brings all of them back"
    finish(rig, gui)


def test_a_result_has_a_row_as_long_as_it_is_in_the_project(rig: Rig) -> None:
    rig.item()
    gui = opened(rig)
    gui.pressed.add("Remix")
    rig.host.tick(3)
    (message,) = rig.messages("remix")
    made = job(message["message_id"], write_tone(rig.folder / "result.wav", 1.5))
    rig.answer(jobs=[made], place=[made["variations"][0]["variation_id"]])
    rig.host.tick(16)
    (item,) = of_bridge(rig)
    made["state"] = made["variations"][0]["state"] = "done"
    for jobs in ([made], []):  # the daemon forgets the job
        rig.answer(jobs=jobs)
        rig.host.tick(16)
        assert rows(gui, "Audition") == 1
        assert "tone - remix 1, seed 7" in gui.labels("Text")
        assert not gui.labels("ProgressBar")
    rig.host.edit(rig.project)
    item.track.items.remove(item)
    rig.host.tick(16)
    assert rows(gui, "Audition") == 0
    rig.host.verify()


def test_earlier_results_of_the_selected_clip_have_rows(rig: Rig) -> None:
    source = rig.item(4.0)
    others = [rig.item(4.0, track=rig.track()) for _ in range(3)]
    for number, item in enumerate(others):
        item.selected = False
        owner = source.guid if number < 2 else "{another}"
        item.texts |= {MARK + key: value for key, value in {"variation": f"v{number}", "source": owner}.items()}
    gui = opened(rig)
    assert rows(gui, "Audition") == 2
    source.selected, others[1].selected = False, True
    rig.host.tick(16)
    assert rows(gui, "Audition") == 2, "a selected result shows the results of its source"
    others[1].selected, others[2].selected = False, True
    rig.host.tick(16)
    assert rows(gui, "Audition") == 1
    rig.host.verify()


def test_one_more_of_several_clips_says_so(rig: Rig) -> None:
    track = rig.track()
    for position in (4.0, 6.0):
        rig.item(position, track=track)
    gui = opened(rig)
    gui.pressed.add("Remix")
    rig.host.tick(3)
    made = job(rig.messages("remix")[0]["message_id"], write_tone(rig.folder / "result.wav", 1.5), count=2)
    rig.answer(jobs=[made], place=[one["variation_id"] for one in made["variations"]])
    rig.host.tick(16)
    for one in made["variations"]:
        one["state"] = "done"
    rig.answer(jobs=[{**made, "state": "done"}])
    rig.host.tick(16)
    assert rows(gui, "One more of all 2 clips") == 2
    assert rows(gui, "One more like it") == 0


def test_the_action_keeps_one_variation(rig: Rig) -> None:
    source = rig.item()
    source.selected = False
    for number, owner in enumerate((source.guid, source.guid, "{another}")):
        item = rig.item(4.0, track=rig.track(f"remix {number}"))
        item.selected = number == 1
        marks = {"variation": f"v{number}", "source": owner, "job": "j", "request": "r", "seed": "1"}
        item.texts |= {MARK + key: value for key, value in marks.items()}
    rig.act("Keep this remix")
    assert [item.texts[MARK + "variation"] for item in of_bridge(rig)] == ["v1", "v2"]
    assert [one["args"]["variation_id"] for one in rig.messages("removed")] == ["v0"]
    assert [name for name, _ in rig.project.history] == ["Keep one remix"]
    assert not waiting(rig)
    rig.host.verify()


def test_a_take_cannot_be_kept_by_removing_the_others(rig: Rig) -> None:
    item = rig.item()
    marks = {"variation": "v", "source": item.guid, "job": "j", "request": "r", "seed": "1"}
    item.takes[0].texts |= {MARK + key: value for key, value in marks.items()}
    rig.act("Keep this remix")
    assert "Delete active take from items" in rig.host.boxes[0]
    assert not rig.project.history
