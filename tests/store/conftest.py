"""Fixtures for the journal tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.studio import write_tone


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "tone.wav")
