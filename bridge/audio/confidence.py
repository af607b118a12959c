"""How sure a measured alignment is, as a probability: a logistic model of what speaks for it.

Fitted on the part to work on of the evaluation set (benchmarks/fit_eval.py --learn prints the numbers below);
docs/fit.md has what it does on the part that was looked at once.
"""

from __future__ import annotations

import math

from bridge.audio.align import REACH, Measured

SURE = 0.85  # from here on a correction is made

# What each feature adds to the log-odds, in the order of `features`, and the odds without any.
WEIGHTS = (1.65, 5.76, 2.22, 11.62, -2.05)
BIAS = -6.89


def features(measured: Measured) -> tuple[float, ...]:
    """Return what speaks for (and against) a measured line, each in a range of about 0 to a few."""
    return (
        math.log(max(measured.sharpness, 0.1)),
        max(measured.prominence, -0.5),
        measured.agreement,
        min(max(measured.harmony, 0.0), 0.4),
        (measured.offset / REACH) ** 2,
    )


def probability(measured: Measured) -> float:
    """Return how likely the line is right within 25 ms, 0..1."""
    odds = BIAS + sum(weight * value for weight, value in zip(WEIGHTS, features(measured), strict=True))
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, odds))))
