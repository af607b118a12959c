"""Suggests the names that the user probably meant, for "unknown …" errors."""

from __future__ import annotations

from collections.abc import Iterable

LIKE = 0.55  # minimum similarity of two names, 0..1
LIKE_A_PART = 0.8  # minimum similarity to a part of a name: “dubb” finds roots-dub
SHORTEST_PART = 3  # characters; shorter parts resemble too many words


def nearest(word: str, names: Iterable[str], count: int = 3) -> list[str]:
    """Return up to `count` names that are similar to `word`, best first.

    Case, spaces, hyphens and underscores are ignored.
    """
    import difflib  # only needed for errors

    wanted = _form(word[:100])
    matcher = difflib.SequenceMatcher(b=wanted)

    def similarity(text: str) -> float:
        matcher.set_seq1(text)
        return matcher.ratio()

    scored = []
    for name in names:
        form = _form(name)
        parts = [part for part in form.split() if len(part) >= SHORTEST_PART]
        in_part = max((similarity(part) for part in parts), default=0.0)
        best = max(similarity(form), in_part if in_part >= LIKE_A_PART else 0.0)
        if wanted and best >= LIKE:
            scored.append((-best, name))
    return [name for _, name in sorted(scored)[:count]]


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """Return " Did you mean …?" with the most similar names, or "" if there are none."""
    found = nearest(word, names)
    if not found:
        return ""
    quoted = [f"“{name}”" for name in found]
    listed = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
    return f" Did you mean {listed}?"


def _form(name: str) -> str:
    return name.casefold().replace("-", " ").replace("_", " ")
