"""Tests reading sound files: the samples are compared with independent decoders, and damaged files are refused."""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.audio import files, header
from bridge.audio.ending import End, Ending
from tests.audio.broken_headers import FIELDS, with_size
from tests.audio.signals import Sound, lag, noise
from tests.waiting import PATIENCE

RATE = 48000
SECONDS = 8


def run(*command: str | Path) -> bytes:
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, timeout=PATIENCE).stdout


def by_ffmpeg(path: Path, channels: int = 2) -> Sound:
    out = run("ffmpeg", "-nostdin", "-v", "error", "-i", path, "-f", "f32le", "-")
    return np.frombuffer(out, np.float32).reshape(-1, channels)


def whole(path: Path) -> Sound:
    with files.Reader(path) as reader:
        return np.concatenate(list(reader.blocks(0, reader.info.frames)))


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("original") / "original.wav"
    soundfile.write(path, noise(RATE * SECONDS), RATE, subtype="PCM_24")
    return path


LIBSNDFILE = {
    "wav16.wav": ("WAV", "PCM_16"),
    "wav24.wav": ("WAV", "PCM_24"),
    "wav32f.wav": ("WAV", "FLOAT"),
    "wav64f.wav": ("WAV", "DOUBLE"),
    "extensible.wav": ("WAVEX", "PCM_24"),
    "rf64.wav": ("RF64", "PCM_24"),
    "w64.w64": ("W64", "PCM_24"),
    "aiff.aiff": ("AIFF", "PCM_24"),
    "caf.caf": ("CAF", "PCM_24"),
    "flac.flac": ("FLAC", "PCM_24"),
    "au.au": ("AU", "PCM_24"),
}
FFMPEG = {
    "cbr.mp3": ["-b:a", "192k"],
    "vbr.mp3": ["-q:a", "2"],
    "cbr-without-tag.mp3": ["-b:a", "192k", "-write_xing", "0", "-id3v2_version", "0"],
    "vbr-without-tag.mp3": ["-q:a", "4", "-write_xing", "0"],
    "low-rate-vbr-without-tag.mp3": ["-ar", "22050", "-q:a", "6", "-write_xing", "0"],
    "float-extensible.w64": ["-c:a", "pcm_f32le"],
    "float.caf": ["-c:a", "pcm_f32le"],
    "extensible-rf64.wav": ["-c:a", "pcm_s24le", "-rf64", "always"],
    "vorbis.ogg": ["-c:a", "libvorbis"],
    "opus.opus": [],
    "aac.m4a": ["-c:a", "aac"],
    "alac.m4a": ["-c:a", "alac"],
    "adts.aac": ["-c:a", "aac"],
    "alac.caf": ["-c:a", "alac"],
    "flac.oga": ["-c:a", "flac"],
    "opus.webm": ["-c:a", "libopus"],
    "mp3-in.wav": ["-c:a", "libmp3lame"],
    "adpcm.wav": ["-c:a", "adpcm_ms"],
    "ulaw.wav": ["-c:a", "pcm_mulaw"],
    "eight-bits.wav": ["-c:a", "pcm_u8"],
    "double.w64": ["-c:a", "pcm_f64le"],
    "little-endian.aif": ["-c:a", "pcm_s16le"],
    "layer-two.mp2": [],
    "wavpack.wv": [],
    "true-audio.tta": [],
    "windows-media.wma": [],
}


@pytest.mark.needs("codecs")
@pytest.mark.parametrize("name", LIBSNDFILE)
def test_lossless_formats_are_read_exactly(original: Path, tmp_path: Path, name: str) -> None:
    form, subtype = LIBSNDFILE[name]
    data, rate = soundfile.read(original, dtype="float32")
    soundfile.write(tmp_path / name, data, rate, format=form, subtype=subtype)
    got = whole(tmp_path / name)
    assert np.array_equal(got, by_ffmpeg(tmp_path / name))
    assert len(got) == RATE * SECONDS


@pytest.mark.needs("codecs")
@pytest.mark.parametrize("name", FFMPEG)
def test_lossy_formats_have_no_lag_against_ffmpeg(original: Path, tmp_path: Path, name: str) -> None:
    run("ffmpeg", "-nostdin", "-v", "error", "-i", original, *FFMPEG[name], tmp_path / name)
    got, theirs = whole(tmp_path / name), by_ffmpeg(tmp_path / name)
    assert abs(len(got) - len(theirs)) <= 1
    assert lag(theirs, got) == 0
    frames = min(len(got), len(theirs))
    assert np.abs(got[:frames] - theirs[:frames]).max() < 1e-3


