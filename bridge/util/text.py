"""Decodes text that other programs have written: messages, settings, presets, MIDI mappings and the key file.

Notepad and PowerShell write a byte order mark or UTF-16. C programs may leave zero bytes at the end.
"""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode(data: bytes, errors: str = "strict") -> str:
    r"""Decode UTF-8 or UTF-16 text, with or without a byte order mark.

    Line ends become "\n"; zero bytes at the end are removed. UTF-16 without a mark is recognised by the zero byte of
    its first character, which is ASCII in JSON and TOML.

    >>> decode(b"\xff\xfea\x00\r\x00\n\x00"), decode(b"\x00a\x00b"), decode(b"a\x00\x00")
    ('a\n', 'ab', 'a')

    Args:
        data: the content of a file.
        errors: as for `bytes.decode`.

    Raises:
        UnicodeDecodeError: the data is neither UTF-8 nor UTF-16, and `errors` is "strict".
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _plain(data[len(mark) :].decode(encoding, errors))
    first, second = data[:1], data[1:2]
    if second == b"\0" and first != b"\0" and data[2:].strip(b"\0"):
        return _plain(data.decode("utf-16-le", errors))
    if first == b"\0" and second not in (b"", b"\0"):
        return _plain(data.decode("utf-16-be", errors))
    return _plain(data.decode("utf-8", errors))


def _plain(text: str) -> str:
    return text.rstrip("\0").replace("\r\n", "\n")
