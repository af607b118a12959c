"""Tests that only the user can read the bridge's home, whatever the umask, and that results follow the user's umask."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.client import Client
from bridge.config.home import prepare_home
from bridge.store import backup
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import KEY, environment, fal_environment, job_of, put, running
from tests.fakes.studio import remix_args, write_tone

pytestmark = pytest.mark.only_on("posix", because="Windows has no umask")

UMASKS = ("0000", "0022", "0277", "0777")


def under(umask: str) -> tuple[str, ...]:
    """Return the beginning of a command line that sets the umask."""
    return ("sh", "-c", f'umask {umask}; exec "$@"', "sh")


def exposed(home: Path) -> dict[str, str]:
    """Return the files and folders in a home, including the home, whose permissions are not 0600 and 0700."""
    found = {}
    for path in (home, *home.rglob("*")):
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode) and stat.S_IMODE(mode) != (0o700 if stat.S_ISDIR(mode) else 0o600):
            found[str(path.relative_to(home))] = oct(stat.S_IMODE(mode))
    return found


@pytest.mark.parametrize("umask", UMASKS)
def test_after_a_remix_only_the_user_can_read_the_home(tmp_path: Path, umask: str) -> None:
    """One result is in the home, one in a project's media folder; the home is new, and so is its parent."""
    home, media, tone = tmp_path / "new" / "home", tmp_path / "media" / "new", write_tone(tmp_path / "tone.wav")
    with FalServer(zero_delay=True, key=KEY) as fal:
        environ = fal_environment(fal.url)
        with running(home, prefix=under(umask), **environ):
            job_of(home, put(home, "remix", remix_args(tone)), "done")
            args = remix_args(tone, project={"media_path": str(media)}, remix={"seed": 8})
            job_of(home, put(home, "remix", args), "done")
            put_by_cli(home, umask)
            ours = {path for path in (home / "inbox").rglob("*") if path.is_file()}
            assert not [path for path in ours if path.stat().st_mode & 0o077]
            assert exposed(home) == {}
            backup.copy(home, 0.0, 3)
    assert exposed(home) == {}
    assert exposed(home.parent) == {}
    assert len(list((home / "results").glob("*.wav"))) == 1
    results = list(media.iterdir())
    assert {path.suffix for path in results} == {".wav", ".json"}
    wanted = 0o666 & ~int(umask, 8) | 0o600
    assert {stat.S_IMODE(path.stat().st_mode) for path in results} == {wanted}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (media, media.parent)} == {0o777 & ~int(umask, 8) | 0o700}


def put_by_cli(home: Path, umask: str) -> None:
    """Send a message with the command line, which may only write to the inbox."""
    command = [*under(umask), sys.executable, "-m", "bridge", "cancel"]
    subprocess.run(command, env=environment(home), capture_output=True, check=False)


@pytest.mark.parametrize("umask", UMASKS)
def test_commands_create_private_files(tmp_path: Path, umask: str) -> None:
    home = tmp_path / "new" / "home"

    def command(*arguments: str) -> None:
        words = [*under(umask), sys.executable, "-m", "bridge", *arguments]
        done = subprocess.run(words, env=environment(home), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    try:
        command("start")
        command("presets", "new", "mine")
    finally:
        command("stop")
    assert exposed(home) == {}
    assert exposed(home.parent) == {}


def test_a_message_of_the_client_is_private(home: Path) -> None:
    before = os.umask(0)
    try:
        message_id = Client(home).send("hello", {})
    finally:
        os.umask(before)
    assert (home / "inbox" / f"{message_id}.json").stat().st_mode & 0o777 == 0o600


def test_files_of_an_older_version_are_closed(home: Path) -> None:
    names = ("bridge.db", "logs/bridge.log", "backups/bridge-1.db", "config.toml")
    (home / "backups").mkdir()
    for name in names:
        (home / name).touch()
        (home / name).chmod(0o644)
    prepare_home(home)
    assert {(home / name).stat().st_mode & 0o777 for name in names} == {0o600}