@pytest.mark.needs("codecs")
@pytest.mark.parametrize("name", FFMPEG)
def test_the_rate_in_a_header_is_the_rate_of_the_samples(original: Path, tmp_path: Path, name: str) -> None:
    run("ffmpeg", "-nostdin", "-v", "error", "-i", original, *FFMPEG[name], tmp_path / name)
    with files.Reader(tmp_path / name) as reader:
        assert header.sample_rate(tmp_path / name) in (reader.info.sample_rate, None)


@pytest.mark.parametrize("name", ["loop.wav", "caf\udce9 \udcff.wav", "loop", "loop.txt"])
def test_a_header_is_read_whatever_the_files_name_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        soundfile.write(file, np.zeros((10, 2)), 44_100, format="WAV")
    assert header.sample_rate(path) == 44_100


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("size", [0, 2**32 - 1])
def test_the_rate_is_read_from_a_header_without_a_length(tmp_path: Path, name: str, size: int) -> None:
    (tmp_path / "clip").write_bytes(with_size(noise(1000), name, size))
    assert header.sample_rate(tmp_path / "clip") == RATE


@pytest.mark.parametrize("name", ["gone.wav", "empty.wav", "text.wav", "samples.raw", "."])
def test_a_file_without_a_header_has_no_rate(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty.wav").touch()
    for text in ("text.wav", "samples.raw"):
        (tmp_path / text).write_bytes(b"no header at all" * 100)
    assert header.sample_rate(tmp_path / name) is None


@pytest.mark.needs("codecs")
def test_opus_from_24_khz_has_no_lag(original: Path, tmp_path: Path) -> None:
    path = tmp_path / "low.opus"  # libsndfile decodes this file at 24 kHz, ffmpeg always at 48 kHz
    run("ffmpeg", "-nostdin", "-v", "error", "-i", original, "-ar", "24000", path)
    run("ffmpeg", "-nostdin", "-v", "error", "-i", path, "-ar", "24000", "-c:a", "pcm_f32le", tmp_path / "low.wav")
    got, theirs = whole(path), whole(tmp_path / "low.wav")
    assert len(got) == len(theirs) == 24_000 * SECONDS
    assert lag(theirs, got) == 0


def tagged(plain: bytes, tag: bytes) -> bytes:
    """Return MP3 data preceded by a frame that contains only a tag."""
    head = bytes.fromhex("fffb9464")  # MPEG 1 layer III, 128 kbit/s, 48 kHz: 384 bytes per frame
    return (head + bytes(32) + tag).ljust(384, b"\0") + plain


@pytest.mark.needs("codecs")
@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("xing-without-delay", b"Xing" + struct.pack(">II", 1, 335)),
        ("info-without-delay", b"Info" + struct.pack(">III", 3, 335, 200_000)),
        ("xing-without-frames", b"Xing" + struct.pack(">I", 0)),
        ("vbri", b"VBRI" + struct.pack(">HHHIIHHHHH", 1, 0, 75, 200_000, 335, 1, 1, 2, 335, 60_000)),
        ("cut-in-its-tag", b"Xing"),
    ],
)
def test_mp3_tags_without_a_delay_shift_nothing(original: Path, tmp_path: Path, name: str, tag: bytes) -> None:
    plain, path = tmp_path / "plain.mp3", tmp_path / f"{name}.mp3"
    words = ["-q:a", "2", "-write_xing", "0", "-id3v2_version", "0"]
    run("ffmpeg", "-nostdin", "-v", "error", "-i", original, *words, plain)
    path.write_bytes(tagged(plain.read_bytes(), tag))
    got, theirs = whole(path), by_ffmpeg(path)
    assert len(got) == len(theirs)
    assert lag(theirs, got) == 0
    assert np.abs(got[529:] - theirs[529:]).max() < 1e-3  # the first 529 samples are the decoder delay
    with files.Reader(path) as reader:
        for place in (0, 100, 528, 529, 530, 20_000):
            part = np.concatenate(list(reader.blocks(place, 2000)))
            assert np.array_equal(part, got[place : place + 2000]), place


@pytest.mark.needs("codecs")
@pytest.mark.parametrize("name", ["vbr.mp3", "vbr-without-tag.mp3", "vorbis.ogg", "opus.opus", "aac.m4a"])
def test_reading_from_any_frame_equals_reading_from_the_start(original: Path, tmp_path: Path, name: str) -> None:
    run("ffmpeg", "-nostdin", "-v", "error", "-i", original, *FFMPEG[name], tmp_path / name)
    everything = whole(tmp_path / name)
    places = np.random.default_rng(5).integers(0, len(everything) - 3000, 40)
    with files.Reader(tmp_path / name) as reader:
        for place in (0, 1, 1151, 1152, *places.tolist()):
            (part,) = reader.blocks(place, 2000, 2000)
            assert np.array_equal(part, everything[place : place + 2000]), place


