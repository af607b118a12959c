"""Tests the command line in real processes: odd file names, filters, retry, rerun, bad arguments, several daemons."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

from bridge.cli.history import plain
from bridge.client import Client
from bridge.errors import MessageTooLarge
from tests.fakes.fal_faults import Fault
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import KEY, environment, fal_environment, running
from tests.fakes.studio import write_tone
from tests.system.test_whole_path import cli, stop
from tests.waiting import PATIENCE, until

ODD = (
    b"-dash.wav",
    b"--preset.wav",
    "emoji 🥁 beat.wav".encode(),
    b"two  spaces.wav",
    b"line\nbreak.wav",
    b"caf\xe9 \xff.wav",
    b"'quote\".wav",
    b"%s {x} $HOME `id`.wav",
    b"CON.wav",
    b"\x1b[31mred.wav",
    ("ü" * 100 + ".wav").encode(),
)

if os.name != "posix":  # the other names are not possible
    ODD = tuple(name for name in ODD if not set(name) & set(b'\n\x1b\xff"') and not name.startswith(b"CON"))


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """Return a folder of clips with unusual names that the file system allows."""
    folder = tmp_path / "in"
    folder.mkdir()
    tone = write_tone(tmp_path / "tone.wav", 0.3)
    for name in ODD:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(tone.read_bytes())
    (folder / "notes.txt").write_text("no audio")
    return folder


@pytest.fixture
def fal() -> Iterator[FalServer]:
    with FalServer(zero_delay=True, key=KEY) as server:
        yield server


def test_a_folder_of_odd_names(home: Path, odd: Path, tmp_path: Path) -> None:
    """All files are remixed with progress, and standard output has the exact bytes of the results' paths."""
    out = Path(os.fsdecode(os.fsencode(tmp_path) + (b"/out \xff" if os.name == "posix" else b"/out \xc3\xbc")))
    command: list[str | Path] = [sys.executable, "-m", "bridge", "remix", odd, "--engine", "offline", "--out", out]
    with running(home):
        done = subprocess.run(command, env=environment(home), capture_output=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stderr
        paths = [Path(os.fsdecode(line)) for line in done.stdout.splitlines()]
        assert len(paths) == len(ODD)
        assert all(
            soundfile.info(os.fsencode(path) if os.name == "posix" else path).frames == round(0.3 * 48_000)
            for path in paths
        )
        assert {path.parent for path in paths} == {out}
        progress = done.stderr.decode()
        assert "\x1b" not in progress
        for name in ODD:
            stem = plain(name.removesuffix(b".wav").decode(errors="replace"))
            assert f"{stem} 1: 100 % done" in progress
        strict = {**environment(home), "PYTHONIOENCODING": "utf-8:strict"}
        for arguments in (["jobs"], ["show"], ["show", "--json"]):
            command = [sys.executable, "-m", "bridge", *arguments]
            done = subprocess.run(command, env=strict, capture_output=True, timeout=PATIENCE, check=False)
            assert done.returncode == 0, done.stderr
            assert b"\x1b" not in done.stdout


def test_file_names_that_look_like_options(home: Path, odd: Path) -> None:
    with running(home):
        command = [sys.executable, "-m", "bridge", "remix", "--engine", "offline", "--", "-dash.wav", "--preset.wav"]
        done = subprocess.run(
            command, cwd=odd, env=environment(home), capture_output=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "status", "error"),
    [
        (("remix", "gone.wav"), 1, "[source_missing]"),
        (("remix", "."), 1, "[source_missing]"),
        (("remix", "tone.wav", "--offset", "nan"), 2, "--offset"),
        (("remix", "tone.wav", "--length", "inf"), 2, "--length"),
        (("remix", "tone.wav", "--set", "tags"), 1, "[param_invalid]"),
        (("remix", "tone.wav", "--set", "number_of_steps=many"), 1, "[param_invalid]"),
        (("jobs", "-n", "0"), 2, "--limit"),
        (("jobs", "--state", "finished"), 2, "--state"),
        (("show", "zzz"), 1, "[unknown_job]"),
        (("show",), 1, "[unknown_job]"),
        (("cancel",), 1, "[not_running]"),
        (("presets", "show"), 1, "[preset_unknown]"),
        (("presets", "show", "lofi-chil"), 1, "lofi-chill"),
        (("presets", "new", "../.."), 1, "["),
        (("presets", "new", ""), 1, "["),
    ],
)
def test_invalid_arguments_are_explained(
    home: Path, tmp_path: Path, arguments: tuple[str, ...], status: int, error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    if "tone.wav" in arguments:
        write_tone(folder / "tone.wav")
    done = cli(home, *arguments)
    stop(home)
    assert done.returncode == status, done.stderr
    assert error in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["../../evil", "a\nb", "🥁 beat", "-dash", "x" * 300])
def test_a_preset_of_any_name_stays_in_the_presets_folder(home: Path, name: str) -> None:
    done = cli(home, "presets", "new", "--", name)
    assert "Traceback" not in done.stderr
    if done.returncode == 0:
        assert Path(done.stdout.strip()).parent == home / "presets"
    else:
        assert "[" in done.stderr


