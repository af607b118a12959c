"""Compares tempo and key estimation with librosa and essentia, for the tables in docs/fit.md.

    apt-get install fluidsynth fluid-soundfont-gm timgm6mb-soundfont openttd-openmsx
    .venv/bin/python -m pip install librosa essentia music21 mido
    PYTHONPATH=. .venv/bin/python benchmarks/listen_eval.py --cache DIR --part held-out

A tempo counts as right if it is within 1 %; a second count also accepts octave errors. A key scores MIREX points as in
mir_eval: 1 for the right key, 0.5 for a fifth above, 0.3 for the relative key and 0.2 for the parallel key.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soxr

from benchmarks.fit_eval import share
from benchmarks.listen_set import Piece, build, load
from bridge.audio import onsets, rhythm, tonality
from bridge.audio.percussive import find_character

RATE = 48_000
OCTAVES = (1.0, 2.0, 0.5, 3.0, 1 / 3)
WITHIN = 0.01
NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

Tempo = Callable[[np.ndarray], tuple[float | None, bool]]  # sound → BPM, whether the method is sure
Key = Callable[[np.ndarray], tuple[tuple[int, bool] | None, bool]]


def our_tempo(sound: np.ndarray) -> tuple[float | None, bool]:
    found = rhythm.find_tempo(onsets.onset_envelope(onsets.heard([sound], RATE)))
    return (found.bpm, found.sure) if found else (None, False)


def our_key(sound: np.ndarray) -> tuple[tuple[int, bool] | None, bool]:
    found = tonality.find_key(onsets.heard([sound], RATE))
    return ((found.tonic, found.minor), found.sure) if found else (None, False)


def librosa_tempo(sound: np.ndarray) -> tuple[float | None, bool]:
    import librosa

    low = soxr.resample(sound.mean(axis=1), RATE, 22_050)
    return float(np.atleast_1d(librosa.beat.beat_track(y=low, sr=22_050)[0])[0]), True


def librosa_key(sound: np.ndarray) -> tuple[tuple[int, bool] | None, bool]:
    """Return the key whose Krumhansl-Kessler profile best matches librosa's chroma; librosa has no key estimation."""
    import librosa

    major = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
    minor = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
    low = soxr.resample(sound.mean(axis=1), RATE, 22_050)
    tones = librosa.feature.chroma_cqt(y=low, sr=22_050).mean(axis=1)
    fits = [[np.corrcoef(np.roll(profile, tonic), tones)[0, 1] for tonic in range(12)] for profile in (major, minor)]
    mode, tonic = np.unravel_index(int(np.argmax(fits)), (2, 12))
    return (int(tonic), bool(mode)), True


def essentia_tempo(sound: np.ndarray) -> tuple[float | None, bool]:
    import essentia.standard as es

    low = soxr.resample(sound.mean(axis=1), RATE, 44_100).astype(np.float32)
    return float(es.RhythmExtractor2013(method="multifeature")(low)[0]), True


def essentia_key(sound: np.ndarray) -> tuple[tuple[int, bool] | None, bool]:
    import essentia.standard as es

    low = soxr.resample(sound.mean(axis=1), RATE, 44_100).astype(np.float32)
    tonic, mode, _ = es.KeyExtractor()(low)
    return (NAMES.index(tonic), mode == "minor"), True


def points(true: tuple[int, bool], found: tuple[int, bool] | None) -> float:
    """Return the MIREX points for an answer."""
    if found is None:
        return 0.0
    steps = (found[0] - true[0]) % 12
    if found[1] == true[1]:
        return {0: 1.0, 7: 0.5}.get(steps, 0.0)
    if steps == 0:
        return 0.2
    return 0.3 if steps == (3 if true[1] else 9) else 0.0


