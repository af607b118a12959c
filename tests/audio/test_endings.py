"""Tests sound files whose header or decoder gives a wrong length: all of the sound is read, or the rest is reported."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.audio import container, files
from bridge.audio.ending import End, Ending
from tests.audio.broken_headers import FIELDS, RATE, adts, frame_bytes, sound_bytes, with_size, written
from tests.audio.signals import Sound, lag, noise
from tests.fakes.open_files import open_files
from tests.waiting import PATIENCE

FRAMES = 40_000


@pytest.fixture(scope="module")
def sound() -> Sound:
    return noise(FRAMES)


def read(path: Path) -> tuple[files.Info, Sound]:
    """Read a file from its start, and compare the samples with those read from other frames."""
    with files.Reader(path) as reader:
        info = reader.info
        whole = np.concatenate(list(reader.blocks(0, info.frames)))
        assert len(whole) == info.frames
        for start in (info.frames // 3, info.frames - 1000):
            (part,) = reader.blocks(start, 1000, 1000)
            assert np.array_equal(part, whole[start : start + 1000])
    return info, whole


def ending(info: files.Info) -> Ending:
    assert info.ending is not None
    return info.ending


def command(*words: str | Path) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True, timeout=PATIENCE)


PLACEHOLDERS = [("zero", 0), ("largest", 2**32 - 1), ("largest-less-a-header", 2**32 - 37), ("signed", 2**31 - 1)]


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("size", [size for _, size in PLACEHOLDERS], ids=[text for text, _ in PLACEHOLDERS])
def test_a_placeholder_means_to_the_end(tmp_path: Path, no_ffmpeg: None, sound: Sound, name: str, size: int) -> None:
    right = read(written(tmp_path / "right", with_size(sound, name)))
    info, data = read(written(tmp_path / "clip", with_size(sound, name, size)))
    assert right[0].ending is None
    assert info.frames == FRAMES
    assert np.array_equal(data, right[1])
    is_open = name == "au" and size == 2**32 - 1  # the AU format allows this
    assert info.ending == (None if is_open else Ending(End.UNKNOWN))


@pytest.mark.parametrize("name", ["rf64", "w64"])
@pytest.mark.parametrize("size", [2**64 - 1, 2**63 - 1])
def test_a_placeholder_of_64_bits_means_to_the_end(
    tmp_path: Path, no_ffmpeg: None, sound: Sound, name: str, size: int
) -> None:
    info, data = read(written(tmp_path / "clip", with_size(sound, name, size)))
    assert np.array_equal(data, read(written(tmp_path / "right", with_size(sound, name)))[1])
    assert ending(info).kind is End.UNKNOWN


def test_a_caf_of_unknown_length_is_read_without_ffmpeg(tmp_path: Path, no_ffmpeg: None, sound: Sound) -> None:
    info, data = read(written(tmp_path / "clip", with_size(sound, "caf", -1)))
    assert np.array_equal(data, read(written(tmp_path / "right", with_size(sound, "caf")))[1])
    assert info.ending is None


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize(("more", "factor"), [(-1, 1), (1, 0.5)], ids=["odd", "no-multiple"])
def test_a_size_with_a_part_of_a_frame_means_to_the_end(
    tmp_path: Path, no_ffmpeg: None, sound: Sound, name: str, more: int, factor: float
) -> None:
    besides = FIELDS[name][-1]
    size = besides + int(FRAMES * frame_bytes(name) * factor) + more
    info, data = read(written(tmp_path / "clip", with_size(sound, name, size)))
    assert len(data) == FRAMES
    assert ending(info).kind is End.UNKNOWN


@pytest.mark.parametrize("name", FIELDS)
def test_a_header_that_promises_more_says_how_much_more(
    tmp_path: Path, no_ffmpeg: None, sound: Sound, name: str
) -> None:
    longer = 9 * FRAMES * frame_bytes(name)
    info, data = read(written(tmp_path / "clip", with_size(sound, name, more=longer)))
    assert np.array_equal(data, read(written(tmp_path / "right", with_size(sound, name)))[1])
    assert info.ending == Ending(End.CUT, 10 * FRAMES)
    assert info.promised == 10 * FRAMES
    assert ending(info).text("x", FRAMES, RATE) == "x ends at 0.833 s, although its header promises 8.333 s."


def test_a_header_that_is_a_few_bytes_too_long_promises_nothing(tmp_path: Path, sound: Sound) -> None:
    info, _ = read(written(tmp_path / "clip.wav", with_size(sound, "wav", more=16)))
    assert (info.frames, info.promised) == (FRAMES, FRAMES)


@pytest.mark.parametrize("size", [0, FRAMES * 4 - 1])
def test_chunks_after_the_audio_are_not_audio(tmp_path: Path, sound: Sound, size: int) -> None:
    """The size is suspicious, but the chunk that follows shows where the audio ends."""
    samples = sound_bytes(sound, "WAV", "PCM_16")[44 : 44 + size]
    chunks = b"data" + struct.pack("<I", size) + samples + bytes(size & 1) + b"LIST\4\0\0\0INFO"
    head = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 2, RATE, RATE * 4, 4, 16)
    path = written(tmp_path / "clip.wav", b"RIFF" + struct.pack("<I", 4 + len(head + chunks)) + b"WAVE" + head + chunks)
    if not size:
        with pytest.raises(files.Unreadable, match="holds no sound"):
            files.Reader(path)
        return
    info, _ = read(path)
    assert (info.frames, info.ending) == (FRAMES - 1, None)


def test_a_file_without_any_of_its_samples_was_cut(tmp_path: Path, sound: Sound) -> None:
    path = written(tmp_path / "clip.wav", with_size(sound, "wav")[:44])
    with pytest.raises(files.CutShort, match=r"clip\.wav ends before its first sample"):
        files.Reader(path)


def test_the_file_itself_is_not_changed(tmp_path: Path, sound: Sound) -> None:
    data = with_size(sound, "wav", 0)
    path = written(tmp_path / "clip.wav", data)
    read(path)
    assert path.read_bytes() == data


def test_an_open_end_needs_no_padding_byte(tmp_path: Path) -> None:
    mono = noise(3001, 1)
    data = sound_bytes(mono, "WAV", "PCM_U8")
    info, _ = read(written(tmp_path / "clip.wav", data[: 44 + 3001]))
    assert (info.frames, info.ending) == (3001, None)


def totals(data: bytes, samples: int) -> bytes:
    """Return a FLAC file with another number of samples in STREAMINFO."""
    (word,) = struct.unpack_from(">Q", data, 18)
    return data[:18] + struct.pack(">Q", word >> 36 << 36 | samples) + data[26:]


@pytest.mark.parametrize("told", [0, FRAMES // 2, FRAMES * 2])
@pytest.mark.parametrize("tail", [b"", b"TAG" + bytes(125)], ids=["plain", "with-id3v1"])
def test_a_flac_with_a_wrong_number_of_samples_is_read_whole(
    tmp_path: Path, no_ffmpeg: None, sound: Sound, told: int, tail: bytes
) -> None:
    right = sound_bytes(sound, "FLAC", "PCM_24")
    info, data = read(written(tmp_path / "clip.flac", totals(right, told) + tail))
    assert np.array_equal(data, read(written(tmp_path / "right.flac", right))[1])
    assert info.ending == (Ending(End.UNKNOWN, told) if told else None)


def test_a_flac_with_its_right_number_of_samples_is_right(tmp_path: Path, sound: Sound) -> None:
    for subtype in ("PCM_16", "PCM_24", "PCM_S8"):
        assert read(written(tmp_path / "clip.flac", sound_bytes(sound, "FLAC", subtype)))[0].ending is None


@pytest.mark.parametrize("lengths", [(1, 1), (1, 1, 1, 1), (2, 1), (1, 2), (2, 1, 2)])
def test_joined_flac_files_are_noticed_whatever_their_lengths(
    tmp_path: Path, no_ffmpeg: None, sound: Sound, lengths: tuple[int, ...]
) -> None:
    parts = [sound_bytes(sound[: 20_000 * length], "FLAC", "PCM_16") for length in lengths]
    info, data = read(written(tmp_path / "clip.flac", b"".join(parts)))
    assert np.array_equal(data, read(written(tmp_path / "one.flac", parts[0]))[1])
    assert (ending(info).kind, ending(info).promised) == (End.STOPPED, 20_000 * sum(lengths))


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_a_cut_flac_is_read_as_far_as_it_goes(tmp_path: Path, no_ffmpeg: None, sound: Sound, share: float) -> None:
    right = sound_bytes(sound, "FLAC", "PCM_24")
    info, data = read(written(tmp_path / "clip.flac", right[: int(len(right) * share)]))
    assert np.array_equal(data, read(written(tmp_path / "right.flac", right))[1][: info.frames])
    assert share * FRAMES - 6000 < info.frames <= share * FRAMES
    assert info.ending == Ending(End.CUT, FRAMES)


def mp3(sound: Sound) -> bytes:
    """Return an MP3 file that begins with an Info tag, as LAME writes it."""
    data = sound_bytes(sound, "MP3")
    assert b"Info" in data[:500] or b"Xing" in data[:500]
    return data


def with_frames(data: bytes, factor: float) -> bytes:
    """Return an MP3 file with another number of frames in its tag."""
    place = max(data.find(b"Info", 0, 500), data.find(b"Xing", 0, 500)) + 8
    (frames,) = struct.unpack_from(">I", data, place)
    return data[:place] + struct.pack(">I", int(frames * factor)) + data[place + 4 :]


def compressed(sound: Sound, form: str) -> bytes:
    return {
        "mp3": lambda: mp3(sound),
        "vorbis": lambda: sound_bytes(sound, "OGG", "VORBIS"),
        "opus": lambda: sound_bytes(sound, "OGG", "OPUS"),
        "ogg-flac": lambda: sound_bytes(sound, "OGG", None),
        "flac": lambda: sound_bytes(sound, "FLAC", "PCM_16"),
    }[form]()


JOINED = ["mp3", "vorbis", "opus", "flac"]


@pytest.mark.parametrize("form", JOINED)
def test_without_ffmpeg_joined_files_are_reported(tmp_path: Path, no_ffmpeg: None, sound: Sound, form: str) -> None:
    one = compressed(sound, form)
    first, _ = read(written(tmp_path / "one", one))
    info, _ = read(written(tmp_path / "three", one * 3))
    assert first.ending is None
    assert info.frames == first.frames
    found = ending(info)
    assert found.kind is End.STOPPED
    assert found.needs_ffmpeg
    text = found.text("x", info.frames, RATE)
    assert "0.833 s" in text
    assert "Install ffmpeg" in text
    assert found.promised == 0 or 3 * FRAMES <= found.promised < 3.3 * FRAMES


@pytest.mark.needs("codecs")
@pytest.mark.parametrize("form", JOINED)
def test_with_ffmpeg_joined_files_are_read_whole(tmp_path: Path, sound: Sound, form: str) -> None:
    one = compressed(sound, form)
    first, heard = read(written(tmp_path / "one", one))
    info, data = read(written(tmp_path / "three", one * 3))
    if form == "mp3":  # ffmpeg keeps the padding at each joint
        assert 0 <= info.frames - 3 * first.frames < 0.15 * RATE
    else:
        assert info.frames == 3 * first.frames
        assert lag(heard, data[2 * FRAMES :]) == 0
    assert info.ending is None
    assert lag(heard, data[:FRAMES]) == 0


@pytest.mark.needs("codecs")
def test_mp3_files_of_different_kinds_are_joined(tmp_path: Path, sound: Sound) -> None:
    one = written(tmp_path / "one.wav", sound_bytes(sound, "WAV"))
    command("ffmpeg", "-v", "error", "-i", one, "-q:a", "2", "-write_xing", "0", tmp_path / "plain.mp3")
    parts = mp3(sound), (tmp_path / "plain.mp3").read_bytes(), b"TAG" + bytes(125), mp3(sound)
    info, _ = read(written(tmp_path / "three.mp3", b"".join(parts)))
    assert abs(info.frames - 3 * FRAMES) < 0.15 * RATE
    assert info.ending is None


def test_an_mp3_with_too_few_frames_in_its_tag_is_reported(tmp_path: Path, no_ffmpeg: None, sound: Sound) -> None:
    info, _ = read(written(tmp_path / "clip.mp3", with_frames(mp3(sound), 0.5)))
    assert info.frames < 0.6 * FRAMES
    assert ending(info).kind is End.STOPPED


@pytest.mark.needs("codecs")
def test_an_mp3_with_too_few_frames_in_its_tag_is_read_whole(tmp_path: Path, sound: Sound) -> None:
    info, _ = read(written(tmp_path / "clip.mp3", with_frames(mp3(sound), 0.5)))
    assert abs(info.frames - FRAMES) < 2500
    assert info.ending is None


def test_an_mp3_with_too_many_frames_in_its_tag_is_read_to_its_end(
    tmp_path: Path, no_ffmpeg: None, sound: Sound
) -> None:
    info, _ = read(written(tmp_path / "clip.mp3", with_frames(mp3(sound), 2)))
    assert abs(info.frames - FRAMES) < 2500
    assert ending(info).kind is End.UNKNOWN


def test_a_cut_mp3_is_read_as_far_as_it_goes(tmp_path: Path, no_ffmpeg: None, sound: Sound) -> None:
    right = mp3(sound)
    info, _ = read(written(tmp_path / "clip.mp3", right[: len(right) // 2]))
    assert 0.4 * FRAMES < info.frames < 0.55 * FRAMES
    assert info.ending == Ending(End.CUT, FRAMES)


def test_the_chunks_after_the_audio_of_an_rf64_file_are_not_audio(tmp_path: Path, sound: Sound) -> None:
    """Only the audio has a 64-bit size; the sizes of the chunks after it have 32 bits (EBU Tech 3306)."""
    path = written(tmp_path / "clip.wav", with_size(sound, "rf64", more=-1) + b"LIST\4\0\0\0INFO")
    info, _ = read(path)
    assert (info.frames, info.ending) == (FRAMES - 1, None)


@pytest.mark.parametrize("name", ["wav", "rf64"])
def test_the_first_of_joined_wav_files_is_read_and_the_others_are_reported(
    tmp_path: Path, sound: Sound, name: str
) -> None:
    one = with_size(sound, name)
    info, data = read(written(tmp_path / "clip.wav", one * 3))
    assert np.array_equal(data, read(written(tmp_path / "one.wav", one))[1])
    found = ending(info)
    assert (found.kind, found.needs_ffmpeg) == (End.STOPPED, False)
    assert "another sound file follows" in found.text("x", info.frames, RATE)


@pytest.mark.parametrize("name", ["clip.aac", "clip.m4a", "clip.wav", "clip.mp3", "clip"])
@pytest.mark.parametrize(
    "before", [b"", b"ID3\4\0\0\0\0\1\0" + bytes(128), b"garbage" * 100], ids=["plain", "id3", "garbage"]
)
def test_raw_aac_is_recognised_by_its_bytes(tmp_path: Path, no_ffmpeg: None, name: str, before: bytes) -> None:
    path = written(tmp_path / name, before + adts())
    with pytest.raises(files.NeedsFfmpeg, match="ffmpeg"):
        files.Reader(path)


@pytest.mark.needs("codecs")
@pytest.mark.parametrize("name", ["clip.aac", "clip.m4a", "clip.wav", "clip.mp3"])
@pytest.mark.parametrize(
    "before", [b"", b"ID3\4\0\0\0\0\1\0" + bytes(128), b"garbage" * 100], ids=["plain", "id3", "garbage"]
)
def test_raw_aac_is_decoded_whatever_its_name(tmp_path: Path, sound: Sound, name: str, before: bytes) -> None:
    plain = written(tmp_path / "plain.wav", sound_bytes(sound, "WAV"))
    command("ffmpeg", "-v", "error", "-i", plain, "-c:a", "aac", "-f", "adts", tmp_path / "raw")
    info, _ = read(written(tmp_path / name, before + (tmp_path / "raw").read_bytes()))
    assert FRAMES <= info.frames < FRAMES + 4096
    assert info.ending is None


@pytest.mark.needs("codecs")
def test_raw_aac_with_garbage_inside_is_reported(tmp_path: Path, sound: Sound) -> None:
    plain = written(tmp_path / "plain.wav", sound_bytes(sound, "WAV"))
    command("ffmpeg", "-v", "error", "-i", plain, "-c:a", "aac", "-f", "adts", tmp_path / "raw")
    raw = (tmp_path / "raw").read_bytes()
    info, _ = read(written(tmp_path / "clip.aac", raw[:6000] + b"\x13\x55" * 3000 + raw[6000:]))
    assert ending(info).kind is End.DAMAGED
    text = ending(info).text("clip.aac", info.frames, RATE)
    assert text.startswith("ffmpeg reported an error in clip.aac and decoded 0.")
    assert "0x" not in text


@pytest.mark.needs("codecs")
def test_a_cut_m4a_is_reported(tmp_path: Path, sound: Sound) -> None:
    plain = written(tmp_path / "plain.wav", sound_bytes(sound, "WAV"))
    command("ffmpeg", "-v", "error", "-i", plain, "-c:a", "aac", "-movflags", "+faststart", tmp_path / "whole.m4a")
    whole = (tmp_path / "whole.m4a").read_bytes()
    info, _ = read(written(tmp_path / "clip.m4a", whole[: len(whole) // 2]))
    assert info.frames < 0.7 * FRAMES
    assert ending(info).kind is End.DAMAGED


def test_a_wrong_size_costs_no_search_in_other_formats(tmp_path: Path, sound: Sound) -> None:
    for form in ("vorbis", "opus", "mp3", "flac"):
        with written(tmp_path / "x", compressed(sound, form)).open("rb") as stream:
            assert container.extent(stream) is None
        assert read(tmp_path / "x")[0].ending is None


@pytest.mark.only_on("posix", because="Windows does not delete a file that is open")
def test_a_failed_open_leaves_no_open_file(tmp_path: Path, sound: Sound) -> None:
    before = open_files()
    path = written(tmp_path / "clip.wav", b"RIFF\0\0\0\0WAVE")
    for _ in range(5):
        with pytest.raises(files.Unreadable):
            files.Reader(path)
    soundfile.write(path, sound, RATE)
    for _ in range(5):
        with files.Reader(path):
            pass
    assert open_files() - before == set()
