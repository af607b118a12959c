"""Vinyl and tape effects: wow, crackle and hiss, for the lofi and dub families."""

from __future__ import annotations

import numpy as np

from bridge.audio.offline.arrays import Audio, add_at, decibels

CHUNK = 1 << 16  # frames processed together, to limit memory


def wobble(audio: Audio, rate: int, cents: float, origin: int) -> Audio:
    """Apply wow, as on a worn tape, without losing the beat.

    The read position oscillates by less than 2 ms, with three slow sines of unrelated periods.

    Args:
        audio: frames × 2.
        rate: Hz.
        cents: approximate maximum pitch deviation, cents.
        origin: frame of the clip at which the section starts, so that the wow continues across sections.
    """
    deviation = 2.0 ** (cents / 1200.0) - 1.0
    # The curve has 200 points per second and is interpolated to frames.
    coarse = np.arange(0.0, len(audio) + rate / 100, rate / 200)
    times = (coarse + origin) / rate
    shift = np.zeros(len(coarse))
    for speed, share in ((0.55, 0.5), (1.3, 0.3), (6.1, 0.2)):
        shift += deviation * share / (2.0 * np.pi * speed) * np.sin(2.0 * np.pi * speed * times)
    out = np.empty_like(audio)
    for start in range(0, len(audio), CHUNK):
        frames = np.arange(start, min(start + CHUNK, len(audio)), dtype=np.float64)
        read = np.clip(frames + np.interp(frames, coarse, shift * rate), 0.0, len(audio) - 1)
        index = read.astype(np.int64)
        between = (read - index).astype(np.float32)[:, None]
        following = np.minimum(index + 1, len(audio) - 1)
        out[start : start + CHUNK] = audio[index] * (1.0 - between) + audio[following] * between
    return out


def crackle(frames: int, rate: int, rng: np.random.Generator, density: float = 9.0) -> Audio:
    """Return hiss and crackle, frames × 2; the crackle peaks at about 1.

    Args:
        frames: length of the returned audio.
        rate: Hz.
        rng: random generator for the hiss and for the times and levels of the crackle.
        density: crackles per second.
    """
    hiss = rng.standard_normal((frames, 2), dtype=np.float32)
    hiss[1:] = 0.5 * (hiss[1:] + hiss[:-1])
    track = hiss * np.float32(decibels(-34.0))
    length = max(rate // 500, 8)
    times = np.arange(length) / rate
    for _ in range(int(rng.poisson(density * frames / rate))):
        # A short rounded pulse, softer than a digital click.
        pitch = rng.uniform(900.0, 3200.0)
        shape = np.sin(np.pi * np.arange(length) / length) ** 2 * np.sin(2.0 * np.pi * pitch * times)
        size = float(np.clip(rng.pareto(2.5) * 0.3, 0.05, 1.0))
        sides = rng.uniform(0.3, 1.0, 2)
        knock = (size * shape[:, None] * sides).astype(np.float32)
        add_at(track, int(rng.integers(0, max(frames, 1))), knock)
    return track