def test_user_presets(home: Path) -> None:
    path = Path(cli(home, "presets", "new", "my style").stdout.strip())
    assert path.parent == home / "presets"
    assert cli(home, "presets", "check").returncode == 0
    assert path.stem in cli(home, "presets").stdout
    again = cli(home, "presets", "new", "my style")
    assert again.returncode == 1  # an existing preset is not replaced
    path.write_text(path.read_text() + "\nsparkle = 3\n")
    broken = cli(home, "presets", "check")
    assert broken.returncode == 1
    assert path.name in broken.stdout
    assert "sparkle" in broken.stdout
    assert cli(home, "presets").returncode == 0  # the valid presets are still listed


def test_retry_rerun_and_filters(home: Path, tmp_path: Path, fal: FalServer) -> None:
    environ = fal_environment(fal.url)
    tone = write_tone(tmp_path / "kick loop.wav", 0.3)
    with running(home, **environ):
        fal.fail("model", Fault("answer", status=500, body={"detail": "Internal"}))
        failed = cli(home, "remix", str(tone), "--tags", "dub", "--seed", "5", **environ)
        assert failed.returncode == 1
        assert "[" in failed.stderr
        retried = cli(home, "retry", **environ)
        assert retried.returncode == 0, retried.stderr
        assert "resuming kick loop (" in retried.stderr
        assert "kick loop 1: 100 % done" in retried.stderr
        assert Path(retried.stdout.splitlines()[-1]).exists()
        assert until_done(home) == ["done"]
        rerun = cli(home, "rerun", "--tags", "house, four on the floor", **environ)
        assert rerun.returncode == 0, rerun.stderr
        assert Path(rerun.stdout.splitlines()[-1]).exists()
        assert "remixing kick loop (" in rerun.stderr
        assert "kick loop 1: 100 % done" in rerun.stderr
        assert cli(home, "retry", **environ).returncode == 1  # nothing has failed
        assert cli(home, "remix", str(tone), "--engine", "offline", "--preset", "roots-dub").returncode == 0
    submitted = [job.body["tags"] for job in fal.queue.jobs.values()]
    assert submitted == ["dub", "dub", "house, four on the floor"]
    assert count(home) == 3
    assert count(home, "--engine", "fal") == 2
    assert count(home, "--engine", "offline", "--state", "done") == 1
    assert count(home, "--search", "FOUR ON") == 1
    assert count(home, "--search", "kick loop") == 3
    assert count(home, "--state", "open") == 0
    assert count(home, "-n", "2") == 2
    newest = json.loads(cli(home, "jobs", "--json", "-n", "1").stdout)
    variation = newest["variations"][0]["variation_id"]
    assert json.loads(cli(home, "show", variation[:10], "--json").stdout)["job_id"] == newest["job_id"]


def count(home: Path, *filters: str) -> int:
    return len(cli(home, "jobs", "--json", *filters).stdout.splitlines())


def until_done(home: Path) -> list[str]:
    def look() -> list[str] | None:
        states = [json.loads(line)["state"] for line in cli(home, "jobs", "--json").stdout.splitlines()]
        return states if set(states) == {"done"} else None

    return until(look, "every job to be done")


def test_a_message_that_never_reaches_the_outbox_ends_the_wait(home: Path) -> None:
    client = Client(home)
    reason = home / "inbox" / "rejected" / "m-1.json.error"
    reason.write_text(json.dumps(MessageTooLarge().to_wire()))
    with running(home), pytest.raises(MessageTooLarge):
        list(client.follow("m-1"))


def test_two_changes_in_one_clock_tick_are_both_seen(home: Path) -> None:
    client = Client(home)
    path = home / "outbox" / f"{client.instance}.json"

    def write(state: str) -> None:
        job = {"message_id": "m-1", "state": state, "variations": []}
        aside = path.with_suffix(".tmp")
        aside.write_text(json.dumps({"daemon": {"alive": True}, "jobs": [job], "errors": []}))
        os.utime(aside, ns=(10**18, 10**18))
        aside.replace(path)

    write("running")
    seen = []
    for job in client.follow("m-1"):
        seen.append(job["state"])
        if job["state"] == "running":
            write("failed!")
            write("done")
    assert seen == ["running", "done"]


def test_the_stale_file_of_a_killed_daemon_is_ignored(home: Path, tmp_path: Path) -> None:
    """The file has the process ID of an unrelated process, and the port of a daemon with another home."""
    other = tmp_path / "other"
    other.mkdir()
    with running(other) as daemon, subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as stranger:
        try:
            about = {**daemon.wait_until_up(), "pid": stranger.pid}
            (home / "daemon.json").write_text(json.dumps(about))
            (home / "daemon.lock").touch()
            assert cli(home, "status").returncode == 3
            assert "is not running" in cli(home, "stop").stdout
            assert stranger.poll() is None
        finally:
            stranger.kill()
    with running(home):
        assert cli(home, "status").returncode == 0


def test_simultaneous_starts_share_one_daemon(home: Path) -> None:
    """Each `start` launches a daemon, but the lock lets only one of them run. Every `start` reports this daemon."""
    started: list[subprocess.CompletedProcess[str]] = []
    threads = [threading.Thread(target=lambda: started.append(cli(home, "start", "--json"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        assert [one.returncode for one in started] == [0] * 4, [one.stderr for one in started]
        assert len({json.loads(one.stdout)["pid"] for one in started}) == 1
    finally:
        stop(home)
    assert cli(home, "status").returncode == 3  # no second daemon has started in its place


def test_start_reports_a_port_in_use(home: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        done = cli(home, "start", ACE_BRIDGE_OSC_PORT=str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "[port_taken]" in done.stderr
