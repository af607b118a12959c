"""Prints in any encoding: characters that the output cannot show are replaced, and paths are printed byte for byte.

`main` calls `use_utf8_file_names` and `prepare_streams` before it prints anything. An older terminal or the C locale
may be limited to a few hundred characters.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Mapping
from typing import TextIO

REPLACE = "ace-bridge"  # name of the error handler for `str.encode`
UTF8 = "PYTHONUTF8"  # environment variable that turns on Python's UTF-8 mode

PLAIN = {
    **dict.fromkeys("·−–—━╸╺─", "-"),
    **dict.fromkeys("“”„«»", '"'),
    **dict.fromkeys("‘’‚", "'"),
    **dict(zip("▁▂▃▄▅▆▇█", ".:-=+*#@", strict=True)),  # levels of a waveform
    **dict.fromkeys(map(chr, range(0x2800, 0x2900)), "*"),  # a spinner's Braille patterns
    "…": "...",
    "→": "->",
    "←": "<-",
    "↔": "<->",
    "×": "x",
    "±": "+/-",
    "≤": "<=",
    "♯": "#",
    "♭": "b",
    "\N{NO-BREAK SPACE}": " ",
}  # replacements in ASCII; any other character becomes U+FFFD or "?"


def use_utf8_file_names() -> None:
    """Restart this process in Python's UTF-8 mode if the locale's encoding does not cover all file names.

    In such a locale, Python can neither open a file that a DAW names in UTF-8 nor create a result with any name. The
    environment passes the mode on to the daemon and the workers. The terminal's encoding is kept.
    """
    covers_all = os.name != "posix" or sys.getfilesystemencoding() == "utf-8"
    if covers_all or sys.flags.ignore_environment or os.environ.get(UTF8) == "1":
        return
    os.environ[UTF8] = "1"
    if sys.stdout is not None:
        os.environ.setdefault("PYTHONIOENCODING", sys.stdout.encoding)
    from bridge.util.spawn import restart  # imported only here, because most commands need no other process

    restart(sys.orig_argv[1:])


def prepare_streams() -> None:
    """Let the standard streams replace characters that cannot be encoded or decoded, instead of raising an error.

    On Windows, redirected output is UTF-8 (see `needs_utf8`).
    """
    codecs.register_error(REPLACE, _replace)
    for stream, errors in ((sys.stdin, "replace"), (sys.stdout, REPLACE), (sys.stderr, REPLACE)):
        if isinstance(stream, io.TextIOWrapper):
            utf8 = errors == REPLACE and needs_utf8(stream, sys.platform, os.environ)
            stream.reconfigure(encoding="utf-8" if utf8 else None, errors=errors)


def needs_utf8(stream: TextIO, platform: str, environ: Mapping[str, str]) -> bool:
    """Return whether Python has chosen an encoding that lacks most characters of file names.

    On Windows, this is the encoding of a file or a pipe: the old code page of the language, unless PYTHONIOENCODING
    names another. A console can show all characters.
    """
    return platform == "win32" and not environ.get("PYTHONIOENCODING") and not stream.isatty()


def shown(text: str) -> str:
    """Return the text as standard output shows it, which may be longer or shorter."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        codecs.register_error(REPLACE, _replace)
        return text.encode(encoding, REPLACE).decode(encoding, "replace")
    return text


def print_path(path: str | os.PathLike[str], indent: int = 0) -> None:
    """Print a path on a line of its own, on POSIX in its exact bytes, so that a script can open the file."""
    if os.name == "posix" and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.flush()
        sys.stdout.buffer.write(b" " * indent + os.fsencode(path) + b"\n")
        sys.stdout.buffer.flush()
    else:
        print(" " * indent + os.fspath(path), flush=True)


def _replace(problem: UnicodeError) -> tuple[str | bytes, int]:
    """Return the replacement for a character that cannot be encoded, and the position of the next character.

    On POSIX, the bytes of a name that is not UTF-8 are lone surrogates, and are printed as they are.
    """
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    char, after = problem.object[problem.start], problem.start + 1
    if os.name == "posix" and "\udc80" <= char <= "\udcff":
        return bytes([ord(char) - 0xDC00]), after
    if char in PLAIN:
        return PLAIN[char], after
    try:
        return "\N{REPLACEMENT CHARACTER}".encode(problem.encoding), after
    except UnicodeEncodeError:
        return "?", after
