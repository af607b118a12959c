"""Functions that remix each bad sound file in scripts/bad_inputs.py, and functions that repair the files."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from bridge.audio import bwf_header
from tests.audio.broken_headers import sound_bytes
from tests.audio.signals import noise
from tests.fakes.bad_input_bench import OPEN, Bench, Error, Maker, clear
from tests.fakes.disks import disk
from tests.fakes.studio import write_tone
from tests.waiting import PATIENCE


def in_tmp(name: str, data: bytes) -> Maker:
    def make(bench: Bench, tmp_path: Path) -> Error | None:
        (tmp_path / name).write_bytes(data)
        return bench.remix(tmp_path / name)

    return make


def constant(value: float) -> Maker:
    """Return a maker that remixes a file in which every sample has this value."""

    def make(bench: Bench, tmp_path: Path) -> Error | None:
        soundfile.write(tmp_path / "constant.wav", np.full((48_000, 2), value), 48_000, subtype="FLOAT")
        return bench.remix(tmp_path / "constant.wav")

    return make


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


def section(bench: Bench, tmp_path: Path) -> Error | None:
    (tmp_path / "rest.wav").write_bytes(bench.tone.read_bytes()[:100_000])
    return bench.remix(tmp_path / "rest.wav", source={"offset": 0.2}, clip={"length": 1.0})


def inside(bench: Bench, tmp_path: Path) -> Error | None:
    (tmp_path / "rest.wav").write_bytes(bench.tone.read_bytes()[:100_000])
    return bench.remix(tmp_path / "rest.wav", source={"offset": 0.05}, clip={"length": 0.2}, remix={"seed": 504})


def streamed(bench: Bench, tmp_path: Path) -> Error | None:
    data = bytearray(bench.tone.read_bytes())
    place = data.index(b"data") + 4
    data[4:8] = data[place : place + 4] = b"\xff" * 4
    (tmp_path / "streamed.wav").write_bytes(data)
    return bench.remix(tmp_path / "streamed.wav", remix={"seed": 505})


def joined(bench: Bench, tmp_path: Path, **changes: Any) -> Error | None:
    (tmp_path / "joined.mp3").write_bytes(sound_bytes(noise(48_000), "MP3") * 3)
    return bench.remix(tmp_path / "joined.mp3", remix={"seed": 506}, **changes)


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
