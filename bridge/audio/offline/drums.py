"""Synthesises a drum kit from sines and noise, and renders hits into a track with sample accuracy.

`grooves.py` makes the hits. Every sound starts at its first frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bridge.audio.offline.arrays import Audio, Curve, add_at, decibels, fade_in, generator

TAKES = 3  # versions of each noisy sound, to avoid the machine-gun effect


@dataclass(frozen=True, slots=True)
class Hit:
    """One drum hit."""

    time: float  # s from the clip's start
    voice: str  # name of the sound in the kit
    velocity: float  # gain, 0..1


@dataclass(frozen=True, slots=True)
class Kit:
    """The tuning of a kit."""

    kick_pitch: float = 50.0  # Hz at the end of the kick's pitch envelope
    kick_seconds: float = 0.32  # s; decay by 60 dB
    kick_click: float = 0.5  # level of the beater
    snare_pitch: float = 190.0  # Hz of the drum head
    snare_seconds: float = 0.20  # s; decay by 60 dB
    brightness: float = 12000.0  # Hz; high cut of the whole kit


@dataclass(frozen=True, slots=True)
class Sound:
    """One sound of a kit."""

    takes: tuple[Audio, ...]  # frames × 2 each, peak 1
    level: float  # dB relative to the kick


def _times(seconds: float, rate: int) -> Curve:
    return np.arange(max(round(seconds * rate), 8)) / rate


def _decay(times: Curve, seconds: float) -> Curve:
    """Return an exponential decay by 60 dB in `seconds`."""
    return np.asarray(np.exp(-6.9 * times / seconds), dtype=np.float64)


def _band(noise: Curve, rate: int, low: float, high: float) -> Curve:
    """Band-pass a short sound in the frequency domain, with 18 dB per octave."""
    size = 2 * len(noise)
    frequencies = np.maximum(np.fft.rfftfreq(size, 1.0 / rate), 1.0)
    gain = 1.0 / np.sqrt((1.0 + (low / frequencies) ** 6) * (1.0 + (frequencies / high) ** 6))
    return np.fft.irfft(np.fft.rfft(noise, size) * gain, size)[: len(noise)]


def _finish(sound: Curve, rate: int, brightness: float, pan: float) -> Audio:
    """Apply the high cut, fade in (0.3 ms) and out (the last fifth), normalise to a peak of 1 and pan."""
    sound = _band(sound, rate, 20.0, brightness)
    edge = max(round(0.0003 * rate), 2)
    sound[:edge] *= fade_in(edge)
    tail = max(len(sound) // 5, 2)
    sound[-tail:] *= fade_in(tail)[::-1]
    sound /= max(float(np.max(np.abs(sound))), 1e-9)
    return np.stack((sound * min(1.0, 1.0 - pan), sound * min(1.0, 1.0 + pan)), axis=1).astype(np.float32)


def _kick(kit: Kit, rate: int, rng: np.random.Generator) -> Curve:
    times = _times(kit.kick_seconds, rate)
    pitch = kit.kick_pitch * (1.0 + 3.2 * np.exp(-times / 0.018) + 0.4 * np.exp(-times / 0.08))
    body = np.sin(2.0 * np.pi * np.cumsum(pitch) / rate) * np.exp(-((times / (0.55 * kit.kick_seconds)) ** 2))
    beater = _band(rng.standard_normal(len(times)), rate, 1500.0, 6000.0) * _decay(times, 0.02)
    return np.tanh(1.8 * body) + kit.kick_click * beater


def _snare(kit: Kit, rate: int, rng: np.random.Generator) -> Curve:
    times = _times(kit.snare_seconds * 1.2, rate)
    fall = 1.0 + 0.35 * np.exp(-times / 0.012)
    skin = sum(
        np.sin(2.0 * np.pi * np.cumsum(kit.snare_pitch * ratio * fall) / rate) * weight
        for ratio, weight in ((1.0, 0.8), (1.78, 0.4))
    )
    wires = _band(rng.standard_normal(len(times)), rate, 1200.0, 11000.0)
    return np.asarray(skin * _decay(times, kit.snare_seconds * 0.7) + 0.7 * wires * _decay(times, kit.snare_seconds))


def _clap(kit: Kit, rate: int, rng: np.random.Generator) -> Curve:
    times = _times(kit.snare_seconds * 1.3, rate)
    noise = _band(rng.standard_normal(len(times)), rate, 900.0, 5500.0)
    # Three claps, each with an attack of 0.5 ms.
    since = [np.maximum(times - late, 0.0) for late in (0.0, 0.011, 0.021)]
    hands = sum(np.minimum(time / 0.0005, 1.0) * np.exp(-time / 0.006) for time in since)
    return np.asarray(noise * (0.8 * hands + _decay(times, kit.snare_seconds * 1.2)))


def _metal(seconds: float, rate: int, rng: np.random.Generator, low: float) -> Curve:
    """Return a cymbal: noise and a few inharmonic partials above `low` Hz."""
    times = _times(seconds, rate)
    partials = sum(np.sign(np.sin(2.0 * np.pi * f * times)) for f in (317.0, 465.0, 623.0, 822.0, 1047.0, 1480.0))
    return _band(rng.standard_normal(len(times)) + 0.3 * partials, rate, low, 16000.0) * _decay(times, seconds)


def _rim(rate: int) -> Curve:
    times = _times(0.06, rate)
    return np.asarray(
        (np.sin(2 * np.pi * 1720.0 * times) + 0.6 * np.sin(2 * np.pi * 480.0 * times)) * _decay(times, 0.045)
    )


def _shaker(rate: int, rng: np.random.Generator) -> Curve:
    times = _times(0.09, rate)
    swell = np.minimum(times / 0.012, 1.0)
    return _band(rng.standard_normal(len(times)), rate, 5000.0, 14000.0) * swell * _decay(times, 0.09)


def build_kit(kit: Kit, rate: int, seed: int) -> dict[str, Sound]:
    """Synthesise the sounds of a kit.

    Args:
        kit: tuning of the kit.
        rate: Hz.
        seed: seed for the noise.

    Returns:
        Sounds by voice: kick, snare, clap, hat, open, rim, shaker, ride, crash, swell. The swell is a reversed crash
        that ends at the time of its hit.
    """
    rng = generator(seed, "kit")
    high = min(kit.brightness, 0.45 * rate)

    def takes(make: Sequence[Curve], pan: float) -> tuple[Audio, ...]:
        return tuple(_finish(sound, rate, high, pan) for sound in make)

    crash = _metal(1.6, rate, rng, 3500.0)
    return {
        "kick": Sound(takes([_kick(kit, rate, rng)], 0.0), 0.0),
        "snare": Sound(takes([_snare(kit, rate, rng) for _ in range(TAKES)], 0.05), -3.0),
        "clap": Sound(takes([_clap(kit, rate, rng) for _ in range(TAKES)], -0.05), -4.0),
        "hat": Sound(takes([_metal(0.07, rate, rng, 7000.0) for _ in range(TAKES)], 0.25), -12.0),
        "open": Sound(takes([_metal(0.28, rate, rng, 6500.0) for _ in range(TAKES)], 0.25), -13.0),
        "rim": Sound(takes([_rim(rate)], -0.2), -8.0),
        "shaker": Sound(takes([_shaker(rate, rng) for _ in range(TAKES)], -0.3), -15.0),
        "ride": Sound(takes([_metal(0.5, rate, rng, 5000.0) for _ in range(TAKES)], -0.25), -16.0),
        "crash": Sound(takes([crash], 0.15), -11.0),
        "swell": Sound(takes([crash[::-1]], -0.15), -13.0),
    }


def play(hits: Sequence[Hit], kit: Mapping[str, Sound], origin: int, frames: int, rate: int) -> Audio:
    """Return a track of drum hits.

    Args:
        hits: in any order; their times are rounded to the nearest frame.
        kit: from `build_kit`.
        origin: frame of the clip at which the track starts.
        frames: length of the track.
        rate: Hz.

    Returns:
        frames × 2, float32; a full kick peaks at 1.
    """
    track = np.zeros((frames, 2), dtype=np.float32)
    for hit in hits:
        sound = kit[hit.voice]
        position = round(hit.time * rate) - origin
        # The take depends only on the time of the hit, not on the number of hits before it in this section.
        take = sound.takes[round(hit.time * 1000.0) % len(sound.takes)]
        if hit.voice == "swell":
            position -= len(take)
        add_at(track, position, take * np.float32(hit.velocity * decibels(sound.level)))
    return track
