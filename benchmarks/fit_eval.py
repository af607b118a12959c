"""Evaluates how well the `fit` stage measures offset and drift, for the tables and plots in docs/fit.md.

    apt-get install fluidsynth fluid-soundfont-gm timgm6mb-soundfont openttd-openmsx tuxmath-data xmoto-data \
        extremetuxracer-data performous
    PYTHONPATH=. .venv/bin/python benchmarks/fit_eval.py --cache DIR [--part work|held-out] [--learn] [--plots DIR]

The evaluation set (fit_set.py) is built once in DIR. Thresholds and weights were chosen with the part "work" only. With
--rivals, plain cross-correlation and GCC-PHAT are measured under the same conditions, as are audio-offset-finder and
synctoolbox if they are installed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import fit_rivals
from benchmarks.fit_plots import coverage_plot, errors_plot
from benchmarks.fit_set import LOW, Pair, build, load
from bridge.audio import align, confidence

RIGHT = 0.025  # s; a correction with a smaller error counts as right


@dataclass(frozen=True, slots=True)
class Row:
    """The measurement of one pair."""

    pair: Pair
    seconds: float  # length of the music, s
    error: float  # error of the offset in the middle of the clip, s
    drift: float  # error of the drift
    sure: float  # probability (our method) or height of the peak (other methods)
    took: float  # duration of the measurement, s
    features: tuple[float, ...]  # features of our method

    @property
    def right(self) -> bool:
        return self.pair.related and abs(self.error) < RIGHT


def ours(source: np.ndarray, result: np.ndarray) -> tuple[float, float, float, tuple[float, ...]]:
    """Measure a pair with our method; return the offset in the middle, the drift, the probability and the features."""
    measured = align.measure(source, result)
    if measured is None:
        return 0.0, 0.0, 0.0, ()
    return measured.offset, measured.drift, confidence.probability(measured), confidence.features(measured)


Method = Callable[[np.ndarray, np.ndarray], tuple[float, float, float, tuple[float, ...]]]


def run(folder: Path, pairs: Sequence[Pair], method: Method) -> list[Row]:
    """Measure all pairs with one method."""
    rows = []
    for pair in pairs:
        source, result = load(folder, pair)
        seconds = len(source) / LOW
        begin = time.perf_counter()
        offset, drift, sure, features = method(source, result)
        took = time.perf_counter() - begin
        truth = pair.offset + pair.drift * seconds / 2
        rows.append(Row(pair, seconds, offset - truth, drift - pair.drift, sure, took, features))
    return rows


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a proportion (E. B. Wilson 1927)."""
    if not count:
        return 0.0, 1.0
    z, share = 1.96, hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def share(hits: int, count: int) -> str:
    low, high = wilson(hits, count)
    return f"{hits} of {count} ({100 * low:.1f}-{100 * high:.1f} %)"


