"""Tone: low and high cuts that may move with the bars, and broad bumps of the equaliser.

All are zero-phase gains on short-time spectra, so that a filtered clip keeps its timing and mixes with the dry one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.audio.offline.arrays import Audio, Curve, Spectrum
from bridge.audio.offline.spectrum import bin_frequencies, change_windows, window_count

SIZE = 2048  # frames per window at 48 kHz: 43 ms, 23 Hz per bin
OPEN_LOW = 16.0  # Hz; a low cut there does nothing
OPEN_HIGH = 22000.0  # Hz; a high cut there does nothing


@dataclass(frozen=True, slots=True)
class Bump:
    """One bell of an equaliser."""

    centre: float  # Hz
    gain: float  # dB at the centre
    octaves: float  # from the centre to where exp(-1/2) of the gain is left


@dataclass(frozen=True, slots=True)
class Tone:
    """The tone that a family gives to the clip."""

    low_cut: float = OPEN_LOW  # Hz at -3 dB, 24 dB per octave
    high_cut: float = OPEN_HIGH  # Hz at -3 dB, 24 dB per octave
    bumps: tuple[Bump, ...] = ()  # broad colours


@dataclass(frozen=True, slots=True)
class Sweep:
    """How a cut moves with the bars."""

    cut: str  # "low" or "high": which cut moves
    start: float  # Hz where a cycle begins
    end: float  # Hz where it arrives
    bars: int  # length of a cycle
    shape: str  # "rise": from start to end, then back at once · "wave": there and back like a slow oscillator


def towards(rest: float, target: float, depth: float) -> float:
    """Return the frequency that lies `depth` (0..1) of the way from `rest` to `target` on a log scale, Hz."""
    return float(rest * (target / rest) ** depth)


def sweep_curve(sweep: Sweep, bars: Curve, depth: float) -> Curve:
    """Return the moving cut in Hz at positions given in bars.

    Args:
        sweep: how it moves.
        bars: position in bars (whole numbers are bar lines), any length.
        depth: 0 leaves the cut open, 1 is the full sweep.
    """
    phase = np.mod(bars / sweep.bars, 1.0)
    if sweep.shape == "wave":
        way = 0.5 - 0.5 * np.cos(2.0 * np.pi * phase)
    else:
        # The return at the bar line takes the last thirtieth of the cycle.
        way = np.minimum(phase * 30.0 / 29.0, (1.0 - phase) * 30.0)
    rest = OPEN_LOW if sweep.cut == "low" else OPEN_HIGH
    start, end = towards(rest, sweep.start, depth), towards(rest, sweep.end, depth)
    return np.asarray(start * (end / start) ** np.clip(way, 0.0, 1.0), dtype=np.float64)


def filter_tone(audio: Audio, rate: int, tone: Tone, low_cut: Curve, high_cut: Curve, depth: float) -> Audio:
    """Filter audio with cuts given per window.

    Args:
        audio: frames × channels, float32.
        rate: Hz.
        tone: whose bumps are used; its cuts are expected in the curves already.
        low_cut: Hz per window (see `tone_windows`).
        high_cut: Hz per window.
        depth: 0..1, share of the bumps' gain in dB.

    Returns:
        Audio of the same shape. Gains are those of Butterworth filters of order 4, without their phase.
    """
    size = tone_size(rate)
    frequencies = np.maximum(bin_frequencies(size, rate), 1.0)
    bumps = bump_gain(tone, frequencies, depth).astype(np.float32)
    bumps[0] = 0.0  # no constant offset survives a remix
    rising = (frequencies / 1000.0) ** 8
    low = (low_cut / 1000.0) ** 8
    high = (high_cut / 1000.0) ** -8

    def change(spectrum: Spectrum, first: int, channel: int) -> Spectrum:
        del channel  # both are filtered alike
        rows = slice(first, first + len(spectrum))
        cut = (1.0 + low[rows, None] / rising) * (1.0 + high[rows, None] * rising)
        spectrum *= bumps * (1.0 / np.sqrt(cut)).astype(np.float32)
        return spectrum

    return change_windows(audio, size, change)


def bump_gain(tone: Tone, frequencies: Curve, depth: float) -> Curve:
    """Return the factor of the bumps at frequencies in Hz, with `depth` (0..1) of their dB."""
    octaves = np.log2(np.maximum(frequencies, 1.0))
    gain_db = np.zeros_like(frequencies)
    for bump in tone.bumps:
        gain_db += bump.gain * np.exp(-0.5 * ((octaves - np.log2(bump.centre)) / bump.octaves) ** 2)
    return np.asarray(10.0 ** (gain_db * depth / 20.0), dtype=np.float64)


def cut_curves(tone: Tone, sweep: Sweep | None, bars: Curve, depth: float) -> tuple[Curve, Curve]:
    """Return the low and the high cut in Hz at positions given in bars, the moving one included."""
    low = np.full(len(bars), towards(OPEN_LOW, tone.low_cut, depth))
    high = np.full(len(bars), towards(OPEN_HIGH, tone.high_cut, depth))
    if sweep is not None and sweep.cut == "low":
        low = np.maximum(low, sweep_curve(sweep, bars, depth))
    elif sweep is not None:
        high = np.minimum(high, sweep_curve(sweep, bars, depth))
    return low, high


def mean_power(tone: Tone, sweep: Sweep | None, frequencies: Curve, depth: float) -> Curve:
    """Return the power gain of the filter at frequencies in Hz, averaged over a cycle of its sweep."""
    places = np.arange(24, dtype=np.float64) / 24.0 * (sweep.bars if sweep is not None else 1)
    low, high = cut_curves(tone, sweep, places, depth)
    hertz = np.maximum(frequencies, 1.0)
    cuts = (1.0 + (low[:, None] / hertz) ** 8) * (1.0 + (hertz / high[:, None]) ** 8)
    return np.asarray((1.0 / cuts).mean(axis=0) * bump_gain(tone, frequencies, depth) ** 2, dtype=np.float64)


def tone_size(rate: int) -> int:
    """Return the filter's window in frames, about 43 ms at any rate."""
    return int(2 ** round(np.log2(SIZE * rate / 48000.0)))


def tone_windows(frames: int, rate: int) -> Curve:
    """Return the centres of the filter's windows, s."""
    size = tone_size(rate)
    return np.asarray(np.arange(window_count(frames, size)) * (size / 2 / rate), dtype=np.float64)
