"""Reads the JSON of messages, names what is wrong with it, and finds the sender of a message that is broken."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from bridge.errors import MessageUnreadable
from bridge.util.text import decode
from bridge.util.validation import bare, show

CORRECT = "The file is now in inbox/rejected. Correct the program that wrote it, and send the message under a new ID."

_TOKEN = re.compile(  # a key, another string, or a word or number that JSON does not have
    r'"(?P<key>(?:[^"\\]|\\.)*)"\s*:|"(?:[^"\\]|\\.)*"?'
    r"|(?P<word>-?\b(?:nan\b(?:\(\w+\))?|inf(?:inity)?\b|1\.#\w+))|(?P<large>-?\d+(?:\.\d+)?e\+?\d{3,}|-?\d{309,})",
    re.IGNORECASE,
)
_SENDER = r"""(["'])%s\1\s*:\s*(["'])([A-Za-z0-9._-]{1,100})\2"""


def read(data: bytes) -> Any:
    """Parse JSON in UTF-8 or UTF-16.

    >>> read(b'{"ms": 4.0}')
    {'ms': 4.0}

    Raises:
        MessageUnreadable: the data is not JSON, has a number that is not finite, or has a key with two values.
    """
    try:
        text = decode(data)
    except UnicodeDecodeError as problem:
        what = f"The message is not {problem.encoding.upper()} text: byte {problem.start + 1} is invalid."
        raise MessageUnreadable(what, hint=CORRECT) from problem
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_float=_finite, parse_constant=_finite)
    except RecursionError as problem:
        raise MessageUnreadable("The message is nested too deeply.") from problem
    except ValueError as problem:
        if odd := _odd_number(text):
            raise MessageUnreadable(odd, hint=CORRECT) from problem
        what = str(problem)
        if isinstance(problem, json.JSONDecodeError):
            what = f"{problem.msg[:1].lower()}{problem.msg[1:]}, line {problem.lineno}, column {problem.colno}"
        raise MessageUnreadable(f"The message is not complete JSON: {what}.") from problem


def find(key: str, data: bytes) -> str:
    """Return the value of `message_id` or `instance` in broken JSON; "" if there is none or there are several.

    >>> find("instance", b'{"instance": "reaper-1", "args": {"clips": [')
    'reaper-1'
    """
    found = {match[2] for match in re.findall(_SENDER % key, decode(data, "replace"))}
    return found.pop() if len(found) == 1 else ""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; a key that occurs twice must have the same value."""
    found = dict(pairs)
    if len(found) < len(pairs):
        for key, value in pairs:
            if found[key] != value:
                raise MessageUnreadable(
                    f"The message has the key {show(key)} twice, with different values.", hint=CORRECT
                )
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not finite")
    return number


def _odd_number(text: str) -> str:
    """Return a sentence about the first number that JSON does not have; "" if there is none."""
    key = "A number"
    for token in _TOKEN.finditer(text):
        if token["key"] is not None:
            key = bare(token["key"])
        elif token["word"]:
            return f"{key} is {token['word']}, which is not a number in JSON."
        elif token["large"] and not math.isfinite(float(token["large"])):
            return f"{key} is {bare(token['large'])}, which is too large for a number."
    return ""
