"""Reads the fal key when a request needs it, and redacts it from every text.

A server, proxy or library may echo a request, including the key, so every text passes through `scrub` before it is used
in an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bridge.errors import KeyInvalid
from bridge.util.redact import SCRUBBER, Scrubber

_SENDABLE = re.compile(r"[\x21-\x7e]+")


class Secrets:
    """The fal key, provided only as a request header, and the scrubber that redacts secrets."""

    def __init__(self, key: Callable[[], str], scrubber: Scrubber = SCRUBBER) -> None:
        self._key = key
        self.hide = scrubber.hide
        self.scrub = scrubber.clean

    def authorization(self) -> str:
        """Return the value of the Authorization header.

        Raises:
            KeyMissing: there is no key.
            KeyInvalid: the key has characters not allowed in a header. An HTTP library's error would show the key.
        """
        key = self._key().strip()
        self.hide(key)
        if not _SENDABLE.fullmatch(key):
            raise KeyInvalid
        return f"Key {key}"
