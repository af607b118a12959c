"""Property tests of 14-bit pairs, relative encoders, soft takeover and scales, with random sequences of values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.midi import scale
from bridge.midi.encodings import PATIENCE, Encoder, Pairs, turned
from bridge.midi.learn import counting
from bridge.midi.messages import Spot, read, write
from bridge.midi.takeover import NEAR, PickUp
from bridge.presets.parameters import HAND_PARAMS, PARAMS

SEVEN, CHANNEL, PLACE = st.integers(0, 127), st.integers(1, 16), st.floats(0, 1)
WIDE = Spot("cc14", 1, 7)


def coarse(value: int) -> tuple[Spot, int]:
    return Spot("cc", 1, 7), value


def fine(value: int) -> tuple[Spot, int]:
    return Spot("cc", 1, 39), value


@given(st.sampled_from(["note", "cc", "program", "pitch"]), CHANNEL, SEVEN, st.data())
def test_messages_survive_a_round_trip(message: str, channel: int, number: int, data: st.DataObject) -> None:
    spot = Spot(message, channel, number if message in ("note", "cc") else 0)  # type: ignore[arg-type]
    value = data.draw(st.integers(0, spot.top))
    (written,) = write(spot, value)
    assert read(written) == (spot, value)


@pytest.mark.parametrize(
    "data", [b"\xf8", b"\xfe", b"\xf0\x00\x20\x29\xf7", b"\xa0\x24\x10", b"\xd0\x10", b"", b"\x90\x24"]
)
def test_other_messages_are_ignored(data: bytes) -> None:
    assert read(data) is None


def test_a_note_on_without_velocity_is_a_release() -> None:
    assert read(b"\x90\x24\x00") == read(b"\x80\x24\x40") == (Spot("note", 1, 36), 0)


@given(st.integers(0, 16383), st.integers(0, 31), CHANNEL)
def test_two_halves_make_one_value(value: int, number: int, channel: int) -> None:
    spot = Spot("cc14", channel, number)
    pairs = Pairs([spot])
    heard = [one for data in write(spot, value) for one in pairs.feed(*(read(data) or pytest.fail("unread")), 0.0)]
    assert heard == [(spot, value)]
    assert not pairs.waiting


@given(SEVEN)
def test_a_coarse_half_alone_covers_the_full_range_after_a_delay(value: int) -> None:
    pairs = Pairs([WIDE])
    assert list(pairs.feed(*coarse(value), 0.0)) == []
    assert list(pairs.due(PATIENCE / 2)) == []
    ((spot, whole),) = pairs.due(PATIENCE)
    assert (spot, whole >> 7) == (WIDE, value)
    assert (whole == 0) == (value == 0)
    assert (whole == 16383) == (value == 127)
    assert list(pairs.due(2.0)) == []


def test_a_fine_half_alone_changes_the_last_value() -> None:
    pairs = Pairs([WIDE])
    assert list(pairs.feed(*fine(5), 0.0)) == []  # the coarse half has not arrived yet
    assert list(pairs.feed(*coarse(64), 0.0)) == []
    assert list(pairs.feed(*fine(5), 0.001)) == [(WIDE, 64 << 7 | 5)]
    assert list(pairs.feed(*fine(6), 0.002)) == [(WIDE, 64 << 7 | 6)]


@given(st.lists(st.tuples(st.booleans(), SEVEN), max_size=60))
def test_the_last_coarse_half_is_never_lost(steps: list[tuple[bool, int]]) -> None:
    pairs, heard = Pairs([WIDE]), []
    for number, (is_coarse, value) in enumerate(steps):
        heard += pairs.feed(*(coarse if is_coarse else fine)(value), number * 0.001)
    heard += pairs.due(1e9)
    assert all(spot == WIDE and 0 <= value <= 16383 for spot, value in heard)
    coarse_ones = [value for is_coarse, value in steps if is_coarse]
    assert [value >> 7 for _, value in heard][-1:] == coarse_ones[-1:]


def test_other_controls_pass_through_pairs() -> None:
    pairs = Pairs([WIDE])
    for spot in (Spot("cc", 1, 40), Spot("cc", 2, 7), Spot("note", 1, 7), Spot("pitch", 1, 0)):
        assert list(pairs.feed(spot, 3, 0.0)) == [(spot, 3)]


def encoded(steps: int, encoder: Encoder) -> int:
    """Return the value that an encoder sends for a number of steps, according to manufacturers' documentation."""
    return {"twos": steps % 128, "offset": 64 + steps, "sign": steps if steps >= 0 else 64 + abs(steps)}[encoder]


