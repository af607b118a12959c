"""Tests how a pasted fal key is read: what is removed around the key, and what is refused."""

from __future__ import annotations

import pytest

from bridge.config.key_text import clean, shape_problem
from bridge.errors import KeyInvalid

KEY = "0123abcd-4567-89ef:0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    "pasted",
    [
        KEY,
        f"  {KEY}\r\n",
        f'"{KEY}"',
        f"'{KEY}'",
        f"“{KEY}”",
        f"`{KEY}`",
        f"FAL_KEY={KEY}",
        f'FAL_KEY="{KEY}"',
        f"export FAL_KEY='{KEY}';",
        f"set FAL_KEY={KEY}",
        f'setx FAL_KEY "{KEY}"',
        f'$env:FAL_KEY = "{KEY}"',
        f'"FAL_KEY": "{KEY}",',
        f"Key {KEY}",
        f"Authorization: Key {KEY}",
        KEY.replace(":", " : "),
        f"\x1b[200~{KEY}\x1b[201~",
        f"\ufeff{KEY}\u200b",
        f"\xa0{KEY}",
    ],
)
def test_what_surrounds_a_key_is_removed(pasted: str) -> None:
    assert clean(pasted) == KEY


@pytest.mark.parametrize("key", ["keychain-1:0123456789abcdef", "set-0001:0123456789abcdef", "a:b", "one-part"])
def test_a_key_keeps_all_of_its_own_characters(key: str) -> None:
    assert clean(key) == key


@pytest.mark.parametrize("pasted", ["", "  ", "\n", '""', "FAL_KEY=", 'export FAL_KEY=""', "\ufeff"])
def test_a_text_without_a_key_is_refused(pasted: str) -> None:
    with pytest.raises(KeyInvalid, match="No key was entered") as refused:
        clean(pasted)
    assert "fal.ai/dashboard/keys" in refused.value.hint


def test_spaces_inside_a_key_are_refused_without_quoting_the_key() -> None:
    with pytest.raises(KeyInvalid, match="no spaces") as refused:
        clean(f"{KEY[:20]} {KEY[20:]}")
    assert KEY[20:] not in f"{refused.value.text} {refused.value.hint}"


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        (KEY, ""),
        ("0123456789abcdef0123456789abcdef", "only one part"),
        ("0123abcd-4567-89ef:", "incomplete"),
        ("0123abcd-4567-89ef:0123", "incomplete"),
        (f"{KEY}!", "incomplete"),
    ],
)
def test_an_unusual_shape_is_named(key: str, problem: str) -> None:
    found = shape_problem(key)
    assert problem in found
    assert bool(found) == bool(problem)
