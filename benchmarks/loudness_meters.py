"""Compares the loudness meter with other meters, for the tables in docs/decisions/0009-loudness-meter.md.

    .venv/bin/python -m pip install loudness pyebur128 pyloudnorm scipy
    PYTHONPATH=. .venv/bin/python benchmarks/loudness_meters.py

The reference meter filters in the time domain with 64-bit floats, and computes the gating blocks from a running sum. It
uses no transform, and therefore shares neither code nor method with the bridge's meter.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable

import loudness
import numpy as np
import pyebur128
import pyloudnorm
from scipy.signal import lfilter

from bridge.audio.loudness import integrated_loudness

RATES = (8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 176400, 192000)
SECONDS = (0.4, 0.5, 0.7, 1.0, 2.0, 3.3, 7.7, 15.0)
SOUNDS = 240
EBU_3341 = {  # case → parts of a 1 kHz tone (s, dBFS); the loudness is -23 LUFS, except in case 2 (-33 LUFS)
    "1": ((20, -23),),
    "2": ((20, -33),),
    "3": ((10, -36), (60, -23), (10, -36)),
    "4": ((10, -72), (10, -36), (60, -23), (10, -36), (10, -72)),
    "5": ((20, -26), (20.1, -20), (20, -26)),
}

Meter = Callable[[np.ndarray, int], float | None]


def reference(sound: np.ndarray, rate: int) -> float | None:
    k, q = math.tan(math.pi * 1681.974450955533 / rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    norm = 1 + k / q + k * k
    shelf = (high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k)
    filtered = lfilter(shelf, (norm, 2 * (k * k - 1), 1 - k / q + k * k), sound.astype(np.float64), axis=0)
    k, q = math.tan(math.pi * 38.13547087602444 / rate), 0.5003270373238773
    norm = 1 + k / q + k * k
    filtered = lfilter((1, -2, 1), (1, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm), filtered, axis=0)
    total = np.concatenate(([0.0], np.cumsum((filtered**2).sum(axis=1))))
    size = round(rate * 0.4)
    starts = np.round(np.arange(len(sound) // (rate * 0.1) + 1) * rate * 0.1).astype(int)
    starts = starts[starts + size <= len(sound)]
    powers = (total[starts + size] - total[starts]) / size
    powers = powers[powers > 10 ** ((-70 + 0.691) / 10)]
    return -0.691 + 10 * math.log10(powers[powers > powers.mean() * 0.1].mean()) if len(powers) else None


def by_loudness(sound: np.ndarray, rate: int) -> float | None:
    value = float(loudness.integrated_loudness(sound, rate))
    return value if value > -70 else None


def by_pyebur128(sound: np.ndarray, rate: int) -> float | None:
    state = pyebur128.R128State(2, rate, pyebur128.MeasurementMode.MODE_I)
    state.add_frames(np.ascontiguousarray(sound).ravel(), len(sound))
    value = pyebur128.get_loudness_global(state)
    return value if math.isfinite(value) else None


def by_pyloudnorm(sound: np.ndarray, rate: int) -> float | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = float(pyloudnorm.Meter(rate).integrated_loudness(sound.astype(np.float64)))
    return value if math.isfinite(value) else None


METERS: dict[str, Meter] = {
    "ours": lambda sound, rate: integrated_loudness([sound], rate),
    "loudness": by_loudness,
    "pyebur128": by_pyebur128,
    "pyloudnorm": by_pyloudnorm,
}


def tone(steps: tuple[tuple[float, float], ...], rate: int) -> np.ndarray:
    level = np.concatenate([np.full(round(seconds * rate), 10 ** (db / 20)) for seconds, db in steps])
    wave = level * np.sin(2 * np.pi * 1000 * np.arange(len(level)) / rate)
    return np.repeat(wave[:, None], 2, axis=1).astype(np.float32)


def random_sound(number: int, random: np.random.Generator) -> tuple[np.ndarray, int]:
    """Return a random sound and its sample rate.

    The sound is white, pink or brown noise, tones, drum hits, or noise on one side, with level steps down to -120 dB.
    """
    rate, seconds = int(random.choice(RATES)), float(random.choice(SECONDS))
    frames = round(rate * seconds)
    times = np.arange(frames) / rate
    sound = random.standard_normal((frames, 2))
    match number % 6:
        case 1 | 2 as slope:
            spectrum = np.fft.rfft(sound, axis=0)
            sound = np.fft.irfft(spectrum / (np.arange(len(spectrum))[:, None] + 5) ** (slope / 2), frames, axis=0)
        case 3:
            tones = random.uniform(20, 0.45 * rate, 5)
            sound = sum(np.sin(2 * np.pi * one * times)[:, None] * random.uniform(0, 1, 2) for one in tones)
        case 4:
            hits = random.uniform(0, seconds, max(1, int(4 * seconds)))
            sound *= sum(np.where(times >= at, np.exp(-30 * (times - at)), 0) for at in hits)[:, None]
        case 5:
            sound[:, 1] = 0
    steps = 10 ** (random.choice([0, -6, -12, -25, -60, -120], random.integers(1, 7)) / 20)
    sound = sound * np.repeat(steps, -(-frames // len(steps)))[:frames, None]
    level = 10 ** (random.uniform(-40, 0) / 20)
    return (sound / np.abs(sound).max() * level).astype(np.float32), rate


def main() -> None:
    print("EBU Tech 3341, LU from what the case demands (0.1 is allowed):")
    for case, steps in EBU_3341.items():
        for rate in (44100, 48000, 192000):
            sound, wanted = tone(steps, rate), -33.0 if case == "2" else -23.0
            print(case, rate, {name: f"{(meter(sound, rate) or -99) - wanted:+.3f}" for name, meter in METERS.items()})
    random = np.random.default_rng(14)
    sounds = [random_sound(number, random) for number in range(SOUNDS)]
    truth = [reference(*one) for one in sounds]
    for name, meter in METERS.items():
        read = [meter(*one) for one in sounds]
        apart = np.array([abs(a - b) for a, b in zip(read, truth, strict=True) if a is not None and b is not None])
        missed = sum((a is None) != (b is None) for a, b in zip(read, truth, strict=True))
        far = int((apart > 0.03).sum())
        print(
            f"{name}: median {np.median(apart):.4f} LU, p95 {np.percentile(apart, 95):.4f}, most {apart.max():.2f}, "
            f"over 0.03 LU: {far}, silent for one of the two: {missed}, of {SOUNDS}"
        )
    minute = (0.1 * random.standard_normal((60 * 48000, 2))).astype(np.float32)
    for name, meter in METERS.items():
        spent = []
        for _ in range(5):
            start = time.process_time()
            meter(minute, 48000)
            spent.append(time.process_time() - start)
        print(f"{name}: {min(spent):.3f} s of CPU for a minute of stereo at 48 kHz")


if __name__ == "__main__":
    main()
