"""Other methods for measuring an offset, for fit_eval.py: cross-correlation, GCC-PHAT and packages from PyPI."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.fit_set import LOW

REACH = 0.6  # s; range of the search, larger than any offset in the set
Found = tuple[float, float, float, tuple[float, ...]]


def correlation(source: np.ndarray, result: np.ndarray, *, whiten: bool) -> Found:
    """Return the lag with the highest cross-correlation; `whiten` applies PHAT weighting."""
    points = 1 << (len(source) + len(result)).bit_length()
    cross = np.fft.rfft(result, points) * np.conj(np.fft.rfft(source, points))
    if whiten:
        cross = cross / np.maximum(np.abs(cross), 1e-9)
    curve = np.fft.irfft(cross, points)
    reach = round(REACH * LOW)
    near = np.concatenate((curve[-reach:], curve[: reach + 1]))
    return (int(np.argmax(near)) - reach) / LOW, 0.0, float(near.max()), ()


def offset_finder(source: np.ndarray, result: np.ndarray) -> Found:
    """Return the offset that the BBC's audio-offset-finder finds by cross-correlating MFCCs."""
    import soundfile
    from audio_offset_finder.audio_offset_finder import find_offset_between_files

    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / name) for name in ("source.wav", "result.wav")]
        for path, sound in zip(paths, (source, result), strict=True):
            soundfile.write(path, sound, LOW)
        found = find_offset_between_files(paths[0], paths[1], fs=LOW, trim=40, hop_length=80, win_length=256)
    return -float(found["time_offset"]), 0.0, float(found["standard_score"]), ()


def sync(source: np.ndarray, result: np.ndarray) -> Found:
    """Return the median offset along synctoolbox's warping path (chroma and onsets, multi-scale DTW)."""
    from synctoolbox.dtw.mrmsdtw import sync_via_mrmsdtw
    from synctoolbox.feature.chroma import pitch_to_chroma
    from synctoolbox.feature.dlnco import pitch_onset_features_to_DLNCO
    from synctoolbox.feature.pitch import audio_to_pitch_features
    from synctoolbox.feature.pitch_onset import audio_to_pitch_onset_features

    chromas, onsets, rate = [], [], 50
    for sound in (source, result):
        sound = np.asarray(sound, float)
        pitch = audio_to_pitch_features(f_audio=sound, Fs=LOW, feature_rate=rate, verbose=False)
        peaks = audio_to_pitch_onset_features(f_audio=sound, Fs=LOW, verbose=False)
        chromas.append(pitch_to_chroma(f_pitch=pitch))
        onsets.append(
            pitch_onset_features_to_DLNCO(
                f_peaks=peaks, feature_rate=rate, feature_sequence_length=pitch.shape[1], visualize=False
            )
        )
    path = sync_via_mrmsdtw(
        f_chroma1=chromas[0],
        f_chroma2=chromas[1],
        f_onset1=onsets[0],
        f_onset2=onsets[1],
        input_feature_rate=rate,
        verbose=False,
    )
    return float(np.median(path[1] - path[0])) / rate, 0.0, 1.0, ()


METHODS: dict[str, Callable[[np.ndarray, np.ndarray], Found]] = {
    "cross-correlation": lambda source, result: correlation(source, result, whiten=False),
    "GCC-PHAT": lambda source, result: correlation(source, result, whiten=True),
}
if importlib.util.find_spec("audio_offset_finder"):
    METHODS["audio-offset-finder"] = offset_finder
if importlib.util.find_spec("synctoolbox"):
    METHODS["synctoolbox"] = sync
