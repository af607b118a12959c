"""The name that was probably meant: every "unknown …" error ends with it.

Used by parameters, presets and the configuration; knows none of them.
"""

from __future__ import annotations

from collections.abc import Iterable

LIKE = 0.55  # how like two names have to be, from 0 to 1
LIKE_A_PART = 0.8  # how like a word has to be to a part of a name: “dubb” finds roots-dub
SHORTEST_PART = 3  # characters; shorter parts are like too much


def nearest(word: str, names: Iterable[str], count: int = 3) -> list[str]:
    """Return the names most like `word`, the best first, at most `count`, none if nothing is like it.

    Upper case, blanks, hyphens and underscores make no difference.
    """
    import difflib  # only needed on the way to an error

    wanted = _form(word[:100])
    matcher = difflib.SequenceMatcher(b=wanted)

    def likeness(text: str) -> float:
        matcher.set_seq1(text)
        return matcher.ratio()

    scored = []
    for name in names:
        form = _form(name)
        parts = [part for part in form.split() if len(part) >= SHORTEST_PART]
        in_part = max((likeness(part) for part in parts), default=0.0)
        best = max(likeness(form), in_part if in_part >= LIKE_A_PART else 0.0)
        if wanted and best >= LIKE:
            scored.append((-best, name))
    return [name for _, name in sorted(scored)[:count]]


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """Return " Did you mean …?" with the nearest names, or nothing."""
    found = nearest(word, names)
    if not found:
        return ""
    quoted = [f"“{name}”" for name in found]
    listed = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
    return f" Did you mean {listed}?"


def _form(name: str) -> str:
    return name.casefold().replace("-", " ").replace("_", " ")
