"""What must never be read by others: every secret that was found is taken out of every line that is written.

config/credentials.py and osc/auth.py register secrets; logs.py and other modules remove them from text here.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping

MARK = "[hidden]"
SECRETS = ("FAL_KEY", "FAL_KEY_ID", "FAL_KEY_SECRET")  # variables of the environment that only the daemon reads
SHORTEST = 6  # characters; shorter parts are ordinary words and would blacken the log

# Secrets that nobody told us: what follows an authorization scheme, and signatures in addresses.
_SHAPES = re.compile(
    r"(?i)(authorization['\"]?\s*[:=,]\s*['\"]?(?:b['\"])?(?:key|bearer|basic)\s+)[^\s'\",)]+"
    r"|([?&](?:x-goog-signature|x-goog-credential|signature|token|sig)=)[^&\s'\"]+"
)


class Scrubber:
    """Replaces known secrets in text, as they are, percent-encoded once or twice, and in base64."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # log lines come from any thread
        self._secrets: dict[str, re.Pattern[str]] = {}

    def hide(self, secret: str) -> None:
        """Add a secret; of "id:secret" the second half is hidden by itself as well."""
        parts = {secret.strip(), secret.strip().rpartition(":")[2]}
        with self._lock:
            for part in sorted(parts, key=len, reverse=True):
                if len(part) >= SHORTEST and part not in self._secrets:
                    self._secrets[part] = _pattern(part)

    def clean(self, text: str) -> str:
        """Return the text without any of the secrets."""
        for pattern in tuple(self._secrets.values()):
            text = pattern.sub(MARK, text)
        return _SHAPES.sub(lambda found: f"{found[1] or found[2]}{MARK}", text)


def _pattern(secret: str) -> re.Pattern[str]:
    """Match a secret in every form in which a log line may carry it."""
    import base64  # with its own imports more than the rest of this module costs

    chars = "".join(f"(?:{re.escape(char)}|%(?:25)?{ord(char):02x})" for char in secret)
    escaped = re.escape(secret.encode("unicode_escape").decode())
    forms = [chars, escaped]
    for before in range(3):  # base64 depends on where in a group of three the secret begins
        coded = base64.b64encode(b"\0" * before + secret.encode()).decode()
        inner = coded[-(-before * 4 // 3) : len(coded.rstrip("=")) - 1]
        if len(inner) >= 2 * SHORTEST:
            forms.append(re.escape(inner))
    return re.compile("|".join(forms), re.IGNORECASE)


SCRUBBER = Scrubber()  # one per process, as logging itself


def without_secrets(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment for a helper process, which has no use for a key; None takes this process's own."""
    return {name: value for name, value in (os.environ if environ is None else environ).items() if name not in SECRETS}
