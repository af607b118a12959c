"""Measures the detection and false alarm rates of each defect detector, for the table in docs/fit.md.

    PYTHONPATH=. .venv/bin/python benchmarks/fit_flaws.py --cache DIR --part held-out

Detections are counted on results with an added defect, and false alarms on the same results without the defect. The
results come from the set in fit_set.py.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import soxr

from benchmarks.fit_eval import share
from benchmarks.fit_set import LOW, band, build, load
from bridge.audio.stream_stats import Intake
from bridge.workers.tasks import compare
from bridge.workers.tasks.compare import Heard

FLAWS = (
    "result_noise",
    "result_gaps",
    "result_clipped",
    "result_mostly_silent",
    "result_unchanged",
    "result_other_tempo",
)


def heard(sound: np.ndarray) -> Heard:
    """Return a sound in the form that the task `fit` gets by decoding a file."""
    intake = Intake(LOW, 1)
    intake.add(sound.astype(np.float32)[:, None])
    return Heard(sound.astype(np.float32), intake.passed(), LOW)


def spoilt(flaw: str, source: np.ndarray, result: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return the result with an added defect."""
    out = result.copy()
    match flaw:
        case "result_noise":
            noise = random.standard_normal(len(out))
            low = float(random.choice((20, 200, 800)))
            return band(noise, low, low * float(random.choice((4, 10, 40)))) * 0.1
        case "result_gaps":
            level = np.convolve(np.abs(out), np.ones(800) / 800, "same")
            loud = np.flatnonzero((level > 0.03)[LOW : -2 * LOW]) + LOW
            begin = int(random.choice(loud)) if len(loud) else LOW
            out[begin : begin + round(random.uniform(0.04, 0.4) * LOW)] = 0
        case "result_clipped":
            top = float(np.quantile(np.abs(out), random.uniform(0.9, 0.99)))
            return np.clip(out, -top, top) / top * 0.95
        case "result_mostly_silent":
            out[round(random.uniform(0.1, 0.35) * len(out)) :] = 0
        case "result_unchanged":
            late = round(random.uniform(0, 0.02) * LOW)
            same = np.concatenate((np.zeros(late), source))[: len(source)]
            return same * random.uniform(0.4, 1.0) + random.standard_normal(len(same)) * source.std() * 0.03
        case "result_other_tempo":
            return soxr.resample(source, LOW, LOW * float(random.choice((0.82, 0.88, 1.1, 1.16))), "HQ")[: len(source)]
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--part", choices=("work", "held-out"), default="work")
    options = parser.parse_args()
    hits: dict[str, int] = defaultdict(int)
    alarms: dict[str, Counter[str]] = defaultdict(Counter)  # defect → number of false alarms per kind of result
    pairs = [pair for pair in build(options.cache) if pair.part == options.part and pair.related]
    for number, pair in enumerate(pairs):
        source, result = load(options.cache, pair)
        first = heard(source)
        for flaw in ("", *FLAWS):
            second = heard(spoilt(flaw, source, result, np.random.default_rng([number, len(flaw)])))
            found = compare.alignment(first, second)
            codes = {note["code"] for note in compare.warnings(first, second, found, pair.tempo)}
            if flaw:
                hits[flaw] += flaw in codes
            for code in codes if not flaw else ():
                alarms[code][pair.kind] += 1
    print(f"{options.part}\n\n| flaw | found | false alarms | on |\n|---|--:|--:|---|")
    for flaw in FLAWS:
        kinds = ", ".join(f"{kind} {count}" for kind, count in alarms[flaw].most_common())
        print(f"| {flaw} | {share(hits[flaw], len(pairs))} | {share(alarms[flaw].total(), len(pairs))} | {kinds} |")


if __name__ == "__main__":
    main()
