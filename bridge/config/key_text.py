"""Reads a fal key as users paste it: with quotes, spaces, or the name of the variable in front of it."""

from __future__ import annotations

import re

from bridge.errors import KeyInvalid

FORM = re.compile(r"[\w-]{8,}:[\w-]{16,}")  # a key's ID and secret, as in fal's dashboard
WHERE = "Your keys are at fal.ai/dashboard/keys."

_INVISIBLE = re.compile("\x1b\\[20[01]~|[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\u200b-\u200f\u2060\ufeff]")
_BEFORE = re.compile(
    r"(?:(?:export|setx?|key)\s+|authorization\s*:|\$env:|fal_key[\"']?(?:\s*[=:]|\s+|$))\s*", re.IGNORECASE
)
_QUOTES = "\"'`“”‘’ \t\r\n;,\N{NO-BREAK SPACE}"


def clean(text: str) -> str:
    """Return the key in a pasted text, such as `export FAL_KEY="id:secret"`.

    Raises:
        KeyInvalid: the text contains no key, or a key with spaces inside.
    """
    rest = _INVISIBLE.sub("", text)
    before = ""
    while rest != before:
        before = rest
        rest = rest.strip(_QUOTES)
        found = _BEFORE.match(rest)
        if found and not FORM.match(rest):  # an ID may begin with “key”
            rest = rest[found.end() :]
    rest = re.sub(r"\s*:\s*", ":", rest)
    if not rest:
        raise KeyInvalid("No key was entered.", hint=f"Nothing was stored. {WHERE}")
    if len(rest.split()) > 1:
        raise KeyInvalid("A fal key has no spaces.", hint="Nothing was stored. Copy the whole key again.")
    return rest


def shape_problem(key: str) -> str:
    """Return what is unusual about the key's shape, as a clause without a full stop, or "" if it looks like a key."""
    if FORM.fullmatch(key):
        return ""
    if ":" not in key:
        return "it has only one part, but a key is an ID and a secret with a colon between them"
    return "its ID or secret is too short or has unusual characters, so it may be incomplete"
