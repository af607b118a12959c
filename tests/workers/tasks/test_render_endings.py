"""Tests `render` with sources whose header or decoder gives a wrong length: only the frames of the span are needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.errors import SourceTruncated, SourceUnreadable, SpanOutside
from bridge.workers.tasks.length import length
from tests.audio.broken_headers import FIELDS, sound_bytes, with_size, written
from tests.audio.signals import Sound, noise
from tests.workers.tasks.rendering import RATE, codes, nothing, run

SECOND = RATE  # frames


@pytest.fixture(scope="module")
def sound() -> Sound:
    return noise(SECOND)


def right(sound: Sound, name: str, tmp_path: Path) -> Sound:
    path = written(tmp_path / "right", with_size(sound, name))
    data: Sound = soundfile.read(path, dtype="float32")[0]
    return data


def seconds(path: Path) -> float:
    return float(length({"path": str(path)}, nothing)["seconds"])


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("size", [0, 2**32 - 1])
def test_a_source_with_a_placeholder_is_used_to_its_end(tmp_path: Path, sound: Sound, name: str, size: int) -> None:
    path = written(tmp_path / "clip", with_size(sound, name, size))
    assert seconds(path) == 1.0
    answer, data = run(path, 1.0)
    assert np.array_equal(data, right(sound, name, tmp_path))
    is_open = name == "au" and size == 2**32 - 1  # the AU format allows this
    assert codes(answer) == ([] if is_open else ["header_wrong"])
    assert is_open or "read to its end (1.000 s)" in answer["warnings"][0]["text"]


@pytest.mark.parametrize("size", [0, 2**32 - 1])
def test_a_clip_inside_such_a_source_needs_no_warning(tmp_path: Path, sound: Sound, size: int) -> None:
    path = written(tmp_path / "clip.wav", with_size(sound, "wav", size))
    answer, _ = run(path, 0.5, offset=0.25, handles=[0.2, 0.2])
    assert codes(answer) == []
    assert answer["handles"] == [0.2, 0.2]


def test_a_clip_beyond_such_a_source_is_refused(tmp_path: Path, sound: Sound) -> None:
    path = written(tmp_path / "clip.wav", with_size(sound, "wav", 0))
    with pytest.raises(
        SourceTruncated, match=r"needs 2\.000 s from 0\.000 s on\. The header of clip\.wav does not give"
    ):
        run(path, 2.0)


def test_a_header_that_is_16_bytes_too_long(tmp_path: Path, sound: Sound) -> None:
    path = written(tmp_path / "clip.wav", with_size(sound, "wav", more=16))
    assert seconds(path) == 1.0
    assert codes(run(path, 0.5)[0]) == []
    (warning,) = run(path, 1.0)[0]["warnings"]
    assert warning["code"] == "source_short"
    assert warning["text"] == "The header of clip.wav promises 4 samples more than the file has."
    answer, data = run(path, 1.0 + 4 / RATE)  # the length of the clip by the header
    assert np.array_equal(data[:SECOND], right(sound, "wav", tmp_path))
    assert codes(answer) == ["source_short"]


@pytest.mark.parametrize("name", FIELDS)
def test_a_clip_inside_what_is_left_of_a_source(tmp_path: Path, sound: Sound, name: str) -> None:
    path = written(tmp_path / "clip", with_size(sound, name, factor=10))
    answer, data = run(path, 0.5, offset=0.4, handles=[0.2, 0.2])
    assert np.array_equal(data, right(sound, name, tmp_path)[round(0.2 * RATE) : round(0.98 * RATE)])
    assert answer["handles"] == [0.2, 0.08]
    assert codes(answer) == []


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize(("offset", "wanted"), [(0.0, 2.0), (0.5, 0.6), (5.0, 1.0), (0.0, 10.0)])
def test_a_clip_beyond_what_is_left_of_a_source(
    tmp_path: Path, sound: Sound, name: str, offset: float, wanted: float
) -> None:
    path = written(tmp_path / "clip", with_size(sound, name, factor=10))
    ends = r"\. clip ends at 1\.000 s, although its header promises 10\.00. s"
    with pytest.raises(SourceTruncated, match=rf"needs {wanted:.3f} s from {offset:.3f} s on{ends}"):
        run(path, wanted, offset=offset)
    assert list(tmp_path.iterdir()) == [path]


def test_the_whole_of_a_cut_source_is_more_than_there_is(tmp_path: Path, sound: Sound) -> None:
    path = written(tmp_path / "clip.wav", with_size(sound, "wav", factor=10))
    assert seconds(path) == 10.0


def test_a_cut_source_in_reverse(tmp_path: Path, sound: Sound) -> None:
    """The DAW plays the last frame first, so the clip's frames are those before the end that the header promises."""
    path = written(tmp_path / "clip.wav", with_size(sound, "wav", factor=10))
    with pytest.raises(SourceTruncated):
        run(path, 1.0, reverse=True)
    answer, data = run(path, 0.5, offset=9.2, reverse=True)
    there = right(sound, "wav", tmp_path)
    assert np.array_equal(data, there[round(0.3 * RATE) : round(0.8 * RATE)][::-1])
    assert codes(answer) == []


