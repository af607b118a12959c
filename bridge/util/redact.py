"""Removes secrets from text before it is logged or shown.

config/credentials.py and osc/auth.py register secrets; logs.py and other modules call `SCRUBBER.clean`.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping

MARK = "[hidden]"
SECRETS = ("FAL_KEY", "FAL_KEY_ID", "FAL_KEY_SECRET")  # environment variables with secrets; only the daemon reads them
SHORTEST = 6  # characters; a shorter secret is not hidden, because it may be an ordinary word

# Patterns of unregistered secrets: the value after an authorization scheme, and signatures in URLs.
_SHAPES = re.compile(
    r"(?i)(authorization['\"]?\s*[:=,]\s*['\"]?(?:b['\"])?(?:key|bearer|basic)\s+)[^\s'\",)]+"
    r"|([?&](?:x-goog-signature|x-goog-credential|signature|token|sig)=)[^&\s'\"]+"
)


class Scrubber:
    """A filter that replaces registered secrets in text: plain, percent-encoded once or twice, or in base64."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # any thread may log
        self._secrets: dict[str, re.Pattern[str]] = {}

    def hide(self, secret: str) -> None:
        """Register a secret; if it has the form "id:secret", also register the part after the colon."""
        parts = {secret.strip(), secret.strip().rpartition(":")[2]}
        with self._lock:
            for part in sorted(parts, key=len, reverse=True):
                if len(part) >= SHORTEST and part not in self._secrets:
                    self._secrets[part] = _pattern(part)

    def clean(self, text: str) -> str:
        """Return the text with every secret replaced by `MARK`."""
        for pattern in tuple(self._secrets.values()):
            text = pattern.sub(MARK, text)
        return _SHAPES.sub(lambda found: f"{found[1] or found[2]}{MARK}", text)


def _pattern(secret: str) -> re.Pattern[str]:
    """Return a pattern that matches a secret in every encoding that a log line may contain."""
    import base64  # slower to import than the rest of this module

    chars = "".join(f"(?:{re.escape(char)}|%(?:25)?{ord(char):02x})" for char in secret)
    escaped = re.escape(secret.encode("unicode_escape").decode())
    forms = [chars, escaped]
    for before in range(3):  # the base64 text depends on the secret's offset within a group of three bytes
        coded = base64.b64encode(b"\0" * before + secret.encode()).decode()
        inner = coded[-(-before * 4 // 3) : len(coded.rstrip("=")) - 1]
        if len(inner) >= 2 * SHORTEST:
            forms.append(re.escape(inner))
    return re.compile("|".join(forms), re.IGNORECASE)


SCRUBBER = Scrubber()  # shared by the whole process


def without_secrets(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment without API keys, for a helper process; None stands for this process's environment."""
    return {name: value for name, value in (os.environ if environ is None else environ).items() if name not in SECRETS}
