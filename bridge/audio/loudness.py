"""Measures the integrated loudness of a stereo stream (ITU-R BS.1770-5, EBU R 128).

The `render` task measures the clip; the `fit` task and the offline engine measure the result.
docs/decisions/0009-loudness-meter.md compares this meter with others.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from bridge.audio.block import Block

GATE_SECONDS = 0.4  # length of a gating block; a shorter clip cannot be gated
ABSOLUTE_GATE = -70.0  # LUFS
RELATIVE_GATE = -10.0  # LU
RINGING = 0.08  # s; time in which the filter's impulse response (time constant 4 ms) decays by 150 dB
OFFSET = -0.691  # dB; makes a full-scale 997 Hz sine in one channel read -3.01 LUFS


def k_weighting(rate: float, size: int) -> npt.NDArray[np.complex64]:
    """Return the frequency response of the K-weighting filter at the `size` // 2 + 1 bins of a real FFT.

    The filter is two biquads, obtained by bilinear transform from the analogue prototype that gives BS.1770's
    coefficients at 48 kHz (constants from B. De Man, "Evaluation of implementations of the EBU R128 loudness
    measurement", AES 2018).

    >>> response = k_weighting(48000, 480)  # bins 100 Hz apart
    >>> len(response), [round(20 * math.log10(abs(response[one])), 1) for one in (1, 10, 100)]  # 0.1, 1, 10 kHz
    (241, [-1.1, 0.7, 4.0])
    """
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)

    def biquad(b: tuple[float, float, float], a: tuple[float, float, float]) -> npt.NDArray[np.complex128]:
        response: npt.NDArray[np.complex128] = (b[0] + b[1] * z + b[2] * z * z) / (a[0] + a[1] * z + a[2] * z * z)
        return response

    k, q = math.tan(math.pi * 1681.974450955533 / rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    poles = (1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k)
    shelf = biquad((high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k), poles)
    k, q = math.tan(math.pi * 38.13547087602444 / rate), 0.5003270373238773
    high_pass = biquad(
        (1, -2, 1), (1, 2 * (k * k - 1) / (1 + k / q + k * k), (1 - k / q + k * k) / (1 + k / q + k * k))
    )
    response: npt.NDArray[np.complex64] = (shelf * high_pass).astype(np.complex64)
    return response


class LoudnessMeter:
    """A meter for integrated loudness, which measures block by block in constant memory.

    For a clip shorter than one gating block, the value is the ungated K-weighted mean.
    """

    def __init__(self, rate: int) -> None:
        self._overlap = math.ceil(RINGING * rate)  # frames at the window's start that repeat the previous window
        self._size = max(4096, 1 << (4 * self._overlap - 1).bit_length())
        self._response = k_weighting(rate, self._size)
        self._window = np.zeros((2, self._size), np.float32)
        self._filled = self._overlap  # frames in the window
        self._step = max(1.0, rate * GATE_SECONDS / 4)  # frames per step; not an integer at 11.025 kHz
        self._energy = np.zeros(0)  # energy of filtered frames (both channels added) that do not fill a step yet
        self._steps: list[float] = []  # energy of each complete step
        self._total = 0.0
        self._frames = 0

    def add(self, block: Block) -> None:
        """Add the next block (frames × 2)."""
        while len(block):
            part = block[: self._size - self._filled]
            self._window[:, self._filled : self._filled + len(part)] = part.T
            self._filled += len(part)
            block = block[len(part) :]
            if self._filled == self._size:
                self._filter()

    def value(self) -> float | None:
        """Return the loudness of all added blocks in LUFS, or None if all are silent. Call this once, at the end."""
        self._filter()
        return self._gated() if len(self._steps) >= 4 else self._ungated()

    def _gated(self) -> float | None:
        edges = self._edges(0, len(self._steps))
        powers = np.convolve(np.array(self._steps), np.ones(4), "valid") / (edges[4:] - edges[:-4])
        powers = powers[powers > _power(ABSOLUTE_GATE)]
        if not len(powers):
            return None
        return _lufs(float(powers[powers > powers.mean() * 10 ** (RELATIVE_GATE / 10)].mean()))

    def _ungated(self) -> float | None:
        power = self._total / max(1, self._frames)
        return _lufs(power) if power > _power(ABSOLUTE_GATE) else None

    def _filter(self) -> None:
        """Filter the window (overlap-save), add up the energy of the new frames and shift the window."""
        self._window[:, self._filled :] = 0.0
        filtered = np.fft.irfft(np.fft.rfft(self._window) * self._response, self._size)
        left, right = filtered[:, self._overlap : self._filled].astype(np.float64)
        energy = left * left + right * right
        self._total += float(energy.sum())
        self._frames += len(energy)
        self._energy = np.concatenate((self._energy, energy))
        self._add_steps()
        self._window[:, : self._overlap] = self._window[:, self._filled - self._overlap : self._filled].copy()
        self._filled = self._overlap

    def _add_steps(self) -> None:
        """Move the energy of complete steps from `_energy` to `_steps`."""
        first = len(self._steps)
        edges = self._edges(first, first + int(len(self._energy) / self._step) + 1)
        edges = edges[edges <= edges[0] + len(self._energy)] - edges[0]
        if len(edges) > 1:
            self._steps.extend(np.add.reduceat(self._energy[: edges[-1]], edges[:-1]).tolist())
            self._energy = self._energy[edges[-1] :]

    def _edges(self, first: int, last: int) -> npt.NDArray[np.int64]:
        """Return the first frame of each step from `first` to `last`, inclusive."""
        return np.round(np.arange(first, last + 1) * self._step).astype(np.int64)


def integrated_loudness(blocks: Iterable[Block], rate: int) -> float | None:
    """Return the integrated loudness of a stream (frames × 2) in LUFS, or None if the stream is silent.

    >>> sine = np.sin(2 * np.pi * 997 * np.arange(48000) / 48000).astype(np.float32)
    >>> round(integrated_loudness([np.stack((sine, 0 * sine), axis=1)], 48000), 2)
    -3.01
    """
    meter = LoudnessMeter(rate)
    for block in blocks:
        meter.add(block)
    return meter.value()


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - OFFSET) / 10))


def _lufs(power: float) -> float:
    return OFFSET + 10 * math.log10(power)
