"""Tests that the touch layouts are valid for independent parsers, complete, and understood by the OSC server."""

from __future__ import annotations

import itertools
import json
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jsonschema
import py2tosc
import pytest

from bridge.control.arguments import from_surface
from bridge.control.table import COMMANDS, MESSAGES, find, read
from bridge.presets.parameters import HAND_PARAMS, PARAMS, check
from tests.fakes.osc_stage import Stage
from tests.surfaces import touches
from tests.surfaces.touches import Press

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import picture  # noqa: E402 - in scripts/
import touch_pages  # noqa: E402

TOSC, SESSION = ROOT / "surfaces" / "ace-bridge.tosc", ROOT / "surfaces" / "ace-bridge.json"
Box = tuple[float, float, float, float]


@pytest.fixture(scope="module")
def document() -> py2tosc.Document:
    return py2tosc.load(TOSC)


@pytest.fixture(scope="module")
def session() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(SESSION.read_text("utf-8"))
    return loaded


def presses(which: str, document: py2tosc.Document, session: dict[str, Any], at: float = 0.5) -> list[Press]:
    return list(touches.touchosc(document, at) if which == "touchosc" else touches.stage_control(session, at))


# --- format ----------------------------------------------------------------------------------------------------------


def test_the_touchosc_layout_is_valid(document: py2tosc.Document) -> None:
    assert py2tosc.validate(document) == []
    again = py2tosc.loads(py2tosc.dumps(document))
    assert [control.id for control in again.walk()] == [control.id for control in document.walk()]


def test_the_validator_finds_an_error(document: py2tosc.Document) -> None:
    broken = py2tosc.loads(py2tosc.dumps(document))
    fader = broken.find("guidance_scale", type="FADER")
    assert fader is not None
    fader.messages[0].triggers[0].var = "text"
    assert [issue for issue in py2tosc.validate(broken) if "fires on value" in str(issue)]


def test_the_session_has_the_documented_format(session: dict[str, Any]) -> None:
    schema = json.loads((Path(__file__).parent / "open_stage_control.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(session, schema)
    session_without = json.loads(json.dumps(session))
    session_without["content"]["tabs"][0]["widgets"][0]["rannge"] = {}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(session_without, schema)


@pytest.mark.parametrize("page", touch_pages.pages(), ids=lambda page: page.title)
def test_no_control_overlaps_another_or_leaves_the_page(page: touch_pages.Page) -> None:
    assert page.widgets
    for widget in page.widgets:
        x, y, width, height = widget.frame
        assert x >= 0 <= y, widget
        assert x + width <= touch_pages.WIDTH, widget
        assert y + height <= touch_pages.HEIGHT, widget
        assert min(width, height) >= 32, f"{widget.name} is too small for a finger"
    for one, other in itertools.combinations(page.widgets, 2):
        assert not _overlap(one.frame, other.frame), (one.name, other.name)


def _overlap(one: Box, other: Box) -> bool:
    return all(one[axis] < other[axis] + other[axis + 2] and other[axis] < one[axis] + one[axis + 2] for axis in (0, 1))


def test_names_are_unique(document: py2tosc.Document, session: dict[str, Any]) -> None:
    names = [str(control.get("name")) for control in document.walk()]
    ids = [widget["id"] for tab in session["content"]["tabs"] for widget in tab["widgets"]]
    for one in (names, ids):
        assert len(set(one)) == len(one)


# --- content ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["touchosc", "stage_control"])
def test_every_entry_of_the_tables_is_present(which: str, document: py2tosc.Document, session: dict[str, Any]) -> None:
    sent = presses(which, document, session)
    addresses = {press.address for press in sent}
    for command in COMMANDS:
        bare = command.button and not any(argument.required for argument in command.arguments)
        if (bare or command.run is None) and command.name != "inbox":
            assert command.address in addresses, f"run scripts/docs.py: {command.name} is missing"
    settable = {param.name for param in HAND_PARAMS if param.surface or param.choices}
    assert {address.rpartition("/")[2] for address in addresses if "/param/" in address} == settable
    presets = {press.arguments[0] for press in sent if press.address == "/bridge/preset/select"}
    assert presets == {path.stem for path in (ROOT / "presets").glob("*.toml")}


@pytest.mark.parametrize("which", ["touchosc", "stage_control"])
@pytest.mark.parametrize("at", [0.0, 0.37, 1.0])
def test_every_sent_message_is_a_command(
    which: str, at: float, document: py2tosc.Document, session: dict[str, Any]
) -> None:
    for press in presses(which, document, session, at):
        found = find(press.address)
        assert found is not None, press
        values = read(found[0], (*found[1], *press.arguments))
        assert values is not None, f"{press} is a release"
        if found[0].name == "param" and values["name"] in PARAMS:
            check({values["name"]: from_surface(values["name"], values["value"])})


def test_every_shown_value_is_sent_by_the_bridge(document: py2tosc.Document, session: dict[str, Any]) -> None:
    sent = {message.address for message in MESSAGES}
    shown = {
        widget["address"] for tab in session["content"]["tabs"] for widget in tab["widgets"] if "address" in widget
    }
    heard = {
        "".join(part.value for part in message.path)
        for control in document.walk()
        for message in control.messages
        if message.receive
    }
    assert heard == {address for address in shown if address in sent or address.startswith("/bridge/param/")}, (
        "both surfaces show the same"
    )
    assert {f"/bridge/{name}" for name in ("state", "progress", "message", "cost", "preset/select")} <= heard


@pytest.mark.parametrize("which", ["touchosc", "stage_control"])
async def test_the_osc_server_understands_every_control(
    stage: Stage, which: str, document: py2tosc.Document, session: dict[str, Any]
) -> None:
    client = await stage.tcp()
    for press in presses(which, document, session):
        if press.address != "/bridge/unlock":  # this command needs a secret, which is not set here
            client.send(press.address, *press.arguments)
    client.send("/bridge/ping")
    await client.hear("/bridge/pong")
    assert client.of("/bridge/error") == []
    asked = {name for name, *_ in stage.bridge.asked}
    assert {"remix", "rerun", "cancel", "step", "select", "set", "audition"} <= asked


def test_controls_that_spend_have_another_colour(document: py2tosc.Document, session: dict[str, Any]) -> None:
    spending = {command.address for command in COMMANDS if command.spends}
    buttons = [widget for tab in session["content"]["tabs"] for widget in tab["widgets"] if widget["type"] == "button"]
    assert {widget["address"] for widget in buttons if widget.get("doubleTap")} == spending - {"/bridge/clip"}
    remix, cancel = document.find("remix", type="BUTTON"), document.find("cancel", type="BUTTON")
    assert remix is not None
    assert cancel is not None
    assert remix.color != cancel.color


def test_the_pictures_match_the_files() -> None:
    drawn = {
        "touchosc.svg": picture.touchosc(TOSC.read_bytes()),
        "open-stage-control.svg": picture.stage_control(SESSION.read_bytes()),
    }
    for name, text in drawn.items():
        assert (ROOT / "docs" / "pictures" / name).read_text("utf-8") == text
        for label in _labels():
            assert label in text, (name, label)
        assert len(text) < 40_000, "small enough for a page"


def _labels() -> Iterable[str]:
    return ("Rerun", "Preset next", "Amount", "Dub Techno Haze", "Subscribe", "Guidance type")


def test_the_layout_is_compressed() -> None:
    data = TOSC.read_bytes()
    assert len(data) < len(zlib.decompress(data)) / 5
