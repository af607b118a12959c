"""The command line's own words: help, options, suggestions, exit statuses, and the last resort."""

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


def said(words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Run a command; return its status and what it wrote."""
    try:
        status = main(words.split())
    except SystemExit as end:
        status = int(end.code or 0)
    written = capsys.readouterr()
    return status, written.out, written.err


def test_alone_it_prints_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = said("", capsys)
    assert (status, err) == (0, "")
    for title, words in GROUPS.items():
        group = out.split(f"\n{title}:\n")[1].split("\n\n")[0].splitlines()
        assert [line.split()[0] for line in group] == list(words)
        assert all(len(line) <= 100 for line in group)
    assert "examples:" in out


def test_every_command_stands_in_one_group() -> None:
    listed = [word for words in GROUPS.values() for word in words]
    assert sorted(listed) == sorted(build_parser().commands())


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("remix a.wav --amount 3", "ace-bridge remix: --amount is 3; it takes 0 to 1."),
        ("remix a.wav --amount nan", "ace-bridge remix: --amount is nan; it takes 0 to 1."),
        ("remix a.wav --rate 1", "ace-bridge remix: --rate is 1; it takes 8000 to 768000 (Hz)."),
        ("remix a.wav --offset -1", "ace-bridge remix: --offset is -1; it takes 0 and more (s)."),
        ("remix a.wav --length inf", "ace-bridge remix: --length is inf; it takes 0.1 and more (s)."),
        ("remix a.wav --tempo fast", "ace-bridge remix: --tempo is fast; it takes 1 to 1000 (BPM)."),
        ("remix a.wav --variations 1000", "ace-bridge remix: --variations is 1000; it takes 1 to 16."),
        ("remix a.wav --variations 1.5", "ace-bridge remix: --variations is 1.5; it takes 1 to 16."),
        ("remix a.wav --seed -1", "ace-bridge remix: --seed is -1; it takes 0 to 4294967295."),
        ("remix a.wav --amount", "ace-bridge remix: --amount needs a value."),
        ("rerun --seed x", "ace-bridge rerun: --seed is x; it takes 0 to 4294967295."),
        ("jobs -n 0", "ace-bridge jobs: --limit is 0; it takes a whole number, 1 and more."),
        ("install cubase", "ace-bridge install: DAW is cubase; it takes ardour, live, reaper."),
    ],
)
def test_a_wrong_value_is_said_in_one_line_about_the_option(
    words: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(words, capsys) == (2, "", line + "\n")


def test_the_help_has_the_ranges(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = said("remix --help", capsys)
    text = " ".join(out.split())
    assert status == 0
    for part in ("0 to 1", "8000 to 768000 (Hz)", "0 and more (s)", "1 to 16; default 1", "1 to 1000 (BPM)"):
        assert part in text


@pytest.mark.parametrize(
    ("words", "guess"), [("remx", "remix"), ("job", "jobs"), ("instal live", "install"), ("staus", "status")]
)
def test_a_mistyped_command_is_guessed(words: str, guess: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = said(words, capsys)
    assert (status, out) == (2, "")
    assert f"There is no command “{words.split()[0]}”." in err
    assert f"“{guess}”" in err


def test_an_unknown_option_shows_how_its_command_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = said("remix a.wav --prest dub", capsys)
    assert (status, out) == (2, "")
    assert err.startswith("usage: ace-bridge remix")
    assert err.splitlines()[-1].startswith("ace-bridge remix: There is no option --prest. Did you mean “--preset”")
    status, _, err = said("presets show dub more", capsys)
    assert (status, err.splitlines()[-1]) == (2, "ace-bridge presets: “more” is too much.")


def test_a_wrong_state_lists_the_words(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = said("jobs --state dne", capsys)
    assert status == 2
    assert err == (
        "ace-bridge jobs: --state is dne; it takes open, ready, done, failed, cancelled, unknown, partial. "
        "Did you mean “done”?\n"
    )


def test_names_are_found_by_their_parts() -> None:
    names = ["roots-dub", "lofi-chill", "deep-house-basement", "liquid-drum-and-bass"]
    assert nearest("dubb", names) == ["roots-dub"]
    assert nearest("lofi", names) == ["lofi-chill"]
    assert nearest("HOUSE", names)[0] == "deep-house-basement"
    assert nearest("roots_dup", names)[0] == "roots-dub"
    assert nearest("", names) == nearest("zzzz", names) == []


def test_numbers_and_words() -> None:
    assert Number(1, 16, whole=True)("16") == 16
    assert Number(0, unit="s")("2.5") == 2.5
    assert OneOf(("a", "b"))("b") == "b"
    for wrong in ("1e3", "0", "", "-inf"):
        with pytest.raises(argparse.ArgumentTypeError):
            Number(1, 16, whole=True)(wrong)


def test_a_defect_is_said_without_its_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> Path:
        raise ValueError("key-id:key-secret")

    monkeypatch.setattr("bridge.cli.commands.daemon.home", fail)
    status, out, err = said("status", capsys)
    assert (status, out) == (1, "")
    assert "[internal]" in err
    assert "ValueError at test_cli.py:" in err
    assert "key-secret" not in err
    status, out, _ = said("status --json", capsys)
    assert status == 1
    assert json.loads(out)["code"] == "internal"


def test_a_home_that_cannot_be_is_an_error_of_the_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ACE_BRIDGE_HOME", str(tmp_path / "file" / "home"))
    status, out, err = said("start", capsys)
    assert (status, out) == (1, "")
    assert f"[{HomeError.code}]" in err
    assert str(tmp_path / "file" / "home") in err
