"""Tests the A/B deck: it plays a side bit for bit and switches sides with a short cross-fade at the same position."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.audio.ab_player import FADE, Deck, even
from bridge.audio.block import Block

RATE = 48_000
SIZE = 1024


def tone(frequency: float, seconds: float, rate: int = RATE) -> Block:
    t = np.arange(round(seconds * rate)) / rate
    return np.repeat((0.5 * np.sin(2 * np.pi * frequency * t))[:, None], 2, axis=1).astype(np.float32)


def pieces(sound: Block, *cuts: int) -> Iterator[Block]:
    yield from np.split(sound, [cut for cut in sorted(cuts) if cut < len(sound)])


def deck_of(*sounds: Block, **how: object) -> Deck:
    return Deck([lambda one=one: pieces(one, 700, 5000) for one in sounds], RATE, len(sounds[0]), **how)  # type: ignore[misc, arg-type]


def test_one_side_is_played_unchanged() -> None:
    source, result = tone(220, 0.5), tone(331, 0.5)
    heard = np.concatenate(list(deck_of(source, result, heard=1).blocks(SIZE, threading.Event())))
    np.testing.assert_array_equal(heard, result)


def test_a_switch_continues_at_the_same_position_without_a_click() -> None:
    source, result = tone(220, 0.5), tone(331, 0.5)
    deck, blocks = deck_of(source, result), []
    for number, block in enumerate(deck.blocks(SIZE, threading.Event())):
        blocks.append(block)
        if number == 9:
            deck.heard = 1
    heard = np.concatenate(blocks)
    turn, fade = 10 * SIZE, round(FADE * RATE)
    np.testing.assert_array_equal(heard[:turn], source[:turn])
    np.testing.assert_array_equal(heard[turn + fade :], result[turn + fade :])
    step = np.abs(np.diff(heard, axis=0)).max()
    steepest = max(np.abs(np.diff(one, axis=0)).max() for one in (source, result))
    assert step <= steepest + 0.5 * np.pi / 2 / fade * 2, "never steeper than the music and the fade together"


def test_the_same_music_on_both_sides_keeps_its_level_through_a_switch() -> None:
    sound = tone(440, 0.3)
    deck, blocks = deck_of(sound, sound), []
    for block in deck.blocks(SIZE, threading.Event()):
        blocks.append(block)
        deck.heard = len(blocks) // 3 % 2
    np.testing.assert_allclose(np.concatenate(blocks), sound, atol=1e-6)


def test_a_loop_continues_at_its_start_without_a_gap() -> None:
    sound = tone(220, 0.1)
    deck, blocks = deck_of(sound, loop=True), []
    for block in deck.blocks(SIZE, threading.Event()):
        blocks.append(block)
        if sum(map(len, blocks)) >= 3 * len(sound):
            deck.loop = False
    np.testing.assert_array_equal(np.concatenate(blocks), np.concatenate([sound] * 3))


def test_a_stop_fades_out_and_ends() -> None:
    sound, stopped, blocks = tone(220, 1.0), threading.Event(), []
    for block in deck_of(sound, loop=True).blocks(SIZE, stopped):
        blocks.append(block)
        if len(blocks) == 4:
            stopped.set()
    heard = np.concatenate(blocks)
    np.testing.assert_array_equal(heard[: 4 * SIZE], sound[: 4 * SIZE])
    assert len(heard) == 5 * SIZE
    assert not heard[4 * SIZE + round(FADE * RATE) :].any()


@given(
    frames=st.integers(0, 5000),
    size=st.integers(1, 2000),
    cuts=st.lists(st.integers(0, 5000), max_size=6),
)
@settings(max_examples=60, deadline=None)
def test_even_blocks_are_the_same_stream(frames: int, size: int, cuts: list[int]) -> None:
    sound = np.arange(frames * 2, dtype=np.float32).reshape(-1, 2)
    blocks = list(even(pieces(sound, *cuts), size))
    assert all(len(block) == size for block in blocks[:-1])
    assert all(0 < len(block) <= size for block in blocks)
    np.testing.assert_array_equal(np.concatenate([*blocks, np.zeros((0, 2), np.float32)]), sound)


@pytest.mark.parametrize("rate", [8_000, 44_100, 192_000])
@pytest.mark.parametrize("frames", [0, 1, 1023, 1024, 1025])
def test_any_length_at_any_rate(rate: int, frames: int) -> None:
    sound = np.ones((frames, 2), np.float32)
    deck = Deck([lambda: iter([sound]), lambda: iter([-sound])], rate, frames)
    heard = [*deck.blocks(SIZE, threading.Event()), np.zeros((0, 2), np.float32)]
    np.testing.assert_array_equal(np.concatenate(heard), sound)
