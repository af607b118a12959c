"""Every wrong input end to end, through real daemons: one clear sentence, the code, and nothing lost.

The table is scripts/bad_inputs.py, which docs/errors.md shows; here every line of it is made to happen. After each, the
source is as it was, nothing was ordered that was not wanted, and a good clip goes through.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bridge.audio import wav
from bridge.home import prepare_home
from bridge.params import PARAMS
from tests.fakes.disks import disk
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import (
    KEY,
    PATIENCE,
    fal_environment,
    job_of,
    outbox,
    put,
    running,
    until,
)
from tests.fakes.studio import remix_args, write_tone
from tests.test_whole_way import cli, receive

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

from bad_inputs import BAD_INPUTS, BadInput

Error = Mapping[str, str]


@dataclass
class Bench:
    """A running bridge, a fal, and a folder for sources."""

    home: Path
    fal: FalServer
    port: int
    folder: Path
    tone: Path
    sent: list[str] = field(default_factory=list)  # ids of the messages

    def remix(self, path: Path | str, **changes: Any) -> Error | None:
        """Ask for a remix, and return why it was refused or failed; None when it is done."""
        self.sent.append(put(self.home, "remix", remix_args(Path(path), **changes)))
        return self.answer(self.sent[-1])

    def answer(self, message_id: str) -> Error | None:
        """Return how a message ended: a refusal, a rejection, a failed variation, or None."""

        def look() -> Error | bool | None:
            document = outbox(self.home)
            for refusal in document["errors"]:
                if refusal["message_id"] == message_id:
                    return dict(refusal)
            for job in document["jobs"]:
                one = job["variations"][0]
                if job["message_id"] != message_id:
                    continue
                if one["reason"] == "disk":  # it waits for room, and says so
                    return {"code": "disk_full", "text": one["message"], "hint": "it goes on by itself"}
                if job["state"] in ("done", "failed", "unknown"):
                    return one["error"] or True
            return self.rejected(message_id)

        found = until(look)
        return None if found is True else found

    def rejected(self, name: str) -> Error | None:
        try:
            found: Error = json.loads((self.home / "inbox" / "rejected" / f"{name}.json.error").read_bytes())
        except (OSError, ValueError):
            return None
        return found

    def drop(self, name: str, data: bytes) -> Error:
        """Put a file into the inbox as it is, and return why it was rejected."""
        aside = self.home / "inbox" / f".{name}.tmp"
        aside.write_bytes(data)
        aside.replace(self.home / "inbox" / f"{name}.json")
        found = until(lambda: self.rejected(name))
        assert (self.home / "inbox" / "rejected" / f"{name}.json").exists()
        return found  # type: ignore[no-any-return]

    def retry(self) -> None:
        """Retry the last remix, which has to be done then."""
        job = next(one for one in outbox(self.home)["jobs"] if one["message_id"] == self.sent[-1])
        put(self.home, "retry", {"job_id": job["job_id"]})
        done = job_of(self.home, self.sent[-1], "done")
        assert Path(done["variations"][0]["result"]["path"]).exists()

    @property
    def orders(self) -> int:
        return sum(self.fal.queue.submits().values())


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    home = tmp_path_factory.mktemp("bench") / "home"
    prepare_home(home)
    folder = tmp_path_factory.mktemp("sources")
    environ = {"PATH": str(folder), "ACE_BRIDGE_INBOX_SAFETY_INTERVAL": "60"}  # no ffmpeg there
    with FalServer(zero_delay=True, key=KEY) as fal, running(home, **fal_environment(fal.url, **environ)) as daemon:
        about = daemon.wait_until_up()
        yield Bench(home, fal, about["osc_port"], folder, write_tone(folder / "tone.wav"))


@pytest.fixture(autouse=True)
def tidy() -> Iterator[None]:
    """Take disks and writers away, however a test ended."""
    yield
    for name in ("removed", "rewritten", "read_only", "full"):
        clear(name)
    OPEN.clear()


@pytest.mark.parametrize("bad", BAD_INPUTS, ids=lambda bad: bad.name)
def test_one_clear_sentence_and_nothing_lost(bench: Bench, bad: BadInput, tmp_path: Path) -> None:
    orders = bench.orders
    before = hashed(bench.folder)
    error = MAKE[bad.name](bench, tmp_path)
    if not bad.code:
        assert error is None
        assert bench.orders == orders + 1
        return
    assert error is not None
    assert error["code"] == bad.code
    assert matches(bad.says, error["text"]), error["text"]
    assert error["hint"]
    assert "\n" not in error["text"]
    assert hashed(bench.folder) == before
    assert bench.orders == orders + (bad.name in PAID)
    if bad.name in MEND:  # put right, it goes on where it stopped
        MEND[bad.name](bench, tmp_path)
        assert bench.orders == orders + 1
    assert bench.remix(bench.tone, remix={"seed": len(bench.sent)}) is None  # the queue goes on


def test_every_parameter_out_of_range(bench: Bench) -> None:
    """Under, over, the wrong type, no choice: each refused, by name and range, before anything is sent."""
    orders = bench.orders
    wrong: list[tuple[str, Any]] = []
    for name, param in PARAMS.items():
        if name == "audio_url":
            continue
        if param.choices:
            wrong += [(name, "none of them"), (name, 1)]
        elif param.kind in ("int", "float"):
            wrong += [(name, "loud"), (name, True), (name, [1])]
            wrong += [(name, param.low - 1)] if param.low is not None else []
            wrong += [(name, param.high + 1)] if param.high is not None else []
        else:
            wrong += [(name, 5), (name, ["a"])]
    sent = {put(bench.home, "remix", remix_args(bench.tone, remix={n: v}), instance=f"wrong-{i}"): (i, n)
            for i, (n, v) in enumerate(wrong)}  # fmt: skip
    for message_id, (number, name) in sent.items():
        (error,) = until(partial(errors_of, bench.home, f"wrong-{number}"))
        assert error["message_id"] == message_id
        assert error["code"] in ("param_invalid", "bad_request"), wrong[number]
        assert name in error["text"]
    assert len(wrong) > 40
    assert bench.orders == orders


@pytest.mark.parametrize("end", [[], ["--json"]], ids=["people", "scripts"])
def test_the_command_line_says_the_same(bench: Bench, tmp_path: Path, end: list[str]) -> None:
    """One sentence, what to do, the code; exit status 1; in JSON for scripts."""
    done = cli(bench.home, "remix", str(bench.tone), "--set", "number_of_steps=61", *end)
    assert done.returncode == 1
    if end:
        assert json.loads(done.stdout.splitlines()[-1])["code"] == "param_invalid"
        return
    said = done.stderr.splitlines()
    assert len(said) == 3
    assert said[0].startswith("ace-bridge: number_of_steps")
    assert said[2].strip() == "[param_invalid]"
    assert "Traceback" not in done.stderr


def matches(pattern: str, text: str) -> bool:
    return re.fullmatch(".+".join(re.escape(part) for part in pattern.split("…")), text) is not None


def errors_of(home: Path, instance: str) -> list[Error] | None:
    return outbox(home, instance)["errors"] or None


def hashed(folder: Path) -> dict[str, str]:
    """The content of every source, by name."""
    files = (path for path in folder.iterdir() if path.is_file() and path.name != "rewritten.wav")
    return {os.fsdecode(path.name): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


# --- how each is made ------------------------------------------------------------------------------------------------

Maker = Callable[[Bench, Path], Error | None]
OPEN: dict[str, Any] = {}  # disks and writers that stay until their case is mended


def clear(name: str) -> None:
    found = OPEN.pop(name, None)
    if found is not None:
        found.__exit__(None, None, None)


def in_tmp(name: str, data: bytes) -> Maker:
    def make(bench: Bench, tmp_path: Path) -> Error | None:
        (tmp_path / name).write_bytes(data)
        return bench.remix(tmp_path / name)

    return make


def asked(**changes: Any) -> Maker:
    return lambda bench, _: bench.remix(bench.tone, **json.loads(json.dumps(changes)))


def message(data: bytes) -> Maker:
    return lambda bench, _: bench.drop(str(uuid.uuid4()), data)


def raw(bench: Bench, **changes: Any) -> dict[str, Any]:
    return {
        "protocol": 1,
        "message_id": str(uuid.uuid4()),
        "command": "remix",
        "instance": "test",
        "args": remix_args(bench.tone),
        **changes,
    }


def named(name: bytes) -> Maker:
    def make(bench: Bench, tmp_path: Path) -> Error | None:
        path = tmp_path / os.fsdecode(name)
        write_tone(bench.folder / "fresh.wav", level=0.01 * (1 + len(name)))
        (bench.folder / "fresh.wav").rename(path)
        return bench.remix(path)

    return make


def removed(bench: Bench, tmp_path: Path) -> Error | None:
    small = OPEN["removed"] = disk(tmp_path / "drive", 2048)
    volume = small.__enter__()
    shutil.copy(bench.tone, volume.path / "clip.wav")
    volume.remove()
    return bench.remix(volume.path / "clip.wav", remix={"seed": 501})


def bring_back(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "drive"
    folder.mkdir(exist_ok=True)
    shutil.copy(bench.tone, folder / "clip.wav")
    bench.retry()


def cut(bench: Bench, tmp_path: Path) -> Error | None:
    (tmp_path / "cut.wav").write_bytes(bench.tone.read_bytes()[:100_000])
    return bench.remix(tmp_path / "cut.wav", remix={"seed": 502})


def bring_whole(bench: Bench, tmp_path: Path) -> None:
    shutil.copy(bench.tone, tmp_path / "cut.wav")
    bench.retry()


def missing(bench: Bench, tmp_path: Path) -> Error | None:
    return bench.remix(tmp_path / "gone.wav", remix={"seed": 503})


def bring_missing(bench: Bench, tmp_path: Path) -> None:
    shutil.copy(bench.tone, tmp_path / "gone.wav")
    bench.retry()


def promising(bench: Bench, tmp_path: Path) -> Error | None:
    head = wav.header(48_000, 2, 2**32 // 6 - 100, "pcm24", None, {})
    (tmp_path / "promise.wav").write_bytes(head + bytes(60_000))
    return bench.remix(tmp_path / "promise.wav", clip={"length": 60.0})


class Rewriting:
    """Writes a file's own bytes over it again and again."""

    def __init__(self, path: Path) -> None:
        self._stop = threading.Event()
        self._path, self._data = path, path.read_bytes()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(0.001):
            with self._path.open("rb+") as file:
                file.write(self._data[:4096])

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def rewritten(bench: Bench, tmp_path: Path) -> Error | None:
    path = write_tone(tmp_path / "rewritten.wav", 30.0)
    OPEN["rewritten"] = Rewriting(path)
    return bench.remix(path)


