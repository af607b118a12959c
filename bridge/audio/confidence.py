"""Estimates the probability that a measured alignment is correct, with a logistic model of its features.

The model was fitted to the training part of the evaluation set (`benchmarks/fit_eval.py --learn` prints the constants
below). docs/fit.md shows the results on the held-out part.
"""

from __future__ import annotations

import math

from bridge.audio.align import REACH, Measured

SURE = 0.85  # lowest probability at which the offset is corrected

# Weight of each feature in the log-odds, in the order of `features`; BIAS is the constant term.
WEIGHTS = (1.65, 5.76, 2.22, 11.62, -2.05)
BIAS = -6.89


def features(measured: Measured) -> tuple[float, ...]:
    """Return the features of a measured line, each between about 0 and 3.

    >>> line = Measured(0.035, 0.0, 30.0, 0.8, sharpness=1.0, prominence=0.5, agreement=0.9, harmony=0.3)
    >>> [round(feature, 2) for feature in features(line)]
    [0.0, 0.5, 0.9, 0.3, 0.01]
    """
    return (
        math.log(max(measured.sharpness, 0.1)),
        max(measured.prominence, -0.5),
        measured.agreement,
        min(max(measured.harmony, 0.0), 0.4),
        (measured.offset / REACH) ** 2,
    )


def probability(measured: Measured) -> float:
    """Return the probability (0..1) that the line is correct to within 25 ms.

    >>> line = Measured(0.035, 0.0, 30.0, 0.8, sharpness=5.0, prominence=0.5, agreement=0.9, harmony=0.3)
    >>> round(probability(line), 2)
    0.98
    """
    odds = BIAS + sum(weight * value for weight, value in zip(WEIGHTS, features(measured), strict=True))
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, odds))))
