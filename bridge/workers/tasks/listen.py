"""The task "listen": estimates the tempo and key of a clip, and whether it contains only drums.

The `render` stage runs this task once per clip for the automatic tags (bridge/presets/tags.py), while another worker
renders the clip.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bridge.audio import block, onsets, percussive, rhythm, tonality
from bridge.workers.tasks.opening import number
from bridge.workers.tasks.render import laid_out, stream

LONGEST = 120.0  # s; the rest of a longer clip is not analysed, since tempo and key rarely change within a song


def listen(args: dict[str, Any], progress: Callable[[float], None]) -> dict[str, Any]:
    """Analyse a clip.

    Args:
        args: the arguments of the task `render`, and tempo (the tempo in the DAW, BPM, or None).
        progress: called with the completed fraction, 0..1.

    Returns:
        tempo (BPM or None; the DAW's tempo, if given), tempo_measured, tempo_sure, key (a name or None),
        key_sure, kind ("drums", "music" or None).

    Raises:
        ClipError: the source or the span cannot be used.
    """
    prior = None if args.get("tempo") is None else number(args, "tempo", 10.0, 1000.0)
    with laid_out(args) as (clip, _, played, layout):
        frames = min(layout.frames, round(LONGEST * layout.rate_out))
        sound = onsets.heard(block.exactly(stream(clip, played, layout, None), frames, 2), layout.rate_out)
    progress(0.5)
    tempo = rhythm.find_tempo(onsets.onset_envelope(sound), prior)
    key = tonality.find_key(sound) if len(sound) >= 2 * onsets.RATE else None
    kind = percussive.find_character(sound)
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
