"""Recognises chained Ogg files, of which libsndfile decodes only the first stream (RFC 3533, section 4)."""

from __future__ import annotations

from mmap import mmap

MARK = b"OggS"
CONTINUED, FIRST = 1, 2  # flags in the header of a page: continues a packet; first page of a stream


def streams(data: bytes | mmap) -> list[int]:
    r"""Return the offsets of groups of streams that follow each other in a file; a chained file has more than one.

    >>> first, last = (b"OggS\0" + flag + bytes(21) for flag in (b"\2", b"\4"))
    >>> streams(first + first + last), streams(first + last + first + last)
    ([0], [0, 54])
    """
    groups: list[int] = []
    was_first, place = False, data.find(MARK)
    while place >= 0:
        head = data[place : place + 27]
        if len(head) < 27:
            break
        is_first = bool(head[5] & FIRST) and not head[5] & CONTINUED and head[4] == 0
        if is_first and not was_first:  # streams that play at the same time all begin before their data
            groups.append(place)
        was_first = is_first
        lengths = data[place + 27 : place + 27 + head[26]]
        place = data.find(MARK, place + 27 + len(lengths) + sum(lengths))
    return groups
