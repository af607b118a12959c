"""Tests that other programs can read the FLAC and Broadcast Wave files; also tests full disks and the spool."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.audio import bwf_header, files, writers
from bridge.audio.ending import End, Ending
from tests.audio.signals import noise
from tests.waiting import PATIENCE

RATE = 48000


def run(*command: str | Path) -> bytes:
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, timeout=PATIENCE).stdout


@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize("cut", [1, 777, 65536])
def test_flac_holds_pcm_exactly_in_any_blocks(tmp_path: Path, bits: int, cut: int) -> None:
    sound = noise(3000, bits=bits)
    sound[0], sound[1] = -1.0, 1.0 - 2.0 ** (1 - bits)
    writer = writers.FlacWriter(tmp_path / "x.flac", 44100, bits)
    for start in range(0, 3000, cut):
        writer.write(sound[start : start + cut])
    writer.close()
    read, rate = soundfile.read(tmp_path / "x.flac", dtype="float32")
    assert rate == 44100
    assert soundfile.info(tmp_path / "x.flac").subtype == f"PCM_{bits}"
    assert np.array_equal(read, sound)


def test_samples_over_full_scale_are_clipped_and_never_wrap(tmp_path: Path) -> None:
    sound = np.array([[1.5, -1.5], [1.0, -1.0], [0.0, 0.25]], np.float32)
    writer = writers.FlacWriter(tmp_path / "x.flac", 44100, 24)
    writer.write(sound)
    writer.close()
    read, _ = soundfile.read(tmp_path / "x.flac", dtype="float64")
    top = 1 - 2.0**-23
    assert read.tolist() == [[top, -1.0], [top, -1.0], [0.0, 0.25]]


def fill(writer: writers.FlacWriter) -> None:
    for _ in range(10):
        writer.write(noise(RATE))
    writer.close()


@pytest.mark.only_on("posix", because="Windows has no limit for the size of files")
def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    writer = writers.FlacWriter(tmp_path / "x.flac", 48000, 24)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))  # Python ignores SIGXFSZ, so writes fail with EFBIG
    try:
        with pytest.raises(OSError, match="could not be written"):
            fill(writer)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        writer.abandon()


BEXT = bwf_header.Bext(
    "a remix, ü", "ace-bridge", "ref-1", "2026-01-02", "03:04:05", 2**33 + 7, "A=PCM,F=48000\r\n", -14.25, -1.5
)


@pytest.mark.parametrize(("encoding", "subtype"), [("pcm24", "PCM_24"), ("float32", "FLOAT")])
@pytest.mark.parametrize("frames", [1, 1001])
def test_broadcast_wav_is_read_by_others(
    tmp_path: Path, encoding: bwf_header.Encoding, subtype: str, frames: int
) -> None:
    sound = noise(frames)
    path = tmp_path / "x.wav"
    writer = writers.WavWriter(path, 44100, frames, encoding, BEXT, {"INAM": "Späti", "ISFT": "ace-bridge 0.1"})
    for start in range(0, frames, 300):
        writer.write(sound[start : start + 300])
    writer.close()
    with soundfile.SoundFile(path) as read:
        assert (read.samplerate, read.subtype, read.frames) == (44100, subtype, frames)
        assert (read.title, read.software) == ("Späti", "ace-bridge 0.1")
        assert np.array_equal(read.read(dtype="float32"), sound)
    with path.open("rb") as stream:
        stream.read(4)
        assert struct.unpack("<I", stream.read(4))[0] == path.stat().st_size - 8
    if shutil.which("ffprobe"):
        out = run("ffprobe", "-v", "error", "-show_entries", "format_tags", "-of", "flat", path).decode()
        assert f'time_reference="{2**33 + 7}"' in out
        assert 'originator_reference="ref-1"' in out
        assert 'coding_history="A=PCM,F=48000' in out
    if shutil.which("sox"):
        assert len(run("sox", path, "-t", "f32", "-")) == frames * 8


def test_bext_version_2_carries_the_loudness(tmp_path: Path) -> None:
    head = bwf_header.header(48000, 2, 10, "pcm24", BEXT, {})
    start = head.index(b"bext") + 8
    version, levels = head[start + 346 : start + 348], head[start + 412 : start + 422]
    assert struct.unpack("<H", version) == (2,)
    assert struct.unpack("<5h", levels) == (-1425, 0x7FFF, -150, 0x7FFF, 0x7FFF)


def test_rf64_above_4_gib(tmp_path: Path) -> None:
    frames = 2**30
    head = bwf_header.header(48000, 2, frames, "float32", BEXT, {"INAM": "long"})
    path = tmp_path / "long.wav"
    path.write_bytes(head)
    with path.open("r+b") as stream:
        stream.truncate(len(head) + frames * 8)  # a sparse file, which takes up no space on disk
    with files.Reader(path) as reader:
        assert (reader.info.format, reader.info.frames) == ("RF64", frames)
        assert len(next(reader.blocks(frames - 10, 10))) == 10
    with path.open("r+b") as stream:
        stream.truncate(len(head) + frames * 8 - 8)
    with files.Reader(path) as reader:
        assert (reader.info.frames, reader.info.ending) == (frames - 1, Ending(End.CUT, frames))


def test_a_spool_gives_back_what_it_got(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "SPOOL_BYTES", 20_000)
    sound = noise(5000)
    spool = writers.Spool(tmp_path)
    for start in range(0, 5000, 700):
        spool.append(sound[start : start + 700])
    assert spool.frames == 5000
    for size in (33, 5000):
        assert np.array_equal(np.concatenate(list(spool.blocks(size))), sound)
    spool.close()
    assert list(tmp_path.iterdir()) == []
