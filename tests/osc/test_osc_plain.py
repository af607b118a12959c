"""Tests that the small OSC encoder and decoder agree with python-osc."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.osc.plain import Message, decode, encode

TEXTS = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]))
VALUES = st.lists(
    st.one_of(TEXTS, st.booleans(), st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(width=32, allow_nan=False))
)


@given(TEXTS, VALUES)
def test_it_agrees_with_python_osc(name: str, values: list[str | int | float | bool | None]) -> None:
    address = f"/{name}"
    builder = OscMessageBuilder(address=address)
    for value in values:
        builder.add_arg(value)
    data = encode(address, values)
    assert data == builder.build().dgram
    assert decode(data) == Message(address, values) == Message(address, list(OscMessage(data).params))


def test_doubles_are_read() -> None:
    assert decode(b"/a\0\0,d\0\0" + struct.pack(">d", 0.1)).params == [0.1]


@pytest.mark.parametrize("data", [b"", b"/a", b"/a\0\0,i\0\0\0\0", b"/a\0\0,s\0\0abc", b"/a\0\0,b\0\0\0\0\0\0"])
def test_an_invalid_message_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="OSC"):
        decode(data)


def test_text_that_is_not_valid_utf_8_is_refused() -> None:
    with pytest.raises(ValueError, match="UTF-8"):
        encode("/a", ["caf\udce9.wav"])


@pytest.mark.parametrize("value", [2**64, -(2**70), 1e300])
def test_numbers_out_of_range_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="too large"):
        encode("/a", [value])
