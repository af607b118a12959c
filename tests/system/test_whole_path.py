"""Remixes real music with real processes; requests arrive by folder watch alone, by OSC or from the command line.

Each test runs with both engines; the fal engine talks to the fake fal on loopback.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from tests.fakes.fal_server import FalServer
from tests.fakes.music import track
from tests.fakes.processes import KEY, environment, fal_environment, job_of, outbox, put, running
from tests.waiting import PATIENCE, until

integrated_loudness = pytest.importorskip("loudness", reason="it has no wheel here").integrated_loudness

RATE = 44_100
LOFI = "lofi-chill"
SPAN = {"position": 3.21, "length": 6.0}
SAMPLES = round((3.21 + 6.0) * RATE) - round(3.21 * RATE)


@pytest.fixture(params=["fal", "offline"])
def engine(request: pytest.FixtureRequest) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the name and the settings of an engine."""
    if request.param == "offline":
        yield "offline", {}
        return
    with FalServer(zero_delay=True, key=KEY) as fal:
        yield "fal", fal_environment(fal.url)


def remix_args(path: Path, out: Path | None = None) -> dict[str, Any]:
    source = {"path": str(path), "offset": 12.5}
    return {
        "daw": {"name": "folder"},
        "project": {"sample_rate": RATE, "tempo": 120.0, "media_path": str(out) if out else None},
        "clips": [{"id": "one", "name": path.stem, "source": source, **SPAN}],
        "remix": {"preset": LOFI, "seed": 11},
    }


def check_result(result: dict[str, Any], source: Path) -> None:
    """Check the result's length, loudness, true peak, recipe and bext chunk, and that all samples are finite."""
    sound, rate = soundfile.read(result["path"], dtype="float32", always_2d=True)
    assert (rate, len(sound), sound.shape[1]) == (RATE, SAMPLES, 2)
    assert soundfile.info(result["path"]).subtype == "PCM_24"
    assert result["samples"] == SAMPLES
    assert np.isfinite(sound).all()
    original, source_rate = soundfile.read(source, dtype="float32", always_2d=True)
    start = round(12.5 * source_rate)
    span = original[start : start + round(6.0 * source_rate)]
    span = np.repeat(span, 2, axis=1) if span.shape[1] == 1 else span
    wanted, got = integrated_loudness(span, source_rate), integrated_loudness(sound, rate)
    assert got == pytest.approx(wanted, abs=0.5) or np.abs(sound).max() > 0.8  # limited by the true-peak ceiling
    assert np.abs(sound).max() <= 10 ** (-1 / 20) + 1e-4
    recipe = json.loads(Path(result["recipe"]).read_bytes())
    assert recipe["seed"] == 11
    assert b"bext" in Path(result["path"]).read_bytes()[:64]


