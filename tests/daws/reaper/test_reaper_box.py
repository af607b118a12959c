"""Tests REAPER's own input box: quotes and parentheses neither hide fields nor change values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.daws.reaper.boxes import read_box
from tests.daws.reaper.rig import Rig
from tests.fakes.processes import running

TEXTS = [
    "don't stop",
    "'n' roll, rock'n'roll",
    'the "big" room',
    'a 12" single',
    "live (take 3)",
    "live (take 3",
    "smile :) and (",
    ")(",
    "((deep) bass",
    "it's 5\" (wide",
    "already ’typographic‘ “quotes” （and） parentheses",
    "100% café 日本, separator=;",
]
LAST = "dub\n\n0.4\n12\n1\noffline\nnew_track\nn"  # the lines of the box after a user has typed them


@pytest.fixture
def rig(home: Path, tmp_path: Path) -> Rig:
    rig = Rig(home, tmp_path)
    rig.choose()
    rig.item()
    return rig


def asked(rig: Rig, *answers: Any) -> dict[str, Any]:
    """Run the dialog, choose no preset, and return the settings that the request has."""
    rig.host.answers = [1, *answers]
    rig.act("Remix selected items (asks)")
    rig.host.verify()
    return rig.messages("remix")[-1]["args"]["remix"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("text", TEXTS)
def test_saved_texts_come_back_unchanged(rig: Rig, text: str) -> None:
    """A user who changes nothing in the box gets exactly the settings of the last remix."""
    rig.choose(tags=text, lyrics=f"[verse]\n{text}\nla la", amount=0.4)
    got = asked(rig)
    assert (got["tags"], got["lyrics"]) == (text, f"[verse]\n{text}\nla la")
    assert (got["amount"], got["seed"], got["engine"]) == (0.4, 7, "offline")


@pytest.mark.parametrize("text", TEXTS)
def test_each_value_is_in_its_own_field(rig: Rig, text: str) -> None:
    rig.choose(tags=text, lyrics=text)
    asked(rig)
    captions, values = rig.host.asked[0]
    box = read_box(captions, values, quotes=True)
    assert box.complete
    assert box.values[3:6] == ("7", "", "offline")


@pytest.mark.parametrize("text", TEXTS[:-2])
def test_typed_texts_are_sent_as_typed(rig: Rig, text: str) -> None:
    assert asked(rig, LAST.replace("dub", text))["tags"] == text


def test_a_changed_text_keeps_its_plain_quotes(rig: Rig) -> None:
    rig.choose(tags="don't, 12\" mix, (live")
    _, values = shown(rig)
    assert values.split("\n")[0] == "don’t, 12” mix, （live"
    got = asked(rig, values.replace("（live", "（live, slow"))
    assert got["tags"] == "don't, 12\" mix, (live, slow"


def shown(rig: Rig) -> tuple[str, str]:
    """Return the captions and values that the box shows; the user closes it."""
    rig.host.answers = [1, None]
    rig.act("Remix selected items (asks)")
    return rig.host.asked[-1]


def test_a_refused_input_is_shown_again_with_its_quotes(rig: Rig) -> None:
    got = asked(rig, LAST.replace("dub", "don't (stop").replace("0.4", "9"), LAST.replace("dub", "don't (stop"))
    assert rig.host.boxes == ["Amount must be a number from 0 to 1."]
    assert rig.host.asked[1][1].split("\n")[0] == "don’t （stop"
    assert got["tags"] == "don't (stop"


def test_new_tags_may_contain_quotes(rig: Rig) -> None:
    rig.choose(tags="don't (stop")
    rig.project.items[0].texts |= {"P_EXT:ace_bridge_variation": "v", "P_EXT:ace_bridge_job": "j"}
    note = {"message_id": "m", "placement": {"mode": "take"}, "clips": {}, "project": ""}
    (rig.home / "reaper" / "requests").mkdir(parents=True)
    (rig.home / "reaper" / "requests" / "aa.json").write_text(json.dumps(note))
    rig.project.items[0].texts |= {"P_EXT:ace_bridge_request": "aa", "P_EXT:ace_bridge_seed": "7"}
    rig.act("Same seed, new tags")
    assert rig.host.asked[0][1] == "don’t （stop"
    assert rig.messages("rerun")[0]["args"]["remix"] == {"tags": "don't (stop", "seed": 7}
    rig.host.verify()


def test_the_daemon_gets_the_texts(home: Path, tmp_path: Path) -> None:
    with running(home):
        rig = Rig(home, tmp_path)
        rig.choose(tags="don't (stop", lyrics='la "la"\n(oh')
        rig.item()
        rig.host.answers = [1]
        rig.act("Remix selected items (asks)")
        rig.until(lambda: [one for one in rig.project.items if "P_EXT:ace_bridge_recipe" in one.texts])
        placed = [one for one in rig.project.items if "P_EXT:ace_bridge_recipe" in one.texts]
        recipe = Path(placed[0].texts["P_EXT:ace_bridge_recipe"]).read_text()
        assert "don't (stop" in recipe
        rig.until(lambda: not rig.host.busy())
        rig.host.verify()
