"""Tests the validation of input: at any level of nesting, errors name the key, the value and the accepted values."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta, Struct

from bridge.errors import ParamInvalid, RequestError
from bridge.protocol import request
from bridge.util.validation import describe, from_text, show, validate


class Part(Struct, forbid_unknown_fields=True):
    """An element of a list in a message."""

    size: Annotated[int, Meta(ge=1, le=9)]
    pair: tuple[Annotated[float, Meta(ge=0)], str] | None = None


class Whole(Struct):
    """A message with every kind of nested value."""

    parts: tuple[Part, ...] = ()
    named: dict[str, Part | int] = {}
    word: Literal["a", "b"] = "a"
    text: Annotated[str, Meta(min_length=1, max_length=3)] = "a"
    switch: bool = False
    level: Annotated[float, Meta(gt=0, le=2)] = 1.0

    def __post_init__(self) -> None:
        if self.text == "no":
            raise ValueError("text and word do not go together")


GOOD = {"size": 1}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"parts": [GOOD, {"size": 10}]}, "parts[1].size is 10; it takes a whole number from 1 to 9."),
        ({"parts": [GOOD, {}]}, "parts[1].size is missing."),
        ({"parts": [{**GOOD, "siz": 1}]}, "there is no “siz” in parts[0]. Did you mean “size”?"),
        ({"parts": [{**GOOD, "pair": [1]}]}, "parts[0].pair is a list of 1 value; it takes a list of 2 values."),
        ({"parts": [{**GOOD, "pair": [-1, ""]}]}, "parts[0].pair[0] is -1; it takes a number of at least 0."),
        ({"parts": [{**GOOD, "pair": [1, 2]}]}, "parts[0].pair[1] is 2; it takes text."),
        ({"parts": {}}, "parts is an object; it takes a list."),
        ({"named": {"x": GOOD, "y": {"size": 0}}}, "named.y.size is 0; it takes a whole number from 1 to 9."),
        ({"named": {"x": "?"}}, 'named.x is "?"; it takes keys and values or a whole number.'),
        ({"word": "c"}, 'word is "c"; it takes "a" or "b".'),
        ({"word": None}, 'word is null; it takes "a" or "b".'),
        ({"text": "long"}, "text has 4 characters; it takes at most 3."),
        ({"text": ""}, 'text is ""; it takes text of 1 to 3 characters.'),
        ({"text": "no"}, "The message has an error: text and word do not go together."),
        ({"switch": 1}, "switch is 1; it takes true or false."),
        ({"level": True}, "level is true; it takes a number above 0, at most 2."),
        ({"level": 0.0}, "level is 0; it takes a number above 0, at most 2."),
        ({"level": float("nan")}, "level is nan; it takes a number above 0, at most 2."),
        ({"level": 10**400}, "level is a huge number; it takes a number above 0, at most 2."),
        ([], "The message is an empty list; it takes keys and values."),
    ],
)  # fmt: skip
def test_an_error_names_key_value_and_range(value: Any, text: str) -> None:
    with pytest.raises(RequestError) as caught:
        validate(value, Whole, "", RequestError)
    assert caught.value.text == text


def test_the_caller_names_the_value_and_the_error() -> None:
    with pytest.raises(ParamInvalid, match=r"^remix\.size is 0; it takes"):
        validate({"size": 0}, Part, "remix", ParamInvalid)
    with pytest.raises(ParamInvalid, match=r"^steps is 0; it takes"):
        validate(0, Annotated[int, Meta(ge=1, le=9)], "steps", ParamInvalid)


def test_a_value_or_a_name_that_looks_like_a_path_is_no_path() -> None:
    hostile = "x - at `$.text`"
    with pytest.raises(RequestError, match=r"^word is \"x - at `\$\.text`\"; it takes"):
        validate({"word": hostile}, Whole, "", RequestError)
    with pytest.raises(RequestError, match=r"^parts\[0\]\.size is .*; it takes a whole number"):
        validate({"parts": [{"size": hostile + "' - at `$.no.such[3]`"}]}, Whole, "", RequestError)
    with pytest.raises(RequestError, match=r"unknown field"):
        validate({"size": 1, "x` - at `$.no": 1}, Part, "", RequestError)


def test_a_secret_is_not_repeated() -> None:
    with pytest.raises(ParamInvalid) as caught:
        validate("hush hush", Annotated[str, Meta(pattern="^x")], "secret", ParamInvalid, secret=True)
    assert caught.value.text == "secret is hidden here; it takes text."


SHAPES = [
    kind
    for kind in vars(request).values()
    if isinstance(kind, type) and issubclass(kind, Struct) and kind is not Struct
]


@pytest.mark.parametrize("kind", SHAPES, ids=lambda kind: kind.__name__)
def test_every_field_of_every_message_is_named_in_its_error(kind: type[Struct]) -> None:
    for field in msgspec.structs.fields(kind):
        wrong: Any = object()  # a value that no type accepts
        if field.type is Any:
            continue
        with pytest.raises(RequestError) as caught:
            validate({field.name: wrong}, kind, "", RequestError)
        assert caught.value.text.startswith(f"{field.name} is "), field.name
        assert "; it takes " in caught.value.text


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (bool, "Yes", True),
        (bool, "perhaps", "perhaps"),
        (Annotated[int, Meta(ge=0)], "7", 7),
        (int, "7.5", "7.5"),
        (int, "7.0", 7.0),
        (int, "inf", "inf"),
        (Annotated[float, Meta(ge=0)], "7.5", 7.5),
        (Literal["off"] | Annotated[float, Meta(le=0)], "-14", -14.0),
        (Literal["off"] | Annotated[float, Meta(le=0)], "off", "off"),
        (Annotated[tuple[str, ...], Meta(min_length=1)], " a, b ,", ["a", "b"]),
        (str, "7", "7"),
    ],
)
def test_text_becomes_the_value_it_means(kind: Any, text: str, value: Any) -> None:
    assert from_text(kind, text) == value


class Numbers(Struct):
    """Numbers at every kind of place."""

    whole: int = 0
    either: int | str | None = None
    version: Literal[1] = 1
    seconds: Annotated[float, Meta(ge=0)] = 0.0
    loudness: Literal["off"] | Annotated[float, Meta(ge=-60, le=0)] = "off"
    meter: tuple[int, int] = (4, 4)
    beats: tuple[Annotated[float, Meta(ge=0)], ...] = ()
    named: dict[str, Annotated[int, Meta(ge=0)]] = {}
    inner: Part | None = None
    free: Any = None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"whole": 4.0}, {"whole": 4}),
        ({"whole": -0.0}, {"whole": 0}),
        ({"whole": 1e3}, {"whole": 1000}),
        ({"either": 4.0}, {"either": 4}),
        ({"version": 1.0}, {"version": 1}),
        ({"seconds": -1e-12}, {"seconds": 0.0}),
        ({"loudness": 1e-12}, {"loudness": 0.0}),
        ({"meter": [6.0, 8.0]}, {"meter": (6, 8)}),
        ({"beats": [0.5, -1e-9]}, {"beats": (0.5, 0.0)}),
        ({"named": {"a": 2.0}}, {"named": {"a": 2}}),
        ({"inner": {"size": 2.0, "pair": [-1e-12, "a"]}}, {"inner": Part(size=2, pair=(0.0, "a"))}),
        ({"free": {"size": 2.5, "deep": [4.0]}}, {"free": {"size": 2.5, "deep": [4.0]}}),
    ],
)
def test_numbers_may_be_written_by_lua_or_rounded_by_a_daw(value: dict[str, Any], expected: dict[str, Any]) -> None:
    assert validate(value, Numbers, "", RequestError) == Numbers(**expected)
    (name,) = expected
    assert repr(getattr(validate(value, Numbers, "", RequestError), name)) == repr(expected[name])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"whole": 4.5}, "whole is 4.5; it takes a whole number."),
        ({"whole": "4"}, 'whole is "4"; it takes a whole number.'),
        ({"whole": float("inf")}, "whole is inf; it takes a whole number."),
        ({"seconds": -1e-6}, "seconds is -1e-06; it takes a number of at least 0."),
        ({"beats": [-0.1]}, "beats[0] is -0.1; it takes a number of at least 0."),
        ({"whole": 4.0, "seconds": "x"}, 'seconds is "x"; it takes a number of at least 0.'),
    ],
)
def test_other_numbers_are_errors(value: dict[str, Any], text: str) -> None:
    with pytest.raises(RequestError) as caught:
        validate(value, Numbers, "", RequestError)
    assert caught.value.text == text


def test_a_description_replaces_the_words_of_a_type() -> None:
    assert describe(Annotated[str, Meta(pattern="^x", description="a word with x")]) == "a word with x"


@pytest.mark.parametrize(
    "value",
    ["\x1b[2J" * 100, "x" * 1000, 10**5000, [[10**5000]] * 3, b"\0" * 1000, {}, 1e300],
    ids=lambda value: type(value).__name__,
)
def test_hostile_values_are_short_and_printable(value: Any) -> None:
    assert show(value).isprintable()
    assert len(show(value)) <= 60