def tempos(found: list[Piece], ways: dict[str, Tempo]) -> str:
    """Return the table of tempos."""
    rows: dict[tuple[str, str], list[tuple[bool, bool, bool]]] = defaultdict(list)
    seconds: dict[str, list[float]] = defaultdict(list)
    for piece in found:
        for name, way in ways.items():
            started = time.perf_counter()
            bpm, sure = way(piece.sound)
            seconds[name].append(time.perf_counter() - started)
            assert piece.bpm is not None
            off = [abs((bpm or 1e-9) / (piece.bpm * octave) - 1) <= WITHIN for octave in OCTAVES]
            for kind in (piece.kind, "all"):
                rows[name, kind].append((off[0], any(off), sure))
    kinds = [*dict.fromkeys(piece.kind for piece in found), "all"]
    lines = [f"| method | {' | '.join(kinds)} | ms per clip |", f"|---|{'---|' * len(kinds)}--:|"]
    for name in ways:
        cells = [_counted(rows[name, kind]) for kind in kinds]
        lines.append(f"| {name} | {' | '.join(cells)} | {np.median(seconds[name]) * 1000:.0f} |")
        if name == "ours":
            sure = [_counted([row for row in rows[name, kind] if row[2]]) for kind in kinds]
            lines.append(f"| {name}, where sure | {' | '.join(sure)} | |")
    return "\n".join(lines)


def _counted(rows: list[tuple[bool, bool, bool]]) -> str:
    """Return how many answers are right, and how many are right if octave errors are allowed."""
    return (
        f"{share(sum(right for right, _, _ in rows), len(rows))}; octaves {sum(near for _, near, _ in rows)}"
        if rows
        else ""
    )


def keys(found: list[Piece], ways: dict[str, Key]) -> str:
    """Return the table of keys."""
    rows: dict[tuple[str, str], list[tuple[float, bool]]] = defaultdict(list)
    seconds: dict[str, list[float]] = defaultdict(list)
    for piece in found:
        for name, way in ways.items():
            started = time.perf_counter()
            key, sure = way(piece.sound)
            seconds[name].append(time.perf_counter() - started)
            assert piece.key is not None
            for kind in (piece.kind, "all"):
                rows[name, kind].append((points(piece.key, key), sure))
    kinds = [*dict.fromkeys(piece.kind for piece in found), "all"]
    lines = [
        f"| method | {' | '.join(f'{kind} ({len(rows[next(iter(ways)), kind])})' for kind in kinds)} | ms per clip |",
        f"|---|{'--:|' * (len(kinds) + 1)}",
    ]
    for name in ways:
        cells = [f"{np.mean([point for point, _ in rows[name, kind]]):.3f}" for kind in kinds]
        lines.append(f"| {name} | {' | '.join(cells)} | {np.median(seconds[name]) * 1000:.0f} |")
        cells = []
        for kind in kinds:
            sure = [point for point, is_sure in rows[name, kind] if is_sure]
            cells.append(f"{np.mean(sure):.3f} ({len(sure)})" if sure else "")
        if name == "ours":
            lines.append(f"| {name}, where sure | {' | '.join(cells)} | |")
    return "\n".join(lines)


def whole(sound: np.ndarray) -> float:
    """Return the time that the whole analysis of a clip takes, s."""
    started = time.perf_counter()
    low = onsets.heard([sound], RATE)
    rhythm.find_tempo(onsets.onset_envelope(low))
    tonality.find_key(low)
    find_character(low)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--part", default="work", choices=("work", "held-out"))
    parser.add_argument("--alone", action="store_true", help="without the others")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    found = [load(truth) for truth in build(options.cache) if truth["part"] == options.part]
    rest = not options.alone
    print(
        tempos(
            [one for one in found if one.bpm],
            {"ours": our_tempo, **({"librosa": librosa_tempo, "essentia": essentia_tempo} if rest else {})},
        )
    )
    print()
    print(
        keys(
            [one for one in found if one.key],
            {"ours": our_key, **({"librosa": librosa_key, "essentia": essentia_key} if rest else {})},
        )
    )
    print()
    times = [whole(one.sound) for one in found if len(one.sound) > 29 * RATE]
    print(
        f"everything heard of a clip of 30 s: median {np.median(times) * 1000:.0f} ms, most {max(times) * 1000:.0f} ms"
    )


if __name__ == "__main__":
    main()
