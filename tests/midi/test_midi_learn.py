"""Tests MIDI learn: the first control that changes is learned, and its kind is detected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.midi.learn import GATHER, Catcher, Caught
from bridge.midi.messages import Spot, read

Moves = list[tuple[float, str, bytes]]  # time since the previous move (s), device, message


def caught(moves: Moves) -> Caught | None:
    catcher, time = Catcher(), 0.0
    for wait, device, data in moves:
        time += wait
        found = read(data)
        assert found is not None
        catcher.feed(device, *found, time)
    return catcher.catch(time + GATHER)


def cc(number: int, *values: int, device: str = "a", wait: float = 0.01) -> Moves:
    return [(wait, device, bytes([0xB0, number, value])) for value in values]


def test_a_pad_is_learned_at_once() -> None:
    catcher = Catcher()
    catcher.feed("a", Spot("note", 10, 36), 90, 5.0)
    assert catcher.catch(5.0) == Caught("a", Spot("note", 10, 36), (90,), None)


def test_a_release_and_a_single_fader_value_are_ignored() -> None:
    assert caught([(0, "a", b"\x80\x24\x00"), *cc(7, 64)]) is None


def test_a_jittering_fader_is_ignored() -> None:
    found = caught([*cc(1, 50), *cc(2, 10), *cc(1, 50), *cc(2, 11, 12, 13, 14)])
    assert found is not None
    assert found.spot == Spot("cc", 1, 2)
    assert found.encoder is None
    assert not found.is_button


def test_the_first_device_is_learned() -> None:
    found = caught([*cc(1, 3, 4, device="b"), *cc(1, 9, 19, 29, device="a"), *cc(1, 5, device="b")])
    assert found is not None
    assert (found.device, found.values) == ("b", (3, 4, 5))


def test_a_momentary_button_is_a_button() -> None:
    found = caught(cc(20, 127, 0, wait=0.15))
    assert found is not None
    assert found.is_button


@pytest.mark.parametrize(
    ("values", "encoder"),
    [((1, 1, 1, 2, 1), "twos"), ((127, 127, 127), "twos"), ((65, 65, 66, 65), "offset"), ((63, 63, 62), "offset")],
)
def test_an_encoder_is_learned_though_its_values_repeat(values: tuple[int, ...], encoder: str) -> None:
    found = caught(cc(16, *values))
    assert found is not None
    assert (found.spot, found.encoder) == (Spot("cc", 1, 16), encoder)


def test_both_halves_of_a_14_bit_fader_are_one_control() -> None:
    moves = [one for value in (8000, 8010, 8020, 8200) for one in (*cc(7, value >> 7), *cc(39, value & 127))]
    found = caught(moves)
    assert found is not None
    assert found.spot == Spot("cc14", 1, 7)


def test_a_button_with_the_number_of_a_fine_half_is_not_a_14_bit_fader() -> None:
    found = caught(cc(32, 127, 0))  # the first solo button of a nanoKONTROL2 sends controller 32
    assert found is not None
    assert found.spot == Spot("cc", 1, 32)


def test_program_change_and_pitch_wheel() -> None:
    program = caught([(0, "a", b"\xc3\x05")])
    wheel = caught([(0, "a", b"\xe0\x00\x40"), (0.01, "a", b"\xe0\x10\x41")])
    assert program is not None
    assert (program.spot, program.values) == (Spot("program", 4, 0), (5,))
    assert wheel is not None
    assert wheel.spot == Spot("pitch", 1, 0)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.integers(0, 127)), max_size=50))
def test_a_learned_control_was_moved(steps: list[tuple[str, int, int]]) -> None:
    found = caught([(0.001, device, bytes([0xB0, 100 + number, value])) for device, number, value in steps])
    if found is not None:
        of_it = [
            value for device, number, value in steps if (device, 100 + number) == (found.device, found.spot.number)
        ]
        assert list(found.values) == of_it
        assert len(set(of_it)) > 1 or len(of_it) > 2
