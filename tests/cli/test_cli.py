"""Tests the command line itself: help, options, suggestions, exit statuses and unexpected exceptions."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from bridge.cli.main import main
from bridge.cli.options import Number, OneOf
from bridge.cli.parser import GROUPS, build_parser
from bridge.errors import HomeError
from bridge.util.suggest import nearest


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACE_BRIDGE_HOME", str(tmp_path / "home"))


def run(arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Run a command and return the exit status, stdout and stderr."""
    try:
        status = main(arguments.split())
    except SystemExit as end:
        status = int(end.code or 0)
    written = capsys.readouterr()
    return status, written.out, written.err


def test_without_a_command_it_prints_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run("", capsys)
    assert (status, err) == (0, "")
    for title, commands in GROUPS.items():
        group = out.split(f"\n{title}:\n")[1].split("\n\n")[0].splitlines()
        assert [line.split()[0] for line in group] == list(commands)
        assert all(len(line) <= 100 for line in group)
    assert "examples:" in out


def test_every_command_is_in_one_group() -> None:
    listed = [command for commands in GROUPS.values() for command in commands]
    assert sorted(listed) == sorted(build_parser().commands())


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("remix a.wav --amount 3", "remix: --amount must be a number from 0 to 1, not 3."),
        ("remix a.wav --amount nan", "remix: --amount must be a number from 0 to 1, not nan."),
        ("remix a.wav --rate 1", "remix: --rate must be a whole number from 8000 to 768000 Hz, not 1."),
        ("remix a.wav --offset -1", "remix: --offset must be a number of at least 0 s, not -1."),
        ("remix a.wav --length inf", "remix: --length must be a number of at least 0.1 s, not inf."),
        ("remix a.wav --tempo fast", "remix: --tempo must be a number from 1 to 1000 BPM, not fast."),
        ("remix a.wav --variations 1000", "remix: --variations must be a whole number from 1 to 16, not 1000."),
        ("remix a.wav --variations 1.5", "remix: --variations must be a whole number from 1 to 16, not 1.5."),
        ("remix a.wav --seed -1", "remix: --seed must be a whole number from 0 to 4294967295, not -1."),
        ("remix a.wav --amount", "remix: --amount needs a value."),
        ("rerun --seed x", "rerun: --seed must be a whole number from 0 to 4294967295, not x."),
        ("jobs -n 0", "jobs: --limit must be a whole number of at least 1, not 0."),
        ("install cubase", "install: DAW must be ardour, live or reaper, not cubase."),
    ],
)
def test_an_invalid_value_is_explained_in_one_line(
    arguments: str, error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments, capsys) == (2, "", f"ace-bridge {error}\n")


def test_the_help_states_the_ranges(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run("remix --help", capsys)
    text = " ".join(out.split())
    assert status == 0
    for part in ("0 to 1", "8000 to 768000 Hz", "at least 0 s", "1 to 16 (default: 1)", "1 to 1000 BPM"):
        assert part in text


@pytest.mark.parametrize(
    ("arguments", "guess"), [("remx", "remix"), ("job", "jobs"), ("instal live", "install"), ("staus", "status")]
)
def test_a_mistyped_command_is_guessed(arguments: str, guess: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(arguments, capsys)
    assert (status, out) == (2, "")
    assert f"There is no command “{arguments.split()[0]}”." in err
    assert f"“{guess}”" in err


def test_an_unknown_option_shows_the_usage_of_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run("remix a.wav --prest dub", capsys)
    assert (status, out) == (2, "")
    assert err.startswith("usage: ace-bridge remix")
    assert err.splitlines()[-1].startswith("ace-bridge remix: There is no option --prest. Did you mean “--preset”")
    status, _, err = run("presets show dub more", capsys)
    assert (status, err.splitlines()[-1]) == (2, "ace-bridge presets: Unexpected argument “more”.")


def test_an_unknown_state_lists_the_states(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run("jobs --state dne", capsys)
    assert status == 2
    assert err == (
        "ace-bridge jobs: --state must be open, ready, done, failed, cancelled, unknown or partial, not dne. "
        "Did you mean “done”?\n"
    )


def test_names_are_found_by_parts() -> None:
    names = ["roots-dub", "lofi-chill", "deep-house-basement", "liquid-drum-and-bass"]
    assert nearest("dubb", names) == ["roots-dub"]
    assert nearest("lofi", names) == ["lofi-chill"]
    assert nearest("HOUSE", names)[0] == "deep-house-basement"
    assert nearest("roots_dup", names)[0] == "roots-dub"
    assert nearest("", names) == nearest("zzzz", names) == []


def test_the_types_of_options() -> None:
    assert Number(1, 16, whole=True)("16") == 16
    assert Number(0, unit="s")("2.5") == 2.5
    assert OneOf(("a", "b"))("b") == "b"
    for invalid in ("1e3", "0", "", "-inf"):
        with pytest.raises(argparse.ArgumentTypeError):
            Number(1, 16, whole=True)(invalid)


def test_a_defect_is_reported_without_its_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> Path:
        raise ValueError("key-id:key-secret")

    monkeypatch.setattr("bridge.cli.commands.daemon.home", fail)
    status, out, err = run("status", capsys)
    assert (status, out) == (1, "")
    assert "[internal]" in err
    assert "ValueError at test_cli.py:" in err
    assert "key-secret" not in err
    status, out, _ = run("status --json", capsys)
    assert status == 1
    assert json.loads(out)["code"] == "internal"


def test_a_home_that_cannot_be_created_is_a_home_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ACE_BRIDGE_HOME", str(tmp_path / "file" / "home"))
    status, out, err = run("start", capsys)
    assert (status, out) == (1, "")
    assert f"[{HomeError.code}]" in err
    assert str(tmp_path / "file") in err
