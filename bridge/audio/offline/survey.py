"""Analyses a clip block by block: length, loudness, spectral balance and onsets.

`plan.py` plans the remix from the analysis.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.audio.loudness import ABSOLUTE_GATE, LoudnessMeter
from bridge.audio.offline.arrays import Audio
from bridge.audio.offline.balance import Balance, BalanceMeter
from bridge.audio.offline.beats import Onsets, onset_strength
from bridge.audio.onsets import LevelMeter

SILENCE = ABSOLUTE_GATE  # LUFS; reported for a clip in which nothing passes the gate


@dataclass(frozen=True, slots=True)
class Survey:
    """The analysis of a clip."""

    rate: int  # Hz
    frames: int  # length of the clip
    loudness: float  # integrated loudness, LUFS; SILENCE if the clip is silent
    balance: Balance  # K-weighted spectrum
    onsets: Onsets | None  # None if the DAW gave the beats


class Surveyor:
    """An analyser for the blocks of a clip; the onsets take 19 KB of memory per second of audio."""

    def __init__(self, rate: int, *, listen: bool) -> None:
        """Prepare the meters.

        Args:
            rate: Hz.
            listen: whether onsets are needed to find beats.
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
        """Return the analysis. Call this once, at the end."""
        onsets = onset_strength(self._levels.value()) if self._levels is not None else None
        loudness = self._meter.value()
        return Survey(
            self._rate, self._frames, SILENCE if loudness is None else loudness, self._balance.balance(), onsets
        )