@pytest.mark.needs("music")
def test_by_file_watch_alone(home: Path, engine: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    name, environ = engine
    source = track("gravity")
    with running(home, **environ, ACE_BRIDGE_INBOX_SAFETY_INTERVAL="60"):
        put(home, "hello", {"daw": {"name": "folder"}})
        until(lambda: not list((home / "inbox").glob("*.json")))
        job = job_of(home, put(home, "remix", remix_args(source, tmp_path)), "done", "failed")
        assert job["state"] == "done", job
        assert job["engine"] == name
        (one,) = job["variations"]
        assert Path(one["result"]["path"]).parent == tmp_path
        check_result(one["result"], source)
        if name == "fal":
            assert job["cost"]["billed"] == pytest.approx(job["cost"]["billed_units"] * 0.0002, abs=1e-6)
        else:
            said = {warning["code"]: warning["text"] for warning in job["warnings"]}
            assert said["not_ace_step"].endswith("not ACE-Step): lofi; only the model adds the electric piano.")
            maker = json.loads(Path(one["result"]["recipe"]).read_bytes())["engine"]
            assert (maker["family"], maker["needs_model"]) == ("lofi", "the electric piano")


@pytest.mark.needs("music")
def test_by_osc_notification(home: Path, engine: tuple[str, dict[str, str]]) -> None:
    """The folder watch is off, so the bridge reads the message only because of the OSC notification."""
    name, environ = engine
    source = track("rush")
    deaf = {"ACE_BRIDGE_INBOX_WATCH": "poll", "ACE_BRIDGE_INBOX_POLL_INTERVAL": "60"}
    with running(home, **environ, **deaf) as daemon:
        port = daemon.wait_until_up()["osc_port"]
        until(lambda: ask(port, "/bridge/ping").address == "/bridge/pong")
        message_id = put(home, "remix", remix_args(source))
        with osc(port) as channel:
            send(channel, "/bridge/inbox", message_id)
            assert receive(channel, "/bridge/accepted").params[0] == message_id
            job = job_of(home, message_id, "done", "failed")
        assert job["state"] == "done", job
        assert job["engine"] == name
        check_result(job["variations"][0]["result"], source)


@pytest.mark.needs("music")
def test_by_one_osc_message(home: Path, engine: tuple[str, dict[str, str]]) -> None:
    """The sender of /bridge/clip receives the acceptance and the path of the result; a wrong token causes an error."""
    _, environ = engine
    with running(home, **environ) as daemon:
        about = daemon.wait_until_up()
        with osc(about["osc_port"]) as channel:
            send(channel, "/bridge/clip", about["token"], str(track("gravity")), 12.5, 6.0, 3.21, "roots-dub")
            accepted = receive(channel, "/bridge/accepted")
            path = receive(channel, f"/bridge/job/{accepted.params[1]}/path").params[0]
            assert soundfile.info(path).frames == round((3.21 + 6.0) * 48_000) - round(3.21 * 48_000)
            send(channel, "/bridge/clip", "wrong token", str(track("gravity")))
            assert receive(channel, "/bridge/error").params[1] == "token_wrong"


@pytest.mark.needs("music")
def test_by_the_command_line(home: Path, engine: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    """The command starts the daemon automatically, and its last output line is the path of the result."""
    name, environ = engine
    source = track("speeditup")
    span = ["--offset", "12.5", "--length", "6", "--rate", "44100", "--seed", "11", "--out", str(tmp_path)]
    words = ["remix", str(source), "--preset", "deep-house-basement", *span]
    done = cli(home, *words, **environ)
    try:
        assert done.returncode == 0, done.stderr
        path = Path(done.stdout.splitlines()[-1])
        assert path.parent == tmp_path
        assert soundfile.info(str(path)).frames == 6 * 44_100
        assert ("not ACE-Step" in done.stderr) == (name == "offline")
        lines = [json.loads(line) for line in cli(home, *words, "--json", **environ).stdout.splitlines()]
        assert lines[0]["event"] == "job"
        assert lines[-1]["event"] == "end"
        assert Path(lines[-1]["paths"][0]).exists()
        listed = [json.loads(line) for line in cli(home, "jobs", "--json", **environ).stdout.splitlines()]
        assert [job["state"] for job in listed] == ["done", "done"]
        assert cli(home, "status", **environ).returncode == 0
    finally:
        stopped = cli(home, "stop", **environ)
    assert stopped.returncode == 0, stopped.stderr
    assert cli(home, "status", **environ).returncode == 3
    assert not outbox(home)["jobs"]


def cli(home: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bridge", *words],
        env=environment(home, **environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


def stop(home: Path) -> None:
    """Stop a daemon that a command has started."""
    done = cli(home, "stop")
    assert done.returncode == 0, done.stderr


def osc(port: int) -> socket.socket:
    channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    channel.settimeout(PATIENCE)
    channel.connect(("127.0.0.1", port))
    return channel


def send(channel: socket.socket, address: str, *values: Any) -> None:
    builder = OscMessageBuilder(address=address)
    for value in values:
        builder.add_arg(value)
    channel.send(builder.build().dgram)


def receive(channel: socket.socket, address: str) -> OscMessage:
    while True:
        message = OscMessage(channel.recv(65_507))
        if message.address == address:
            return message


def ask(port: int, address: str) -> OscMessage:
    with osc(port) as channel:
        send(channel, address)
        return OscMessage(channel.recv(65_507))
