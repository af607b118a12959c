"""Runs every command with output that is not UTF-8, in real processes, with names that the output cannot show."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.cli.output import shown
from bridge.cli.parser import build_parser
from bridge.cli.terminal import cells, cut
from bridge.config.home import prepare_home
from tests.fakes.processes import environment, running
from tests.fakes.studio import write_tone
from tests.waiting import PATIENCE

pytestmark = pytest.mark.only_on("posix", because="locales and file names that are not Unicode exist there only")

ODD = b"Gr\xc3\xb6\xc3\x9fe \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\xa5\x81 caf\xe9"  # UTF-8, and a byte that is not
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
ENCODINGS = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin": {"PYTHONIOENCODING": "iso-8859-1"},
    "windows": {"PYTHONIOENCODING": "cp1252"},
    "japan": {"PYTHONIOENCODING": "cp932"},
    "strict": {"PYTHONIOENCODING": "utf-8:strict"},
    "C": C_LOCALE,
}


@dataclass(frozen=True)
class Place:
    """A home, a preset, sources and a folder for results, all with odd names; the daemon is running."""

    home: Path
    folder: Path
    source: Path

    def run(self, words: Sequence[str], **environ: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "bridge", *(word.format(odd=self.source.stem) for word in words)]
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**environment(self.home), "PYTHONPATH": str(Path(__file__).parents[2]), **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("odd") / os.fsdecode(ODD)
    folder.mkdir()
    source = write_tone(folder.parent / "tone.wav", 0.3).rename(folder / f"{folder.name}.wav")
    (folder / folder.name).mkdir()
    (folder / folder.name / "reaper.ini").touch()
    home = folder / "home"
    prepare_home(home)
    preset = home / "presets" / "odd.toml"
    title, description = "Größe 日本 🥁", "♯ und ♭ → 日本"
    others = {"family": "dub", "tags": "dub, 日本", "lyrics": "[inst]"}
    keys = {"title": title, "description": description, **others}
    lines = ["version = 1", *(f'{name} = "{text}"' for name, text in keys.items())]
    preset.write_text("\n".join(lines), "utf-8")
    with running(home) as daemon:
        daemon.wait_until_up()
        place = Place(home, folder, source)
        made = place.run(["remix", "{odd}.wav", "--engine", "offline", "--preset", "Größe 日本 🥁"])
        assert made.returncode == 0, made.stderr
        yield place


# For each command: its arguments and exit status (None: depends on the machine). {odd} stands for the odd name.
COMMANDS: dict[str, list[tuple[list[str], int | None]]] = {
    "run": [(["run"], 1)],  # already running
    "start": [(["start"], 0)],
    "stop": [(["--home", "{odd}", "stop"], 0)],
    "status": [(["status"], 0), (["--home", "{odd}", "status"], 3)],
    "send": [(["send", "/bridge/preset/select", "{odd}"], 1), (["send", "/bridge/ping"], 0)],
    "remix": [
        (["remix", "{odd}.wav", "--engine", "offline", "--tags", "dub, 日本"], 0),
        (["remix", "{odd}.wav", "--tags", "{odd}"], 1),
        (["remix", "{odd} gone.wav"], 1),
        (["remix", "a.wav", "--amount", "{odd}"], 2),
        (["remix", "a.wav", "--größe"], 2),
    ],
    "retry": [(["retry"], 1), (["retry", "{odd}"], 1)],  # nothing to retry
    "rerun": [(["rerun", "--tags", "dub, 日本"], 0), (["rerun", "--tags", "{odd}"], 1)],
    "cancel": [(["cancel"], 1), (["cancel", "{odd}"], 1)],
    "nudge": [(["nudge", "15"], 0), (["nudge", "15", "{odd}"], 1)],
    "jobs": [(["jobs"], 0), (["jobs", "--search", "{odd}"], 0)],
    "show": [(["show"], 0), (["show", "{odd}"], 1)],
    "audition": [(["audition", "{odd}"], 1), (["audition", "--devices"], None)],
    "presets": [
        (["presets"], 0),
        (["presets", "Größe 日本 🥁"], 0),
        (["presets", "{odd}"], 1),
        (["presets", "check"], 0),
    ],
    "demo": [(["demo"], 0)],
    "bench": [(["bench", "--rounds", "1"], 0)],
    "setup": [(["setup"], 1), (["setup", "--json"], None), (["setup", "--only", "{odd}"], 2)],
    "doctor": [(["doctor"], None), (["doctor", "--bundle", "{odd}.zip"], None)],
    "config": [(["config"], 0), (["config", "path"], 0)],
    "midi": [(["midi", "learn", "{odd}"], 1), (["midi", "list"], None)],
    "install": [
        (["install", "reaper", "--dry-run", "--folder", "{odd}"], 0),
        (["install", "reaper", "--yes", "--folder", "{odd}"], 0),
        (["install", "{odd}"], 2),
    ],
    "uninstall": [
        (["uninstall", "reaper", "--folder", "{odd}"], 0),
        (["uninstall", "--all", "--dry-run"], 0),
        (["uninstall", "reaper", "--folder", "{odd} missing"], 1),
    ],
    "autostart": [(["autostart", "status"], 3), (["autostart", "{odd}"], 2)],
}
SHORT = ("jobs", "show", "doctor")  # the commands that run in every encoding
LONG = ("demo", "bench")


def test_the_table_has_every_command() -> None:
    assert sorted(COMMANDS) == sorted(build_parser().commands())


def cases() -> Iterator[object]:
    for encoding in ENCODINGS:
        for name in COMMANDS:
            if name in SHORT or encoding in ("ascii", "C"):
                marks = [pytest.mark.slow] if name in LONG or (encoding == "C" and name not in SHORT) else []
                yield pytest.param(name, ENCODINGS[encoding], id=f"{encoding}-{name}", marks=marks)


@pytest.mark.parametrize(("name", "environ"), [*cases()])
def test_every_command_ends_normally(place: Place, name: str, environ: dict[str, str]) -> None:
    for words, status in COMMANDS[name]:
        done = place.run(words, **environ)
        written = done.stdout + done.stderr
        assert done.returncode == status or (status is None and done.returncode in (0, 1)), written
        assert written
        for defect in (b"Traceback", b"UnicodeEncodeError", b"UnicodeDecodeError", b"[internal]", b"[unexpected]"):
            assert defect not in written, written


@pytest.mark.parametrize("name", [None, *COMMANDS], ids=str)
@pytest.mark.slow
def test_the_help_of_every_command_can_be_shown_in_ascii(place: Place, name: str | None) -> None:
    done = place.run([name, "--help"] if name else ["--help"], PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert "usage: ace-bridge" in done.stdout.decode("ascii")
    assert b"?" not in done.stdout  # every character of our own texts has a better replacement


@pytest.mark.parametrize(
    "words",
    [
        ["remix", "{odd}.wav", "--engine", "offline", "--json"],
        ["jobs", "--json"],
        ["show", "--json"],
        ["status", "--json"],
        ["presets", "--json"],
        ["config", "--json"],
        ["doctor", "--json"],
        ["remix", "{odd} gone.wav", "--json"],
        ["install", "reaper", "--dry-run", "--folder", "{odd}", "--json"],
        ["send", "/bridge/ping", "--json"],
    ],
    ids=lambda words: words[0],
)
def test_json_is_valid_and_names_files_exactly(place: Place, words: list[str]) -> None:
    done = place.run(words, **C_LOCALE)
    lines = [json.loads(line.decode("ascii")) for line in done.stdout.splitlines()]
    assert lines
    if lines[-1].get("event") == "end":
        (path,) = lines[-1]["paths"]
        assert os.path.getsize(os.fsencode(path)) > 0


@pytest.mark.parametrize("environ", [*ENCODINGS.values()], ids=[*ENCODINGS])
def test_a_script_can_open_the_printed_path_of_a_result(place: Place, environ: dict[str, str]) -> None:
    done = place.run(["remix", "{odd}.wav", "--engine", "offline", "--out", "{odd} out"], **environ)
    assert done.returncode == 0, done.stderr
    path = done.stdout.splitlines()[-1]
    assert path.startswith(os.fsencode(place.folder / f"{place.source.stem} out") + b"/")
    assert os.path.getsize(path) > 0


def test_own_texts_become_ascii(place: Place) -> None:
    done = place.run(["remix", "{odd}.wav", "--engine", "offline", "--tags", "dub"], PYTHONIOENCODING="ascii")
    assert b"offline remix, not ACE-Step - dub - dub style\n" in done.stderr
    assert b"-> " in place.run(["doctor"], PYTHONIOENCODING="ascii").stdout
    listed = place.run(["presets"], PYTHONIOENCODING="ascii").stdout
    assert b"# und b -> ??" in listed


def test_rows_keep_their_width(place: Place) -> None:
    rows = place.run(["jobs"], PYTHONIOENCODING="ascii", COLUMNS="60").stdout.decode("ascii").splitlines()
    assert rows
    assert max(len(row) for row in rows) <= 60


def test_bars_on_a_terminal_that_is_not_utf8(place: Place) -> None:
    leader, follower = pytest.importorskip("pty").openpty()
    command = [sys.executable, "-m", "bridge", "remix", place.source.name, "--engine", "offline"]
    environ = {**environment(place.home), "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONIOENCODING": "ascii"}
    with subprocess.Popen(
        command, cwd=place.folder, env=environ, stdin=follower, stdout=subprocess.PIPE, stderr=follower
    ) as process:
        os.close(follower)
        drawn = b""
        with contextlib.suppress(OSError):  # Linux reports EIO at the end
            while part := os.read(leader, 65536):
                drawn += part
        os.close(leader)
        assert process.wait(PATIENCE) == 0, drawn
    assert b"100 %" in drawn
    assert b"Traceback" not in drawn


def test_other_text_is_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("Größe · 日本 🥁 →", ""):
        assert shown(text) == text
        assert cells(cut(text, 12)) == 12
