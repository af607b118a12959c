"""Tests that holding a MIDI pad requests a remix."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.daws.live.conftest import Start, live_with_clip


@pytest.mark.parametrize(
    ("pad", "on", "off", "asked"),
    [
        ({"note": 36, "channel": 10}, (0x99, 36, 100), (0x89, 36, 0), ("forward_midi_note", 9, 36)),
        ({"note": 36}, (0x90, 36, 100), (0x90, 36, 0), ("forward_midi_note", 0, 36)),
        ({"cc": 20, "channel": 1}, (0xB0, 20, 127), (0xB0, 20, 0), ("forward_midi_cc", 0, 20)),
    ],
)
def test_a_pad_must_be_held(
    start_live: Start, file: Path, home: Path, pad: dict[str, int], on: Any, off: Any, asked: Any
) -> None:
    (home / "live").mkdir()
    (home / "live" / "pad.json").write_text(json.dumps(pad))
    host = live_with_clip(start_live, file)
    host.script.build_midi_map(1)
    assert host.world.forwarded == [asked]
    host.script.receive_midi(on)
    host.tick(2)
    host.script.receive_midi(off)
    host.tick(10)
    assert host.messages("selection") == []
    assert host.said[-1].startswith("Hold the pad")
    host.script.receive_midi(on)
    host.tick(8)
    (message,) = host.messages("selection")
    assert message["args"]["trigger"] == "pad"
    host.script.receive_midi(off)
    job = {"job_id": "j", "message_id": "m", "state": "running", "variations": [{"variation_id": "v", "progress": 0.4}]}
    host.outbox(jobs=[job])
    host.tick(4)
    assert [midi[2] for midi in host.instance.midi] == [0, 1, 0, 1, 0, 127]
    assert "Remix: 40 % running" in host.said
    host.script.disconnect()
    assert host.instance.midi[-1][2] == 0


@pytest.mark.parametrize("pad", ["{}", "[1]", '{"note": 200}', '{"note": "C1"}', "no json"])
def test_invalid_pad_settings(start_live: Start, file: Path, home: Path, pad: str) -> None:
    (home / "live").mkdir()
    (home / "live" / "pad.json").write_text(pad)
    host = live_with_clip(start_live, file)
    host.script.build_midi_map(1)
    host.script.receive_midi((0x90, 36, 100))
    host.tick(10)
    assert host.world.forwarded == []
    assert host.messages("selection") == []
    assert host.instance.midi == []
    assert "pad.json has no valid note" in host.said[0]
