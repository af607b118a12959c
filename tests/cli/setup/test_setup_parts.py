"""Tests parts of the setup: the table, the last screen, failing steps, delayed interrupts and playback."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.cli.main import main
from bridge.cli.setup import next_steps, run
from bridge.cli.setup.arguments import NAMES
from bridge.cli.setup.interrupts import delayed_interrupt
from bridge.cli.setup.playback import play
from bridge.cli.setup.questions import Defaults
from bridge.cli.setup.step import Outcome, Session, SkipStep, Step
from bridge.cli.setup.steps import STEPS
from bridge.cli.terminal import cells
from bridge.errors import AudioDeviceMissing, BridgeError, HomeError, Unexpected
from tests.fakes.studio import write_tone
from tests.system.test_whole_path import cli, stop

Output = pytest.CaptureFixture[str]


def session_of(home: Path, command: str = "ace-bridge") -> tuple[Session, list[str]]:
    said: list[str] = []
    return Session(home, {}, "linux", command, Defaults(), said.append), said


def test_the_options_name_the_steps_of_the_table() -> None:
    assert tuple(step.name for step in STEPS) == NAMES


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize("command", ["ace-bridge", "/home/musician/.local/bin/ace-bridge"])
def test_the_last_screen_fits(home: Path, monkeypatch: pytest.MonkeyPatch, columns: int, command: str) -> None:
    places = {"reaper": "Scripts/ACE Bridge", "live": "Remote Scripts/AceBridge", "ardour": "ace-bridge"}
    (home / "installed").mkdir()
    for daw, place in places.items():
        note = {"daw": daw, "version": "1", "pointer": f"/u/{daw}/{place}/ace-bridge.json"}
        (home / "installed" / f"{daw}.json").write_text(json.dumps(note))
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(Path, "home", lambda: home.parent)
    session, _ = session_of(home, command)
    lines = list(next_steps.screen(session))
    assert len(lines) <= 22, "the prompt and the title need two of the 24 lines"
    assert max(cells(line) for line in lines) <= columns
    text = " ".join(" ".join(lines).split())
    for part in ("ace-bridge_Install.lua", "AceBridge as a Control Surface", "Edit > Lua Scripts", "doctor", "results"):
        assert part in text
    assert text.count(command) >= 4


def failing(problem: Exception) -> Callable[[Session], Outcome]:
    def do(_: Session) -> Outcome:
        raise problem

    return do


@pytest.mark.parametrize(
    ("problem", "state", "text"),
    [
        (HomeError("The disk is gone.", hint="Plug it in."), "failed", "The disk is gone. Plug it in."),
        (PermissionError(13, "Permission denied", "/some/file"), "failed", "/some/file: Permission denied"),
        (RuntimeError("secret"), "failed", "a defect (RuntimeError)"),
        (SkipStep(), "skipped", "Skipped"),
    ],
)
def test_a_step_that_ends_early_does_not_stop_the_next(home: Path, problem: Exception, state: str, text: str) -> None:
    session, said = session_of(home)
    good = Outcome("done", "Fine.")
    steps = [
        Step("one", "One", "", lambda _: good, failing(problem), undo="`{command} one`"),
        Step("two", "Two", "", lambda _: good, lambda _: good, undo="`{command} two`"),
    ]
    report = run.run(steps, session)
    first, second = report.document()["steps"]
    assert (first["state"], first["undo"]) == (state, "")
    assert text in first["text"]
    assert "secret" not in first["text"]
    assert (second["state"], second["undo"]) == ("done", "`ace-bridge two`")
    assert report.status == (1 if state == "failed" else 0)
    assert any("tries it again" in line for line in said) == (state == "failed")


@pytest.mark.only_on("posix", because="on Windows, os.kill ends the process")
def test_ctrl_c_is_delayed_until_the_files_are_written() -> None:
    before = signal.getsignal(signal.SIGINT)
    written: list[str] = []

    def write() -> None:
        with delayed_interrupt():
            os.kill(os.getpid(), signal.SIGINT)
            written.append("everything")

    with pytest.raises(KeyboardInterrupt):
        write()
    assert written == ["everything"]
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("program", "error"),
    [
        ("print('{\"playing\": true}')", None),
        (
            f"import json; print(json.dumps({{'error': {AudioDeviceMissing().to_wire()!r}}})); exit(1)",
            AudioDeviceMissing,
        ),
        ("exit(3)", Unexpected),
    ],
)
def test_playing_waits_for_the_end_and_reports_errors(
    tmp_path: Path, program: str, error: type[BridgeError] | None
) -> None:
    note = tmp_path / "request"
    written = f"import sys; open({str(note)!r}, 'w').write(sys.argv[1]); "
    command = (sys.executable, "-c", written + program)
    if error is None:
        play(tmp_path / "a.wav", 2.0, "default", command)
    else:
        with pytest.raises(error):
            play(tmp_path / "a.wav", 2.0, "default", command)
    (side,) = json.loads(note.read_text())["sides"]
    assert (side["path"], side["length"]) == (str(tmp_path / "a.wav"), 2.0)


def test_a_user_who_has_set_up_nothing_is_told_about_the_setup(tmp_path: Path, capsys: Output) -> None:
    fresh, used = tmp_path / "fresh", tmp_path / "used"
    used.mkdir()
    (used / "bridge.db").touch()
    assert main(["--home", str(fresh)]) == 0
    assert capsys.readouterr().out.endswith("\nNothing is set up yet. Start with `ace-bridge setup`.\n")
    assert main(["--home", str(used)]) == 0
    assert "Nothing is set up yet" not in capsys.readouterr().out


def test_the_first_remix_names_the_setup_once(tmp_path: Path) -> None:
    fresh, tone = tmp_path / "fresh", write_tone(tmp_path / "tone.wav", 0.3)
    try:
        said = [cli(fresh, "remix", str(tone), "--engine", "offline").stderr for _ in range(2)]
    finally:
        stop(fresh)
    assert ["ace-bridge setup" in text for text in said] == [True, False]
