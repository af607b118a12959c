"""Tests that errors about a message name the encoding that it has, and suggest each key once."""

from __future__ import annotations

import json

import pytest

from bridge.errors import MessageUnreadable
from bridge.jobs import unknown_keys
from bridge.protocol import json_text

TEXT = json.dumps({"protocol": 1, "instance": "reaper-1"})


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (TEXT.encode("utf-16-le")[:-1], "UTF-16-LE"),
        (TEXT.encode("utf-16-be")[:-1], "UTF-16-BE"),
        (b"\xff\xfe" + TEXT.encode("utf-16-le")[:-1], "UTF-16-LE"),
        ('{"instance": "\xfc"}'.encode("latin-1"), "UTF-8"),
    ],
)
def test_the_error_names_the_encoding_of_the_message(data: bytes, name: str) -> None:
    with pytest.raises(MessageUnreadable, match=f"is not {name} text"):
        json_text.read(data)


def test_a_key_that_is_in_two_tables_is_suggested_once() -> None:
    (warning,) = unknown_keys.in_remix({"clips": [], "remix": {"sed": 3}})
    assert warning["text"].count("“seed”") == 1