def test_a_loop_over_a_cut_source(tmp_path: Path, sound: Sound) -> None:
    path = written(tmp_path / "clip.wav", with_size(sound, "wav", factor=10))
    with pytest.raises(SourceTruncated):
        run(path, 5.0, loop=True)
    answer, data = run(path, 2.0, loop=True, section=[0.25, 0.5])
    once = right(sound, "wav", tmp_path)[round(0.25 * RATE) : round(0.75 * RATE)]
    assert np.array_equal(data, np.tile(once, (4, 1)))
    assert codes(answer) == []


def test_a_section_beyond_what_is_left(tmp_path: Path, sound: Sound) -> None:
    path = written(tmp_path / "clip.wav", with_size(sound, "wav", factor=10))
    with pytest.raises(SourceTruncated):
        run(path, 0.5, section=[3.0, 1.0])
    with pytest.raises(SpanOutside):
        run(path, 0.5, section=[30.0, 1.0])


def test_a_cut_flac_with_a_clip_inside(tmp_path: Path, sound: Sound) -> None:
    whole = sound_bytes(sound, "FLAC", "PCM_24")
    path = written(tmp_path / "clip.flac", whole[: len(whole) // 2])
    answer, data = run(path, 0.2, offset=0.1, handles=[0.08, 1.0])
    assert np.array_equal(data, sound[round(0.02 * RATE) :][: len(data)])
    assert codes(answer) == []
    with pytest.raises(SourceTruncated):
        run(path, 0.6)


JOINED = {"mp3": ("MP3", None), "ogg": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS"), "flac": ("FLAC", "PCM_16")}


@pytest.mark.parametrize("form", JOINED)
def test_without_ffmpeg_a_warning_says_how_much_was_read(
    tmp_path: Path, no_ffmpeg: None, sound: Sound, form: str
) -> None:
    path = written(tmp_path / f"clip.{form}", sound_bytes(sound, *JOINED[form]) * 3)
    assert seconds(path) == 1.0
    answer, _ = run(path, 1.0)
    assert codes(answer) == ["decoder_stopped"]
    text = answer["warnings"][0]["text"]
    assert text.startswith("Only 1.000 s")
    assert text.endswith("Install ffmpeg to use the whole file.")
    assert codes(run(path, 0.5)[0]) == []


def test_sound_that_was_not_read_is_not_silent_in_the_daw(tmp_path: Path, no_ffmpeg: None, sound: Sound) -> None:
    path = written(tmp_path / "clip.mp3", sound_bytes(sound, "MP3") * 3)
    answer, _ = run(path, 3.0, in_daw=True)
    assert codes(answer) == ["decoder_stopped", "span_padded"]
    assert (
        answer["warnings"][1]["text"]
        == "The clip extends 2.000 s beyond what was read of clip.mp3; that part is silent."
    )


@pytest.mark.parametrize(
    ("in_daw", "end"), [(True, "that part is silent, as in the DAW."), (False, "that part is silent.")]
)
def test_only_what_is_silent_in_a_daw_is_called_so(tmp_path: Path, sound: Sound, in_daw: bool, end: str) -> None:
    path = written(tmp_path / "clip.wav", with_size(sound, "wav"))
    answer, _ = run(path, 2.0, in_daw=in_daw)
    assert codes(answer) == ["span_padded"]
    assert answer["warnings"][0]["text"].endswith(f"beyond clip.wav; {end}")


@pytest.mark.parametrize("more", [{"offset": 1.5}, {"reverse": True}, {"loop": True}])
def test_without_ffmpeg_a_clip_that_needs_the_rest_is_refused(
    tmp_path: Path, no_ffmpeg: None, sound: Sound, more: dict[str, object]
) -> None:
    path = written(tmp_path / "clip.ogg", sound_bytes(sound, "OGG", "VORBIS") * 3)
    with pytest.raises(SourceUnreadable, match="Install ffmpeg to use the whole file"):
        run(path, 0.5, **more)


@pytest.mark.needs("codecs")
@pytest.mark.parametrize("form", JOINED)
def test_with_ffmpeg_the_whole_file_is_used(tmp_path: Path, sound: Sound, form: str) -> None:
    path = written(tmp_path / f"clip.{form}", sound_bytes(sound, *JOINED[form]) * 3)
    assert 3.0 <= seconds(path) < 3.2
    answer, data = run(path, 3.0)
    assert codes(answer) == []
    assert np.abs(data[-SECOND:]).max() > 0.1


def test_two_mono_files_of_which_one_was_cut(tmp_path: Path) -> None:
    mono = noise(SECOND, 1)
    left = written(tmp_path / "left.wav", sound_bytes(mono, "WAV", "PCM_16"))
    data = sound_bytes(mono, "WAV", "PCM_16")
    other = written(tmp_path / "other.wav", data[: 44 + SECOND])  # half of the samples
    answer, _ = run(left, 0.4, path_right=str(other))
    assert codes(answer) == []
    with pytest.raises(SourceTruncated):
        run(left, 0.8, path_right=str(other))
