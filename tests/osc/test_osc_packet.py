"""Tests that invalid packets are refused in bounded time, and that valid packets are parsed completely."""

from __future__ import annotations

import logging
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.osc.packet import LONGEST_TEXT, Incoming, PacketError, build, parse, shorten

PACKET, NESTING = 8192, 8


def bundle(*elements: bytes, date: bytes = struct.pack(">Q", 1)) -> bytes:
    return b"#bundle\0" + date + b"".join(struct.pack(">i", len(one)) + one for one in elements)


def nested(depth: int, core: bytes) -> bytes:
    for _ in range(depth):
        core = bundle(core)
    return core


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(width=32, allow_nan=False) | st.booleans()


@given(st.lists(texts | numbers, max_size=6))
@settings(max_examples=100, deadline=None)
def test_messages_survive_a_round_trip(arguments: list[str | int | float | bool]) -> None:
    assert parse(build("/bridge/x", *arguments), PACKET, NESTING) == [Incoming("/bridge/x", tuple(arguments), None)]


@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda tail: b"#bundle\0" + tail))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_messages_or_a_packet_error(data: bytes) -> None:
    try:
        found = parse(data, PACKET, NESTING)
    except PacketError as error:
        assert error.reason in ("malformed", "nested")  # noqa: PT017 - both outcomes are valid
    else:
        assert all(message.address.startswith("/") for message in found)


@given(st.sampled_from("ifsbhdtTFNrmISc[]xZ\xff"), st.text("ifsbhdtTFNrmISc[]", max_size=30), st.binary(max_size=64))
@settings(max_examples=300, deadline=None)
def test_any_type_tags_are_read_or_refused(first: str, more: str, body: bytes) -> None:
    tags = ("," + first + more).encode("latin-1")
    data = b"/a\0\0" + tags + b"\0" * (4 - len(tags) % 4) + body
    try:
        (message,) = parse(data, PACKET, NESTING)
    except PacketError as error:
        assert error.reason in ("malformed", "nested")  # noqa: PT017
    else:
        assert message.address == "/a"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "malformed"),
        (b"hello", "malformed"),
        (b"/" + b"a" * PACKET, "oversize"),
        (b"/no_end", "malformed"),
        (b"/a\xff\0", "malformed"),
        (b"/a\0\0,i\0\0\0\0", "malformed"),
        (b"/a\0\0,?\0\0", "malformed"),
        (b"/a\0\0,[\0\0", "malformed"),
        (b"/a\0\0,s\0\0abcd", "malformed"),
        (b"/a\0\0," + b"[" * 9 + b"]" * 9 + b"\0", "nested"),
        (b"#bundle\0\0\0", "malformed"),
        (bundle() + b"\0\0", "malformed"),
        (bundle() + struct.pack(">i", -4), "malformed"),  # python-osc's parser loops forever on a negative size
        (bundle() + struct.pack(">i", 0), "malformed"),
        (bundle() + struct.pack(">i", 2**31 - 1), "malformed"),
        (bundle(b"junk"), "malformed"),
        (nested(9, b"/a\0\0,\0\0\0"), "nested"),
        (nested(400, b"/a\0\0,\0\0\0"), "nested"),
    ],
)
def test_invalid_packets_are_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(PacketError) as caught:
        parse(data, PACKET, NESTING)
    assert caught.value.reason == reason


def test_the_maximum_nesting_is_allowed() -> None:
    assert parse(nested(8, build("/a", 1)), PACKET, NESTING) == [Incoming("/a", (1,), None)]


def test_each_message_has_the_time_of_its_bundle() -> None:
    inner = OscBundleBuilder(1_800_000_000.5)  # type: ignore[arg-type]  # annotated as int
    inner.add_content(OscMessageBuilder("/late").build())
    outer = OscBundleBuilder(IMMEDIATELY)
    outer.add_content(OscMessageBuilder("/now").build())
    outer.add_content(inner.build())
    now, late = parse(outer.build().dgram, PACKET, NESTING)
    assert now == Incoming("/now", (), None)
    assert late.due == pytest.approx(1_800_000_000.5, abs=1e-6)


def test_bang_symbol_and_char_are_read_without_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    data = b"/a\0\0,IScT\0\0\0word\0\0\0\0" + struct.pack(">i", 65)
    with caplog.at_level(logging.DEBUG):
        assert parse(data, PACKET, NESTING) == [Incoming("/a", (True, "word", 65, True), None)]
    assert not caplog.records


def test_a_message_without_type_tags_has_no_arguments() -> None:
    assert parse(b"/bridge/ping\0\0\0\0", PACKET, NESTING) == [Incoming("/bridge/ping", (), None)]


def test_invalid_characters_are_replaced() -> None:
    (message,) = parse(build("/a", "M\udcfcller\0.wav"), PACKET, NESTING)
    assert message.arguments == ("M?ller .wav",)


@given(st.text(max_size=2000))
@settings(max_examples=50, deadline=None)
def test_long_texts_are_shortened(text: str) -> None:
    short = shorten(text)
    assert len(short.encode("utf-8", "replace")) <= LONGEST_TEXT
    assert short == text or short.endswith("…")
