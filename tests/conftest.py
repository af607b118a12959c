"""What all tests share: a home of their own, and generated audio."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.home import prepare_home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A bridge home that belongs to one test."""
    folder = tmp_path / "home"
    prepare_home(folder)
    return folder
