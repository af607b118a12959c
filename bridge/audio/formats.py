"""Recognises formats by their first bytes, to choose the decoder."""

from __future__ import annotations

W64_RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")
# Signatures of the formats that only ffmpeg can decode: offset and bytes.
FOREIGN = (
    (4, b"ftyp"),  # MPEG-4: AAC and ALAC, and QuickTime
    (0, b"wvpk"),  # WavPack
    (0, b"MAC "),  # Monkey's Audio
    (0, b"TTA1"),  # True Audio
    (0, bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")),  # Windows Media
    (0, bytes.fromhex("1a45dfa3")),  # Matroska and WebM
    (0, bytes.fromhex("0b77")),  # AC-3
)
MIXED = (b"OggS", b"caff", b"RIFF", b"RF64", b"BW64", b"FORM", W64_RIFF[:4])  # containers that support several codecs


def is_float_w64(head: bytes) -> bool:
    """Return whether a file is a W64 with 32-bit float samples under the extensible format tag, as written by ffmpeg.

    Args:
        head: the first 128 bytes of the file; in every known W64 file, the format chunk comes first.

    >>> is_float_w64(b"RIFF" + bytes(124))
    False
    """
    if head[:16] != W64_RIFF or head[40:44] != b"fmt " or len(head) < 104:
        return False
    tag, width, form = (int.from_bytes(head[at : at + 2], "little") for at in (64, 78, 88))
    return tag == 0xFFFE and width == 32 and form == 3


def is_foreign(head: bytes) -> bool:
    r"""Return whether only ffmpeg can decode a file.

    Args:
        head: the first 128 bytes of the file.

    >>> is_foreign(b"\0\0\0\x20ftypM4A "), is_foreign(b"fLaC")
    (True, False)
    """
    return any(head[at : at + len(mark)] == mark for at, mark in FOREIGN)


def is_mixed(head: bytes) -> bool:
    """Return whether a file's container may hold a codec that ffmpeg supports and libsndfile does not.

    >>> is_mixed(b"OggS"), is_mixed(b"fLaC")
    (True, False)
    """
    return head[:4] in MIXED