def come_to_rest(bench: Bench, _: Path) -> None:
    clear("rewritten")
    bench.retry()


def aac(bench: Bench, tmp_path: Path) -> Error | None:
    path = tmp_path / "clip.m4a"
    subprocess.run(["ffmpeg", "-v", "error", "-i", bench.tone, "-c:a", "aac", path], check=True, timeout=60)
    return bench.remix(path)


def link(bench: Bench, tmp_path: Path) -> Error | None:
    (tmp_path / "message.json").write_text(json.dumps(raw(bench)))
    name = str(uuid.uuid4())
    (bench.home / "inbox" / f"{name}.json").symlink_to(tmp_path / "message.json")
    return until(lambda: bench.rejected(name))  # type: ignore[no-any-return]


def protocol(bench: Bench, _: Path) -> Error | None:
    body = raw(bench, protocol=2, args={"anything": ["else"]})
    bench.drop(body["message_id"], json.dumps(body).encode())
    return bench.answer(body["message_id"])


def conflict(bench: Bench, _: Path) -> Error | None:
    body = raw(bench, command="bye", instance="another")
    put(bench.home, "bye", {}, instance="another", message_id=body["message_id"])
    until(lambda: not list((bench.home / "inbox").glob("*.json")))
    return bench.drop(body["message_id"], json.dumps({**body, "instance": "test"}).encode())


