"""Functions that cause each bad input in scripts/bad_inputs.py, and functions that fix the causes.

tests/system/test_bad_input.py runs these functions with the bridge in `Bench`.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.audio import bwf_header
from bridge.config.home import prepare_home
from bridge.presets.parameters import PARAMS
from tests.fakes.disks import disk
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import job_of, outbox, put, running
from tests.fakes.studio import remix_args, write_tone
from tests.system.test_whole_path import cli, receive
from tests.waiting import PATIENCE, until

Error = Mapping[str, str]


@dataclass
class Bench:
    """A running bridge, a fake fal, and a folder for sources."""

    home: Path
    fal: FalServer
    port: int
    folder: Path
    tone: Path
    sent: list[str] = field(default_factory=list)  # IDs of the sent messages

    def remix(self, path: Path | str, **changes: Any) -> Error | None:
        """Request a remix and wait for its outcome; return the error, or None if the remix is done."""
        self.sent.append(put(self.home, "remix", remix_args(Path(path), **changes)))
        return self.answer(self.sent[-1])

    def answer(self, message_id: str) -> Error | None:
        """Wait for a message's outcome; return the error if the bridge refused the message or the remix failed."""

        def look() -> Error | bool | None:
            document = outbox(self.home)
            for refusal in document["errors"]:
                if refusal["message_id"] == message_id:
                    return dict(refusal)
            for job in document["jobs"]:
                one = job["variations"][0]
                if job["message_id"] != message_id:
                    continue
                if one["reason"] == "disk":  # the variation waits for disk space
                    return {"code": "disk_full", "text": one["message"], "hint": "it continues by itself"}
                if job["state"] in ("done", "failed", "unknown"):
                    return one["error"] or True
            return self.rejected(message_id)

        found = until(look, f"an answer to {message_id}")
        return None if found is True else found

    def rejected(self, name: str) -> Error | None:
        try:
            found: Error = json.loads((self.home / "inbox" / "rejected" / f"{name}.json.error").read_bytes())
        except (OSError, ValueError):
            return None
        return found

    def drop(self, name: str, data: bytes) -> Error:
        """Put a file into the inbox, and return the reason for its rejection."""
        aside = self.home / "inbox" / f".{name}.tmp"
        aside.write_bytes(data)
        aside.replace(self.home / "inbox" / f"{name}.json")
        found = until(lambda: self.rejected(name), f"the refusal of {name}")
        assert (self.home / "inbox" / "rejected" / f"{name}.json").exists()
        return found

    def retry(self) -> None:
        """Retry the last remix and wait until it is done."""
        job = next(one for one in outbox(self.home)["jobs"] if one["message_id"] == self.sent[-1])
        put(self.home, "retry", {"job_id": job["job_id"]})
        done = job_of(self.home, self.sent[-1], "done")
        assert Path(done["variations"][0]["result"]["path"]).exists()

    @property
    def orders(self) -> int:
        return sum(self.fal.queue.submits().values())


Maker = Callable[[Bench, Path], Error | None]
OPEN: dict[str, Any] = {}  # test disks and file-rewriting threads, in use until the bad input is fixed


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


def out_of_range() -> Iterator[tuple[str, Any]]:
    """Yield (input, value) for each model input, with an invalid choice or with values just outside its range."""
    for name, param in PARAMS.items():
        if param.choices:
            yield name, "none of them"
        if param.low is not None:
            yield name, param.low - 1
        if param.high is not None:
            yield name, param.high + 1


def of_another_type() -> Iterator[tuple[str, Any]]:
    """Yield (input, value) for each model input, with values of wrong types."""
    for name, param in PARAMS.items():
        others = [["a"], True, "loud"] if param.kind in ("int", "float") else [["a"], 5]
        yield from ((name, value) for value in others if name != "audio_url")  # users cannot set audio_url


def each(wrong: Callable[[], Iterator[tuple[str, Any]]]) -> Maker:
    """Return a function that remixes with each value, checks for one common error code, and returns the last error."""

    def make(bench: Bench, _: Path) -> Error | None:
        found = [(name, bench.remix(bench.tone, remix={name: value})) for name, value in wrong()]
        last = found[-1][1]
        for name, error in found:
            assert error is not None
            assert last is not None
            assert error["code"] == last["code"]
            assert error["text"].startswith(f"{name} is ")
        return last

    return make


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
    head = bwf_header.header(48_000, 2, 2**32 // 6 - 100, "pcm24", None, {})
    (tmp_path / "promise.wav").write_bytes(head + bytes(60_000))
    return bench.remix(tmp_path / "promise.wav", clip={"length": 60.0})


class Rewriting:
    """A thread that overwrites a file with the same bytes again and again."""

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
    subprocess.run(["ffmpeg", "-v", "error", "-i", bench.tone, "-c:a", "aac", path], check=True, timeout=PATIENCE)
    return bench.remix(path)


def link(bench: Bench, tmp_path: Path) -> Error | None:
    (tmp_path / "message.json").write_text(json.dumps(raw(bench)))
    name = str(uuid.uuid4())
    (bench.home / "inbox" / f"{name}.json").symlink_to(tmp_path / "message.json")
    return until(lambda: bench.rejected(name), f"the refusal of {name}")


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
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:  # unconnected: updates come from another port
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
    assert [path.name for path in small.path.iterdir()] == ["filler"]  # no half-written file was left
    return error


def make_room(bench: Bench, _: Path) -> None:
    OPEN.pop("small").free()
    bench.retry()


def with_key(key: str | None) -> Maker:
    """Return a function that runs a daemon with this key, and checks that fal fails and the offline engine works."""

    def make(bench: Bench, tmp_path: Path) -> Error | None:
        home = tmp_path / "keyless"
        prepare_home(home)
        environ = {"FAL_KEY": key} if key else {}
        with running(home, **environ):
            arguments = ["remix", str(bench.tone), "--json", "--engine"]
            done = cli(home, *arguments, "fal", **environ)
            assert done.returncode == 1
            assert cli(home, *arguments, "offline", **environ).returncode == 0
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
    "emoji": named("🥁 two  spaces\nand a line.wav".encode()),
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
    "long": asked(clip={"length": 24 * 240.0}),
    "no_source": lambda bench, _: bench.answer(put(bench.home, "remix", {"clips": [{"id": "midi"}]})),
    "preset": asked(remix={"preset": "lofi-chil"}),
    "engine": asked(remix={"engine": "banana"}),
    "no_tags": asked(remix={"tags": ""}),
    "few_steps": asked(remix={"number_of_steps": 2}),
    "many_steps": asked(remix={"number_of_steps": 61}),
    "ranges": each(out_of_range),
    "types": each(of_another_type),
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
PAID = ("read_only", "full")  # bad inputs that take effect only after the submission
