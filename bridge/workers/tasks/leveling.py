"""Brings a result to its target loudness below a true peak ceiling, with a gain and, if needed, the limiter.

The task `fit` levels its spool with this module.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bridge.audio import block, writers
from bridge.audio.block import Block
from bridge.audio.limiter import MARGIN, PeakCurve, limited, reduction
from bridge.audio.loudness import LoudnessMeter
from bridge.audio.true_peak import TruePeak

MOST = 6.0  # dB; largest gain reduction by the limiter; more would be audible
NEAR = 0.2  # LU; tolerance around the target
TRIES = 3  # number of gains to try, to compensate for the loudness that the limiter removes


def _no_curve() -> npt.NDArray[np.float32]:
    return np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The target level, the true peak limit, and the span of the clip in the spool."""

    target: float | None  # loudness of the clip, LUFS; None: the loudness is not matched
    undo_db: float  # gain to apply if there is no target, dB; reverses the gain applied to the upload
    ceiling: float  # true peak limit, dBTP
    start: int  # first frame of the clip in the spool
    stop: int  # frame after the last frame of the clip in the spool


@dataclass(frozen=True, slots=True)
class Level:
    """The level of a result, and the gain and limiter curve that produce it."""

    lufs: float | None  # loudness of the clip in the file, without handles; None for silence
    peak_db: float | None  # true peak of the file, including handles, dBTP; None for silence
    gain_db: float  # gain to apply, dB
    short_db: float = 0.0  # how far the clip stays below the target, dB
    # gain reduction by the limiter in dB, one value per CONTROL frames; empty if the limiter is not needed
    curve: npt.NDArray[np.float32] = field(default_factory=_no_curve)

    def applied(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """Yield the stream with gain and limiter applied."""
        if len(self.curve):
            yield from limited(blocks, self.curve, self.gain_db)
            return
        gain = np.float32(10 ** (self.gain_db / 20))
        for part in blocks:
            yield part * gain


def decibels(peak: float) -> float | None:
    """Return a peak (full scale 1.0) in dB, or None for silence."""
    return 20 * math.log10(peak) if peak > 0 else None


def find_level(wanted: Wanted, lufs: float | None, peak_db: float | None, rate: int, spool: writers.Spool) -> Level:
    """Return the gain that reaches the target, with the limiter's curve if the ceiling does not allow that gain.

    Args:
        wanted: target and ceiling.
        lufs: loudness of the clip in the spool; None for silence.
        peak_db: true peak of the spool, dBTP; None for silence.
        rate: sample rate, Hz.
        spool: the audio to write.
    """
    gain = wanted.undo_db if wanted.target is None else 0.0 if lufs is None else wanted.target - lufs
    room = math.inf if peak_db is None else wanted.ceiling - peak_db
    if gain <= room:
        return Level(_sum(lufs, gain), _sum(peak_db, gain), gain)
    if wanted.target is None or lufs is None:
        return Level(_sum(lufs, room), _sum(peak_db, room), room, gain - room)
    return _limit(wanted, wanted.target, gain, room + MOST, rate, spool)


def _limit(wanted: Wanted, target: float, gain: float, most: float, rate: int, spool: writers.Spool) -> Level:
    """Find the gain (at most `most` dB) at which the limited clip reaches its target."""
    peaks = PeakCurve(10 ** ((wanted.ceiling - most) / 20))
    for part in spool.blocks():
        peaks.add(part)
    highest = peaks.value()
    gain = min(gain, most)
    for _ in range(TRIES):
        curve = reduction(highest, rate, gain, wanted.ceiling)
        lufs, peak_db = measured(limited(spool.blocks(), curve, gain), rate, wanted)
        if lufs is None or peak_db is None or target - lufs <= NEAR or gain >= most:
            break
        gain = min(gain + target - lufs, most)
    highest_db = wanted.ceiling - MARGIN
    trim = min(target - (lufs or target), highest_db - (peak_db or highest_db))
    level = _sum(lufs, trim)
    return Level(level, _sum(peak_db, trim), gain + trim, max(0.0, target - (level or target)), curve)


def measured(blocks: Iterator[Block], rate: int, wanted: Wanted) -> tuple[float | None, float | None]:
    """Return a stream's loudness in LUFS, without handles, and its true peak in dBTP, including handles."""
    loudness, true_peak, position = LoudnessMeter(rate), TruePeak(), 0
    for part in blocks:
        loudness.add(block.between(part, position, wanted.start, wanted.stop))
        true_peak.add(part)
        position += len(part)
    return loudness.value(), decibels(true_peak.value())


def _sum(value: float | None, gain_db: float) -> float | None:
    return None if value is None else value + gain_db