def by_kind(rows: Sequence[Row]) -> str:
    """Return the table with one row per kind of music."""
    lines = [
        "| kind | pairs | corrected | wrong | median ms | p95 ms | drift: median, p95 in 0.01 % |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for kind in dict.fromkeys(row.pair.kind for row in rows):
        mine = [row for row in rows if row.pair.kind == kind]
        made = [row for row in mine if row.sure >= confidence.SURE]
        wrong = sum(not row.right for row in made)
        if not mine[0].pair.related:
            lines.append(f"| {kind} | {len(mine)} | {len(made)} | {wrong} | | | |")
            continue
        errors, drifts = _sizes(made)
        values = f"{np.median(errors):.1f} | {np.quantile(errors, 0.95):.1f}" if made else " | "
        turned = f"{np.median(drifts):.2f}, {np.quantile(drifts, 0.95):.2f}" if made else ""
        lines.append(f"| {kind} | {len(mine)} | {len(made)} | {wrong} | {values} | {turned} |")
    return "\n".join(lines)


def summary(rows: Sequence[Row]) -> str:
    """Return the summary of all pairs as a list in Markdown."""
    related = [row for row in rows if row.pair.related]
    strange = [row for row in rows if not row.pair.related]
    made = [row for row in related if row.sure >= confidence.SURE]
    errors, drifts = _sizes(made)
    attacks, turns = _sizes([row for row in made if row.pair.kind != "pads"])
    wrong = sum(not row.right for row in made)
    false = sum(row.sure >= confidence.SURE for row in strange)
    return "\n".join(
        (
            f"- related pairs corrected: {share(len(made), len(related))}",
            f"- of these wrong by more than 25 ms: {share(wrong, len(made))}",
            f"- offset error: median {np.median(errors):.2f} ms, p95 {np.quantile(errors, 0.95):.2f} ms",
            f"- without the pads, whose attacks are slow: p95 {np.quantile(attacks, 0.95):.2f} ms, "
            f"drift p95 {np.quantile(turns, 0.95) / 100:.4f} %",
            f"- drift error: median {np.median(drifts) / 100:.4f} %, p95 {np.quantile(drifts, 0.95) / 100:.4f} %",
            f"- unrelated pairs corrected: {share(false, len(strange))}",
            f"- time per pair: median {1000 * np.median([row.took for row in rows]):.0f} ms",
        )
    )


def coverage(rows: Sequence[Row]) -> list[tuple[float, float, float]]:
    """Return, for each threshold, a tuple of three numbers.

    These are the threshold, the fraction of related pairs that are corrected, and the fraction of corrections that are
    wrong.
    """
    related = sum(row.pair.related for row in rows)
    curve = []
    for threshold in sorted({row.sure for row in rows}):
        made = [row for row in rows if row.sure >= threshold]
        curve.append(
            (threshold, sum(row.pair.related for row in made) / related, sum(not row.right for row in made) / len(made))
        )
    return curve


def covered(rows: Sequence[Row], wrong: float = 0.01) -> float:
    """Return the largest coverage at which the fraction of corrections that are wrong is at most `wrong`."""
    return max((share_ for _, share_, bad in coverage(rows) if bad <= wrong), default=0.0)


def learn(rows: Sequence[Row]) -> str:
    """Fit the logistic model by Newton's method with a small ridge; return weights and bias."""
    table = np.array([[*row.features, 1.0] for row in rows if row.features])
    right = np.array([row.right for row in rows if row.features], float)
    ridge = np.array([0.05] * (table.shape[1] - 1) + [0.0])
    weights = np.zeros(table.shape[1])
    for _ in range(100):
        chance = 1 / (1 + np.exp(-table @ weights))
        slope = table.T @ (right - chance) - ridge * weights
        bend = (table * (chance * (1 - chance))[:, None]).T @ table + np.diag(ridge)
        weights = weights + np.linalg.solve(bend + 1e-9 * np.eye(len(weights)), slope)
    return f"WEIGHTS = {tuple(round(float(one), 2) for one in weights[:-1])}, BIAS = {weights[-1]:.2f}"


def compare(folder: Path, pairs: Sequence[Pair], mine: Sequence[Row]) -> str:
    """Compare our method with others on pairs without drift, because the other methods do not measure drift."""
    still = [pair for pair in pairs if pair.related and not pair.drift]
    names = {pair.name for pair in still}
    lines = ["| method | median ms | p95 ms | within 25 ms | ms per pair |", "|---|--:|--:|--:|--:|"]
    found = {"ours, every answer": [row for row in mine if row.pair.name in names]}
    found["ours, where it is sure"] = [row for row in found["ours, every answer"] if row.sure >= confidence.SURE]
    found |= {name: run(folder, still, method) for name, method in fit_rivals.METHODS.items()}
    for name, rows in found.items():
        errors, _ = _sizes(rows)
        values = f"{np.median(errors):.1f} | {np.quantile(errors, 0.95):.1f}"
        hits = share(sum(row.right for row in rows), len(rows))
        lines.append(f"| {name} | {values} | {hits} | {1000 * np.median([row.took for row in rows]):.0f} |")
    return "\n".join(lines)


def _sizes(rows: Sequence[Row]) -> tuple[np.ndarray, np.ndarray]:
    """Return the offset errors in ms and the drift errors in units of 0.01 %."""
    return np.array([abs(row.error) * 1e3 for row in rows]), np.array([abs(row.drift) * 1e4 for row in rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--part", choices=("work", "held-out"), default="work")
    parser.add_argument("--learn", action="store_true")
    parser.add_argument("--rivals", action="store_true")
    parser.add_argument("--plots", type=Path)
    options = parser.parse_args()
    pairs = [pair for pair in build(options.cache) if pair.part == options.part]
    rows = run(options.cache, pairs, ours)
    print(f"{options.part}: {len(rows)} pairs\n\n{summary(rows)}")
    print(f"- coverage at 1 % wrong: {covered(rows):.1%}\n\n{by_kind(rows)}")
    if options.learn:
        print(f"\n{learn(rows)}")
    if options.rivals:
        print(f"\n{compare(options.cache, pairs, rows)}")
    if options.plots:
        plot(options.plots, options.part, rows)


def plot(folder: Path, part: str, rows: Sequence[Row]) -> None:
    """Write the two plots for a part of the set."""
    kinds = dict.fromkeys(row.pair.kind for row in rows if row.pair.related)
    made = [row for row in rows if row.sure >= confidence.SURE]
    errors = {kind: [1e3 * row.error for row in made if row.pair.kind == kind] for kind in kinds}
    (folder / f"fit-errors-{part}.svg").write_text(errors_plot(errors), "utf-8")
    (folder / f"fit-coverage-{part}.svg").write_text(coverage_plot(coverage(rows), confidence.SURE), "utf-8")


if __name__ == "__main__":
    main()
