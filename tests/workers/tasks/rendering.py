"""Helpers for the tests of the task `render`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import soundfile

from bridge.audio import files
from bridge.workers.tasks.render import render
from tests.audio.signals import Sound

RATE = 48000
Rendered = tuple[dict[str, Any], Sound]


def nothing(share: float) -> None:
    """Ignore a progress report."""


def run(path: Path, length: float, into: Path | None = None, *, size: int = 65536, **more: Any) -> Rendered:
    into = into or path.parent / "out.flac"
    names = ("handles", "highest_rate", "context", "period", "loops", "in_daw")
    top = {key: more.pop(key) for key in names if key in more}
    args = {"source": {"path": str(path), **more}, "length": length, "handles": [0, 0], "into": str(into)} | top
    answer = render(args, nothing, size=size)
    json.dumps(answer, allow_nan=False)
    data, rate = soundfile.read(into, dtype="float32")
    assert (answer["sample_rate"], answer["frames"]) == (rate, len(data))
    assert answer["sha256"] == files.sha256(into)
    return answer, data


def codes(answer: dict[str, Any]) -> list[str]:
    return [warning["code"] for warning in answer["warnings"]]
