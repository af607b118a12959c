"""File names for results: what a musician recognises, on every system's file system."""

from __future__ import annotations

import re
import unicodedata

_UNWANTED = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u202a-\u202e\u2066-\u2069\ufeff]+')
_RESERVED = frozenset(
    {"CON", "PRN", "AUX", "NUL", *(f"COM{n}" for n in range(1, 10)), *(f"LPT{n}" for n in range(1, 10))}
)
LONGEST = 60  # characters of a clip's or preset's name, so that the whole stays under every system's 255 bytes


def safe(text: str) -> str:
    """Return a text as part of a file name: no separators, no control or direction marks, no trailing dots."""
    text = text.encode(errors="replace").decode()  # half a character, from a name that is no UTF-8
    text = _UNWANTED.sub(" ", unicodedata.normalize("NFC", text))
    text = " ".join(text.split())
    while len(text.encode()) > LONGEST * 2 or len(text) > LONGEST:
        text = text[:-1]
    text = text.strip(" .")
    return f"_{text}" if text.upper().split(".")[0] in _RESERVED else text


def result_name(clip: str, preset: str | None, index: int, variation_id: str) -> str:
    """Return the name, without suffix, of a variation's file: `clip · preset 2 [1a2b3c4d]`."""
    parts = [part for part in (safe(clip.removesuffix(".wav")), safe(preset or "remix")) if part]
    number = f" {index + 1}" if index else ""
    return f"{' · '.join(parts)}{number} [{variation_id[:8]}]"
