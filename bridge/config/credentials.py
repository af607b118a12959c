"""Finds, stores and masks the fal key.

As soon as a key is found, it is redacted in the log.
"""

from __future__ import annotations

import logging
import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import HomeError, KeyInvalid, KeyMissing
from bridge.util.atomic import write_bytes
from bridge.util.redact import SCRUBBER
from bridge.util.text import decode

log = logging.getLogger(__name__)

FILE = "credentials"
_KEY = re.compile(r"[\x21-\x7e]+")
_LINE = "FAL_KEY="
_LONGEST = 8192  # maximum bytes to read from the credentials file


@dataclass(frozen=True, slots=True)
class Found:
    """A key and its origin."""

    key: str  # never shown
    origin: str  # "FAL_KEY", "FAL_KEY_ID and FAL_KEY_SECRET", "keychain" or the file's path

    def __repr__(self) -> str:
        return f"Found({mask(self.key)!r}, {self.origin!r})"


def from_keychain() -> str | None:
    """Return the key from the system's keychain, or None if `keyring`, the keychain or the key is missing."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        found = keyring.get_password("ace-bridge", "fal")
    except (KeyringError, OSError, RuntimeError) as problem:
        log.debug("the keychain is not available: %s", type(problem).__name__)
        return None
    return str(found) if found else None


def forget_keychain() -> bool:
    """Delete the key from the system's keychain; return whether there was one."""
    if from_keychain() is None:
        return False
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.delete_password("ace-bridge", "fal")
    except (KeyringError, OSError, RuntimeError) as problem:
        raise HomeError(
            f"The fal key cannot be deleted from the system's keychain ({type(problem).__name__}).",
            hint="Delete the entry “ace-bridge” in the keychain yourself.",
        ) from problem
    return True


def fal_key(environ: Mapping[str, str], home: Path, keychain: Callable[[], str | None] = from_keychain) -> str | None:
    """Return the fal key, or None if there is none (see `find`)."""
    found = find(environ, home, keychain)
    return found.key if found else None


def require_fal_key(environ: Mapping[str, str], home: Path) -> str:
    """Return the fal key (see `find`).

    Raises:
        KeyMissing: there is no key.
    """
    key = fal_key(environ, home)
    if key is None:
        raise KeyMissing
    return key


def find(environ: Mapping[str, str], home: Path, keychain: Callable[[], str | None] = from_keychain) -> Found | None:
    """Find the fal key in FAL_KEY, FAL_KEY_ID with FAL_KEY_SECRET, the keychain or the credentials file, in this order.

    Args:
        environ: the environment; blank variables are ignored.
        home: the bridge's home.
        keychain: returns the key from the system's keychain.

    Raises:
        KeyInvalid: the first key found has characters not allowed in an HTTP header; the error text names its origin.
        HomeError: the credentials file cannot be read.
    """
    one = environ.get("FAL_KEY", "").strip()
    parts = [environ.get(name, "").strip() for name in ("FAL_KEY_ID", "FAL_KEY_SECRET")]
    if one:
        return _checked(one, "FAL_KEY")
    if all(parts):
        return _checked(":".join(parts), "FAL_KEY_ID and FAL_KEY_SECRET")
    kept = (keychain() or "").strip()
    if kept:
        return _checked(kept, "keychain")
    written = _from_file(home / FILE)
    return _checked(written, str(home / FILE)) if written else None


def set_key(home: Path, key: str) -> Path:
    """Store the key in the home's credentials file, which only this user can read.

    Returns:
        The path of the credentials file.

    Raises:
        KeyInvalid: the key is empty or has invalid characters.
        DiskFull, OutputUnwritable: the credentials file could not be written.
    """
    found = _checked(key.strip(), "the key that was entered")
    path = home / FILE
    write_bytes(path, f"{_LINE}{found.key}\n".encode(), mode=0o600)
    return path


def mask(key: str) -> str:
    """Return the first characters of a key: enough to recognise the key, but not to use it."""
    return f"{key[:4]}…" if len(key) >= 16 else "…"


def _checked(key: str, origin: str) -> Found:
    SCRUBBER.hide(key)
    if not _KEY.fullmatch(key):
        raise KeyInvalid(f"The fal key from {origin} is empty or has spaces, line breaks or other invalid characters.")
    return Found(key, origin)


def _from_file(path: Path) -> str | None:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would block
            raise HomeError(f"{path} cannot be read: it is not a file.")
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                os.fchmod(file.fileno(), 0o600)
                log.warning("other users could read %s; the permissions are fixed now, but consider a new key", path)
            text = decode(file.read(_LONGEST), "replace")
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise HomeError(f"{path} cannot be read: {problem.strerror}.") from problem
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return lines[0].removeprefix(_LINE).strip() if lines else None
