"""The plan of a remix: style, grid, depth, seed and sections.

`chain.py` carries out a plan section by section. The same plan and section always give the same audio.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.audio.offline.beats import find_beats, find_downbeat
from bridge.audio.offline.drums import Sound, build_kit
from bridge.audio.offline.families import Family
from bridge.audio.offline.filters import mean_power
from bridge.audio.offline.grid import Grid, Phrase, build_grid, felt
from bridge.audio.offline.survey import Survey
from bridge.audio.offline.words import choose

WHOLE = 60.0  # s; clips up to this length are one section
SECTION = 16.0  # s; shortest section, which is rounded up to complete phrases
BEFORE = 6.0  # s; shortest pre-roll of a section, for echoes and reverb; the pre-roll starts with a phrase
MARGIN = 0.3  # s; sections end and start this long before a bar line, so that filters have context
MAKEUP = 12.0  # dB; largest make-up gain of a filtered clip
JOIN = 0.02  # s; cross-fade between sections


@dataclass(frozen=True, slots=True)
class Wish:
    """The parameters of a remix."""

    tags: str  # tags that choose the family
    seed: int  # seed of every random choice
    amount: float | None = None  # from 0 (the source) to 1; None is the family's default
    tempo: float | None = None  # tempo from the DAW, BPM
    beats: tuple[float, ...] = ()  # times of the beats from the DAW, s from the first frame
    downbeats: tuple[int, ...] = ()  # indices of the downbeats in `beats`
    family: str = ""  # family named by a preset, or empty

    @property
    def has_beats(self) -> bool:
        """Return whether the DAW gave enough beats for a grid."""
        return len(self.beats) >= 2


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the clip that is processed in memory; positions are frames of the clip."""

    index: int  # from 0
    origin: int  # first frame to read
    start: int  # first frame to keep
    stop: int  # frame after the last frame to keep
    end: int  # frame after the last frame to read


def strength(depth: float) -> float:
    """Return the factor (0..1) for levels and filters at a depth; the factor is 1 at a depth of 0.6 or more."""
    return min(1.0, depth / 0.6)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that determines a remix."""

    survey: Survey  # analysis of the clip
    family: Family  # the style
    chosen: bool  # whether the tags or the preset chose the family
    tempo: float  # tempo from the DAW or estimated, BPM
    found: bool  # whether the tempo was estimated
    grid: Grid  # grid at the tempo of the style
    phrases: tuple[Phrase, ...]  # phrases of the grid, including phrases beyond the clip
    depth: float  # distance from the source, 0..1
    seed: int  # seed of every random choice
    kit: Mapping[str, Sound]  # drums, at the clip's rate
    makeup: float  # dB; restores the loudness of the filtered clip

    @property
    def strength(self) -> float:
        """Return the factor for levels and filters, 0..1."""
        return strength(self.depth)

    @property
    def dry(self) -> float:
        """Return the amount of dry signal: 1 at depth 0, falling to 0 at depth 0.5."""
        return max(0.0, 1.0 - self.depth / 0.5)

    @property
    def description(self) -> str:
        """Return a one-line description for users and recipes."""
        chosen = "" if self.chosen else " (no tag names a style that this engine knows)"
        tempo = f"{self.tempo:.1f} BPM{' as found in the clip' if self.found else ''}"
        return f"{self.family.name}{chosen}: {self.family.does}; {tempo}, amount {self.depth:.2f}"


def make_plan(survey: Survey, wish: Wish) -> Plan:
    """Plan a remix.

    Args:
        survey: analysis of the clip, with onsets unless the wish has beats.
        wish: parameters of the remix.

    Raises:
        ValueError: there are neither beats nor onsets, or the clip is empty.
    """
    if survey.frames == 0:
        raise ValueError("there is no audio")
    family, chosen = choose(wish.tags, wish.family)
    seconds = survey.frames / survey.rate
    grid = find_grid(survey, wish, seconds)
    counted = felt(grid, *family.felt)
    depth = family.amount if wish.amount is None else min(max(wish.amount, 0.0), 1.0)
    return Plan(
        survey=survey,
        family=family,
        chosen=chosen,
        tempo=wish.tempo or grid.tempo,
        found=not wish.tempo and not wish.has_beats,
        grid=counted,
        phrases=counted.phrases(),
        depth=depth,
        seed=wish.seed,
        kit=build_kit(family.kit, survey.rate, wish.seed),
        makeup=find_makeup(survey, family, depth),
    )


def find_makeup(survey: Survey, family: Family, depth: float) -> float:
    """Return the make-up gain in dB for the family's filter, from the spectral balance of the clip.

    Without this gain, a bass-heavy clip would be lost under the drums of a family that cuts the bass. The gain is the
    same for the entire clip, to keep its dynamics.
    """
    # At half speed, the clip is an octave lower before the filter.
    shift = 0.5 if family.cut == "half speed" else 1.0
    gain = mean_power(family.tone, family.sweep, survey.balance.frequencies * shift, strength(depth))
    return min(max(-survey.balance.change(gain), 0.0), MAKEUP) + family.music * strength(depth)


def find_grid(survey: Survey, wish: Wish, seconds: float) -> Grid:
    """Return the DAW's grid, or a grid found in the clip, with the DAW's tempo if it is known.

    Raises:
        ValueError: there are neither beats nor onsets.
    """
    if wish.has_beats:
        return build_grid(wish.beats, wish.downbeats, seconds)
    if survey.onsets is None:
        raise ValueError("a grid needs beats or onsets")
    beats = find_beats(survey.onsets, wish.tempo)
    first = find_downbeat(survey.onsets, beats)
    return build_grid(tuple(float(beat) for beat in beats), tuple(range(first, len(beats), 4)), seconds)


def sections(plan: Plan) -> tuple[Section, ...]:
    """Divide the clip into sections of complete phrases with pre-roll; a clip up to `WHOLE` seconds is one section."""
    frames, rate = plan.survey.frames, plan.survey.rate
    lines = [phrase.start for phrase in plan.phrases if phrase.start < frames / rate]
    if frames <= WHOLE * rate or len(lines) < 3:
        return (Section(0, 0, 0, frames, frames),)
    cuts = [0.0]
    for line in lines:
        if line - cuts[-1] >= SECTION and frames / rate - line >= SECTION / 2:
            cuts.append(line)
    found: list[Section] = []
    for index, cut in enumerate(cuts):
        lead = max((line for line in lines if line <= cut - BEFORE), default=0.0)
        last = index == len(cuts) - 1
        end = frames if last else round(cuts[index + 1] * rate)
        start = 0 if index == 0 else found[-1].stop
        stop = frames if last else end - round(MARGIN * rate)
        found.append(Section(index, max(round(lead * rate), 0) if index else 0, start, stop, end))
    return tuple(found)
