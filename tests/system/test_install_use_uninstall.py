"""Installs the scripts in three DAWs, remixes, updates the bridge with jobs in flight, and removes everything again.

The DAW folders must be as before, byte for byte, and the bridge's home must hold only results.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.cli.commands import uninstall_all
from bridge.errors import AlreadyRunning
from bridge.store.home_lock import home_lock
from bridge.store.job_folder import ORDER
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import KEY, environment, fal_environment, job_of, put
from tests.fakes.studio import remix_args, write_tone
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
NEWER = "99.0.0"


def tree(folder: Path) -> dict[str, str]:
    """Return every file's hash and every folder, with their permissions."""
    return {
        path.relative_to(folder).as_posix(): f"{stat.S_IMODE(path.lstat().st_mode):o} "
        + (hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder")
        for path in folder.rglob("*")
    }


class Machine:
    """A user's machine with three DAWs, and copies of the bridge."""

    def __init__(self, folder: Path, fal: FalServer) -> None:
        self.user, self.home, self.fal = folder / "user", folder / "bridge", fal
        self.usual, self.stick = self.user / ".config" / "REAPER", folder / "stick" / "REAPER"
        self.ardour = self.user / ".config" / "ardour7"
        self.library = folder / "samples" / "User Library"
        for reaper in (self.usual, self.stick):
            (reaper / "Scripts").mkdir(parents=True)
            (reaper / "reaper.ini").write_bytes(b"[REAPER]\nlastproject=\n")
            (reaper / "Scripts" / "mine.lua").write_bytes(b"-- mine\n")
        self.ardour.mkdir(parents=True)
        self.ardour.joinpath("config").write_bytes(b"<Ardour/>")
        self.ardour.joinpath("ui_scripts").write_bytes(
            b'<?xml version="1.0" encoding="UTF-8"?>\n<UIScripts>\n  <ActionScript lua="Lua 5.3"/>\n  <ActionHooks/>\n'
            b"</UIScripts>\n"
        )
        (self.library / "Remote Scripts" / "Other").mkdir(parents=True)
        self.library.joinpath("Remote Scripts", "Other", "__init__.py").write_bytes(b"# other\n")
        self.environ = environment(
            self.home, HOME=str(self.user), XDG_CONFIG_HOME="", PATH=str(folder), **fal_environment(fal.url)
        )
        self.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"  # not the tester's own keychain

    def command(self, *words: str, source: Path = ROOT, status: int = 0) -> str:
        """Run a command of a copy of the bridge, check its exit status, and return its output."""
        done = subprocess.run(
            [sys.executable, "-m", "bridge", *words],
            cwd=source,
            env={**self.environ, "PYTHONPATH": str(source)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def install_all(self, source: Path = ROOT) -> None:
        for words in (
            ("reaper", "--folder", str(self.usual)),
            ("reaper", "--folder", str(self.stick)),
            ("live", "--folder", str(self.library)),
            ("ardour", "--yes"),
        ):
            self.command("install", *words, source=source)

    def daws(self) -> list[dict[str, str]]:
        return [tree(self.user), tree(self.stick.parent), tree(self.library.parent)]

    def pointers(self) -> list[dict[str, object]]:
        names = [
            self.usual / "Scripts/ACE Bridge/ace-bridge.json",
            self.stick / "Scripts/ACE Bridge/ace-bridge.json",
            self.library / "Remote Scripts/AceBridge/ace-bridge.json",
            self.ardour / "ace-bridge/ace-bridge.json",
        ]
        return [json.loads(name.read_bytes()) for name in names]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with FalServer(zero_delay=True, key=KEY) as fal:
        machine = Machine(tmp_path, fal)
        try:
            yield machine
        finally:
            machine.command("stop")


def newer_copy(folder: Path) -> Path:
    """Copy the bridge and what it installs, with a higher version and one changed script for each DAW."""
    copy = folder / "newer copy"
    no_cache = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "bridge", copy / "bridge", ignore=no_cache)
    for name in ("reaper_scripts", "live_script", "ardour_scripts", "presets"):
        shutil.copytree(ROOT / name, copy / "bridge" / "_assets" / name, ignore=no_cache)
    init = copy / "bridge" / "__init__.py"
    text = re.sub(r'__version__ = "[^"]+"', f'__version__ = "{NEWER}"', init.read_text())
    assert NEWER in text
    init.write_text(text)
    for script in ("reaper_scripts/lib/json.lua", "live_script/AceBridge/pointer.py"):
        mark = "--" if script.endswith(".lua") else "#"
        path = copy / "bridge" / "_assets" / script
        path.write_bytes(path.read_bytes() + f"\n{mark} newer\n".encode())
    return copy


@pytest.mark.slow
def test_install_use_update_uninstall(machine: Machine, tmp_path: Path) -> None:
    before, out = machine.daws(), tmp_path / "project"
    out.mkdir()
    machine.install_all()
    machine.command("autostart", "on")
    tone = write_tone(tmp_path / "tone.wav")
    first = put(machine.home, "remix", remix_args(tone))
    done = job_of(machine.home, first, "done")
    machine.fal.hold("IN_PROGRESS")
    open_ones = [
        put(machine.home, "remix", remix_args(tone)),
        put(machine.home, "remix", remix_args(tone, project={"media_path": str(out)})),
    ]
    for message_id in open_ones:
        job_of(machine.home, message_id, "queued", "running")
    submits = dict(machine.fal.queue.submits())
    assert sum(submits.values()) == 3

    refused = machine.command("uninstall", "--all", "--yes", status=1)
    assert "Paid remixes are not finished" in refused
    assert machine.command("status") != ""

    copy = newer_copy(tmp_path)
    machine.install_all(copy)
    said = machine.command("start", source=copy)
    assert "2 unfinished remixes continue" in said
    assert f"has started: version {NEWER}" in said
    assert "was already running" in machine.command("start")  # an older copy does not replace it
    assert {one["version"] for one in machine.pointers()} == {NEWER}
    assert machine.usual.joinpath("Scripts/ACE Bridge/lib/json.lua").read_text().endswith("-- newer\n")
    machine.fal.release()
    results = [done, *(job_of(machine.home, one, "done") for one in open_ones)]
    assert dict(machine.fal.queue.submits()) == submits
    paths = [Path(job["variations"][0]["result"]["path"]) for job in results]
    kept = {path: path.read_bytes() for path in paths}

    listed = machine.command("uninstall", "--all", "--dry-run", source=copy)
    assert "results in the bridge's home" in listed
    assert machine.pointers()
    said = machine.command("uninstall", "--all", "--yes", source=copy)
    assert str(machine.home / "results") in said
    assert machine.daws() == before
    assert {path: path.read_bytes() for path in paths} == kept
    assert [path.name for path in machine.home.iterdir()] == ["results"]
    assert "Nothing to remove" not in said
    assert "autostart" in said


def test_uninstall_all_needs_consent_and_keeps_the_users_own_work(machine: Machine, tmp_path: Path) -> None:
    before = machine.daws()
    machine.install_all()
    machine.command("start")
    own = {machine.home / "presets" / "mine.toml": b"# mine\n", machine.home / "notes.txt": b"not the bridge's\n"}
    for path, data in own.items():
        path.write_bytes(data)
    assert "consent" in machine.command("uninstall", "--all", status=1)
    rows = [json.loads(line) for line in machine.command("uninstall", "--all", "--dry-run", "--json").splitlines()]
    assert {row["what"] for row in rows if row["action"] == "keep"} == {"your own presets"}
    assert json.loads(machine.command("status", "--json"))["running"] is True
    lines = machine.command("uninstall", "--all", "--yes", "--json").splitlines()
    assert json.loads(lines[-1])["kept"] == [str(machine.home / "presets")]
    assert machine.daws() == before
    assert {path: path.read_bytes() for path in machine.home.rglob("*") if path.is_file()} == own
    for _ in range(2):
        again = machine.command("uninstall", "--all")  # asks nothing
        assert "Nothing to remove." in again
        assert "was removed" not in again
        shutil.rmtree(machine.home, ignore_errors=True)
    assert not machine.home.exists()


def test_a_drive_that_is_not_connected_keeps_its_record(machine: Machine, tmp_path: Path) -> None:
    before = machine.daws()
    machine.install_all()
    away = machine.stick.rename(tmp_path / "in the bag")
    said = machine.command("uninstall", "--all", "--yes")
    assert f"nothing was removed from {machine.stick}" in said
    assert [path.name for path in machine.home.iterdir()] == ["installed"]
    away.rename(machine.stick)
    machine.command("uninstall", "--all", "--yes")
    assert machine.daws() == before
    assert not machine.home.exists()


def test_what_was_paid_for_can_be_given_up(machine: Machine, tmp_path: Path) -> None:
    machine.fal.hold("IN_PROGRESS")
    machine.command("start")
    message_id = put(machine.home, "remix", remix_args(write_tone(tmp_path / "tone.wav")))
    job = job_of(machine.home, message_id, "queued", "running")
    machine.command("stop")
    assert list((machine.home / "jobs").rglob(ORDER))
    assert job["job_id"][:8] in machine.command("uninstall", "--all", "--yes", status=1)
    machine.home.joinpath("bridge.db").unlink()
    machine.command("uninstall", "--all", "--yes", status=1)
    machine.command("uninstall", "--all", "--yes", "--force")
    assert not machine.home.exists()


def test_the_home_of_the_user_is_not_cleared(machine: Machine) -> None:
    own = machine.user / "backups" / "photos.zip"
    own.parent.mkdir()
    own.write_bytes(b"mine")
    said = machine.command("--home", str(machine.user), "uninstall", "--all", "--yes", "--force", status=1)
    assert "your own files" in said
    assert own.read_bytes() == b"mine"


def test_a_daemon_that_does_not_answer_keeps_its_home(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be starting, or hang in the middle of a remix. Here it does not end, or a script starts another one."""
    machine.install_all()
    asked: list[str] = []
    monkeypatch.setattr(uninstall_all.daemon, "stop", lambda options: asked.append("stop"))
    for name, value in machine.environ.items():
        monkeypatch.setenv(name, value)
    with home_lock(machine.home), pytest.raises(AlreadyRunning):
        uninstall_all.uninstall_all(Namespace(force=False, dry_run=False, yes=True, json=False))
    assert asked == ["stop"]
    assert all(machine.pointers())
    assert (machine.home / "installed").is_dir()


def test_an_autostart_entry_of_another_home_does_not_stop_the_removal(machine: Machine, tmp_path: Path) -> None:
    other = ("--home", str(tmp_path / "other"))
    try:
        machine.command(*other, "autostart", "on")  # also starts the other daemon
        machine.install_all()
        said = machine.command("uninstall", "--all", "--yes")
        assert "autostart entry of another home" in said
        assert not machine.home.exists()
        assert json.loads(machine.command(*other, "autostart", "status", "--json"))["on"] is True
    finally:
        machine.command(*other, "stop")


def test_neither_a_daw_nor_all_is_an_error(machine: Machine) -> None:
    assert "name a DAW" in machine.command("uninstall", status=2)
    assert "name a DAW" in machine.command("uninstall", "reaper", "--all", status=2)
