"""Tests the commands presets and config: their output, and how they explain invalid input."""

from __future__ import annotations

import io
import sys
import tomllib
from pathlib import Path

import pytest

from bridge.cli.commands.demo import _command
from bridge.cli.main import main
from bridge.config.load import load

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACE_BRIDGE_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "70")
    for name in ("FAL_KEY", "FAL_KEY_ID", "FAL_KEY_SECRET", "ACE_BRIDGE_OSC_PORT"):
        monkeypatch.delenv(name, raising=False)


def run(arguments: str, capsys: Output) -> tuple[int, str, str]:
    status = main(arguments.split())
    written = capsys.readouterr()
    return status, written.out, written.err


def test_descriptions_of_presets_wrap_in_their_column(capsys: Output) -> None:
    _, out, _ = run("presets", capsys)
    lines = out.splitlines()
    assert all(len(line) <= 70 for line in lines)
    assert all(line[22:24].strip() or line[:22].strip() for line in lines)
    assert any(line.startswith(" " * 23) for line in lines)
    assert " " * 23 + "offline: dub; only the model adds the guitar" in lines


def test_a_preset_is_shown_by_its_name_alone(capsys: Output) -> None:
    by_name = run("presets roots-dub", capsys)
    assert by_name[0] == 0
    assert by_name == run("presets show roots-dub", capsys)
    assert "edit mode      remix" in by_name[1]
    status, _, err = run("presets dubb", capsys)
    assert status == 1
    assert "“roots-dub”" in err
    status, _, err = run("presets new", capsys)
    assert status == 1
    assert "`ace-bridge presets new my-dub`" in err


def test_config_prints_valid_toml(home: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACE_BRIDGE_OSC_PORT", "9999")
    (home / "config.toml").write_text("[fal]\nlongest = 100.0\n")
    status, out, _ = run("config", capsys)
    assert status == 0
    lines = out.splitlines()
    assert lines[0].endswith(str(home))
    assert lines[1].endswith(str(home / "config.toml"))
    read = tomllib.loads(out)
    assert list(read)[:3] == ["key", "engine", "fal"]
    assert read.pop("key") == {"fal": "none"}
    assert (read["osc"]["port"], read["fal"]["longest"]) == (9999, 100.0)
    assert [line for line in lines if line.endswith("# from ACE_BRIDGE_OSC_PORT")]
    (home / "config.toml").write_text(out.replace("[key]", "").split("fal = ")[0] + out.split('fal = "none"')[1])
    assert load(home, {}).osc.port == 9999, "its output can be loaded again"


@pytest.mark.parametrize(
    ("typed", "text"),
    [("", "No key was entered."), ("  \n", "No key was entered."), ("abc def\n", "A fal key has no spaces.")],
)
def test_an_invalid_key_is_not_stored(
    typed: str, text: str, home: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    status, out, err = run("config set-key", capsys)
    assert (status, out) == (1, "")
    assert err.startswith(f"ace-bridge: {text}\n")
    assert not (home / "credentials").exists()


def test_a_pasted_line_is_stored_as_the_key_alone(home: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO('export FAL_KEY="some-id-1:some-secret-1234"\n'))
    assert run("config set-key", capsys)[0] == 0
    assert (home / "credentials").read_text() == "FAL_KEY=some-id-1:some-secret-1234\n"


def test_ctrl_c_at_the_key_stores_nothing(home: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    class Person(io.StringIO):
        def isatty(self) -> bool:
            return True

    def interrupted(_: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", Person())
    monkeypatch.setattr("getpass.getpass", interrupted)
    assert run("config set-key", capsys) == (130, "", "\nNothing was stored.\n")
    assert not (home / "credentials").exists()


def test_ctrl_c_at_a_question_sends_nothing(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    from bridge.cli import confirm

    class Person:
        def readline(self) -> str:
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", Person())
    with pytest.raises(KeyboardInterrupt):
        confirm.agreed("5 remixes. Continue?")
    assert capsys.readouterr().err == "5 remixes. Continue? [y/N] \nNothing was sent.\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO("Y\n"))
    assert confirm.agreed("Continue?")


def test_the_demo_prints_a_command_for_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert _command(str(tmp_path / ".venv" / "bin" / "ace-bridge")) == str(Path(".venv/bin/ace-bridge"))
    assert _command("/somewhere/else/ace-bridge") == "/somewhere/else/ace-bridge"
    assert _command("/usr/lib/python3/bridge/__main__.py") == "ace-bridge"
