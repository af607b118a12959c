"""The first look at a clip, block by block: how long, how loud, and where its onsets are.

`plan.py` decides everything from this, before any audio is changed.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.audio.offline.arrays import Audio
from bridge.audio.offline.level import Balance, LoudnessMeter
from bridge.audio.offline.novelty import Listener, Onsets


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known of a clip before it is remixed."""

    rate: int  # Hz
    frames: int  # length
    loudness: float  # LUFS, integrated; level.SILENCE for silence
    balance: Balance  # over the spectrum
    onsets: Onsets | None  # None where the DAW gave the beats


class Surveyor:
    """Takes a clip in blocks; its memory does not grow with the audio, only with the time."""

    def __init__(self, rate: int, *, listen: bool) -> None:
        """Begin.

        Args:
            rate: Hz.
            listen: whether beats will have to be found.
        """
        self._rate = rate
        self._frames = 0
        self._meter = LoudnessMeter(rate)
        self._listener = Listener(rate) if listen else None

    def add(self, audio: Audio, *, last: bool = False) -> None:
        """Take in the next block, frames × 2; `last` for the final one."""
        self._frames += len(audio)
        self._meter.add(audio)
        if self._listener is not None:
            self._listener.add(audio, last=last)

    def survey(self) -> Survey:
        """Return what was found."""
        onsets = self._listener.onsets() if self._listener is not None else None
        return Survey(self._rate, self._frames, self._meter.loudness(), self._meter.balance(), onsets)
