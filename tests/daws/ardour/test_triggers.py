"""Tests requests from a key, a MIDI pad and an OSC controller of the bridge, with Ardour's OSC surface disabled."""

from __future__ import annotations

import contextlib
import socket
import time
from pathlib import Path

import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from tests.daws.ardour import rig
from tests.daws.ardour.conftest import Open
from tests.daws.ardour.studio import Studio, music
from tests.daws.ardour.test_round_trip import check_placed, only
from tests.fakes.fal_server import FalServer
from tests.fakes.jack.device import Device
from tests.fakes.jack.server import jack_server, sandbox
from tests.fakes.processes import end, fal_environment
from tests.midi.bytes_of import pressed, released
from tests.waiting import PATIENCE, until

MAP = """<?xml version="1.0" encoding="UTF-8"?>
<ArdourMIDIBindings version="1.0.0" name="bridge">
  <Binding channel="1" note="36" action="{action}"/>
</ArdourMIDIBindings>
"""


def bind_key(studio: Studio) -> None:
    text = studio.ardour.program.keys.read_text()
    binding = f'<Binding key="Primary-Secondary-r" action="{studio.slot("last settings")}"/>'
    editor = text.index('<Bindings name="Editor">')
    press = text.index("<Press>", editor) + len("<Press>")
    (studio.ardour.config / "test.keys").write_text(text[:press] + binding + text[press:])


def test_a_key_with_no_osc_surface_and_fal(open_studio: Open, tmp_path: Path, fal: FalServer) -> None:
    options = ("-k", "{config}/test.keys")
    studio = open_studio(osc=False, options=options, prepare=bind_key, **fal_environment(fal.url))
    studio.settings(preset="lofi-chill", seed=7)
    clip = studio.clip(music(tmp_path / "take.wav"), position=96_000, start=24_000, length=96_000)
    studio.select(clip)
    studio.ardour.hands("mousemove", "800", "560", "key", "ctrl+alt+r")
    (variation,) = studio.finished()
    assert variation["state"] == "done", variation
    check_placed(only(studio.save(), "take · lofi-chill"), variation, 96_000, 96_000, 48_000)
    assert len(fal.seen("submit")) == 1


@pytest.mark.needs("jack")
def test_a_midi_pad(open_studio: Open, tmp_path: Path) -> None:
    def give_map(studio: Studio) -> None:
        maps = studio.ardour.config / "midi_maps"
        maps.mkdir()
        (maps / "bridge.map").write_text(MAP.format(action=studio.slot("last settings")))

    with sandbox("ace") as room, jack_server(room, tmp_path / "jackd.log"):
        pad = Device("pad", room)
        try:
            pad.name_ports("Virtual Keyboard", 128)
            studio = open_studio(osc=False, midi=True, engine=rig.JACK, prepare=give_map, room=room)
            studio.settings(preset="lofi-chill", seed=7)
            clip = studio.clip(music(tmp_path / "take.wav"), position=96_000, start=24_000, length=96_000)
            studio.select(clip)
            pad.plug_into("ardour", "MIDI Control In")
            hits = hit_until_heard(pad, studio)
            (variation,) = studio.finished()
            assert variation["state"] == "done", variation
            check_placed(only(studio.save(), "take · lofi-chill"), variation, 96_000, 96_000, 48_000)
            assert 1 <= len(studio.requests()) <= hits
            assert studio.ardour.process is not None
            end(studio.ardour.process)
        finally:
            pad.unplug()


def hit_until_heard(pad: Device, studio: Studio) -> int:
    """Hit the pad until a note causes a request; return the number of hits.

    A program that misses a JACK period never receives the notes of that period. With `--sync`, JACK would wait for the
    program, but would then wait for ever once Ardour ends.
    """
    latest = time.monotonic() + PATIENCE
    hits = 0
    while not studio.requests():
        assert time.monotonic() < latest, "no note has made a request"
        pad.play(pressed(36), released(36))
        hits += 1
        with contextlib.suppress(AssertionError):
            until(lambda: studio.requests() or None, "a request", timeout=PATIENCE / 4)
    return hits


def test_a_controller_asks_the_bridge_and_the_bridge_asks_ardour(open_studio: Open, tmp_path: Path) -> None:
    studio = open_studio(osc=False)
    studio.settings(preset="space-ambient")
    clip = studio.clip(music(tmp_path / "take.wav"), position=96_000, start=24_000, length=96_000)
    until(lambda: studio.outbox().get("instance"), "hello")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as controller:
        controller.settimeout(PATIENCE)
        controller.connect(("127.0.0.1", studio.osc_port()))

        def ask() -> OscMessage:
            controller.send(OscMessageBuilder("/bridge/remix").build().dgram)
            answers = (OscMessage(controller.recv(4096)) for _ in iter(int, 1))
            return next(said for said in answers if said.address in ("/bridge/accepted", "/bridge/error"))

        said = ask()  # no region is selected: the controller gets an error, and no window opens
        assert said.address == "/bridge/error", list(said)
        until(lambda: "Select an audio region" in (studio.home / "logs" / "bridge.log").read_text(), "the log")
        assert not studio.windows("ACE Bridge")
        studio.select(clip)
        message = OscMessageBuilder("/bridge/preset/select")
        message.add_arg("lofi-chill")
        controller.send(message.build().dgram)
        # Asks again and again, because on a busy machine Ardour may take longer than the 1 s that the daemon waits.
        until(lambda: ask().address == "/bridge/accepted", "the remix")
    (variation,) = studio.finished()
    assert variation["state"] == "done", variation
    check_placed(studio.save()[1].regions[0], variation, 96_000, 96_000, 48_000)
    assert "lofi" in Path(variation["result"]["path"]).name
