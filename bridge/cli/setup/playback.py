"""Plays a sound file in the player process, as auditioning does, and waits until it has been played."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bridge.errors import Unexpected, from_wire
from bridge.util.child_process import ChildProcess

PLAYER = (sys.executable, "-m", "bridge.audition.process")
STOP_PATIENCE = 2.0  # s; time limit for the player to stop before it is killed


def play(path: Path, seconds: float, device: str, command: Sequence[str] = PLAYER) -> None:
    """Play the first seconds of a file.

    Args:
        path: the sound file.
        seconds: how much of the file to play.
        device: name of the audio output, as under `[audition]`.
        command: the command that starts the player process; the JSON request is appended.

    Raises:
        AudioDeviceMissing: there is no audio output.
        SourceMissing, SourceUnreadable: the file cannot be played.
    """
    side = {"path": str(path), "start": 0.0, "length": seconds, "gain_db": 0.0}
    request = {"sides": [side], "heard": 0, "loop": False, "device": device}
    asyncio.run(_play([*command, json.dumps(request)]))


async def _play(command: Sequence[str]) -> None:
    child = await ChildProcess.start(*command)
    try:
        while (reply := await child.read_valid()) is not None:
            if "error" in reply:
                raise from_wire(reply["error"])
        if await child.process.wait():
            raise Unexpected("The player process ended without giving a reason.")
    finally:
        await child.end(STOP_PATIENCE)
