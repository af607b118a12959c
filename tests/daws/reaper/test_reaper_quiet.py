"""Tests that no message box comes between the user and a project that plays or records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.daws.reaper.rig import Rig, job
from tests.daws.reaper.steps import ask, waiting
from tests.fakes.processes import running

PLAYING, RECORDING = 1, 5
UNTIL_READ = 310  # ticks: more than the 10 s for which a message is shown


@pytest.fixture
def rig(home: Path, tmp_path: Path) -> Rig:
    rig = Rig(home, tmp_path)
    rig.choose()
    return rig


def log(rig: Rig) -> str:
    return (rig.home / "reaper" / "logs" / "reaper.log").read_text()


@pytest.mark.parametrize("state", [PLAYING, RECORDING])
def test_a_refusal_while_a_project_plays_opens_no_box(rig: Rig, state: int) -> None:
    rig.project.play_state = state
    rig.act("Remix with last settings")
    assert not rig.host.boxes
    text = "ACE Bridge: Select an audio item first."
    assert (rig.host.helped, rig.host.tooltips) == ([text], [text])
    assert "Select an audio item first." in log(rig)
    rig.host.tick(UNTIL_READ)
    assert (rig.host.helped[-1], rig.host.tooltips[-1]) == ("", "")
    assert not rig.host.busy()
    assert not rig.project.history
    rig.host.verify()


def test_a_held_key_says_it_once_more_and_leaves_nothing(rig: Rig) -> None:
    rig.project.play_state = PLAYING
    rig.hold("Remix with last settings", presses=4)
    rig.host.tick(UNTIL_READ)
    assert (rig.host.helped[-1], rig.host.tooltips[-1]) == ("", "")
    assert not rig.host.busy()
    rig.host.verify()


def test_a_project_in_the_background_may_play(rig: Rig) -> None:
    rig.host.open_project(rig.folder).play_state = PLAYING
    rig.act("Remix with last settings")
    assert not rig.host.boxes
    assert rig.host.tooltips


@pytest.mark.parametrize("state", [0, 2])
def test_a_stopped_or_paused_project_gets_a_box(rig: Rig, state: int) -> None:
    rig.project.play_state = state
    rig.act("Remix with last settings")
    assert rig.host.boxes == ["Select an audio item first."]
    assert not rig.host.tooltips


def test_a_percent_sign_and_lines_are_shown_as_they_are(rig: Rig) -> None:
    item = rig.item()
    assert item.takes[0].source
    item.takes[0].source.path = "/nowhere/100%.wav"
    rig.project.play_state = PLAYING
    rig.act("Remix with last settings")
    assert "100％.wav\n" in rig.host.tooltips[0]
    assert "100%.wav Nothing was sent" in rig.host.helped[0]
    rig.host.verify()


def test_a_failed_remix_is_told_without_a_box(rig: Rig) -> None:
    rig.item()
    message = ask(rig)
    rig.project.play_state = PLAYING
    error = {"code": "x", "text": "The engine refused it.", "hint": "Try again."}
    rig.answer(jobs=[job(message["message_id"], rig.tone, state="failed", error=error)])
    rig.host.tick(10)
    assert not rig.host.boxes
    assert "The engine refused it. Try again." in rig.host.helped[-1]
    assert rig.host.tooltips[-1].endswith("Try again.")
    rig.until(lambda: not rig.host.busy())
    assert (rig.host.helped[-1], rig.host.tooltips[-1]) == ("", "")
    rig.host.verify()


QUESTIONS: dict[str, tuple[str, list[str]]] = {
    "many": ("#Submit 21 remixes (21.0 s of audio, up to USD 0.004)?", ["OK"]),
    "render": ("#REAPER must first render", ["OK"]),
    "overlap": ("#These 2 items overlap on several tracks", ["Yes", "No"]),
}


def prepare(rig: Rig, kind: str) -> None:
    track = rig.track()
    for number in range(21 if kind == "many" else 1):
        rig.item(4.0 + number, track=track)
    if kind == "overlap":
        rig.item(4.0, track=rig.track("Room"))
    if kind == "render":
        rig.project.items[0].takes[0].fx = [True]


@pytest.mark.parametrize(
    ("kind", "answer"), [(kind, n) for kind, (_, answers) in QUESTIONS.items() for n in range(len(answers) + 1)]
)
def test_a_question_while_a_project_plays_is_a_menu(rig: Rig, kind: str, answer: int) -> None:
    """The answers are counted from 1; 0 closes the menu."""
    title, answers = QUESTIONS[kind]
    prepare(rig, kind)
    rig.project.play_state = PLAYING
    rig.host.answers = [lambda text: text.count("|") + 1 - len(answers) + answer if answer else 0]
    rig.act("Remix with last settings")
    rig.host.tick(20)
    assert not rig.host.boxes
    (menu,) = rig.host.menus
    assert menu.startswith(title)
    assert menu.split("|")[-len(answers) :] == answers
    assert all(line.startswith("#") for line in menu.split("|")[: -len(answers)])
    assert len(rig.messages("remix")) == bool(answer)
    rig.host.verify()


def test_a_grey_line_of_a_question_is_no_answer(rig: Rig) -> None:
    prepare(rig, "many")
    rig.project.play_state = PLAYING
    rig.host.answers = [1]
    rig.act("Remix with last settings")
    assert not rig.messages("remix")


def test_an_engines_error_is_told_without_a_box(home: Path, tmp_path: Path) -> None:
    with running(home):  # without a fal key
        rig: Any = Rig(home, tmp_path)
        rig.choose(engine="fal")
        rig.item()
        rig.project.play_state = PLAYING
        rig.act("Remix with last settings")
        rig.until(lambda: any("key" in text for text in rig.host.helped))
        assert not rig.host.boxes
        rig.until(lambda: not rig.host.busy())
        rig.until(lambda: not waiting(rig))
        rig.host.verify()
