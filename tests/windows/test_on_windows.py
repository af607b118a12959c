"""The whole program in a Python for Windows, as it is installed by pip: the commands, DAW folders and open files."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import soundfile
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg

from bridge.util import busy_files
from tests.fakes.fal_server import FalServer
from tests.fakes.osc_clients import TcpClient
from tests.fakes.processes import KEY, Daemon, environment, fal_environment, job_of, outbox, put, running
from tests.fakes.studio import remix_args, write_tone
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.only_on("windows", because="the other tests show the same on other systems")

PROGRAM = Path(sys.prefix) / "Scripts" / "ace-bridge.exe"  # made by pip
LINUX_FAL = os.environ.get("TESTS_WINDOWS_FAL", "")  # address of a fake fal that runs outside of Wine


def command(home: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Run `ace-bridge` with pipes instead of a console."""
    return subprocess.run(
        [PROGRAM, *words],
        env=environment(home, **environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return the output of a command that succeeded."""
    assert done.returncode == 0, (done.stdout + done.stderr).decode("utf-8", "replace")
    return done.stdout.decode("utf-8")


def test_help(home: Path) -> None:
    assert "usage: ace-bridge" in said(command(home, "--help"))


def test_demo(home: Path) -> None:
    last = said(command(home, "demo")).splitlines()
    assert any(Path(line.strip()).suffix == ".wav" for line in last), last


def test_a_file_with_a_cyrillic_name(home: Path, tmp_path: Path) -> None:
    clip = write_tone(tmp_path / "Гитара.wav")
    result = Path(said(command(home, "remix", str(clip), "--engine", "offline")).splitlines()[-1])
    said(command(home, "stop"))
    assert "Гитара" in result.name
    assert soundfile.info(result).frames == soundfile.info(clip).frames


def test_start_status_and_stop(home: Path) -> None:
    assert "has started" in said(command(home, "start"))
    assert "is running" in said(command(home, "status"))
    assert "has stopped" in said(command(home, "stop"))
    assert not (home / "daemon.json").exists()
    assert command(home, "status").returncode != 0


def test_doctor_writes_utf_8_into_a_file(home: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.txt"
    with report.open("wb") as file:
        done = subprocess.run(
            [PROGRAM, "doctor"], env=environment(home), stdin=subprocess.DEVNULL, stdout=file, timeout=PATIENCE
        )
    text = report.read_bytes().decode("utf-8")
    assert done.returncode == (1 if "FAIL" in text else 0)
    assert str(home) in text


def test_fal_on_the_same_system(home: Path, tmp_path: Path) -> None:
    with FalServer(zero_delay=True, key=KEY) as fal:
        remix_with_fal(home, tmp_path, fal.url)
        assert sum(fal.queue.submits().values()) == 1


def test_fal_on_another_system(home: Path, tmp_path: Path) -> None:
    assert LINUX_FAL, "python -m tests.windows sets TESTS_WINDOWS_FAL"
    remix_with_fal(home, tmp_path, LINUX_FAL)


def remix_with_fal(home: Path, folder: Path, url: str) -> None:
    clip = write_tone(folder / "clip.wav")
    environ = fal_environment(url)
    result = Path(said(command(home, "remix", str(clip), "--engine", "fal", "--yes", **environ)).splitlines()[-1])
    said(command(home, "stop", **environ))
    assert soundfile.info(result).frames == soundfile.info(clip).frames


async def test_osc_over_udp_and_tcp(home: Path) -> None:
    with running(home) as daemon:
        port = daemon.wait_until_up()["osc_port"]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
            channel.settimeout(PATIENCE)
            channel.sendto(build_msg("/bridge/ping").dgram, ("127.0.0.1", port))
            assert OscMessage(channel.recv(65536)).address == "/bridge/pong"
        client = await TcpClient.connect(port)
        client.send("/bridge/ping")
        await client.hear("/bridge/pong")
        await client.close()


def test_a_killed_daemon_leaves_a_job_that_is_submitted_once(home: Path, tmp_path: Path) -> None:
    with FalServer(zero_delay=True, key=KEY) as fal:
        environ = fal_environment(fal.url)
        fal.hold("IN_PROGRESS")
        message_id = put(home, "remix", remix_args(write_tone(tmp_path / "tone.wav")))
        with Daemon(home, **environ) as first:
            job_of(home, message_id, "running")
            first.kill()  # TerminateProcess
        assert (home / "daemon.json").exists()
        assert command(home, "status").returncode != 0  # the process in daemon.json is dead
        fal.release()
        with running(home, **environ):
            job = job_of(home, message_id, "done", "failed", "unknown")
        assert job["state"] == "done", job
        assert sum(fal.queue.submits().values()) == 1


def files(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def test_reaper_scripts_are_installed_and_removed(home: Path, tmp_path: Path) -> None:
    reaper = tmp_path / "Roaming" / "REAPER"
    (reaper / "Scripts").mkdir(parents=True)
    (reaper / "reaper.ini").write_text("[REAPER]\n")
    (reaper / "Scripts" / "mine.lua").write_text("-- mine\n")
    before = files(reaper)
    roaming = {"APPDATA": str(reaper.parent)}
    said(command(home, "install", "reaper", "--yes", **roaming))
    installed = files(reaper)
    assert any(name.endswith(".lua") for name in installed.keys() - before.keys())
    said(command(home, "uninstall", "reaper", "--yes", **roaming))
    assert files(reaper) == before


def test_two_daemons(tmp_path: Path) -> None:
    clip = write_tone(tmp_path / "tone.wav")
    with running(tmp_path / "one") as one, running(tmp_path / "two") as two:
        ports = [daemon.wait_until_up()["osc_port"] for daemon in (one, two)]
        assert len(set(ports)) == 2
        sent = {daemon.home: put(daemon.home, "remix", remix_args(clip)) for daemon in (one, two)}
        for home, message_id in sent.items():
            assert job_of(home, message_id, "done", "failed")["state"] == "done"


def test_an_outbox_that_a_daw_holds_open_is_written_afterwards(home: Path, tmp_path: Path) -> None:
    """Python opens a file as most programs do: while it is open, Windows refuses to replace it."""
    clip = write_tone(tmp_path / "tone.wav")
    with running(home):
        put(home, "hello", {"daw": {"name": "folder"}})
        path = home / "outbox" / "test.json"
        until(lambda: outbox(home).get("daemon", {}).get("alive"))
        with busy_files.when_free(lambda: path.open("rb")) as held:
            message_id = put(home, "remix", remix_args(clip))
            until(lambda: any((home / "jobs").glob("*/job.json")), "the job's folder")
            assert json.loads(held.read())["daemon"]["alive"] is True
        job: dict[str, Any] = job_of(home, message_id, "done", "failed")
        assert job["state"] == "done"
    assert outbox(home)["daemon"]["alive"] is False
