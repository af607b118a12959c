"""Chooses a style family from the words in the tags.

A preset may name the family instead. If neither the tags nor the preset select a family, the result says that the
default was used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.audio.offline.families import Family

DEFAULT = "house"

# Words in the form that `normal` returns: lower case, without punctuation.
WORDS: Mapping[str, str] = {
    "lofi": (
        "lofi, lo fi, chillhop, chill, study, boom bap, hip hop, hiphop, jazz, neo soul, r b, soul, rhodes, "
        "vinyl, tape, mellow, bossa nova, nostalgic"
    ),
    "house": (
        "house, deep house, disco, dance, club, edm, electro, garage, funk, nu disco, pop, synth pop, "
        "eurodance, party, four on the floor, upbeat"
    ),
    "techno": (
        "techno, trance, minimal, acid, rave, hard techno, industrial, warehouse, hypnotic, tech house, "
        "psytrance, hardcore, driving"
    ),
    "drum and bass": (
        "drum and bass, drum n bass, dnb, d b, jungle, breakbeat, breakcore, liquid, neurofunk, breaks, "
        "rock, metal, punk, energetic, aggressive, fast"
    ),
    "ambient": (
        "ambient, drone, pad, pads, cinematic, orchestral, space, meditation, ethereal, dreamy, calm, "
        "classical, strings, atmospheric, soundscape, peaceful, new age, shoegaze"
    ),
    "dub": ("dub, reggae, dancehall, ska, dub techno, roots, steppers, sound system, echo, afrobeat"),
    "half-time trap": (
        "trap, half time, halftime, 808, drill, phonk, dubstep, hats, hat rolls, rap, cloud rap, screwed, "
        "dark, moody, urban"
    ),
    "chopped": (
        "chopped, chop, chops, glitch, stutter, idm, sampled, cut up, remix, experimental, beat repeat, mpc, "
        "slice, sliced, plunderphonics"
    ),
}


def words_of(family: str) -> tuple[str, ...]:
    """Return the words that choose a family."""
    return tuple(word.strip() for word in WORDS[family].split(","))


def normal(text: str) -> str:
    """Return text in lower case, with single spaces instead of punctuation and a space at both ends."""
    return f" {re.sub(r'[^0-9a-z]+', ' ', text.lower()).strip()} "


def choose(tags: str, hint: str = "") -> tuple[Family, bool]:
    """Return the family that `choose_name` chooses, and whether the tags or the hint chose it."""
    from bridge.audio.offline.families import FAMILIES  # here because the command line uses `choose_name` without numpy

    name, chosen = choose_name(tags, hint)
    return FAMILIES[name], chosen


def choose_name(tags: str, hint: str = "") -> tuple[str, bool]:
    """Choose a family by name.

    Each tag votes for the family whose matching word is longest. Earlier tags count more, as they do for the model.

    Args:
        tags: tags separated by commas, or free text.
        hint: family name from a preset; a known name takes precedence over the tags.

    Returns:
        The family's name, and whether the tags or the hint chose it (otherwise it is the default).
    """
    for name in WORDS:
        if normal(name) == normal(hint):
            return name, True
    votes = dict.fromkeys(WORDS, 0.0)
    for place, tag in enumerate(tag for tag in tags.split(",") if tag.strip()):
        text = normal(tag)
        found = [(len(word), name) for name in WORDS for word in words_of(name) if f" {word} " in text]
        if found:
            votes[max(found)[1]] += 1.0 / (1.0 + 0.5 * place)
    best = max(votes, key=lambda name: votes[name])
    return (best, True) if votes[best] > 0.0 else (DEFAULT, False)
