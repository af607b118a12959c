"""Tests MIDI administration (devices, learn, conflicts, unlearn, monitor) with fake ports, and over OSC."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from bridge.control.api import Answer
from bridge.errors import MappingInvalid, MidiConflict, MidiNotHeard, ParamInvalid
from bridge.midi.mapping import Binding, load
from bridge.osc.server import OscServer
from tests.fakes.osc_clients import UdpClient
from tests.fakes.osc_stage import SETTINGS as OSC
from tests.fakes.osc_stage import TOKEN
from tests.midi.bytes_of import pressed
from tests.midi.conftest import Rig, collected
from tests.waiting import PATIENCE, eventually

Learn = Callable[..., Awaitable[list[Answer]]]


@pytest.fixture
def learn(rig: Rig) -> Learn:
    async def learn(command: str, argument: str, *moves: bytes, encoder: str = "", **more: bool) -> list[Answer]:
        answers = rig.service.learn(
            command, argument, PATIENCE, encoder, more.get("light", False), more.get("replace", False)
        )
        first = await anext(answers)
        assert first.address == "/bridge/midi/ready"
        for data in moves:
            rig.ports.play("Pad", data)
        return [first, *[answer async for answer in answers]]

    return learn


def learned(rig: Rig, name: str = "pad") -> tuple[Binding, ...]:
    return load(rig.folder / f"{name}.toml").control


async def test_a_learned_control_is_reported_saved_and_works_at_once(rig: Rig, learn: Learn) -> None:
    await rig.start("Pad")
    answers = await learn("preset.next", "", pressed(40))
    assert [answer.address.rpartition("/")[2] for answer in answers] == ["ready", "heard", "control", "end"]
    assert answers[0].arguments == ("Pad",)
    assert answers[1].arguments == ("Pad", "note 40, channel 1", 100)
    assert answers[2].arguments[1:4] == ("note 40, channel 1", "button", "preset.next")
    assert rig.bridge.asked == []
    rig.ports.play("Pad", pressed(40))
    assert rig.bridge.asked == [("step", 1)]


async def test_controls_do_nothing_while_learning(rig: Rig, learn: Learn) -> None:
    rig.map()
    await rig.start("Pad")
    with pytest.raises(MidiConflict, match=r"note 37, channel 1 of Pad already does preset.select dub"):
        await learn("preset.next", "", pressed(37))
    assert rig.bridge.asked == []
    rig.ports.play("Pad", pressed(37))
    assert rig.bridge.asked == [("select", "dub")]


async def test_a_conflict_changes_nothing_without_replace(rig: Rig, learn: Learn) -> None:
    path = rig.map()
    before = path.read_text()
    await rig.start("Pad")
    with pytest.raises(MidiConflict) as caught:
        await learn("preset.next", "", pressed(37))
    assert "--replace" in caught.value.hint
    assert path.read_text() == before
    await learn("preset.next", "", pressed(37), replace=True)
    assert [control.command for control in learned(rig)].count("preset.select") == 0
    rig.ports.play("Pad", pressed(37))
    assert rig.bridge.asked == [("step", 1)]


async def test_the_fine_half_of_a_14_bit_fader_is_in_use_too(rig: Rig, learn: Learn) -> None:
    await rig.start("Pad")
    halves = [bytes([0xB0, number, value]) for value in range(4) for number in (3, 35)]
    await learn("amount", "", *halves)
    assert learned(rig)[0].message == "cc14"
    with pytest.raises(MidiConflict, match="param amount"):
        await learn("cancel", "", bytes([0xB0, 35, 127]), bytes([0xB0, 35, 0]))


@pytest.mark.parametrize(
    ("command", "argument", "moves", "kind", "message"),
    [
        ("amount", "", [bytes([0xB0, 1, v]) for v in (3, 4, 5)], "fader", "cc"),
        ("param", "guidance_scale", [bytes([0xE0, v, v]) for v in (3, 4)], "fader", "pitch"),
        ("amount", "", [bytes([0xB0, 1, 65])] * 4, "offset", "cc"),
        ("preset.next", "", [bytes([0xB0, 1, 1])] * 4, "twos", "cc"),
        ("cancel", "", [bytes([0xB0, 1, v]) for v in (127, 0)], "button", "cc"),
        ("amount", "0.5", [pressed(3)], "button", "note"),
        ("edit_mode", "lyrics", [pressed(3)], "button", "note"),
        ("preset.select", "dub", [b"\xc0\x05"], "program", "program"),
        ("preset.select", "", [b"\xc0\x05"], "program", "program"),
    ],
)
async def test_the_kind_of_a_control_suits_its_command(
    rig: Rig, learn: Learn, command: str, argument: str, moves: list[bytes], kind: str, message: str
) -> None:
    await rig.start("Pad")
    await learn(command, argument, *moves)
    (control,) = learned(rig)
    assert (control.kind, control.message) == (kind, message)
    assert control.any_number == (command == "preset.select" and not argument)


async def test_the_encoder_mode_can_be_given(rig: Rig, learn: Learn) -> None:
    await rig.start("Pad")
    await learn("amount", "", *[bytes([0xB0, 1, 1])] * 4, encoder="sign")
    assert learned(rig)[0].kind == "sign"


async def test_a_light_is_copied_from_similar_controls_or_requested(rig: Rig, learn: Learn) -> None:
    rig.map()
    await rig.start("Pad", "Other")
    await learn("preset.next", "", pressed(50))
    assert learned(rig)[-1].light == "pad"
    rig.ports.unplug("Pad")
    (rig.folder / "pad.toml").unlink()
    rig.ports.plug("Pad")
    await learn("preset.next", "", pressed(50))
    assert learned(rig)[-1].light == ""  # the device may be a keyboard, on which a light message would play a note
    await learn("cancel", "", pressed(51), light=True)
    assert learned(rig)[-1].light == "plain"


async def test_a_pad_needs_a_value_for_a_parameter(rig: Rig, learn: Learn) -> None:
    await rig.start("Pad")
    with pytest.raises(MappingInvalid, match="needs a fader") as caught:
        await learn("amount", "", pressed(3))
    assert "midi learn amount VALUE" in caught.value.hint
    assert not list(rig.folder.iterdir())


@pytest.mark.parametrize(
    ("command", "argument", "error", "says"),
    [
        ("remx", "", MappingInvalid, "Did you mean “remix”"),
        ("clip", "", MappingInvalid, "no command “clip”"),
        ("param", "amunt", MappingInvalid, "Did you mean “amount”"),
        ("edit_mode", "7", ParamInvalid, "choice number 7"),
    ],
)
async def test_an_invalid_request_fails_before_listening(
    rig: Rig, command: str, argument: str, error: type[Exception], says: str
) -> None:
    await rig.start("Pad")
    with pytest.raises(error, match=says):
        await anext(rig.service.learn(command, argument, PATIENCE, "", False, False))


async def test_learning_times_out(rig: Rig) -> None:
    await rig.start("Pad")
    with pytest.raises(MidiNotHeard, match=r"within 0.05 s"):
        await collected(rig.service.learn("remix", "", 0.05, "", False, False))
    assert rig.ports.devices.heard == frozenset()


async def test_learning_can_be_cancelled(rig: Rig) -> None:
    await rig.start("Pad")
    answers = rig.service.learn("remix", "", PATIENCE, "", False, False)
    await anext(answers)
    assert rig.ports.devices.heard == {"Pad"}
    rig.service.stop_listening()
    assert (await collected(answers))[-1].arguments == ("Nothing was changed.",)
    assert not list(rig.folder.iterdir())
    assert rig.ports.devices.heard == frozenset()


async def test_a_new_learn_request_ends_the_previous_one(rig: Rig, learn: Learn) -> None:
    await rig.start("Pad")
    first = rig.service.learn("remix", "", PATIENCE, "", False, False)
    await anext(first)
    ended = asyncio.ensure_future(collected(first))
    await learn("cancel", "", pressed(1))
    assert (await ended)[-1].arguments == ("Nothing was changed.",)
    assert [control.command for control in learned(rig)] == ["cancel"]


async def test_unlearning_removes_only_the_matching_controls(rig: Rig) -> None:
    path = rig.map()
    await rig.start("Pad")
    gone = await collected(rig.service.unlearn("preset.select", "dub"))
    assert [answer.arguments[3] for answer in gone[:-1]] == ["preset.select dub"]
    assert [control.command for control in load(path).control] == ["remix", "param", "param", "cancel"]
    assert "[lights.pad]" in path.read_text()
    with pytest.raises(MappingInvalid, match=r"No control does preset.select dub"):
        await collected(rig.service.unlearn("preset.select", "dub"))


async def test_devices_and_controls_are_listed(rig: Rig) -> None:
    rig.map()
    rig.map('version = 1\ndevice = "Away"\n', "away")
    await rig.start("Pad", "APC mini mk2", "Piano")
    devices = [answer.arguments for answer in await collected(rig.service.devices())][:-1]
    assert devices == [
        ("Pad", "in and out", str(rig.folder / "pad.toml"), ""),
        ("APC mini mk2", "in and out", "", "apc-mini-mk2"),
        ("Piano", "in and out", "", ""),
        ("Away", "away", str(rig.folder / "away.toml"), ""),
    ]
    controls = [answer.arguments for answer in await collected(rig.service.controls())][:-1]
    assert controls[0] == ("Pad", "note 36, channel 1", "button", "remix", str(rig.folder / "pad.toml"))
    assert [control[2] for control in controls] == ["button", "button", "fader", "encoder", "button"]


async def test_a_template_works_at_once(rig: Rig) -> None:
    await rig.start("APC mini mk2")
    await collected(rig.service.adopt("apc-mini-mk2"))
    rig.ports.play("APC mini mk2", pressed(113))
    assert rig.bridge.asked == [("step", 1)]
    assert rig.lights("APC mini mk2")


@pytest_asyncio.fixture
async def asker(rig: Rig) -> AsyncIterator[UdpClient]:
    """Yield a client that is connected to an OSC server with the MIDI service."""
    await rig.start("Pad")
    rig.bridge.talk = rig.service
    surface = OscServer(rig.bridge, rig.bus, OSC, lambda: TOKEN)
    client = UdpClient(await surface.start())
    yield client
    client.close()
    await surface.stop()


async def test_learn_and_monitor_work_over_osc(rig: Rig, asker: UdpClient) -> None:
    asker.send("/bridge/midi/monitor", TOKEN, PATIENCE)
    await asker.hear("/bridge/midi/ready", "Pad")
    rig.ports.play("Pad", pressed(61, 7))
    await asker.hear("/bridge/midi/heard", "Pad", "note 61, channel 1", 7)
    asker.send("/bridge/midi/stop", TOKEN)
    await asker.hear("/bridge/midi/end", "")
    asker.send("/bridge/midi/learn", TOKEN, "remix", "", PATIENCE)
    await eventually(lambda: len(asker.of("/bridge/midi/ready")) == 2)
    rig.ports.play("Pad", pressed(61))
    await eventually(lambda: len(asker.of("/bridge/midi/end")) == 2)
    (control,) = asker.of("/bridge/midi/control")
    assert control[:4] == ("Pad", "note 61, channel 1", "button", "remix")


async def test_midi_requests_need_the_token(rig: Rig, asker: UdpClient) -> None:
    for word in ("learn", "unlearn", "use", "monitor", "devices", "controls", "stop"):
        asker.heard.clear()
        asker.send(f"/bridge/midi/{word}", "wrong", *(["remix"] if word in ("learn", "unlearn", "use") else []))
        assert (await asker.hear("/bridge/error"))[1] == "token_wrong"
    with contextlib.suppress(FileNotFoundError):
        assert not list(rig.folder.iterdir())
