"""Filters: low and high cuts that may move with the bars, and broad equaliser bells.

All filters are zero-phase gains on short-time spectra, so that the filtered clip keeps its timing and can be mixed
with the dry clip.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.audio.offline.arrays import Audio, Curve, Spectrum
from bridge.audio.offline.spectrum import bin_frequencies, change_windows, window_count

SIZE = 2048  # frames per window at 48 kHz: 43 ms, 23 Hz per bin
OPEN_LOW = 16.0  # Hz; a low cut here has no effect
OPEN_HIGH = 22000.0  # Hz; a high cut here has no effect


@dataclass(frozen=True, slots=True)
class Bump:
    """One bell of an equaliser."""

    centre: float  # Hz
    gain: float  # dB at the centre
    octaves: float  # octaves from the centre at which the gain in dB is exp(-1/2) times the gain at the centre


@dataclass(frozen=True, slots=True)
class Tone:
    """The filter of a family."""

    low_cut: float = OPEN_LOW  # Hz at -3 dB, 24 dB per octave
    high_cut: float = OPEN_HIGH  # Hz at -3 dB, 24 dB per octave
    bumps: tuple[Bump, ...] = ()  # equaliser bells


@dataclass(frozen=True, slots=True)
class Sweep:
    """A cut that moves with the bars."""

    cut: str  # "low" or "high"
    start: float  # Hz at the start of a cycle
    end: float  # Hz at the furthest point of a cycle
    bars: int  # length of a cycle, bars
    shape: str  # "rise": from start to end, then a quick return · "wave": to the end and back like an LFO


def towards(rest: float, target: float, depth: float) -> float:
    """Return the frequency (Hz) at `depth` (0..1) between `rest` and `target` on a log scale."""
    return float(rest * (target / rest) ** depth)


def sweep_curve(sweep: Sweep, bars: Curve, depth: float) -> Curve:
    """Return the frequency (Hz) of a moving cut at positions in bars.

    Args:
        sweep: movement of the cut.
        bars: positions in bars (integers are bar lines).
        depth: from 0 (open) to 1 (full sweep).
    """
    phase = np.mod(bars / sweep.bars, 1.0)
    if sweep.shape == "wave":
        way = 0.5 - 0.5 * np.cos(2.0 * np.pi * phase)
    else:
        # The return takes the last thirtieth of the cycle.
        way = np.minimum(phase * 30.0 / 29.0, (1.0 - phase) * 30.0)
    rest = OPEN_LOW if sweep.cut == "low" else OPEN_HIGH
    start, end = towards(rest, sweep.start, depth), towards(rest, sweep.end, depth)
    return np.asarray(start * (end / start) ** np.clip(way, 0.0, 1.0), dtype=np.float64)


def filter_tone(audio: Audio, rate: int, tone: Tone, low_cut: Curve, high_cut: Curve, depth: float) -> Audio:
    """Filter audio with one low cut and one high cut per window.

    Args:
        audio: frames × channels, float32.
        rate: Hz.
        tone: filter of the family; only the bumps are used, since the curves contain the cuts.
        low_cut: frequency of the low cut in each window (see `tone_windows`), Hz.
        high_cut: frequency of the high cut in each window, Hz.
        depth: fraction of the bumps' gain in dB, 0..1.

    Returns:
        Audio of the same shape, with the gain of Butterworth filters of order 4 and no phase shift.
    """
    size = tone_size(rate)
    frequencies = np.maximum(bin_frequencies(size, rate), 1.0)
    bumps = bump_gain(tone, frequencies, depth).astype(np.float32)
    bumps[0] = 0.0  # removes DC
    rising = (frequencies / 1000.0) ** 8
    low = (low_cut / 1000.0) ** 8
    high = (high_cut / 1000.0) ** -8

    def change(spectrum: Spectrum, first: int, channel: int) -> Spectrum:
        del channel  # all channels have the same filter
        rows = slice(first, first + len(spectrum))
        cut = (1.0 + low[rows, None] / rising) * (1.0 + high[rows, None] * rising)
        spectrum *= bumps * (1.0 / np.sqrt(cut)).astype(np.float32)
        return spectrum

    return change_windows(audio, size, change)


def bump_gain(tone: Tone, frequencies: Curve, depth: float) -> Curve:
    """Return the gain factor of the bumps at frequencies in Hz; `depth` (0..1) scales their gain in dB."""
    octaves = np.log2(np.maximum(frequencies, 1.0))
    gain_db = np.zeros_like(frequencies)
    for bump in tone.bumps:
        gain_db += bump.gain * np.exp(-0.5 * ((octaves - np.log2(bump.centre)) / bump.octaves) ** 2)
    return np.asarray(10.0 ** (gain_db * depth / 20.0), dtype=np.float64)


def cut_curves(tone: Tone, sweep: Sweep | None, bars: Curve, depth: float) -> tuple[Curve, Curve]:
    """Return the frequencies (Hz) of the low and the high cut at positions in bars, including the sweep."""
    low = np.full(len(bars), towards(OPEN_LOW, tone.low_cut, depth))
    high = np.full(len(bars), towards(OPEN_HIGH, tone.high_cut, depth))
    if sweep is not None and sweep.cut == "low":
        low = np.maximum(low, sweep_curve(sweep, bars, depth))
    elif sweep is not None:
        high = np.minimum(high, sweep_curve(sweep, bars, depth))
    return low, high


def mean_power(tone: Tone, sweep: Sweep | None, frequencies: Curve, depth: float) -> Curve:
    """Return the power gain of the filter at frequencies in Hz, averaged over a cycle of the sweep."""
    places = np.arange(24, dtype=np.float64) / 24.0 * (sweep.bars if sweep is not None else 1)
    low, high = cut_curves(tone, sweep, places, depth)
    hertz = np.maximum(frequencies, 1.0)
    cuts = (1.0 + (low[:, None] / hertz) ** 8) * (1.0 + (hertz / high[:, None]) ** 8)
    return np.asarray((1.0 / cuts).mean(axis=0) * bump_gain(tone, frequencies, depth) ** 2, dtype=np.float64)


def tone_size(rate: int) -> int:
    """Return the window size in frames, about 43 ms at any rate."""
    return int(2 ** round(np.log2(SIZE * rate / 48000.0)))


def tone_windows(frames: int, rate: int) -> Curve:
    """Return the centres of the windows, s."""
    size = tone_size(rate)
    return np.asarray(np.arange(window_count(frames, size)) * (size / 2 / rate), dtype=np.float64)