def command(bench: Bench, _: Path) -> Error | None:
    return bench.answer(put(bench.home, "remixx", {}))


def unknown_job(bench: Bench, _: Path) -> Error | None:
    return bench.answer(put(bench.home, "retry", {"job_id": "no-such"}))


def retry_done(bench: Bench, _: Path) -> Error | None:
    done = next(job for job in reversed(outbox(bench.home)["jobs"]) if job["state"] == "done")
    return bench.answer(put(bench.home, "retry", {"job_id": done["job_id"]}))


def osc_packet(bench: Bench, _: Path) -> Error | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:  # not connected: news come from another port
        channel.settimeout(PATIENCE)
        for data in (b"/bridge/subscribe\0\0\0,\0\0\0", b"/bridge/clip\0\0\0\0,ss\0no end"):
            channel.sendto(data, ("127.0.0.1", bench.port))
        code, text = receive(channel, "/bridge/alert").params
    return {"code": code, "text": text, "hint": "in the log"}


def read_only(bench: Bench, tmp_path: Path) -> Error | None:
    OPEN["read_only"] = disk(tmp_path / "media", 4096)
    small = OPEN["small"] = OPEN["read_only"].__enter__()
    small.read_only(True)
    return bench.remix(bench.tone, project={"media_path": str(small.path)}, remix={"seed": 601})


