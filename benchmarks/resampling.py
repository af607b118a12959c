"""Compares the two resamplers, soxr and bridge/audio/sinc.py: `python benchmarks/resampling.py` prints a table.

Tones measure the passband (up to 90 % of half the lower rate), what else is in the output, the aliases and the delay.
docs/fit.md has the table.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path
from typing import NamedTuple

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")  # as in a worker process

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import soxr

from bridge.audio.resample import Quality
from bridge.audio.sinc import SincStream

Wave = npt.NDArray[np.float64]  # frames
RATES = [(44100.0, 48000.0), (48000.0, 44100.0), (96000.0, 48000.0), (44100 * 1.0372391, 44100.0)]  # Hz
SECONDS = 1.0  # length of a tone
TIMED = 10.0  # s of stereo for the time
RUNS = 5  # the time is their median
TONES = (0.05, 0.2, 0.4, 0.6, 0.8, 0.88, 0.9)  # shares of half the lower rate
MIDDLE = slice(4000, -4000)  # leaves out both ends


class Row(NamedTuple):
    """The figures of one resampler for a pair of rates."""

    ripple: float  # dB; largest change of level in the passband
    error: float  # dB; largest part of the output that is not the tone, for all tones of the passband
    alias: float  # dB; largest output for a tone above half the lower rate; NaN if the output rate is higher
    delay: float  # microseconds, largest
    speed: float  # seconds of stereo per second


def convert(library: str, sound: npt.NDArray[np.float32], rates: tuple[float, float], quality: Quality) -> Wave:
    """Return the sound (frames × channels, or frames) at the other rate."""
    if library == "soxr":
        return np.asarray(soxr.resample(sound, *rates, quality=quality), np.float64)
    channels = 1 if sound.ndim == 1 else sound.shape[1]
    return np.asarray(SincStream(*rates, channels, quality).resample_chunk(sound, last=True), np.float64)


def tone(library: str, rates: tuple[float, float], quality: Quality, frequency: float) -> tuple[float, float, float]:
    """Return level (dB), error (dB) and delay (s) of a tone after the conversion."""
    sound = np.cos(2 * np.pi * frequency * np.arange(round(SECONDS * rates[0])) / rates[0]).astype(np.float32)
    got = convert(library, sound, rates, quality)
    at = 2 * np.pi * frequency * np.arange(len(got)) / rates[1]
    basis = np.stack((np.cos(at), np.sin(at)), axis=1)[MIDDLE]
    (cosine, sine), *_ = np.linalg.lstsq(basis, got[MIDDLE], rcond=None)
    rest = got[MIDDLE] - basis @ (cosine, sine)
    level = float(np.hypot(cosine, sine))
    error = decibels(float(np.sqrt(2 * np.mean(rest**2))))
    return decibels(level), error, float(np.arctan2(sine, cosine) / 2 / np.pi / frequency)


def measure(library: str, rates: tuple[float, float], quality: Quality) -> Row:
    """Return all figures."""
    half = min(rates) / 2
    found = [tone(library, rates, quality, share * half) for share in TONES]
    alias = float("nan")
    if rates[0] > rates[1]:
        above = half * np.linspace(1.0, rates[0] / rates[1], 12)[:-1]
        alias = max(leftover(library, rates, quality, float(frequency)) for frequency in above)
    sound = np.random.default_rng(1).uniform(-0.5, 0.5, (round(TIMED * rates[0]), 2)).astype(np.float32)
    convert(library, sound[:1000], rates, quality)  # computes the filters
    times = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        convert(library, sound, rates, quality)
        times.append(time.perf_counter() - begun)
    speed = TIMED / statistics.median(times)
    ripple, delay = max(abs(one[0]) for one in found), max(abs(one[2]) for one in found)
    return Row(ripple, max(one[1] for one in found), alias, delay * 1e6, speed)


def leftover(library: str, rates: tuple[float, float], quality: Quality, frequency: float) -> float:
    """Return the level (dB) of what is left of a tone that the output rate cannot hold."""
    sound = np.sin(2 * np.pi * frequency * np.arange(round(SECONDS * rates[0])) / rates[0]).astype(np.float32)
    return decibels(float(np.sqrt(2 * np.mean(convert(library, sound, rates, quality)[MIDDLE] ** 2))))


def decibels(value: float) -> float:
    """Return an amplitude in dB."""
    return float(20 * np.log10(max(value, 1e-12)))


def main() -> None:
    """Print the table."""
    print("| rates, Hz | quality | resampler | ripple, dB | error, dB | aliases, dB | delay, µs | times real time |")
    print("|---|---|---|--:|--:|--:|--:|--:|")
    for rates in RATES:
        for quality in ("HQ", "VHQ"):
            for library in ("soxr", "numpy"):
                row = measure(library, rates, quality)
                aliases = "" if np.isnan(row.alias) else f"{row.alias:.0f}"
                print(
                    f"| {rates[0]:.0f} → {rates[1]:.0f} | {quality} | {library} | {row.ripple:.4f} | {row.error:.0f} |"
                    f" {aliases} | {row.delay:.3f} | {row.speed:.0f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
