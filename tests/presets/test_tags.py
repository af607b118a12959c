"""Tests that automatic tags describe the clip, and that the song's tempo and key are added to the target tags."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.presets.tags import instruments, original_tags, target_tags

HEARD: dict[str, Any] = {"tempo": 104.98, "tempo_sure": True, "key": "A minor", "key_sure": True, "kind": "music"}


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("Drum Bus", "take 3"), ["drums"]),
        (("DRUMS_01", ""), ["drums"]),
        (("Rhodes left", "verse"), ["electric piano"]),
        (("Bass", "808 slide"), ["bass"]),
        (("Gtr + Vox", ""), ["guitar", "vocals"]),
        (("bassoon", "Hatfield"), []),
        (("", ""), []),
    ],
)
def test_instruments_are_found_in_names(names: tuple[str, ...], found: list[str]) -> None:
    assert instruments(names) == found


@pytest.mark.parametrize(
    ("names", "heard", "tags"),
    [
        (("Keys", ""), HEARD, "electric piano, 105 BPM, A minor"),
        (("", "clip 7"), HEARD, "instrumental music, 105 BPM, A minor"),
        (("", ""), HEARD | {"kind": "drums", "key": None}, "drums, 105 BPM"),
        (("Sub", ""), HEARD | {"key_sure": False}, "bass, 105 BPM"),
        (("", ""), HEARD | {"tempo_sure": False, "key_sure": False}, "instrumental music"),
        (("", ""), {}, "instrumental music"),
    ],
)
def test_a_clip_is_described(names: tuple[str, ...], heard: dict[str, Any], tags: str) -> None:
    assert original_tags(names, heard) == tags


@pytest.mark.parametrize(
    ("tags", "own", "sent"),
    [
        ("lo-fi, dusty drums, 80 BPM", False, "lo-fi, dusty drums, 105 BPM, A minor"),
        ("lo-fi, dusty drums, 80 BPM", True, "lo-fi, dusty drums, 80 BPM, A minor"),
        ("dub, D minor", False, "dub, D minor, 105 BPM"),
        ("dub", True, "dub, 105 BPM, A minor"),
    ],
)
def test_the_song_overrides_the_preset_and_the_user_overrides_both(tags: str, own: bool, sent: str) -> None:
    assert target_tags(tags, HEARD, own=own) == sent


def test_without_a_tempo_the_tags_do_not_change() -> None:
    assert target_tags("dub,  80 BPM", {"tempo": None}, own=False) == "dub,  80 BPM"


def test_a_presets_tempo_stays_if_only_the_songs_key_is_known() -> None:
    assert target_tags("dub, 80 BPM", HEARD | {"tempo_sure": False}, own=False) == "dub, 80 BPM, A minor"
