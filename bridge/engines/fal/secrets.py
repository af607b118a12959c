"""The key, fetched when a request needs it, and kept out of every text from then on.

A server, a proxy or a library may echo what it was sent, so every text passes `scrub` before it becomes an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bridge.errors import KeyInvalid
from bridge.util.redact import SCRUBBER, Scrubber

_SENDABLE = re.compile(r"[\x21-\x7e]+")


class Secrets:
    """Gives the key out for headers only, and tells the scrubber what must never be read anywhere."""

    def __init__(self, key: Callable[[], str], scrubber: Scrubber = SCRUBBER) -> None:
        self._key = key
        self.hide = scrubber.hide
        self.scrub = scrubber.clean

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
