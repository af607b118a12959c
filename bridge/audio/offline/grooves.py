"""Grooves: drum patterns in sixteenths, with swing, ghost notes, fills and arrangement.

Pattern characters: X accent · x normal · o soft · - ghost · ? random ghost · r roll of 3 · R roll of 4 · . rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bridge.audio.offline.drums import Hit
from bridge.audio.offline.grid import Bar, Phrase

VELOCITY = {"X": 1.0, "x": 0.82, "o": 0.55, "-": 0.28, "?": 0.25, "r": 0.7, "R": 0.7}
ROLLS = {"r": 3, "R": 4}
CADENCE = 8  # bars from one crash and swell to the next


@dataclass(frozen=True, slots=True)
class Groove:
    """The drum patterns of a family."""

    bars: tuple[Mapping[str, str], ...]  # patterns by voice, one mapping per bar
    fill: Mapping[str, str]  # patterns of the last bar of a phrase
    bass: tuple[str, ...] = ()  # bass patterns, one per bar
    swing: float = 0.0  # delay of every second sixteenth, as a fraction of a sixteenth
    arc: tuple[str, ...] = ("full", "full", "break", "full")  # per phrase: "full" or "break" (no kick until the fill)
    form: bool = True  # whether crashes and swells are added every `CADENCE` bars


def phrase_hits(groove: Groove, phrase: Phrase, rng: np.random.Generator) -> list[Hit]:
    """Return the hits of one phrase, in no particular order.

    Args:
        groove: the patterns.
        phrase: the bars; patterns are cut or repeated for bars that do not have 16 steps.
        rng: random generator for this phrase's ghost notes and small variations in velocity.
    """
    mode = groove.arc[phrase.index % len(groove.arc)]
    hits: list[Hit] = []
    for number, bar in enumerate(phrase.bars):
        last = number == len(phrase.bars) - 1
        patterns = groove.fill if last else groove.bars[number % len(groove.bars)]
        muted = {"kick"} if mode == "break" and not last else set()
        for voice, pattern in patterns.items():
            if voice not in muted:
                hits += _bar_hits(bar, voice, pattern, groove.swing, rng)
    if groove.form and phrase.bars[0].index % CADENCE == 0:
        hits.append(Hit(phrase.start, "crash", 0.9))
        hits.append(Hit(phrase.start, "swell", 0.8))
    return hits


def step_time(bar: Bar, step: int, swing: float) -> float:
    """Return the time of a sixteenth of a bar in seconds; odd sixteenths are delayed by the swing."""
    late = swing * (bar.steps[step + 1] - bar.steps[step]) if step % 2 else 0.0
    return bar.steps[step] + late


def _bar_hits(bar: Bar, voice: str, pattern: str, swing: float, rng: np.random.Generator) -> list[Hit]:
    hits: list[Hit] = []
    for step in range(len(bar.steps) - 1):
        sign = pattern[step % len(pattern)]
        perhaps, human = rng.random(), 1.0 + 0.08 * float(np.clip(rng.standard_normal(), -2.0, 2.0))
        if sign == "." or (sign == "?" and perhaps < 0.5):
            continue
        velocity = min(VELOCITY[sign] * human, 1.0)
        begin = step_time(bar, step, swing)
        strokes = ROLLS.get(sign, 1)
        each = (bar.steps[step + 1] - begin) / strokes
        for stroke in range(strokes):
            # A roll gets louder towards the next step.
            grown = velocity * (0.6 + 0.4 * (stroke + 1) / strokes) if strokes > 1 else velocity
            hits.append(Hit(begin + stroke * each, voice, grown))
    return hits
