"""Tests how messages that other programs have written are read, and how the sender of a broken message is found."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.errors import MessageUnreadable, ProtocolUnsupported, RequestError
from bridge.protocol.request import parse, sender

MESSAGE: dict[str, Any] = {"protocol": 1, "message_id": "m-1", "command": "hello", "instance": "i-1", "args": {}}
TEXT = json.dumps({**MESSAGE, "args": {"name": "ü🥁"}}, ensure_ascii=False)


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        f" \r\n{TEXT}\r\n\0\0".encode(),
        TEXT.replace('"protocol": 1', '"protocol": 1.0').encode(),
        TEXT.replace('"protocol": 1', '"protocol": 1, "protocol": 1').encode(),
    ],
)
def test_a_message_is_the_same_however_it_is_written(data: bytes) -> None:
    message = parse(data)
    assert (message.protocol, message.message_id, message.instance) == (1, "m-1", "i-1")
    assert message.args == {"name": "ü🥁"}


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ('{"length": NaN}', "length is NaN, which is not a number in JSON."),
        ('{"length": -Infinity}', "length is -Infinity, which is not a number in JSON."),
        ('{"warp": [[0, -nan]]}', "warp is -nan, which is not a number in JSON."),
        ('{"a": "NaN", "b": inf}', "b is inf, which is not a number in JSON."),
        ('{"a": -1.#IND}', "a is -1.#IND, which is not a number in JSON."),
        ('{"a": -nan(ind)}', "a is -nan(ind), which is not a number in JSON."),
        ('{"a": "1e999", "b": 1e999}', "b is 1e999, which is too large for a number."),
        ('{"a": ' + "9" * 5000 + "}", f"a is {'9' * 58}…, which is too large for a number."),
        ('{"a": 1, "a": 2}', 'The message has the key "a" twice, with different values.'),
        ('{"a": 1,}', "The message is not complete JSON: expecting property name enclosed in double quotes, line 1"),
        ("{\"a\": 'x'}", "The message is not complete JSON: expecting value, line 1"),
        ('{"a": "caf\xe9"}', "The message is not UTF-8 text: byte 95 is invalid."),
        ("[" * 100_000, "The message is nested too deeply."),
    ],
)
def test_broken_json_is_explained_in_one_sentence(args: str, text: str) -> None:
    data = json.dumps(MESSAGE).replace('"args": {}', f'"args": {args}').encode("latin-1")
    with pytest.raises(MessageUnreadable) as caught:
        parse(data)
    assert caught.value.text.startswith(text)
    assert sender(data) == ("m-1", "i-1")


@pytest.mark.parametrize("key", ["arg", "Args", "arguments"])
def test_misspelt_arguments_are_not_left_out(key: str) -> None:
    wrong = {name: value for name, value in MESSAGE.items() if name != "args"} | {key: {"job_id": "x"}}
    with pytest.raises(RequestError, match=f"There is no “{key}” in the message. Did you mean “args”"):
        parse(json.dumps(wrong).encode())
    assert parse(json.dumps(MESSAGE | {key: {}}).encode()).args == {}


def test_a_float_names_another_protocol() -> None:
    with pytest.raises(ProtocolUnsupported, match="protocol 2, but"):
        parse(json.dumps({**MESSAGE, "protocol": 2.0}).encode())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"instance": "i-1", "message_id": "m-1", "args": {"clips": [', ("m-1", "i-1")),
        (b"{'instance': 'i-1', 'args': None}", ("", "i-1")),
        (b'{"args": {"instance": "x"}, "message_id": 7, "instance": "i-1"}', ("", "i-1")),
        ('{"instance": "i-1", "args'.encode("utf-16"), ("", "i-1")),
        (b'{"args": {"name": "\\"instance\\": \\"x\\""}, "instance": "i-1"', ("", "i-1")),
        (b'{"instance": "i-1", "args": {"instance": "i-2"', ("", "")),  # either may be the sender
        (b'{"instance": "../i-1", "args', ("", "")),
        (b'{"instance": "i-', ("", "")),
        (b"[1, 2]", ("", "")),
        (b"", ("", "")),
    ],
)
def test_the_sender_of_a_broken_message_is_found_in_its_text(data: bytes, expected: tuple[str, str]) -> None:
    assert sender(data) == expected
