"""Fixtures for the tests of the task `render`; the tests of other tasks override these fixtures."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile

from tests.audio.signals import Sound, noise
from tests.workers.tasks.rendering import RATE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("render")


@pytest.fixture(scope="module")
def sound() -> Sound:
    return noise(RATE * 4)


@pytest.fixture(scope="module")
def source(folder: Path, sound: Sound) -> Path:
    path = folder / "source.wav"
    soundfile.write(path, sound, RATE, subtype="PCM_24")
    return path
