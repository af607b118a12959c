"""Echo in time with the beat, reverb, and the pad of the ambient family.

All three return only the wet signal; `chain.py` mixes it with the clip.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.audio.offline.arrays import Audio, Spectrum, decibels, fade_edges, mono
from bridge.audio.offline.spectrum import bin_frequencies, change_windows
from bridge.audio.resample import resample

PHASES = np.exp(2j * np.pi * np.arange(4096) / 4096).astype(np.complex64)  # possible values of a random phase
QUIET = -42.0  # dB; level of the last echo


@dataclass(frozen=True, slots=True)
class Echo:
    """A ping-pong tape echo."""

    beats: float  # delay from one echo to the next, beats
    feedback: float  # gain factor from one echo to the next, below 1
    level: float  # level of the first echo, dB relative to the clip
    dark: int  # distance between the samples that each echo averages, frames at 48 kHz; 1 is bright


@dataclass(frozen=True, slots=True)
class Reverb:
    """A reverb."""

    seconds: float  # decay by 60 dB
    level: float  # dB relative to the clip
    bright: float  # Hz; higher frequencies decay faster


def echo(audio: Audio, rate: int, beat: float, settings: Echo) -> Audio:
    """Return the echoes of audio; input and output are frames × 2 and have the same length.

    Args:
        audio: frames × 2.
        rate: Hz.
        beat: length of a beat, s.
        settings: delay, feedback and colour.
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
    """Return an impulse response, frames × 2: noise whose highs decay faster, with an energy of 1 per channel.

    Args:
        settings: length and colour.
        rate: Hz.
        rng: random generator for the noise, which differs per channel for a wide stereo image.
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
    # A pre-delay of 12 ms, then a rise of 15 ms.
    room *= np.clip((times - 0.012) / 0.015, 0.0, 1.0)[:, None]
    room /= np.sqrt(np.sum(room**2, axis=0))
    return room.astype(np.float32)


def reverb(audio: Audio, rate: int, settings: Reverb, rng: np.random.Generator) -> Audio:
    """Return the reverb of audio; input and output are frames × 2 and have the same length.

    The reverb is dark, and no other step of the chain takes longer. It is therefore computed from the mono sum at half
    the sample rate.
    """
    half = max(rate // 2, 1)
    dry = resample(mono(audio), rate, half, "MQ")
    room = impulse(settings, half, rng)
    size = 1 << int(np.ceil(np.log2(max(4 * len(room), 1 << 15))))
    block = size - len(room)
    spectra = [np.fft.rfft(room[:, side], size) for side in (0, 1)]
    wet = np.zeros((len(dry) + size, 2), dtype=np.float32)
    for start in range(0, len(dry), block):
        spectrum = np.fft.rfft(dry[start : start + block], size)
        for side in (0, 1):
            wet[start : start + size, side] += np.fft.irfft(spectrum * spectra[side], size)
    wet = resample(wet[: len(dry)], half, rate, "MQ") * np.float32(decibels(settings.level))
    out = np.zeros_like(audio)
    out[: len(wet)] = wet[: len(audio)]
    return out


def pad(audio: Audio, rate: int, rng: np.random.Generator, shimmer: float) -> Audio:
    """Return a slow, wide pad of the clip's harmony.

    The magnitudes of long windows are smoothed with a 0.25 s attack and a 2 s release. Random phases remove all
    attacks. Each partial is also added an octave higher, at the level `shimmer`.

    Args:
        audio: frames × 2.
        rate: Hz.
        rng: random generator for the phases.
        shimmer: level of the upper octave, 0..1.
    """
    size = int(2 ** round(np.log2(8192 * rate / 48000.0)))
    hop = size / 2 / rate
    rise, fall = 1.0 - np.exp(-hop / 0.25), 1.0 - np.exp(-hop / 2.0)
    dull = 1.0 / (1.0 + (bin_frequencies(size, rate) / 5000.0) ** 2)
    levels = np.zeros((2, size // 2 + 1), dtype=np.float32)

    def change(spectrum: Spectrum, first: int, channel: int) -> Spectrum:
        del first  # the levels continue from the previous windows
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
