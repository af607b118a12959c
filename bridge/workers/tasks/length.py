"""The task "length": reads the length and format of a sound file, for clips that extend to the end of their source.

The length of a file that was cut off is the length that its header promises, so that `render` refuses the whole file
instead of remixing a part of it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bridge.workers.tasks.opening import SOURCE, opened


def length(args: dict[str, Any], progress: Callable[[float], None]) -> dict[str, Any]:
    """Return `seconds`, `sample_rate` (Hz) and `channels` of the file at `path`.

    Raises:
        ClipError: the file cannot be read.
    """
    path = Path(args["path"])
    with opened(path, SOURCE, path.parent) as reader:
        info = reader.info
        seconds = info.promised / info.sample_rate
        return {"seconds": seconds, "sample_rate": info.sample_rate, "channels": info.channels}
