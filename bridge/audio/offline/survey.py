"""The first look at a clip, block by block: how long, how loud, and where its onsets are.

`plan.py` decides everything from this, before any audio is changed.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.audio.loudness import ABSOLUTE_GATE, LoudnessMeter
from bridge.audio.offline.arrays import Audio
from bridge.audio.offline.balance import Balance, BalanceMeter
from bridge.audio.offline.beats import Onsets, onset_strength
from bridge.audio.onsets import LevelMeter

SILENCE = ABSOLUTE_GATE  # LUFS; stands for the loudness of a clip in which nothing passes the gate


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known of a clip before it is remixed."""

    rate: int  # Hz
    frames: int  # length
    loudness: float  # LUFS, integrated; SILENCE for silence
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
        self._balance = BalanceMeter(rate)
        self._levels = LevelMeter(rate) if listen else None

    def add(self, audio: Audio) -> None:
        """Add the next block, frames × 2."""
        self._frames += len(audio)
        self._meter.add(audio)
        self._balance.add(audio)
        if self._levels is not None:
            self._levels.add(audio)

    def survey(self) -> Survey:
        """Return what was found. Call this once, at the end."""
        onsets = onset_strength(self._levels.value()) if self._levels is not None else None
        loudness = self._meter.value()
        return Survey(
            self._rate, self._frames, SILENCE if loudness is None else loudness, self._balance.balance(), onsets
        )