@pytest.mark.needs("codecs")
def test_flac_of_unknown_length_is_read_whole(original: Path, tmp_path: Path) -> None:
    path = tmp_path / "piped.flac"
    data = bytearray(run("sox", original, "-t", "flac", "-"))
    assert data[:4] == b"fLaC"
    data[8 + 13] &= 0xF0  # STREAMINFO stores the number of samples in 36 bits
    data[8 + 14 : 8 + 18] = bytes(4)
    path.write_bytes(data)
    with files.Reader(path) as reader:
        assert reader.info.frames == RATE * SECONDS
    assert np.array_equal(whole(path), whole(original))


@pytest.mark.parametrize("name", LIBSNDFILE)
def test_a_truncated_file_is_read_as_far_as_it_goes(original: Path, tmp_path: Path, name: str) -> None:
    form, subtype = LIBSNDFILE[name]
    data, rate = soundfile.read(original, dtype="float32")
    path = tmp_path / name
    soundfile.write(path, data, rate, format=form, subtype=subtype)
    right = whole(path)
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size * 2 // 3)
    with files.Reader(path) as reader:
        assert reader.info.ending == Ending(End.CUT, RATE * SECONDS)
        assert 0.6 * RATE * SECONDS < reader.info.frames < 0.7 * RATE * SECONDS
        assert np.array_equal(np.concatenate(list(reader.blocks(0, reader.info.frames))), right[: reader.info.frames])
        if form != "FLAC":
            with pytest.raises(files.CutShort, match="before its header says"):
                list(reader.blocks(0, RATE * SECONDS))


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", files.Unreadable, "is empty"),
        (b"these are the lyrics\n" * 50, files.Unreadable, "not a sound file"),
        (b"<html><body>502 Bad Gateway</body></html>", files.Unreadable, "not a sound file"),
        (b"RIFF", files.Unreadable, "not a sound file"),
        (b"RIFF\0\0\0\0WAVE", files.Unreadable, "not a sound file"),
        (random.Random(4).randbytes(4096), files.Unreadable, "sound"),
    ],
)
def test_files_without_audio_are_refused(tmp_path: Path, content: bytes, error: type[Exception], words: str) -> None:
    path = tmp_path / "some Ünïcode 🎧 name.wav"
    path.write_bytes(content)
    with pytest.raises(error, match=words):
        files.Reader(path)


def test_folders_missing_files_and_raw_names(tmp_path: Path) -> None:
    (tmp_path / "x.raw").write_bytes(bytes(1000))
    for path, error in ((tmp_path, files.Unreadable), (tmp_path / "no", files.Missing)):
        with pytest.raises(error):
            files.Reader(path)
    with pytest.raises(files.Unreadable):
        files.Reader(tmp_path / "x.raw")


def test_a_wav_without_samples_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "none.wav", np.zeros((0, 2)), RATE)
    with pytest.raises(files.Unreadable, match="holds no sound"):
        files.Reader(tmp_path / "none.wav")


@pytest.mark.parametrize(
    "head", [struct.pack(">I4s4s", 20, b"ftyp", b"M4A "), b"wvpk", b"TTA1", b"MAC \x96\x0f", bytes.fromhex("1a45dfa3")]
)
def test_formats_that_need_ffmpeg_say_so_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    (tmp_path / "x.m4a").write_bytes(head + bytes(100))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(files.NeedsFfmpeg, match="ffmpeg"):
        files.Reader(tmp_path / "x.m4a")


def test_unknown_formats_do_not_ask_for_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.ogg").write_bytes(b"OggS" + bytes(100))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(files.Unreadable, match="not a sound file of a known kind"):
        files.Reader(tmp_path / "x.ogg")


@pytest.mark.needs("codecs")
def test_a_broken_m4a_is_unreadable_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.m4a"
    path.write_bytes(struct.pack(">I4s4s", 20, b"ftyp", b"M4A ") + bytes(100))
    with pytest.raises(files.Unreadable, match="cannot be decoded"):
        files.Reader(path, scratch=tmp_path)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.only_on("posix", because="Windows has no file names that are not Unicode")
@pytest.mark.skipif(sys.platform == "darwin", reason="file names there are Unicode")
def test_a_path_that_is_not_utf_8(original: Path, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.wav"))
    shutil.copy(original, path)
    assert len(whole(path)) == RATE * SECONDS


def test_a_rewritten_file_is_noticed(original: Path, tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    shutil.copy(original, path)
    with files.Reader(path) as reader:
        reader.check_unchanged()
        with path.open("ab") as stream:
            stream.write(bytes(6))
        with pytest.raises(files.Changed, match="rewritten"):
            reader.check_unchanged()