def make_writable(bench: Bench, _: Path) -> None:
    OPEN.pop("small").read_only(False)
    bench.retry()


def full(bench: Bench, tmp_path: Path) -> Error | None:
    OPEN["full"] = disk(tmp_path / "media", 4096)
    small = OPEN["small"] = OPEN["full"].__enter__()
    small.fill()
    error = bench.remix(bench.tone, project={"media_path": str(small.path)}, remix={"seed": 602})
    assert [path.name for path in small.path.iterdir()] == ["filler"]  # nothing half-written
    return error


def make_room(bench: Bench, _: Path) -> None:
    OPEN.pop("small").free()
    bench.retry()


def with_key(key: str | None) -> Maker:
    """A daemon of its own, asked by the command line; after it fails the offline engine still remixes."""

    def make(bench: Bench, tmp_path: Path) -> Error | None:
        home = tmp_path / "keyless"
        prepare_home(home)
        environ = {"FAL_KEY": key} if key else {}
        with running(home, **environ):
            words = ["remix", str(bench.tone), "--json", "--engine"]
            done = cli(home, *words, "fal", **environ)
            assert done.returncode == 1
            assert cli(home, *words, "offline", **environ).returncode == 0
        log = (home / "logs" / "bridge.log").read_text()
        assert key is None or key.split("\n")[0] not in log + done.stdout + done.stderr
        found: Error = json.loads(done.stdout.splitlines()[-1])
        return found

    return make


MAKE: Mapping[str, Maker] = {
    "missing": missing,
    "relative": lambda bench, _: bench.remix("tone.wav"),
    "removed": removed,
    "directory": lambda bench, tmp_path: bench.remix(tmp_path),
    "empty": in_tmp("empty.wav", b""),
    "text": in_tmp("song.wav", b"verse, chorus, verse\n" * 1000),
    "cut": cut,
    "promising": promising,
    "rewritten": rewritten,
    "aac": aac,
    "bytes": named(b"caf\xe9 \xff.wav"),
    "emoji": named("🥁 two  blanks\nand a line.wav".encode()),
    "zero_byte": lambda bench, _: bench.remix(bench.tone, source={"path": "/a\0b.wav"}),
    "beyond": asked(source={"offset": 100.0}, clip={"length": 1.0}),
    "negative_offset": asked(source={"offset": -0.5}),
    "negative_length": asked(clip={"length": -1.0}),
    "nan": lambda bench, _: bench.drop(
        str(uuid.uuid4()), json.dumps(raw(bench, args=remix_args(bench.tone, clip={"length": float("nan")}))).encode()
    ),
    "infinite": lambda bench, _: bench.drop(
        str(uuid.uuid4()), json.dumps(raw(bench)).replace('"seed": 7', '"seed": 1e999').encode()
    ),
    "short": asked(clip={"length": 0.09}),
    "long": asked(clip={"length": 240.5}),
    "no_source": lambda bench, _: bench.answer(put(bench.home, "remix", {"clips": [{"id": "midi"}]})),
    "preset": asked(remix={"preset": "lofi-chil"}),
    "engine": asked(remix={"engine": "banana"}),
    "no_tags": asked(remix={"tags": ""}),
    "few_steps": asked(remix={"number_of_steps": 2}),
    "many_steps": asked(remix={"number_of_steps": 61}),
    "word": asked(remix={"guidance_scale": "loud"}),
    "half": message(b'{"protocol": 1, "message_id": "a", "comm'),
    "nested": message(b"[" * 100_000),
    "huge": message(b'{"protocol": 1, "x": "' + b"x" * 50_000_000),
    "link": link,
    "protocol": protocol,
    "command": command,
    "conflict": conflict,
    "job": unknown_job,
    "done": retry_done,
    "osc": osc_packet,
    "read_only": read_only,
    "full": full,
    "no_key": with_key(None),
    "broken_key": with_key("secret-id:sec\nret"),
}
MEND: Mapping[str, Callable[[Bench, Path], None]] = {
    "missing": bring_missing,
    "removed": bring_back,
    "cut": bring_whole,
    "rewritten": come_to_rest,
    "read_only": make_writable,
    "full": make_room,
}
PAID = ("read_only", "full")  # ordered before it went wrong
