"""Uses a third-party RPP parser to read a project file that contains a placed remix."""

from __future__ import annotations

from pathlib import Path

import pytest
from rpp import loads

from tests.daws.reaper.rig import Rig, job
from tests.daws.reaper.rpp_file import written
from tests.fakes.studio import write_tone


@pytest.mark.parametrize("name", ["Guitar", 'a "quoted" one', "it's", "Grüße 日本 🎛"])
def test_a_placed_remix_is_in_the_project_file(home: Path, tmp_path: Path, name: str) -> None:
    rig = Rig(home, tmp_path)
    rig.choose()
    rig.item(4.0, 1.0, 0.5, rig.track(name))
    before = loads(written(rig.project))
    rig.act("Remix with last settings")
    rig.host.tick(3)
    (message,) = rig.messages("remix")
    path = write_tone(rig.folder / "result.wav", 1.5)
    made = job(message["message_id"], path, lead=0.25)
    rig.answer(jobs=[made], place=[made["variations"][0]["variation_id"]])
    rig.host.tick(8)
    after = loads(written(rig.project))
    source, result = after.findall("TRACK")
    assert repr(source) == repr(before.find("TRACK"))  # the source's track is unchanged
    assert result.find("NAME")[1] == f"{name} - remix 1"
    item = result.find("ITEM")
    assert [item.find(key)[1] for key in ("POSITION", "LENGTH", "LOOP", "SOFFS")] == ["4", "1", "0", "0.25"]
    assert item.find("SOURCE").find("FILE")[1] == str(path)
    about = dict(item.find("EXT").children)
    assert about["ace_bridge_variation"] == made["variations"][0]["variation_id"]
    assert about["ace_bridge_source"] == source.find("ITEM").find("IGUID")[1]
