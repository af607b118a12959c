"""Tests that the file names of results are readable and valid on every system."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.jobs.result_file import result_name, safe

ID = "1a2b3c4d-0000-0000-0000-000000000000"


def test_a_name_has_clip_preset_and_number() -> None:
    assert result_name("Verse gtr", "dusty-tape", 0, ID) == "Verse gtr · dusty-tape [1a2b3c4d]"
    assert result_name("Verse gtr.wav", None, 1, ID) == "Verse gtr · remix 2 [1a2b3c4d]"
    assert result_name("", None, 0, ID) == "remix [1a2b3c4d]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("../../etc/passwd", "etc passwd"),
        ("a\\b:c*d?e", "a b c d e"),
        ("nul", "_nul"),
        ("COM1.take", "_COM1.take"),
        ("dots...", "dots"),
        ("line\r\nbreak", "line break"),
        ("right\u202eto left", "right to left"),
        ("kick ❤ snare", "kick ❤ snare"),
    ],
)
def test_invalid_characters_are_removed(text: str, expected: str) -> None:
    assert safe(text) == expected


@example("𐀀" * 60, "𐀀" * 60)  # four bytes per character
@given(st.text(max_size=300), st.text(max_size=300))
def test_every_name_is_valid_on_every_file_system(clip: str, preset: str) -> None:
    name = result_name(clip, preset, 15, ID) + ".recipe.json"
    assert "/" not in name
    assert "\0" not in name
    assert not name.startswith(".")
    assert len(name.encode("utf-8", "surrogatepass")) <= 255
    name.encode()  # raises an error if the name cannot be encoded in UTF-8