@given(st.integers(-63, 63), st.sampled_from(["twos", "offset", "sign"]))
def test_every_encoder_mode_is_decoded(steps: int, encoder: Encoder) -> None:
    assert turned(encoded(steps, encoder), encoder) == steps


@pytest.mark.parametrize(("encoder", "up", "down"), [("twos", 1, 127), ("offset", 65, 63), ("sign", 1, 65)])
def test_the_three_encoder_modes(encoder: Encoder, up: int, down: int) -> None:
    assert (turned(up, encoder), turned(down, encoder)) == (1, -1)


@given(
    st.sampled_from(["twos", "offset"]), st.lists(st.integers(1, 5), min_size=2, max_size=20), st.sampled_from([1, -1])
)
def test_a_steadily_turned_encoder_is_recognized(encoder: Encoder, speeds: list[int], direction: int) -> None:
    values = [encoded(direction * speed, encoder) for speed in [speeds[0], *speeds]]  # the first two are equal
    assert counting(values) == encoder


def test_a_sign_magnitude_encoder_is_recognized_by_both_directions() -> None:
    assert counting([1, 1, 2, 65, 65, 1]) == "sign"


@given(st.lists(SEVEN, min_size=1, max_size=40))
def test_a_fader_is_never_mistaken_for_an_encoder(places: list[int]) -> None:
    moved = [value for value, before in zip(places, [None, *places], strict=False) if value != before]
    assert counting(moved) is None  # a fader sends a value only when it changes


@given(st.lists(PLACE, min_size=1), PLACE)
def test_a_fader_never_makes_the_value_jump(places: list[float], current: float) -> None:
    fader, last = PickUp(), None
    for place in places:
        if fader.moved(place, current):
            near = abs(place - current) <= NEAR
            crossed = last is not None and min(last, place) <= current <= max(last, place)
            held = last is not None and current == last
            assert near or crossed or held
            current = place
        last = place


@given(PLACE, PLACE)
def test_a_fader_that_crosses_the_value_takes_over(start: float, current: float) -> None:
    fader = PickUp()
    fader.moved(start, current)
    assert fader.moved(0.0 if start > current else 1.0, current)


def test_a_fader_releases_a_value_that_is_changed_elsewhere() -> None:
    fader = PickUp()
    assert fader.moved(0.5, 0.5)
    fader.changed_elsewhere(0.9)
    assert not fader.moved(0.52, 0.9)
    assert fader.moved(0.95, 0.9)
    fader.changed_elsewhere(0.95)  # the fader is already at this position
    assert fader.moved(0.2, 0.95)


@pytest.mark.parametrize("name", [param.name for param in HAND_PARAMS])
@given(place=PLACE)
def test_positions_and_values_agree(name: str, place: float) -> None:
    value = scale.to_value(name, place)
    if name != "amount" and PARAMS[name].kind in ("int", "choice"):
        assert scale.to_value(name, scale.to_position(name, value)) == value
    else:
        assert scale.to_position(name, value) == pytest.approx(place, abs=1e-9)


@pytest.mark.parametrize("name", [param.name for param in HAND_PARAMS])
@given(place=PLACE, steps=st.integers(1, 300))
def test_steps_go_in_the_right_direction_and_stay_in_range(name: str, place: float, steps: int) -> None:
    value = scale.to_value(name, place)
    up, down = scale.stepped(name, value, steps), scale.stepped(name, value, -steps)
    at, above, below = (scale.to_position(name, one) for one in (value, up, down))
    assert 0.0 <= below <= at <= above <= 1.0
    assert above > at or at == 1.0
    assert below < at or at == 0.0
