"""The task "listen": what is the clip? Tempo, a guess at its key, and whether it is drums alone.

Stage render asks once per clip, for the tags that write themselves (bridge/describe.py).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bridge.audio import character, onsets, rhythm, tonality
from bridge.tasks.opening import SOURCE, number, opened

LONGEST = 120.0  # s that are listened to; a song keeps its tempo and its key


def listen(args: dict[str, Any], progress: Callable[[float], None]) -> dict[str, Any]:
    """Listen to a clip.

    Args:
        args: path (of the FLAC file that is sent), tempo (BPM that the DAW says, or None).
        progress: told the share done, 0..1.

    Returns:
        tempo (BPM or None; the DAW's own where it gave one), tempo_measured, tempo_sure, key (a name or None),
        key_sure, kind ("drums", "music" or None).

    Raises:
        ClipError: the file cannot be read.
    """
    prior = None if args.get("tempo") is None else number(args, "tempo", 10.0, 1000.0)
    with opened(Path(args["path"]), SOURCE) as reader:
        info = reader.info
        frames = min(info.frames, round(LONGEST * info.sample_rate))
        sound = onsets.heard(reader.blocks(0, frames), info.sample_rate)
    progress(0.5)
    tempo = rhythm.find_tempo(onsets.onset_envelope(sound), prior)
    key = tonality.find_key(sound) if len(sound) >= 2 * onsets.RATE else None
    kind = character.find_character(sound)
    progress(1.0)
    tonal = kind is not None and kind.word != "drums"
    return {
        "tempo": round(tempo.bpm, 2) if tempo else prior,
        "tempo_measured": round(tempo.measured, 2) if tempo else None,
        "tempo_sure": prior is not None or bool(tempo and tempo.sure),
        "key": key.name if key and tonal else None,
        "key_sure": bool(key and tonal and key.sure),
        "kind": kind.word if kind else None,
    }
