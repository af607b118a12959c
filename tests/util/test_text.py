"""Tests that text is read in every encoding in which Windows programs write it."""

from __future__ import annotations

import pytest

from bridge.util.text import decode

TEXT = '# é\nkey = "ü🥁"\n'


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        b"\xff\xfe" + TEXT.encode("utf-16-le"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.replace("\n", "\r\n").encode("utf-16"),
        TEXT.encode() + b"\0\0\0",
    ],
)
def test_a_text_is_the_same_in_every_encoding(data: bytes) -> None:
    assert decode(data) == TEXT


@pytest.mark.parametrize("data", [b"caf\xe9", b"\xff\xfea", b"{\0}\0a"])
def test_other_encodings_are_errors_unless_replaced(data: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        decode(data)
    assert decode(data, "replace")


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0", b"a\0", b"a\0\0\0"])
def test_zero_bytes_alone_are_not_utf_16(data: bytes) -> None:
    assert decode(data) == data.decode().rstrip("\0")
