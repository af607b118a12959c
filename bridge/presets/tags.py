"""Makes automatic tags: describes a clip with tags, and adds the song's tempo and key to the target tags."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

UNSAID = "instrumental music"  # for a clip of unknown content, since the model requires a description
FACT = "original_tags:"  # a clip's description is stored under this prefix plus the clip's hash
_WORDS = (
    (r"drums?|beat|break|loop\s*kit", "drums"),
    (r"kick|bd", "kick drum"),
    (r"snare|sd", "snare drum"),
    (r"hats?|hh|cymbals?", "hi-hats"),
    (r"perc|percussion|congas?|bongos?|shaker", "percussion"),
    (r"bass|sub|808", "bass"),
    (r"guitars?|gtrs?|git", "guitar"),
    (r"piano|pno|grand", "piano"),
    (r"rhodes|wurli|e-?piano|keys|keyboards?", "electric piano"),
    (r"organ|hammond", "organ"),
    (r"synths?|arps?|leads?", "synthesizer"),
    (r"pads?|atmos?|ambient", "synth pad"),
    (r"vox|vocals?|voice|choir|singer", "vocals"),
    (r"strings?|violins?|cellos?|viola", "strings"),
    (r"brass|horns?|trumpets?|trombones?", "brass"),
    (r"sax|saxophone", "saxophone"),
    (r"flutes?|clarinets?|oboes?", "woodwinds"),
    (r"marimba|vibes|vibraphone|xylophone|bells?", "mallets"),
)
_NAMES = tuple((re.compile(rf"(?<![a-z])(?:{pattern})(?![a-z])"), word) for pattern, word in _WORDS)
_TEMPO = re.compile(r"\b\d{2,3}(?:\.\d+)?\s*bpm\b", re.IGNORECASE)
_KEY = re.compile(r"\b[A-G](?:[#b♯♭])?\s+(?:major|minor)\b", re.IGNORECASE)


def original_tags(names: tuple[str, ...], heard: Mapping[str, Any]) -> str:
    """Describe a clip with tags.

    Args:
        names: names of the clip and its track.
        heard: the answer of the worker task `listen`; empty if the task did not run.

    Returns:
        The tags, for example "drums, 105 BPM" or "electric piano, 92 BPM, A minor". An unreliable tempo or key is left
        out.
    """
    found = instruments(names)
    if not found:
        found = ["drums" if heard.get("kind") == "drums" else UNSAID]
    return ", ".join([*found, *song(heard)])


def instruments(names: tuple[str, ...]) -> list[str]:
    """Return the instruments that the names mention, without duplicates."""
    text = " ".join(names).lower().replace("_", " ")
    return [word for pattern, word in _NAMES if pattern.search(text)]


def song(heard: Mapping[str, Any]) -> list[str]:
    """Return a clip's tempo and key as tags; an unreliable value is left out."""
    words = []
    if heard.get("tempo") and heard.get("tempo_sure"):
        words.append(f"{heard['tempo']:.0f} BPM")
    if heard.get("key") and heard.get("key_sure"):
        words.append(str(heard["key"]))
    return words


def target_tags(tags: str, heard: Mapping[str, Any], *, own: bool) -> str:
    """Return the target tags with the song's tempo and key.

    Args:
        tags: target tags from the preset or the user.
        heard: the answer of the worker task `listen`.
        own: whether the user wrote the tags. A tempo in the user's tags replaces the song's tempo; a tempo in a
            preset's tags is removed. A key in the tags always replaces the song's key.
    """
    words = song(heard)
    if not words:
        return tags
    parts = [part.strip() for part in tags.split(",")]
    has_tempo, has_key = (any(pattern.search(part) for part in parts) for pattern in (_TEMPO, _KEY))
    if not own and any(_TEMPO.search(word) for word in words):
        parts = [part for part in (_TEMPO.sub("", part).strip() for part in parts) if part]
    tempo = [word for word in words if _TEMPO.search(word) and not (own and has_tempo)]
    key = [word for word in words if _KEY.search(word) and not has_key]
    return ", ".join([*parts, *tempo, *key])
