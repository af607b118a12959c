"""Tests that the command table is complete and unambiguous, and that the arguments of commands are checked."""

from __future__ import annotations

import inspect
import math
import re

import pytest

from bridge.control import table
from bridge.control.api import BridgeApi, ClipAsk, Midi, Settings
from bridge.control.arguments import check_token, from_surface
from bridge.control.table import COMMANDS, MESSAGES, find, read
from bridge.errors import ParamInvalid, RequestError, TokenWrong
from bridge.events import EventBus
from tests.fakes.bridge import NotingBridge
from tests.fakes.places import absolute

BY_NAME = {command.name: command for command in COMMANDS}

A = absolute("/a")


def methods_of(protocol: type) -> set[str]:
    return {name for name, one in vars(protocol).items() if inspect.isfunction(one) and not name.startswith("_")}


def test_a_command_calls_every_method_of_the_api() -> None:
    source = inspect.getsource(table)
    for part, protocol in (("surface_settings", Settings), ("midi", Midi)):
        asked = set(re.findall(rf"\bb\.{part}\.(\w+)\(", source))
        assert methods_of(protocol) == asked, part
    asked = set(re.findall(r"(?:\bb|bridge)\.(\w+)\(", source))
    assert methods_of(BridgeApi) - {"snapshot", "newest_job"} == asked, (
        "the table calls every method of the Protocol, except those for surfaces"
    )


def test_addresses_and_names_are_unique_and_conventional() -> None:
    assert (
        len({command.address for command in COMMANDS}) == len({command.name for command in COMMANDS}) == len(COMMANDS)
    )
    for address in [one.address for one in (*COMMANDS, *MESSAGES)]:
        assert re.fullmatch(r"/bridge(/[a-z]+|/<[a-z]+>)+", address), address
    assert {command.name for command in COMMANDS if command.spends} == {"clip", "remix", "rerun"}


def test_commands_that_need_the_token_or_spend_money_are_guarded() -> None:
    midi = {name for name in BY_NAME if name.startswith("midi.")}
    assert {command.name for command in COMMANDS if command.guarded} == {"clip", "remix", "rerun", "stop", *midi}


def test_button_commands_have_only_text_arguments() -> None:
    for command in COMMANDS:
        if command.button:
            assert all(argument.kind == "text" for argument in command.arguments), command.name


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_find_knows_every_address(command: table.Command) -> None:
    found = find(command.address.replace("<name>", "omega_scale"))
    assert found == (command, ("omega_scale",) if "<" in command.address else ())


@pytest.mark.parametrize("address", ["/bridge", "/bridge/", "/bridge/param/", "/bridge/param/a/b", "/other/ping", ""])
def test_find_refuses_other_addresses(address: str) -> None:
    assert find(address) is None


@pytest.mark.parametrize("raw", [[0], [0.0], [False], ["job", 0.0], [0, "job"]])
def test_the_release_of_a_button_is_ignored(raw: list[object]) -> None:
    assert read(BY_NAME["cancel"], raw) is None


@pytest.mark.parametrize(
    ("raw", "job"),
    [([], ""), ([1], ""), ([1.0], ""), ([True], ""), ([0.3], ""), (["j"], "j"), (["j", 1.0], "j"), ([None], "")],
)
def test_a_press_executes_the_command(raw: list[object], job: str) -> None:
    assert read(BY_NAME["cancel"], raw) == {"job": job}


def test_audition_accepts_the_side_alone() -> None:
    assert read(BY_NAME["audition"], ["source"]) == {"variation": "", "which": "source"}
    assert read(BY_NAME["audition"], ["v1", "source", 1.0]) == {"variation": "v1", "which": "source"}
    assert read(BY_NAME["audition"], ["v1"]) == {"variation": "v1", "which": "result"}
    with pytest.raises(RequestError, match='which is "both"; it takes "source" or "result"'):
        read(BY_NAME["audition"], ["v1", "both"])


@pytest.mark.parametrize("side", ["source", "result"])
def test_audition_accepts_the_side_in_its_address(side: str) -> None:
    found = find(f"/bridge/audition/{side}")
    assert found == (BY_NAME["audition"], (side,))
    assert read(found[0], (*found[1], 1.0)) == {"variation": "", "which": side}
    assert read(found[0], (*found[1], 0.0)) is None


async def test_clip_replaces_placeholders_by_none() -> None:
    bridge = NotingBridge(EventBus())
    values = read(BY_NAME["clip"], ["t", absolute("/tmp/Küche ☂.wav"), 1, 0, -1])
    assert values is not None
    await table._clip(bridge, values)
    assert bridge.asked == [("clip", ClipAsk(absolute("/tmp/Küche ☂.wav"), 1.0, None, None, ""))]
    values = read(BY_NAME["clip"], ["t", absolute("/a.wav"), 1.5, 2.5, 0.0, "dub", "later", 7])
    assert values is not None
    await table._clip(bridge, values)
    assert bridge.asked[1] == ("clip", ClipAsk(absolute("/a.wav"), 1.5, 2.5, 0.0, "dub"))


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ([], "needs the argument token"),
        (["t"], "needs the argument path"),
        (["t", None], "needs the argument path"),
        ([7, A], "token is 7; it takes text"),
        (["t", "a.wav"], 'path is "a.wav"; it takes an absolute path'),
        (["t", "/" + "a" * 5000], "path has 5001 characters; it takes at most 4096"),
        (["t", A, "soon"], 'offset is "soon"; it takes a number from 0 to 86400'),
        (["t", A, True], "offset is true; it takes a number from"),
        (["t", A, math.nan], "offset is nan; it takes a number"),
        (["t", A, math.inf], "offset is inf; it takes a number"),
        (["t", A, -0.5], "offset is -0.5; it takes a number from 0 to 86400"),
        (["t", A, 0, 1, 0, "p" * 129], "preset has 129 characters; it takes at most 128"),
        (["t", A, b"\x00" * 4000], "offset is binary data; it takes a number"),
    ],
)
def test_the_error_names_the_invalid_argument(raw: list[object], says: str) -> None:
    with pytest.raises(RequestError, match=re.escape(says)) as caught:
        read(BY_NAME["clip"], raw)
    assert len(caught.value.text) < 200


def test_a_wrong_or_empty_token_is_refused() -> None:
    check_token("sécret", "sécret")
    for expected, given in (("secret", "secre"), ("secret", "SECRET"), ("", ""), ("secret", "")):
        with pytest.raises(TokenWrong):
            check_token(expected, given)


@pytest.mark.parametrize(
    ("name", "sent", "becomes"),
    [
        ("number_of_steps", 26.7, 27),
        ("number_of_steps", 27, 27),
        ("edit_mode", 1.0, "remix"),
        ("edit_mode", 0, "lyrics"),
        ("edit_mode", True, "remix"),
        ("edit_mode", "lyrics", "lyrics"),
        ("guidance_scale", 12.5, 12.5),
        ("amount", 0.25, 0.25),
        ("no_such_parameter", 1.0, 1.0),
    ],
)
def test_values_of_faders_and_buttons_are_converted(name: str, sent: float | str, becomes: object) -> None:
    value = from_surface(name, sent)
    assert value == becomes
    assert type(value) is type(becomes)


@pytest.mark.parametrize(
    ("name", "sent"), [("lyrics", "la"), ("tags", "dub"), ("audio_url", "http://x"), ("edit_mode", 2.0)]
)
def test_text_parameters_and_unknown_choices_are_refused(name: str, sent: float | str) -> None:
    with pytest.raises(ParamInvalid, match=name):
        from_surface(name, sent)
