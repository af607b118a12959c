"""Processes one section of a clip: cuts, filter, pad, echo, reverb and ducking; then adds drums and bass.

`remix.py` calls `render` section by section.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bridge.audio.offline.arrays import Audio, Curve, decibels, generator
from bridge.audio.offline.bass import bar_notes, play_bass
from bridge.audio.offline.cuts import CUTS, Material
from bridge.audio.offline.drums import Hit, play
from bridge.audio.offline.dynamics import activity, drive, duck_gain
from bridge.audio.offline.filters import cut_curves, filter_tone, tone_windows
from bridge.audio.offline.grid import Phrase
from bridge.audio.offline.grooves import phrase_hits
from bridge.audio.offline.plan import Plan, Section
from bridge.audio.offline.slicing import Cell, assemble
from bridge.audio.offline.space import echo, pad, reverb
from bridge.audio.offline.survey import SILENCE
from bridge.audio.offline.texture import crackle, wobble


def render(audio: Audio, section: Section, plan: Plan) -> Audio:
    """Remix one section.

    Args:
        audio: the clip from section.origin to section.end, frames × 2, float32.
        section: position of the audio in the clip.
        plan: plan of the remix.

    Returns:
        The remixed section, as long as `audio`, before the final level.
    """
    if plan.depth <= 0.0 or plan.survey.loudness <= SILENCE:
        return audio
    phrases = _inside(plan, section)
    hits = _hits(plan, section)
    cut = _cut(audio, section, plan, phrases)
    music = _around(_tone(_age(cut, section, plan), section, plan), section, plan)
    music = _duck(music, section, plan, hits)
    music *= np.float32(1.0 - plan.dry)
    music += audio * np.float32(plan.dry)
    added = _added(cut, section, plan, phrases, hits)
    added *= activity(audio, plan.survey.rate, plan.survey.loudness)[:, None]
    music += added
    return music


def _inside(plan: Plan, section: Section) -> list[Phrase]:
    """Return the phrases that overlap the section."""
    rate = plan.survey.rate
    half = 0.5 / rate
    return [
        phrase
        for phrase in plan.phrases
        if phrase.start < section.end / rate - half and phrase.end > section.origin / rate + half
    ]


def _hits(plan: Plan, section: Section) -> list[Hit]:
    """Return the drum hits of the section and of the next phrase, whose opening swell starts in this section."""
    groove = plan.family.groove
    if groove is None:
        return []
    until = section.end / plan.survey.rate
    following = [phrase for phrase in plan.phrases if phrase.start >= until - 1e-6][:1]
    hits: list[Hit] = []
    for phrase in [*_inside(plan, section), *following]:
        hits += phrase_hits(groove, phrase, generator(plan.seed, "groove", phrase.index))
    return hits


def _cut(audio: Audio, section: Section, plan: Plan, phrases: Sequence[Phrase]) -> Audio:
    """Cut the section into slices and rearrange them."""
    rate, seconds = plan.survey.rate, plan.survey.frames / plan.survey.rate
    parts: list[tuple[Curve, list[Cell]]] = []
    for phrase in phrases:
        steps = phrase.steps
        bars = np.cumsum([0, *(len(bar.steps) - 1 for bar in phrase.bars)])
        inside = np.flatnonzero((steps >= -1e-3) & (steps <= seconds + 1e-3))
        material = Material(
            bars=tuple(int(bar) for bar in bars),
            first=int(inside[0]) if len(inside) else 0,
            last=int(inside[-1]) if len(inside) else 0,
            depth=plan.depth,
            rng=generator(plan.seed, "cut", phrase.index),
        )
        parts.append((steps, CUTS[plan.family.cut](material)))
    return assemble(audio, section.origin, rate, parts)


def _age(music: Audio, section: Section, plan: Plan) -> Audio:
    """Apply wow to the pitch."""
    cents = plan.family.wobble * plan.strength
    return wobble(music, plan.survey.rate, cents, section.origin) if cents else music


def _tone(music: Audio, section: Section, plan: Plan) -> Audio:
    """Apply the filter and its sweep, restore the level, and saturate the music."""
    family, rate = plan.family, plan.survey.rate
    windows = tone_windows(len(music), rate)
    bars = plan.grid.bar_positions(windows + section.origin / rate)
    low, high = cut_curves(family.tone, family.sweep, bars, plan.strength)
    music = filter_tone(music, rate, family.tone, low, high, plan.strength)
    music *= np.float32(decibels(plan.makeup))
    return drive(music, family.drive * plan.strength, decibels(plan.survey.loudness))


def _around(music: Audio, section: Section, plan: Plan) -> Audio:
    """Mix in a pad of the clip's harmony, then add echo and reverb."""
    family, rate = plan.family, plan.survey.rate
    if family.pad:
        share = np.float32(family.pad * plan.strength)
        # Each section has its own random phases; sections are cross-faded.
        soft = pad(music, rate, generator(plan.seed, "pad", section.index), family.shimmer)
        music = music * np.float32(np.sqrt(1.0 - share**2)) + soft * share
    wet = np.zeros_like(music)
    if family.echo is not None:
        settings = replace(family.echo, level=family.echo.level + _share_db(plan))
        wet += echo(music, rate, 60.0 / plan.grid.tempo, settings)
    if family.reverb is not None:
        room = replace(family.reverb, level=family.reverb.level + _share_db(plan))
        wet += reverb(music + wet, rate, room, generator(plan.seed, "room"))
    return music + wet


def _share_db(plan: Plan) -> float:
    """Return the level offset (dB) of echo and reverb, which increases with the depth."""
    return float(20.0 * np.log10(max(plan.depth, 1e-3) / 0.75))


def _duck(music: Audio, section: Section, plan: Plan, hits: Sequence[Hit]) -> Audio:
    """Duck the clip under the kick."""
    duck = plan.family.duck
    if duck is None:
        return music
    rate = plan.survey.rate
    kicks = [(hit.time - section.origin / rate, hit.velocity * plan.strength) for hit in hits if hit.voice == "kick"]
    gain = duck_gain(kicks, duck, 60.0 / plan.grid.tempo, len(music), rate)
    return np.asarray(music * gain[:, None], dtype=np.float32)


def _added(cut: Audio, section: Section, plan: Plan, phrases: Sequence[Phrase], hits: Sequence[Hit]) -> Audio:
    """Return the drums, bass and crackle that the family adds."""
    family, rate, frames = plan.family, plan.survey.rate, len(cut)
    added = play(hits, plan.kit, section.origin, frames, rate)
    if family.bass is not None and family.groove is not None:
        notes = []
        for phrase in phrases:
            for number, bar in enumerate(phrase.bars):
                pattern = family.groove.bass[number % len(family.groove.bass)]
                notes += bar_notes(bar, pattern, cut, section.origin, rate)
        added += play_bass(notes, family.bass, section.origin, frames, rate) * np.float32(decibels(family.bass.level))
    added *= np.float32(decibels(plan.survey.loudness + family.drums) * plan.strength)
    if family.crackle is not None:
        dust = crackle(frames, rate, generator(plan.seed, "dust", section.index))
        added += dust * np.float32(decibels(plan.survey.loudness + family.crackle) * plan.strength)
    return added
