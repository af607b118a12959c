"""Loudness as it is heard, and the ceiling that no sample passes.

`remix.py` measures source and result with the same meter, matches them and limits what is left over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.audio.offline.arrays import Audio, Curve

SILENCE = -70.0  # LUFS; BS.1770's absolute gate, returned for silence
CEILING = 0.96  # full scale, of the limiter (-0.35 dBFS)


def weighting(frequencies: Curve) -> Curve:
    """Return the power gain of BS.1770's K weighting.

    The response of the two biquads of ITU-R BS.1770-4, tables 1 and 2 (given for 48 kHz), evaluated at `frequencies`;
    above 24 kHz the last value stays.
    """
    z = np.exp(-2j * np.pi * np.minimum(frequencies, 23999.0) / 48000.0)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1.0 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high_pass = (1.0 - 2.0 * z + z**2) / (1.0 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    return np.asarray(np.abs(shelf * high_pass) ** 2, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Balance:
    """How a clip's loudness is spread over the spectrum."""

    frequencies: Curve  # Hz
    power: Curve  # K-weighted, at each frequency, in no unit

    def change(self, gain: Curve) -> float:
        """Return by how many dB a filter changes the loudness.

        Args:
            gain: power gain at each of the frequencies.
        """
        before, after = float(self.power.sum()), float(self.power @ gain)
        return float(10.0 * np.log10(after / before)) if before > 0.0 and after > 0.0 else 0.0


class LoudnessMeter:
    """Integrated loudness of audio that comes in blocks, by the gating of BS.1770-4.

    The K weighting is applied to the spectrum of each step of 100 ms, which comes within 0.1 LU of the filters.
    """

    def __init__(self, rate: int) -> None:
        self._step = max(round(rate / 10), 2)
        frequencies = np.fft.rfftfreq(self._step, 1.0 / rate)
        # Twice for the negative frequencies; Parseval's 1/n² makes it a mean square.
        self._weights = 2.0 * weighting(np.asarray(frequencies, dtype=np.float64)) / self._step**2
        self._rest = np.zeros((0, 2), dtype=np.float32)
        self._powers: list[Curve] = []
        self._frequencies = np.asarray(frequencies, dtype=np.float64)
        self._balance = np.zeros(len(frequencies), dtype=np.float64)

    def add(self, audio: Audio) -> None:
        """Take in the next block, frames × 2."""
        audio = np.concatenate((self._rest, audio)) if len(self._rest) else audio
        steps = len(audio) // self._step
        self._rest = audio[steps * self._step :].copy()
        if steps:
            self._powers.append(self._measure(audio[: steps * self._step].reshape(steps, self._step, -1)))

    def _measure(self, steps: Audio) -> Curve:
        power = np.zeros(len(steps))
        for channel in range(steps.shape[2]):
            spectrum = np.fft.rfft(steps[:, :, channel], axis=1)
            squares = spectrum.real**2 + spectrum.imag**2
            power += squares @ self._weights
            self._balance += squares.sum(axis=0) * self._weights
        return power

    def balance(self) -> Balance:
        """Return how the loudness so far is spread over the spectrum."""
        return Balance(self._frequencies, self._balance)

    def loudness(self) -> float:
        """Return the loudness so far in LUFS; `SILENCE` when nothing passes the gate.

        Audio shorter than the standard's 400 ms is measured as one block.
        """
        powers = list(self._powers)
        if not powers and len(self._rest):
            padded = np.zeros((1, self._step, self._rest.shape[1]), dtype=np.float32)
            padded[0, : len(self._rest)] = self._rest
            powers = [self._measure(padded) * (self._step / len(self._rest))]
        if not powers:
            return SILENCE
        steps = np.concatenate(powers)
        width = min(4, len(steps))
        blocks = np.convolve(steps, np.full(width, 1.0 / width), mode="valid")
        blocks = blocks[blocks > _power(SILENCE)]
        if not len(blocks):
            return SILENCE
        blocks = blocks[blocks > blocks.mean() * 0.1]
        return float(-0.691 + 10.0 * np.log10(blocks.mean()))


def _power(lufs: float) -> float:
    return float(10.0 ** ((lufs + 0.691) / 10.0))


def loudness(audio: Audio, rate: int) -> float:
    """Return the integrated loudness of audio (frames × 2) in LUFS."""
    meter = LoudnessMeter(rate)
    meter.add(audio)
    return meter.loudness()


def limit(audio: Audio, rate: int, ceiling: float = CEILING) -> Audio:
    """Keep every sample at or under the ceiling, turning the level down for a few milliseconds around a peak.

    The gain per block of 1 ms is the lowest that any block within 5 ms needs, then averaged over the same 5 ms: a
    smooth gain that is never above what the block itself needs.

    Args:
        audio: frames × channels.
        rate: Hz.
        ceiling: highest absolute value of the result.
    """
    peak = float(np.max(np.abs(audio), initial=0.0))
    if peak <= ceiling:
        return audio
    block = max(rate // 1000, 1)
    count = -(-len(audio) // block)
    padded = np.zeros((count * block, *audio.shape[1:]), dtype=np.float32)
    padded[: len(audio)] = np.abs(audio)
    peaks = padded.reshape(count, -1).max(axis=1)
    needed = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9))
    reach = 6  # blocks to each side: 5 ms, and one for the straight line between the blocks' centres
    wide = np.lib.stride_tricks.sliding_window_view(np.pad(needed, 2 * reach, constant_values=1.0), 2 * reach + 1)
    lowest = wide.min(axis=1)
    smooth = np.convolve(lowest, np.full(2 * reach - 1, 1.0 / (2 * reach - 1)), mode="same")[reach:-reach]
    centres = (np.arange(count) + 0.5) * block
    gain = np.interp(np.arange(len(audio)), centres, smooth).astype(np.float32)
    return np.asarray(np.clip(audio * gain[:, None], -ceiling, ceiling), dtype=np.float32)
