"""The key, fetched when a request needs it, and the eraser that keeps it out of every text.

A server, a proxy or a library may echo what it was sent, so every text passes `scrub` before it becomes an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

from bridge.errors import KeyInvalid

_SENDABLE = re.compile(r"[\x21-\x7e]+")
_SHORTEST = 6  # characters; shorter pieces would blot out innocent text


class Secrets:
    """Gives the key out for headers only, and remembers what must never be read anywhere."""

    def __init__(self, key: Callable[[], str]) -> None:
        self._key = key
        self._hidden: set[str] = set()

    def authorization(self) -> str:
        """Return the value of the Authorization header.

        Raises:
            KeyMissing: there is no key.
            KeyInvalid: the key has characters that no header takes; HTTP libraries would print it in their error.
        """
        key = self._key().strip()
        self.hide(key)
        if not _SENDABLE.fullmatch(key):
            raise KeyInvalid
        return f"Key {key}"

    def hide(self, secret: str) -> None:
        """Keep a secret and its halves (a key is often `id:secret`) out of all texts from now on."""
        for piece in (secret, secret.partition(":")[2]):
            if len(piece) >= _SHORTEST:
                self._hidden.update((piece, quote(piece, safe="")))

    def scrub(self, text: str) -> str:
        """Return the text with every secret replaced."""
        for secret in sorted(self._hidden, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text
