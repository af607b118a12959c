"""The tables of functions that cause each bad input in scripts/bad_inputs.py and that fix the causes.

bad_files.py and bad_messages.py have the functions for files and messages; this module has those for disks, keys and
packets. tests/system/test_bad_input.py runs them with the bridge in `Bench`.
"""

from __future__ import annotations

import json
import math
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from bridge.config.home import prepare_home
from tests.audio.broken_headers import adts
from tests.fakes.bad_files import (
    aac,
    bring_back,
    bring_missing,
    bring_whole,
    come_to_rest,
    constant,
    cut,
    in_tmp,
    inside,
    joined,
    missing,
    named,
    promising,
    removed,
    rewritten,
    section,
    streamed,
)
from tests.fakes.bad_input_bench import OPEN, Bench, Error, Maker
from tests.fakes.bad_messages import (
    asked,
    command,
    conflict,
    dropped,
    each,
    held_key,
    link,
    message,
    misspelt,
    not_a_number,
    of_another_type,
    out_of_range,
    protocol,
    raw,
    retry_done,
    unknown_job,
    written,
)
from tests.fakes.disks import disk
from tests.fakes.processes import put, running
from tests.system.test_whole_path import cli, receive
from tests.waiting import PATIENCE


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
    "inside": inside,
    "section": section,
    "streamed": streamed,
    "promising": promising,
    "joined": joined,
    "joined_later": lambda bench, tmp_path: joined(bench, tmp_path, source={"offset": 1.5}, clip={"length": 1.0}),
    "raw_aac": in_tmp("take.wav", adts()),
    "rewritten": rewritten,
    "aac": aac,
    "bytes": named(b"caf\xe9 \xff.wav"),
    "emoji": named("🥁 two  spaces\nand a line.wav".encode()),
    "zero_byte": lambda bench, _: bench.remix(bench.tone, source={"path": "/a\0b.wav"}),
    "beyond": asked(source={"offset": 100.0}, clip={"length": 1.0}),
    "negative_offset": asked(source={"offset": -0.5}),
    "negative_length": asked(clip={"length": -1.0}),
    "whole_float": asked(remix={"seed": 511.0, "variations": 1.0, "number_of_steps": 30.0}),
    "rounding": asked(source={"offset": -1e-12}, remix={"seed": 512, "amount": 1.0 + 1e-12}),
    "number_text": asked(clip={"length": "1.5"}),
    "nan": not_a_number,
    "infinite": lambda bench, _: dropped(bench, json.dumps(raw(bench)).replace('"seed": 7', '"seed": 1e999').encode()),
    "short": asked(clip={"length": 0.09}),
    "long": asked(clip={"length": 24 * 240.0}),
    "silent": constant(0.0),
    "offset_only": constant(0.25),
    "not_numbers": constant(math.nan),
    "no_source": lambda bench, _: bench.answer(put(bench.home, "remix", {"clips": [{"id": "midi"}]})),
    "preset": asked(remix={"preset": "lofi-chil"}),
    "engine": asked(remix={"engine": "banana"}),
    "no_tags": asked(remix={"tags": ""}),
    "few_steps": asked(remix={"number_of_steps": 2}),
    "many_steps": asked(remix={"number_of_steps": 61}),
    "ranges": each(out_of_range),
    "types": each(of_another_type),
    "half": message(b'{"protocol": 1, "message_id": "a", "comm'),
    "utf16": lambda bench, _: written(bench, 514, lambda text: b"\xff\xfe" + text.encode("utf-16-le")),
    "marked": lambda bench, _: written(bench, 515, lambda text: b"\xef\xbb\xbf" + text.encode() + b"\r\n\0\0\0"),
    "latin": lambda bench, _: dropped(bench, json.dumps(raw(bench, x="caf\xe9"), ensure_ascii=False).encode("latin-1")),
    "two_values": lambda bench, _: dropped(
        bench, json.dumps(raw(bench)).replace('"seed": 7', '"seed": 7, "seed": 8').encode()
    ),
    "nested": message(b"[" * 100_000),
    "huge": message(b'{"protocol": 1, "x": "' + b"x" * 50_000_000),
    "link": link,
    "protocol": protocol,
    "command": command,
    "conflict": conflict,
    "held_key": held_key,
    "misspelt": misspelt,
    "misspelt_target": lambda bench, _: bench.answer(put(bench.home, "retry", {"jobid": "x"})),
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
