"""Tests the MIDI surface with fake ports: commands, lights, hot-plugging, and turning the lights off at the end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bridge.control.api import JobView
from bridge.errors import DawMissing, MidiMissing, MidiOff
from bridge.events import Alert, AuditionChanged, JobChanged, JobProgress, PresetSelected
from bridge.midi.messages import Spot
from bridge.midi.ports import Listener
from bridge.midi.service import MidiService
from bridge.util.this_copy import this_copy
from tests.fakes.loop_clock import LoopClock
from tests.fakes.midi_ports import FakePorts
from tests.midi.bytes_of import pressed, released
from tests.midi.conftest import PAD, SETTINGS, Rig
from tests.waiting import eventually

REMIX, CHOICE, CANCEL = (Spot("note", 1, number) for number in (36, 37, 38))
FADER, ENCODER, PROGRESS = (Spot("cc", 1, number) for number in (7, 8, 20))


def job(rig: Rig, state: str, number: int = 1) -> None:
    rig.bus.publish(JobChanged(f"job-{number}", state))


async def test_nothing_is_opened_without_a_mapping(rig: Rig) -> None:
    rig.service.start(rig.bridge)
    await asyncio.sleep(0.05)
    assert rig.service._surface is None


async def test_a_device_is_opened_only_if_it_is_mapped(rig: Rig) -> None:
    rig.map()
    await rig.start("Pad", "Piano")
    assert rig.ports.devices.heard == rig.ports.devices.lit == {"Pad"}


async def test_a_connected_device_shows_the_current_state(rig: Rig) -> None:
    rig.map()
    rig.bridge.jobs = [JobView("job-1", "running", 0.5, "", 0.0)]
    await rig.start("Pad")
    assert rig.ports.sent[0] == ("Pad", bytes.fromhex("F00002F7"))
    await rig.until_lit(PROGRESS, 64)
    shown = rig.lights()
    assert (shown[REMIX], shown[CHOICE], shown[CANCEL]) == (3, 11, 127)
    assert shown[FADER] == round(14 / 29 * 127)
    assert [shown[Spot("note", 1, number)] for number in (40, 41, 42, 43)] == [3, 3, 0, 0]
    assert ("Pad", b"\x92\x24\x03") in rig.ports.sent  # sent on the channel of the colour


@pytest.mark.parametrize(
    ("state", "value"),
    [
        ("waiting", 3), ("queued", 3), ("running", 3), ("fitting", 3), ("ready", 4), ("placing", 4), ("done", 5),
        ("failed", 6), ("unknown", 6), ("partial", 6), ("cancelled", 1),
    ],
)  # fmt: skip
async def test_every_state_has_its_look(rig: Rig, state: str, value: int) -> None:
    rig.map()
    await rig.start("Pad")
    assert rig.lights()[REMIX] == 1
    job(rig, state)
    await rig.until_lit(REMIX, value)


async def test_progress_is_shown_30_times_a_second_and_to_its_end(rig: Rig) -> None:
    rig.map()
    await rig.start("Pad")
    job(rig, "running")
    before = len(rig.ports.sent)
    for step in range(1000):
        rig.bus.publish(JobProgress("job-1", step / 999))
    await rig.until_lit(PROGRESS, 127)
    assert len(rig.ports.sent) - before < 30
    job(rig, "done")
    await rig.until_lit(Spot("note", 1, 43), 5)
    await rig.until_lit(PROGRESS, 0)


async def test_only_the_newest_job_is_shown(rig: Rig) -> None:
    rig.map()
    await rig.start("Pad")
    job(rig, "running")
    job(rig, "done", 2)
    job(rig, "failed", 1)
    await rig.until_lit(REMIX, 5)
    await asyncio.sleep(0.1)
    assert rig.lights()[REMIX] == 5


async def test_a_held_pad_is_lit_and_runs_exactly_once(rig: Rig, loop_clock: LoopClock) -> None:
    rig.map()
    await rig.start("Pad")
    rig.ports.play("Pad", pressed(36))
    await rig.until_lit(REMIX, 2)
    await eventually(lambda: bool(rig.bridge.asked))
    rig.ports.play("Pad", released(36))
    loop_clock.advance(10 * SETTINGS.hold)
    await asyncio.sleep(0.01)
    assert rig.bridge.asked == [("remix",)]
    assert rig.alerts() == []


async def test_a_tap_on_a_paid_command_explains_the_hold(rig: Rig) -> None:
    rig.map()
    await rig.start("Pad")
    rig.ports.play("Pad", pressed(36), released(36))
    await eventually(lambda: rig.alerts() == ["hold_to_spend"])
    await eventually(lambda: rig.lights()[REMIX] == 1)
    assert rig.bridge.asked == []
    alert = rig.events[-1]
    assert isinstance(alert, Alert)
    assert "hold it" in alert.text


@pytest.mark.parametrize(("error", "code"), [(DawMissing(), "daw_missing"), (ValueError("bug"), "unexpected")])
async def test_an_error_is_reported_and_shown_on_its_pad(rig: Rig, error: Exception, code: str) -> None:
    rig.map()
    rig.bridge.refuses = error
    await rig.start("Pad")
    rig.ports.play("Pad", pressed(36))
    await rig.until_lit(REMIX, 6)
    assert rig.alerts() == [code]
    await rig.until_lit(REMIX, 1)


async def test_a_fader_is_not_sent_its_own_values_but_follows_others(rig: Rig) -> None:
    rig.map()
    await rig.start("Pad")
    await eventually(lambda: FADER in rig.lights())
    rig.forget()
    rig.ports.play("Pad", bytes([0xB0, 7, 100]))
    await eventually(lambda: bool(rig.bridge.asked))
    rig.bridge.surface_settings.set("number_of_steps", 60)
    await rig.until_lit(ENCODER, 127)  # when this light has changed, all lights have been updated
    assert FADER not in rig.lights()
    rig.bridge.surface_settings.set("guidance_scale", 30.0)
    await rig.until_lit(FADER, 127)


async def test_an_encoder_ring_follows_its_value(rig: Rig) -> None:
    rig.map()
    await rig.start("Pad")
    rig.ports.play("Pad", *[bytes([0xB0, 8, 1])] * 13)
    await rig.until_lit(ENCODER, round((40 - 10) / 50 * 127))


async def test_the_selected_preset_is_lit(rig: Rig) -> None:
    rig.map()
    await rig.start("Pad")
    rig.bridge.surface_settings.select("acid-rave")
    await rig.until_lit(CHOICE, 10)
    rig.ports.play("Pad", pressed(37))
    await rig.until_lit(CHOICE, 11)


async def test_faders_follow_a_preset(rig: Rig) -> None:
    rig.map()
    await rig.start("Pad")
    rig.bus.publish(PresetSelected("dub", {"guidance_scale": 30.0, "number_of_steps": 40}))
    await rig.until_lit(FADER, 127)
    await rig.until_lit(ENCODER, round((40 - 10) / 50 * 127))
    await rig.until_lit(CHOICE, 11)


async def test_the_playing_side_is_lit(rig: Rig) -> None:
    rig.map(PAD.replace('command = "cancel"', 'command = "audition"\nargument = "source"'))
    await rig.start("Pad")
    for heard, value in (("source", 127), ("result", 0), ("source", 127), ("", 0)):
        rig.bus.publish(AuditionChanged(heard))
        await rig.until_lit(CANCEL, value)


async def test_a_reconnected_device_gets_all_lights(rig: Rig) -> None:
    rig.map()
    await rig.start("Pad")
    job(rig, "running")
    await rig.until_lit(REMIX, 3)
    rig.ports.unplug("Pad")
    job(rig, "done")
    rig.forget()
    await asyncio.sleep(0.1)
    assert rig.ports.sent == []
    rig.ports.plug("Pad")
    assert rig.ports.sent[0] == ("Pad", bytes.fromhex("F00002F7"))
    assert rig.lights()[REMIX] == 5
    assert len(rig.lights()) == 10
    rig.ports.play("Pad", pressed(37))
    assert rig.bridge.asked == [("select", "dub")]


async def test_all_lights_are_off_at_the_end(rig: Rig) -> None:
    rig.map()
    await rig.start("Pad")
    job(rig, "running")
    await rig.until_lit(REMIX, 3)
    await rig.service.stop()
    assert set(rig.lights().values()) == {0}
    assert rig.ports.sent[-1] == ("Pad", bytes.fromhex("F00001F7"))


async def test_an_edited_mapping_is_reloaded_and_an_invalid_one_reported(rig: Rig) -> None:
    path = rig.map()
    await rig.start("Pad")
    rig.map(PAD.replace("number = 36", "number = 50"))
    await rig.until_lit(Spot("note", 1, 50), 1)
    assert rig.lights()[REMIX] == 0
    rig.map(PAD + "[[control]]\n")
    await eventually(lambda: rig.alerts() == ["mapping_invalid"])
    rig.ports.play("Pad", pressed(37))
    assert rig.bridge.asked == [("select", "dub")]
    path.unlink()
    await eventually(lambda: not rig.ports.devices.heard)
    assert set(rig.lights().values()) == {0}


async def test_an_output_may_have_another_name(rig: Rig) -> None:
    rig.map(PAD.replace('device = "Pad"', 'device = "Keys"\noutput = "Lamps"'))
    await rig.start("Keys", "Lamps")
    assert rig.ports.devices.heard == {"Keys"}
    assert rig.ports.devices.lit == {"Lamps"}
    assert {name for name, _ in rig.ports.sent} == {"Lamps"}


async def test_14_bit_faders_work(rig: Rig) -> None:
    rig.map(
        'version = 1\ndevice = "Pad"\n[[control]]\ncommand = "param"\nargument = "amount"\nmessage = "cc14"\n'
        'number = 3\nkind = "fader"\n'
    )
    await rig.start("Pad")
    rig.ports.play("Pad", bytes([0xB0, 3, 127]))  # the fine half never arrives
    await eventually(lambda: rig.bridge.params.get("amount") == 1.0)
    rig.ports.play("Pad", bytes([0xB0, 3, 64]), bytes([0xB0, 35, 1]))
    await eventually(lambda: rig.bridge.params["amount"] == pytest.approx((64 << 7 | 1) / 16383))


async def test_other_midi_messages_are_ignored(rig: Rig) -> None:
    rig.map()
    await rig.start("Pad")
    rig.ports.play("Pad", b"\xf8", b"", b"\xf0\x7e\xf7", b"\x90", bytes([0xA0, 36, 3]), pressed(99), pressed(37))
    assert rig.bridge.asked == [("select", "dub")]


async def test_midi_can_be_switched_off(home: Path) -> None:
    rig = Rig(home)
    rig.map()
    settings = type(SETTINGS)(use="off", system="auto", hold=0.6, debounce=0.06)
    service = MidiService(rig.bus, settings, home, list, lambda: rig.ports)
    service.start(rig.bridge)
    with pytest.raises(MidiOff):
        await anext(service.devices())
    assert rig.ports.wanted == (frozenset(), frozenset())
    await service.stop()


class MissingPorts(FakePorts):
    async def start(self, listener: Listener) -> None:
        listener.trouble(MidiMissing("MIDI needs the package rtmidi2, which is not installed."))


async def test_a_missing_package_is_reported_to_the_client(home: Path) -> None:
    rig = Rig(home)
    service = MidiService(rig.bus, SETTINGS, home, list, MissingPorts)
    service.start(rig.bridge)
    with pytest.raises(MidiMissing, match="rtmidi2"):
        await anext(service.devices())
    assert rig.alerts() == ["midi_missing"]
    await service.stop()


async def test_a_missing_mido_is_reported_and_the_daemon_continues(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name="mido")

    monkeypatch.setattr("bridge.midi.service.import_module", missing)
    rig.map()
    rig.service.start(rig.bridge)
    await eventually(lambda: rig.alerts() == ["midi_missing"])
    with pytest.raises(MidiMissing, match="mido") as caught:
        await anext(rig.service.devices())
    assert this_copy().to_add("midi") in caught.value.hint
