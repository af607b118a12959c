"""How loud a result is to be, and how it gets there under the ceiling: by a gain, and by a limiter where that is short.

The task `fit` hands over its spool; the rule is in docs/fit.md.
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

MOST = 6.0  # dB that the limiter may take from the highest peak; more would be heard, so the rest is left quieter
NEAR = 0.2  # LU from the target that are near enough
TRIES = 3  # gains that are tried to make up for what the limiter takes


def _no_curve() -> npt.NDArray[np.float32]:
    return np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for."""

    target: float | None  # LUFS of the clip; None leaves the level alone
    undo_db: float  # dB that bring the result to the source's level when it is left alone
    ceiling: float  # dBTP
    start: int  # first frame of the clip in the spool
    stop: int  # the frame after its last


@dataclass(frozen=True, slots=True)
class Level:
    """How loud the result is, and what is done about it."""

    lufs: float | None  # of the clip's part, as it is written; None is silence
    peak_db: float | None  # true peak of everything, as it is written, dBTP; None is silence
    gain_db: float  # what is applied
    short_db: float = 0.0  # by how much it stays under what was wanted, dB
    # dB that the limiter takes, per CONTROL frames; empty where there is none
    curve: npt.NDArray[np.float32] = field(default_factory=_no_curve)

    def applied(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """Yield the stream at its level."""
        if len(self.curve):
            yield from limited(blocks, self.curve, self.gain_db)
            return
        gain = np.float32(10 ** (self.gain_db / 20))
        for part in blocks:
            yield part * gain


def decibels(peak: float) -> float | None:
    """Return a peak (full scale 1.0) in dB; None for silence."""
    return 20 * math.log10(peak) if peak > 0 else None


def find_level(wanted: Wanted, lufs: float | None, peak_db: float | None, rate: int, spool: writers.Spool) -> Level:
    """Return the gain, and the limiter's curve where a gain alone would leave the clip quieter than its target.

    Args:
        wanted: target and ceiling.
        lufs: of the clip's part of the spool, None for silence.
        peak_db: true peak of the spool, None for silence.
        rate: Hz.
        spool: everything that will be written.
    """
    gain = wanted.undo_db if wanted.target is None else 0.0 if lufs is None else wanted.target - lufs
    room = math.inf if peak_db is None else wanted.ceiling - peak_db
    if gain <= room:
        return Level(_sum(lufs, gain), _sum(peak_db, gain), gain)
    if wanted.target is None or lufs is None:
        return Level(_sum(lufs, room), _sum(peak_db, room), room, gain - room)
    return _limit(wanted, wanted.target, gain, room + MOST, rate, spool)


def _limit(wanted: Wanted, target: float, gain: float, most: float, rate: int, spool: writers.Spool) -> Level:
    """Turn up as far as the limiter may hold, and once more by what it took away."""
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
    """Return LUFS of the clip's part and the true peak of everything (dBTP) of a stream."""
    loudness, true_peak, position = LoudnessMeter(rate), TruePeak(), 0
    for part in blocks:
        loudness.add(block.between(part, position, wanted.start, wanted.stop))
        true_peak.add(part)
        position += len(part)
    return loudness.value(), decibels(true_peak.value())


def _sum(value: float | None, gain_db: float) -> float | None:
    return None if value is None else value + gain_db
