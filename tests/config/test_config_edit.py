"""Tests that one setting is changed in config.toml, and that everything else in the file is kept."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from bridge.config.edit import set_value
from bridge.config.load import load
from bridge.errors import ConfigInvalid


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, '[engine]\ndefault = "offline"\n'),
        ("", '[engine]\ndefault = "offline"\n'),
        ("[osc]\nport = 0 # free\n", '[osc]\nport = 0 # free\n\n[engine]\ndefault = "offline"\n'),
        ("[osc]\nport = 0", '[osc]\nport = 0\n\n[engine]\ndefault = "offline"\n'),
        ("[engine]\n\n[osc]\nport = 0\n", '[engine]\ndefault = "offline"\n\n[osc]\nport = 0\n'),
        ('[engine]\ndefault = "fal" # mine\n', '[engine]\ndefault = "offline" # mine\n'),
        ("[engine]\n  default='a#b'\n", '[engine]\n  default="offline"\n'),
        ("engine.default = 'fal'\n", 'engine.default = "offline"\n'),
        ('\ufeff[osc]\r\nport = 0\r\n[engine]\r\ndefault = "fal"\r\n', None),
    ],
)
def test_only_this_setting_changes(home: Path, before: str | None, after: str | None) -> None:
    path = home / "config.toml"
    if before is not None:
        path.write_text(before, "utf-8", newline="")
    assert set_value(home, "engine", "default", "offline") == path
    assert load(home, {}).engine.default == "offline"
    if after is not None:
        assert path.read_text("utf-8") == after
    assert os.name != "posix" or stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    once = path.read_bytes()
    set_value(home, "engine", "default", "offline")
    assert path.read_bytes() == once


@pytest.mark.parametrize(
    "text", ["[engine\n", 'engine = {default = "fal"}\n', '[engine]\ndefault = """\nfal"""\n', "engine = 1\n"]
)
def test_a_file_that_cannot_be_changed_safely_is_kept(home: Path, text: str) -> None:
    (home / "config.toml").write_text(text)
    with pytest.raises(ConfigInvalid, match=r"config\.toml"):
        set_value(home, "engine", "default", "offline")
    assert (home / "config.toml").read_text() == text
