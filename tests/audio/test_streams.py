"""Tests the functions for streams of blocks: cutting, spans, channels, resampling, stretching and containers."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.audio import adts, block, channels, container, flac, formats, mp3, ogg, resample, span, stretch
from bridge.audio.parallel import both
from tests.audio.signals import Sound, lag, noise, sine


def cut(sound: Sound, size: int) -> Iterator[Sound]:
    for start in range(0, len(sound), size):
        yield sound[start : start + size]


def joined(blocks: Iterator[Sound]) -> Sound:
    return np.concatenate([np.zeros((0, 2), np.float32), *blocks])


@given(st.integers(0, 50), st.integers(0, 80), st.integers(1, 20))
def test_exactly_cuts_and_pads(there: int, wanted: int, size: int) -> None:
    sound = noise(there) if there else np.zeros((0, 2), np.float32)
    got = joined(block.exactly(cut(sound, size), wanted, 2))
    assert np.array_equal(got, np.concatenate((sound, np.zeros((80, 2), np.float32)))[:wanted])


@given(st.integers(0, 60), st.integers(1, 20), st.integers(0, 60), st.integers(0, 60))
def test_between_returns_the_overlap(there: int, size: int, start: int, stop: int) -> None:
    sound = np.arange(there * 2, dtype=np.float32).reshape(-1, 2)
    parts = [
        block.between(part, place, start, stop)
        for place, part in zip(range(0, there, size), cut(sound, size), strict=True)
    ]
    assert np.array_equal(joined(iter(parts)), sound[start : max(start, stop)])


@given(
    st.integers(1, 40), st.booleans(), st.booleans(), st.integers(-100, 100), st.integers(0, 150), st.integers(1, 60)
)
def test_a_span_equals_indexing(frames: int, reverse: bool, loop: bool, start: int, wanted: int, size: int) -> None:
    file = np.arange(1, 121, dtype=np.float32).reshape(-1, 2)

    def read(at: int, count: int, largest: int) -> Iterator[Sound]:
        assert at >= 10
        assert at + count <= 10 + frames
        yield from cut(file[at : at + count], largest)

    played = span.Played(read, 2, 10, frames, reverse, loop)
    section = file[10 : 10 + frames][:: -1 if reverse else 1]
    places = np.arange(start, start + wanted)
    inside = (places >= 0) & (places < frames)
    expected = section[places % frames] * (inside | loop)[:, None]
    assert np.array_equal(joined(played.blocks(start, wanted, size)), expected)
    assert played.missing(start, wanted) == (0 if loop else int((~inside).sum()))


@given(st.integers(1, 8), st.sampled_from(channels.MODES), st.floats(-1, 1), st.booleans(), st.integers(1, 50))
def test_mixing_is_the_matrix_and_independent_of_blocks(
    count: int, mode: str, pan: float, polarity: bool, size: int
) -> None:
    sound = noise(50, count)
    matrix = channels.mix(count, mode, pan, polarity)
    assert matrix.shape == (2, count)
    mixed = joined(channels.to_stereo(cut(sound, size), matrix))
    assert np.array_equal(mixed, joined(channels.to_stereo(cut(sound, 50), matrix)))
    assert np.allclose(mixed, sound @ matrix.T, atol=1e-6)


def test_more_than_eight_channels_go_left_and_right_in_turn() -> None:
    matrix = channels.mix(10, "normal", None, False)
    assert matrix[0].tolist() == pytest.approx([0.2, 0] * 5)
    assert matrix[1].tolist() == pytest.approx([0, 0.2] * 5)


def test_identity_is_recognised() -> None:
    assert channels.is_identity(channels.mix(1, "normal", 0.0, False))
    assert channels.is_identity(channels.mix(2, "swap", None, False))
    assert not channels.is_identity(channels.mix(2, "downmix", None, False))
    assert not channels.is_identity(channels.mix(2, "normal", None, True))
    with pytest.raises(ValueError, match="both"):
        channels.mix(2, "both", None, False)


@given(st.sampled_from([(44100, 48000), (96000, 48000), (48000 * 1.37, 48000), (8000, 44100)]), st.integers(7, 9000))
def test_resampling_in_blocks_equals_one_piece(rates: tuple[float, float], size: int) -> None:
    sound = noise(9000)
    once = joined(resample.resampled(iter([sound]), *rates))
    assert np.array_equal(joined(resample.resampled(cut(sound, size), *rates)), once)
    assert abs(len(once) - len(sound) * rates[1] / rates[0]) <= 1


def test_resampling_keeps_time() -> None:
    low = joined(resample.resampled(iter([noise(96000 * 2)]), 96000, 48000))
    back = joined(resample.resampled(iter([low]), 48000, 96000))
    again = joined(resample.resampled(iter([back]), 96000, 48000))
    assert lag(low, again) == 0


def test_long_clips_are_stretched_in_pieces_without_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("python_stretch")
    rate, tone = 24000, sine(24000 * 6, 24000, 440.0)
    once = joined(stretch.stretched(iter([tone]), rate, 0.8, 0.0))
    monkeypatch.setattr(stretch, "PIECE", 1.3)
    pieces = joined(stretch.stretched(cut(tone, 5000), rate, 0.8, 0.0))
    assert len(pieces) == len(once) == len(tone) / 0.8
    assert np.array_equal(pieces, joined(stretch.stretched(cut(tone, 777), rate, 0.8, 0.0)))
    steps = np.sqrt(np.square(pieces[2400:-2400, 0]).reshape(-1, 120).mean(axis=1))
    assert steps.max() < 0.5
    assert np.abs(np.diff(pieces[2400:-2400, 0])).max() < 0.12  # the 440 Hz sine changes by up to 0.058 per frame


@pytest.mark.parametrize(
    "head", [b"", b"RIFF", b"RF64\0\0\0\0WAVE", b"caff\0\1\0\0", b"FORM\0\0\0\0AIFF", b"fLaC" + bytes(60), bytes(200)]
)
def test_headers_without_a_length(head: bytes) -> None:
    assert container.extent(io.BytesIO(head)) is None


@given(st.binary(max_size=300))
def test_any_bytes_give_an_error_or_audio(data: bytes) -> None:
    for magic in (
        b"",
        b"RIFF\0\0\0\0WAVE",
        b"RF64\0\0\0\0WAVE",
        b"FORM\0\0\0\0AIFF",
        b"caff\0\1\0\0",
        formats.W64_RIFF,
    ):
        container.extent(io.BytesIO(magic + data))
        adts.begins(io.BytesIO(magic + data))
        adts.is_found(io.BytesIO(magic + data))
        flac.measured(magic + data)
        ogg.streams(magic + data)
        formats.is_float_w64(magic + data)
        mp3.counted(magic + data)


def test_an_endless_chain_of_chunks_is_abandoned() -> None:
    head = formats.W64_RIFF + bytes(24)
    chunk = b"junk" + bytes(12) + (24).to_bytes(8, "little")
    assert container.extent(io.BytesIO(head + chunk * (container.MOST_CHUNKS + 10))) is None


FRAME = bytes.fromhex("fffb9064") + bytes(417 - 4)  # MPEG 1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes
TAG = FRAME[:4] + b"Xing\0\0\0\x01\0\0\0\x05"  # 5 frames


@pytest.mark.parametrize(
    ("data", "walked", "expected"),
    [
        (FRAME * 5, 5, 5),
        (b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + FRAME * 5, 5, 5),
        (FRAME * 5 + FRAME[:100], 5, 5),
        (FRAME * 5 + b"TAG" + bytes(125) + FRAME * 4, 9, 9),
        (FRAME * 5 + b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + FRAME * 4, 9, 9),
        (FRAME * 5 + bytes(70_000) + FRAME * 4, 5, 5),
        (TAG + b"LAME3.100" + FRAME[25:] + FRAME * 5, 5, None),  # libsndfile uses the delay in the tag
        (TAG + FRAME[16:] + FRAME * 5, 5, 5),
        (FRAME[:4] + b"VBRI" + FRAME[8:] + FRAME * 5, 5, 5),
    ],
)
def test_mp3_frames_are_counted_by_their_headers(data: bytes, walked: int, expected: int | None) -> None:
    count = mp3.counted(data)
    assert count is not None
    assert count.walked == walked * 1152
    assert count.expected == (expected and expected * 1152)
    assert (count.has_more, count.lacks_frames) == (False, False)


@pytest.mark.parametrize(
    ("frames", "more", "fewer"), [(1, False, True), (4, False, False), (6, False, False), (7, True, False)]
)
def test_mp3_frames_are_compared_with_the_tag(frames: int, more: bool, fewer: bool) -> None:
    count = mp3.counted(TAG + b"LAME3.100" + FRAME[25:] + FRAME * frames)
    assert count is not None
    assert (count.has_more, count.lacks_frames) == (more, fewer)


def test_bytes_without_a_frame_are_no_mp3() -> None:
    assert mp3.frame_at(FRAME, 0) == (417, 1152)
    assert mp3.counted(b"not an MP3 at all") is None


@pytest.mark.parametrize("count", [1, 2, 5])
def test_mean_and_height_of_frames_are_those_over_the_channels(count: int) -> None:
    sound = noise(1000, count)
    assert np.allclose(block.mono(sound), sound.mean(axis=1), atol=1e-7)
    assert np.array_equal(block.heights(sound), np.abs(sound).max(axis=1))


def test_both_run_and_an_error_of_the_first_takes_precedence() -> None:
    assert both(abs, -1, -2) == (1, 2)
    with pytest.raises(ValueError, match="'one'"):
        both(int, "one", "two")
    with pytest.raises(ValueError, match="'two'"):
        both(int, "1", "two")
