"""Room around the clip: echoes in time with the beat, reverb, and the frozen pad of the ambient family.

All three return the wet part alone; `chain.py` mixes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr

from bridge.audio.offline.arrays import Audio, Spectrum, decibels, fade_edges, mono
from bridge.audio.offline.spectrum import bin_frequencies, change_windows

PHASES = np.exp(2j * np.pi * np.arange(4096) / 4096).astype(np.complex64)  # what a random phase is drawn from
QUIET = -42.0  # dB of the last echo that is played


@dataclass(frozen=True, slots=True)
class Echo:
    """A tape echo that changes sides."""

    beats: float  # from one echo to the next
    feedback: float  # factor from one echo to the next, under 1
    level: float  # dB of the first echo against the clip
    dark: int  # frames at 48 kHz to each side that are averaged at each pass; 1 is bright


@dataclass(frozen=True, slots=True)
class Reverb:
    """A room."""

    seconds: float  # until it has fallen by 60 dB
    level: float  # dB against the clip
    bright: float  # Hz above which it dies away faster


def echo(audio: Audio, rate: int, beat: float, settings: Echo) -> Audio:
    """Return the echoes of audio, frames × 2, of the same length.

    Args:
        audio: frames × 2.
        rate: Hz.
        beat: length of a beat, s.
        settings: spacing, number and colour of the echoes.
    """
    delay = max(round(settings.beats * beat * rate), 1)
    spread = max(round(settings.dark * rate / 48000), 1)
    count = max(1, int(np.ceil(QUIET / (20.0 * np.log10(settings.feedback)))))
    wet = np.zeros_like(audio)
    tape = fade_edges(audio, max(rate // 200, 2)) * np.float32(decibels(settings.level))
    for number in range(1, count + 1):
        if number * delay >= len(audio):
            break
        tape = tape[: len(audio) - number * delay, ::-1]
        dull = 0.5 * tape
        dull[spread:] += 0.25 * tape[:-spread]
        dull[:-spread] += 0.25 * tape[spread:]
        wet[number * delay :] += dull
        tape = dull * np.float32(settings.feedback)
    return wet


def impulse(settings: Reverb, rate: int, rng: np.random.Generator) -> Audio:
    """Return a room's impulse response, frames × 2: decaying noise whose highs die earlier, energy 1 per channel.

    Args:
        settings: length and colour.
        rate: Hz.
        rng: of the noise; the channels differ, which makes the room wide.
    """
    frames = round(settings.seconds * rate)
    times = np.arange(frames) / rate
    noise = rng.standard_normal((frames, 2))
    frequencies = np.fft.rfftfreq(2 * frames, 1.0 / rate)
    low = 1.0 / (1.0 + (frequencies / settings.bright) ** 2)
    spectrum = np.fft.rfft(noise, 2 * frames, axis=0)
    dark = np.fft.irfft(spectrum * low[:, None], axis=0)[:frames]
    bright = np.fft.irfft(spectrum * (1.0 - low)[:, None], axis=0)[:frames]
    room = dark * np.exp(-6.9 * times / settings.seconds)[:, None]
    room += 0.5 * bright * np.exp(-6.9 * times / (0.4 * settings.seconds))[:, None]
    # The room answers after 12 ms and builds up within another 15.
    room *= np.clip((times - 0.012) / 0.015, 0.0, 1.0)[:, None]
    room /= np.sqrt(np.sum(room**2, axis=0))
    return room.astype(np.float32)


def reverb(audio: Audio, rate: int, settings: Reverb, rng: np.random.Generator) -> Audio:
    """Return the room's answer to audio, frames × 2, of the same length.

    Made from the mono sum at half the rate: rooms are dark, and this is the dearest step of the chain.
    """
    half = max(rate // 2, 1)
    dry = soxr.resample(mono(audio), rate, half, quality="MQ")
    room = impulse(settings, half, rng)
    size = 1 << int(np.ceil(np.log2(max(4 * len(room), 1 << 15))))
    block = size - len(room)
    spectra = [np.fft.rfft(room[:, side], size) for side in (0, 1)]
    wet = np.zeros((len(dry) + size, 2), dtype=np.float32)
    for start in range(0, len(dry), block):
        spectrum = np.fft.rfft(dry[start : start + block], size)
        for side in (0, 1):
            wet[start : start + size, side] += np.fft.irfft(spectrum * spectra[side], size)
    wet = soxr.resample(wet[: len(dry)], half, rate, quality="MQ") * np.float32(decibels(settings.level))
    out = np.zeros_like(audio)
    out[: len(wet)] = wet[: len(audio)]
    return out


def pad(audio: Audio, rate: int, rng: np.random.Generator, shimmer: float) -> Audio:
    """Return a slow, wide pad of the clip's harmony.

    The magnitudes of long windows rise within a quarter of a second and fall within two; their phases are random, which
    dissolves every attack. A share of each partial is also put an octave higher.

    Args:
        audio: frames × 2.
        rate: Hz.
        rng: of the phases.
        shimmer: 0..1, share of the upper octave.
    """
    size = int(2 ** round(np.log2(8192 * rate / 48000.0)))
    hop = size / 2 / rate
    rise, fall = 1.0 - np.exp(-hop / 0.25), 1.0 - np.exp(-hop / 2.0)
    dull = 1.0 / (1.0 + (bin_frequencies(size, rate) / 5000.0) ** 2)
    levels = np.zeros((2, size // 2 + 1), dtype=np.float32)

    def change(spectrum: Spectrum, first: int, channel: int) -> Spectrum:
        del first  # the levels go on from the windows before
        magnitude = np.abs(spectrum)
        level = levels[channel]
        for row in range(len(magnitude)):
            level = level + np.where(magnitude[row] > level, rise, fall) * (magnitude[row] - level)
            magnitude[row] = level
        levels[channel] = level
        octave = magnitude[:, : (magnitude.shape[1] + 1) // 2]
        magnitude[:, : 2 * octave.shape[1] : 2] += shimmer * octave.copy()
        phases = PHASES[rng.integers(0, len(PHASES), magnitude.shape, dtype=np.uint16)]
        changed: Spectrum = (magnitude * dull).astype(np.float32) * phases
        return changed

    return change_windows(audio, size, change)
