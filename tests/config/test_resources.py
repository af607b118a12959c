"""Tests that shipped files are found in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.config import resources
from bridge.errors import HomeError


def tree(root: Path, *files: str) -> Path:
    for name in ("bridge/errors.py", *files):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root / "bridge"


def test_files_of_a_checkout_and_a_wheel(tmp_path: Path) -> None:
    checkout = tree(tmp_path / "checkout", "pyproject.toml", "presets/a.toml")
    wheel = tree(tmp_path / "site-packages", "bridge/_assets/presets/a.toml", "presets/of-another-package.toml")
    assert resources.folder("presets", checkout) == tmp_path / "checkout" / "presets"
    assert resources.folder("presets", wheel) == wheel / "_assets" / "presets"
    assert resources.file("presets", "a.toml", wheel).read_text() == "bridge/_assets/presets/a.toml"


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    package = tree(tmp_path, "presets/of-another-package.toml")
    with pytest.raises(HomeError, match="lacks its presets") as caught:
        resources.folder("presets", package)
    assert "Install" in caught.value.hint
    whole = tree(tmp_path / "whole", "bridge/_assets/presets/a.toml")
    with pytest.raises(HomeError, match=r"lacks presets/b\.toml"):
        resources.file("presets", "b.toml", whole)
    with pytest.raises(ValueError, match="not a kind"):
        resources.folder("../..", whole)


def test_this_installation_has_presets() -> None:
    assert resources.folder("presets").is_dir()
