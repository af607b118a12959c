"""Integrated loudness of a stream (ITU-R BS.1770-5, EBU R 128).

Render measures the clip as it is heard, fit measures the result. Up to a minute goes through the `loudness` package in
one piece; what is longer, and what is too short for a gating block, through a K-weighting of our own that streams.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bridge.audio.block import Block

try:
    import loudness
except ImportError:  # Intel Macs have no wheel of it
    loudness = None

GATE_SECONDS = 0.4  # one gating block; anything shorter cannot be gated
HELD_SECONDS = 60.0  # 23 MB of stereo at 48 kHz, and as much again while it is measured
ABSOLUTE_GATE = -70.0  # LUFS
RELATIVE_GATE = -10.0  # LU
FFT = 65536  # points; half of them per step, so that the filter's ringing (4 ms time constant) has long died away
OFFSET = -0.691  # dB, so that a full-scale 997 Hz sine in one channel reads -3.01 LUFS


def k_weighting(rate: float, points: int) -> npt.NDArray[np.complex64]:
    """Return the K-weighting's response at the `points` // 2 + 1 frequencies of a real FFT.

    Two biquads by bilinear transform from the analogue prototype that gives BS.1770's table at 48 kHz (constants as
    derived by B. De Man, "Evaluation of implementations of the EBU R128 loudness measurement", AES 2018).
    """
    z = np.exp(-2j * np.pi * np.arange(points // 2 + 1) / points)

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


class StreamMeter:
    """K-weighted energy in steps of 100 ms, from which the gated or the plain mean follows. Holds 1.4 s of sound."""

    def __init__(self, rate: int) -> None:
        self._response = k_weighting(rate, FFT)
        self._hop = FFT // 2
        self._window = np.zeros((2, FFT), np.float32)
        self._filled = 0  # frames of the window's second half that are new
        self._step = max(1, round(rate * GATE_SECONDS / 4))
        self._energy = np.zeros(0)  # squares of filtered samples that do not fill a step yet, both channels added
        self._steps: list[float] = []
        self._total = 0.0
        self._frames = 0

    def add(self, block: Block) -> None:
        """Take the next block (frames × 2)."""
        while len(block):
            part = block[: self._hop - self._filled]
            place = self._hop + self._filled
            self._window[:, place : place + len(part)] = part.T
            self._filled += len(part)
            block = block[len(part) :]
            if self._filled == self._hop:
                self._filter()

    def gated(self) -> float | None:
        """Return the integrated loudness in LUFS of what was added; None for silence. Ends the measuring."""
        self._filter()
        steps = np.array(self._steps)
        if len(steps) < 4:
            return None
        powers = np.convolve(steps, np.ones(4), "valid") / (4 * self._step)
        powers = powers[powers > _power(ABSOLUTE_GATE)]
        if not len(powers):
            return None
        return _lufs(float(powers[powers > powers.mean() * 10 ** (RELATIVE_GATE / 10)].mean()))

    def plain(self) -> float | None:
        """Return the loudness in LUFS without gates; None below the absolute gate. Ends the measuring."""
        self._filter()
        power = self._total / max(1, self._frames)
        return _lufs(power) if power > _power(ABSOLUTE_GATE) else None

    def _filter(self) -> None:
        """Filter the window (overlap-save), keep the energies of its new frames and move it on."""
        self._window[:, self._hop + self._filled :] = 0.0
        filtered = np.fft.irfft(np.fft.rfft(self._window) * self._response, FFT)[:, self._hop :][:, : self._filled]
        energy = np.square(filtered, dtype=np.float64).sum(axis=0)
        self._total += float(energy.sum())
        self._frames += self._filled
        self._energy = np.concatenate((self._energy, energy))
        whole = len(self._energy) // self._step * self._step
        self._steps.extend(self._energy[:whole].reshape(-1, self._step).sum(axis=1).tolist())
        self._energy = self._energy[whole:]
        self._window[:, : self._hop] = self._window[:, self._hop :]
        self._filled = 0


class Loudness:
    """Integrated loudness of a stereo stream.

    The rule for clips under 0.4 s, which BS.1770 cannot gate: the K-weighted mean over the whole clip.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._held: list[Block] = []
        self._frames = 0
        self._meter: StreamMeter | None = None

    def add(self, block: Block) -> None:
        """Take the next block (frames × 2)."""
        self._frames += len(block)
        if self._meter is not None:
            self._meter.add(block)
            return
        self._held.append(block)
        if self._frames > HELD_SECONDS * self._rate or (loudness is None and self._frames >= GATE_SECONDS * self._rate):
            self._stream()

    def value(self) -> float | None:
        """Return LUFS, None for silence. Ends the measuring."""
        if self._meter is not None:
            return self._meter.gated()
        if self._frames < GATE_SECONDS * self._rate:
            return self._stream().plain()
        value = loudness.integrated_loudness(np.concatenate(self._held), self._rate)
        return float(value) if value > ABSOLUTE_GATE else None

    def _stream(self) -> StreamMeter:
        """Go over to the meter that keeps nothing."""
        self._meter = StreamMeter(self._rate)
        for block in self._held:
            self._meter.add(block)
        self._held.clear()
        return self._meter


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - OFFSET) / 10))


def _lufs(power: float) -> float:
    return OFFSET + 10 * math.log10(power)
