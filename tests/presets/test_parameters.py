"""Tests that the parameter table matches the model's page and rejects invalid values."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import Any

import pytest

from bridge.errors import BridgeError, ParamInvalid, ParamUnknown
from bridge.presets.parameters import INSTRUMENTAL, LARGEST_SEED, PARAMS, check, complete, from_text, to_send

# name, kind, default, low, high, choices, required: copied by hand from the model's page
PAGE: list[tuple[str, str, Any, float | None, float | None, tuple[str, ...], bool]] = [
    ("audio_url", "url", None, None, None, (), True),
    ("edit_mode", "choice", "remix", None, None, ("lyrics", "remix"), False),
    ("original_tags", "text", None, None, None, (), True),
    ("original_lyrics", "text", "", None, None, (), False),
    ("tags", "text", None, None, None, (), True),
    ("lyrics", "text", "", None, None, (), False),
    ("number_of_steps", "int", 27, 3, 60, (), False),
    ("seed", "int", None, 0, LARGEST_SEED, (), False),
    ("scheduler", "choice", "euler", None, None, ("euler", "heun"), False),
    ("guidance_type", "choice", "apg", None, None, ("cfg", "apg", "cfg_star"), False),
    ("granularity_scale", "int", 10, -100, 100, (), False),
    ("guidance_interval", "float", 0.5, 0, 1, (), False),
    ("guidance_interval_decay", "float", 0.0, 0, 1, (), False),
    ("guidance_scale", "float", 15.0, 0, 200, (), False),
    ("minimum_guidance_scale", "float", 3.0, 0, 200, (), False),
    ("tag_guidance_scale", "float", 5.0, 0, 10, (), False),
    ("lyric_guidance_scale", "float", 1.5, 0, 10, (), False),
    ("original_seed", "int", None, 0, LARGEST_SEED, (), False),
]
NUMBERS = [param for param in PARAMS.values() if param.kind in ("int", "float")]


def test_the_table_matches_the_models_page() -> None:
    assert [(p.name, p.kind, p.default, p.low, p.high, p.choices, p.required) for p in PARAMS.values()] == PAGE
    assert len(PARAMS) - 1 == 17  # all but audio_url


@pytest.mark.parametrize("param", PARAMS.values(), ids=lambda p: p.name)
def test_every_parameter_has_a_help_text_and_a_fader_range_inside_its_range(param: Any) -> None:
    assert param.help.endswith(".")
    assert len(param.help) > 30
    if param.surface:
        assert param.low <= param.surface[0] < param.surface[1] <= param.high
    if param.default is not None:
        assert check({param.name: param.default}) == {param.name: param.default}


@pytest.mark.parametrize("param", NUMBERS, ids=lambda p: p.name)
def test_values_outside_a_range_are_refused(param: Any) -> None:
    step = 1 if param.kind == "int" else 1e-6
    assert check({param.name: param.low}) == {param.name: param.low}
    assert check({param.name: param.high}) == {param.name: param.high}
    for outside in (param.low - step, param.high + step, math.inf, -math.inf, math.nan, 10**400, -(10**400)):
        with pytest.raises(ParamInvalid, match=param.name) as caught:
            check({param.name: outside})
        assert f"{param.low:.0f} to {param.high:.0f}" in caught.value.text


@pytest.mark.parametrize("param", NUMBERS, ids=lambda p: p.name)
@pytest.mark.parametrize("value", [True, "12", [1], {}, b"1", 1j], ids=repr)
def test_other_types_are_not_accepted_as_numbers(param: Any, value: Any) -> None:
    with pytest.raises(ParamInvalid, match=param.name):
        check({param.name: value})


def test_whole_floats_and_whole_numbers_are_converted() -> None:
    checked = check({"number_of_steps": 40.0, "guidance_scale": 7, "granularity_scale": -100.0})
    assert checked == {"number_of_steps": 40, "guidance_scale": 7.0, "granularity_scale": -100}
    assert [type(value) for value in checked.values()] == [int, float, int]
    with pytest.raises(ParamInvalid, match=r"number_of_steps is 40\.5; it takes a whole number from 3 to 60"):
        check({"number_of_steps": 40.5})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("edit_mode", "Remix"),
        ("edit_mode", ""),
        ("edit_mode", ["remix"]),
        ("scheduler", "pingpong"),
        ("guidance_type", 3),
        ("tags", 3),
        ("tags", "   "),
        ("tags", ""),
        ("original_tags", "\n"),
        ("tags", "lone \ud83d half"),
        ("lyrics", "bell \x07"),
        ("lyrics", "nul \x00"),
        ("lyrics", "la " * 10_000),
        ("audio_url", "ftp://example.org/a.wav"),
        ("audio_url", "/home/me/a.wav"),
        ("audio_url", ""),
    ],
)
def test_the_error_names_the_invalid_text(name: str, value: Any) -> None:
    with pytest.raises(ParamInvalid, match=name) as caught:
        check({name: value})
    assert len(caught.value.text) < 250
    caught.value.text.encode()  # the error text must be encodable for the outbox file


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(ParamUnknown, match="Did you mean “guidance_scale”"):
        check({"guidence_scale": 7})
    with pytest.raises(ParamUnknown, match="number_of_steps"):
        check({"Number-Of-Step": 7})
    with pytest.raises(ParamUnknown) as caught:
        check({"\x1b[31mzzzz" * 50: 7})
    assert "\x1b" not in caught.value.text
    assert "Did you mean" not in caught.value.text


def test_none_means_not_given() -> None:
    assert check({"seed": None, "tags": None, "number_of_steps": 30}) == {"number_of_steps": 30}


def test_complete_adds_defaults_in_the_order_of_the_models_page() -> None:
    whole = complete({"guidance_scale": 9, "tags": " dub, echo "})
    assert whole["tags"] == "dub, echo"
    assert whole["lyrics"] == INSTRUMENTAL == "[inst]"
    assert whole["original_tags"] == "music"
    assert whole["guidance_scale"] == 9.0
    assert "seed" not in whole
    assert "audio_url" not in whole
    assert list(whole) == [name for name in PARAMS if name in whole]
    assert complete(whole) == whole


@pytest.mark.parametrize("lyrics", [None, "", "  \n"])
def test_missing_lyrics_become_instrumental(lyrics: str | None) -> None:
    assert complete({"tags": "x", "lyrics": lyrics})["lyrics"] == "[inst]"


def test_complete_needs_tags() -> None:
    with pytest.raises(ParamInvalid, match="tags is missing"):
        complete({"original_tags": "piano"})


def test_only_values_that_differ_from_the_default_are_sent() -> None:
    assert to_send({"tags": "dub"}) == {"original_tags": "music", "tags": "dub", "lyrics": "[inst]"}
    changed = {"audio_url": "https://v3.fal.media/a.flac", "tags": "dub", "seed": 0, "number_of_steps": 60}
    assert to_send({**changed, "scheduler": "euler", "guidance_scale": 15}) == {
        **changed,
        "original_tags": "music",
        "lyrics": "[inst]",
    }
    assert to_send(complete({"tags": "dub", "edit_mode": "lyrics"}))["edit_mode"] == "lyrics"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("number_of_steps", "40", 40),
        ("guidance_scale", "7.5", 7.5),
        ("edit_mode", "lyrics", "lyrics"),
        ("tags", "12 strings", "12 strings"),
        ("seed", "4294967295", LARGEST_SEED),
    ],
)
def test_values_from_the_command_line(name: str, text: str, value: Any) -> None:
    assert from_text(name, text) == value


@pytest.mark.parametrize(("name", "text"), [("number_of_steps", "forty"), ("guidance_scale", "nan"), ("sed", "1")])
def test_invalid_values_from_the_command_line_are_refused(name: str, text: str) -> None:
    with pytest.raises(BridgeError, match=name):
        from_text(name, text)


def test_values_survive_json() -> None:
    whole = complete({"tags": "ragga – jungle", "seed": 7})
    assert json.loads(json.dumps(whole)) == whole


def test_import_is_light() -> None:
    heavy = ("numpy", "httpx", "asyncio")
    code = f"import sys, bridge.presets.parameters; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
