"""Tests `ace-bridge setup` as a person uses it: on a real terminal, with fake DAWs and a real daemon."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from bridge.cli import history
from bridge.client import Client
from tests.cli.setup.person import CTRL_C, CTRL_D, DAWS, Machine, at_terminal
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import KEY, fal_environment
from tests.waiting import until


def test_a_person_who_presses_enter_gets_everything(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "user", "reaper", "live", "ardour")
    with at_terminal(machine) as person:
        for title in ("Ardour", "Ableton Live", "REAPER"):
            assert "file" in person.sees(f"Install the scripts in {title}?"), "the files are shown first"
            person.types("")
        person.answers("Which engine?", "")
        person.answers("Check this machine", "")
        person.answers("Start the bridge at login?", "")
        person.answers("first remix now", "")
        person.sees("Generating the clip …")
        person.answers("Play both", "")
        status, printed = person.leaves()
        assert status == 0, printed
        assert Client(machine.home).daemon() is not None
    results = list((machine.home / "results").glob("*.wav"))
    assert len(results) == 1
    assert str(results[0]) in printed.replace("\n      ", " ")
    assert "the remix ▁" in printed or "the remix ▂" in printed or "the remix ▃" in printed
    assert "There is no fal key" not in printed
    assert {"reaper", "live", "ardour"} == {json.loads(path.read_bytes())["daw"] for path in installed(machine)}
    assert "To undo this:" in printed
    assert "uninstall reaper" in printed


def installed(machine: Machine) -> list[Path]:
    return list((machine.home / "installed").glob("*.json"))


def test_the_second_run_changes_nothing(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "user", "reaper", "live", "ardour")
    try:
        first = machine.setup("--yes")
        assert first.returncode == 0, first.stdout
        before, jobs = machine.tree(), history.newest(machine.home, 10)
        assert len(jobs) == 1
        with at_terminal(machine) as person:
            person.answers("Which engine?", "")
            person.answers("Check this machine", "")
            person.answers("Start the bridge at login?", "")
            person.answers("another remix now", "")
            status, printed = person.leaves()
        assert status == 0, printed
        assert printed.count("The scripts are installed.") == 3
        assert machine.tree() == before
        assert history.newest(machine.home, 10) == jobs
    finally:
        machine.stop()


def test_no_to_every_question_changes_nothing(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "user", "reaper", "live", "ardour")
    before = machine.tree()
    with at_terminal(machine) as person:
        for _ in DAWS:
            person.answers("Install the scripts", "n")
        person.answers("Which engine?", "2")
        person.answers("Check this machine", "no")
        person.answers("Start the bridge at login?", "n")
        person.answers("first remix now", "n")
        status, printed = person.leaves()
    assert status == 0, printed
    assert machine.tree() == before
    assert not machine.home.exists()
    assert "setup --only daws" in printed, "the last screen says how to install the scripts later"


def test_s_skips_a_step_and_keeps_what_is_done(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "user", "reaper", "live", "ardour")
    with at_terminal(machine) as person:
        person.answers("Install the scripts in Ardour?", "y")
        person.answers("Install the scripts in Ableton Live?", "what?")
        person.sees("Type y for yes")
        person.answers("Install the scripts in Ableton Live?", "s")
        person.answers("Which engine?", "s")
        person.answers("Check this machine", "s")
        person.answers("Start the bridge at login?", "s")
        person.answers("first remix now", "s")
        status, printed = person.leaves()
    assert status == 0, printed
    assert {path.split("/")[1] for path in machine.tree()} == {"ardour7", "REAPER"}
    assert [path for path in machine.tree() if "REAPER" in path] == [".config/REAPER/reaper.ini"]
    assert printed.count("Skipped.") == 6


def test_a_machine_without_a_daw_is_told_what_to_do(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "user")
    done = machine.setup("--yes", "--only", "daws", "--only", "next")
    assert done.returncode == 0
    assert "No DAW was found." in done.stdout
    assert "install reaper --folder PATH" in done.stdout.replace("\n      ", " ")
    assert not machine.home.exists()


def test_a_step_that_fails_is_told_and_the_next_one_runs(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "user", "reaper", "live")
    (machine.user / DAWS["reaper"] / "Scripts").write_text("a file is in the way")
    done = machine.setup("--yes", "--json", "--only", "daws", "--only", "engine")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    daws, engine = report["steps"]
    assert not report["ok"]
    assert (daws["state"], engine["state"]) == ("failed", "kept")
    assert {one["daw"]: one["state"] for one in daws["daws"]} == {"live": "done", "reaper": "failed"}
    assert "Scripts" in next(one["text"] for one in daws["daws"] if one["daw"] == "reaper")


def test_json_alone_looks_and_changes_nothing(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "user", "reaper")
    before = machine.tree()
    done = machine.setup("--json")
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
    states = {step["step"]: step["state"] for step in json.loads(done.stdout)["steps"]}
    assert list(states) == ["daws", "engine", "checks", "autostart", "remix", "next"]
    assert (states["daws"], states["engine"], states["checks"], states["remix"]) == ("todo",) * 4
    assert machine.tree() == before
    assert not machine.home.exists()


def test_yes_with_json_does_all_and_prints_one_document(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "user", "reaper")
    try:
        done = machine.setup("--yes", "--json", FAL_KEY="some-id-123:some-secret-4567")
        steps = {step["step"]: step for step in json.loads(done.stdout)["steps"]}
    finally:
        machine.stop()
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
    assert steps["daws"]["state"] == steps["remix"]["state"] == "done"
    assert steps["remix"]["engine"] == "offline", "--yes never spends money"
    assert Path(steps["remix"]["path"]).is_file()
    assert "uninstall reaper" in steps["daws"]["undo"]
    assert steps["autostart"]["state"] != "done"
    assert any("REAPER" in line for line in steps["next"]["screen"])


@pytest.mark.parametrize("words", [(), ("--only", "engine")])
def test_without_a_terminal_nothing_happens(tmp_path: Path, words: tuple[str, ...]) -> None:
    machine = Machine(tmp_path / "user", "reaper")
    before = machine.tree()
    done = machine.setup(*words)
    assert done.returncode == 1
    assert "not a terminal" in done.stderr
    assert "--yes" in done.stderr
    assert machine.tree() == before
    assert not machine.home.exists()


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D])
def test_ctrl_c_at_a_question_says_what_is_done(tmp_path: Path, key: str) -> None:
    machine = Machine(tmp_path / "user", "reaper", "ardour")
    with at_terminal(machine) as person:
        person.answers("Install the scripts in Ardour?", "y")
        person.sees("Install the scripts in REAPER? [Y/n/s] ")
        person.types(key, enter="")
        status, printed = person.leaves()
    assert status == 130
    said = printed.partition("Stopped. What is done stays done:")[2]
    assert "Ardour 7: ~/.config/ardour7: The scripts are installed." in said
    assert "REAPER: ~/.config/REAPER: The scripts are not installed." in said
    assert "setup` again" in said
    assert "Traceback" not in printed


def test_ctrl_c_during_the_remix_says_that_it_continues(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "user")
    with FalServer(zero_delay=True, key=KEY) as fal:
        fal.hold("IN_PROGRESS")
        with at_terminal(machine, "--only", "remix", **fal_environment(fal.url)) as person:
            person.answers("first remix now", "y")
            person.answers("on fal for about", "y")
            person.sees("0 %")
            person.types(CTRL_C, enter="")
            status, printed = person.leaves()
            assert status == 130, printed
            assert "continues in the background" in printed
            fal.release()
            until(lambda: any((machine.home / "results").glob("*.wav")), "the result")


def test_only_and_skip_choose_the_steps(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "user")
    done = machine.setup("--json", "--only", "engine", "--only", "next", "--skip", "next")
    assert [step["step"] for step in json.loads(done.stdout)["steps"]] == ["engine"]
    done = machine.setup("--only", "engin")
    assert done.returncode == 2
    assert "engine" in done.stderr
    done = machine.setup("--json", "--only", "next", "--skip", "next")
    assert (done.returncode, done.stdout) == (2, "")
    assert "leave no step" in done.stderr


def test_a_running_ardour_is_named_and_another_try_works(tmp_path: Path) -> None:
    """A process called ardour7 uses the folder at the first try, and has ended at the second."""
    machine = Machine(tmp_path / "user", "ardour")
    program = tmp_path / "ardour7"
    shutil.copy(shutil.which("sleep") or "", program)
    with subprocess.Popen([program, "600"], env={"HOME": str(machine.user)}) as ardour:
        with at_terminal(machine, "--only", "daws") as person:
            person.answers("Install the scripts in Ardour?", "y")
            person.sees("Ardour is running")
            ardour.kill()
            ardour.wait()
            person.answers("Try again?", "")
            status, printed = person.leaves()
        assert status == 0, printed
    assert any("ace-bridge" in path for path in machine.tree())
