"""The task "length": reads the length and rate of a sound file, for clips that extend to the end of their source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bridge.workers.tasks.opening import SOURCE, opened


def length(args: dict[str, Any], progress: Callable[[float], None]) -> dict[str, Any]:
    """Return `seconds` and `sample_rate` (Hz) of the file at `path`.

    Raises:
        ClipError: the file cannot be read.
    """
    path = Path(args["path"])
    with opened(path, SOURCE, path.parent) as reader:
        return {"seconds": reader.info.frames / reader.info.sample_rate, "sample_rate": reader.info.sample_rate}
