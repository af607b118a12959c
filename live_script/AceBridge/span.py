"""The audible pieces of a clip in the clip's own time: beats if the clip is warped, else seconds of its file.

describe.py converts the pieces to source time, and place.py places them on the timeline.
"""

from __future__ import annotations

from collections import namedtuple

MOST_PASSES = 64  # maximum number of passes of an Arrangement loop to place; each pass is one clip

# at: position on the timeline in beats from the clip's start; start, end: bounds in the clip's own time
Piece = namedtuple("Piece", "at start end")


def session(clip):
    """Return a Session clip's pieces: a single piece that covers everything audible."""
    if not clip.looping:
        return [Piece(0.0, float(clip.start_marker), float(clip.end_marker))]
    start = min(clip.start_marker, clip.loop_start)
    end = clip.loop_end if clip.start_marker < clip.loop_end else clip.end_marker
    return [Piece(0.0, float(start), float(max(end, clip.loop_end)))]


def arrangement(clip):
    """Return an Arrangement clip's pieces in timeline order, and the number of passes that were left out.

    A loop has one piece per pass, because scripts can set an Arrangement clip's length only if its loop is off.
    """
    if not clip.warping:
        return [Piece(0.0, float(clip.start_marker), float(clip.end_marker))], 0
    length, at, start = float(clip.end_time - clip.start_time), 0.0, float(clip.start_marker)
    if not clip.looping:
        return [Piece(0.0, start, start + length)], 0
    pieces = []
    while at < length - 1e-6:
        end = float(clip.loop_end) if start < clip.loop_end else start + length
        here = min(length - at, end - start)
        pieces.append(Piece(at, start, start + here))
        at, start = at + here, float(clip.loop_start)
    return pieces[:MOST_PASSES], max(0, len(pieces) - MOST_PASSES)


def is_loop(clip, pieces, session):
    """Return whether the audible part is exactly one repeated loop, so that the end must lead back into the start."""
    start, end = whole(pieces)
    again = session or len(pieces) > 1
    return again and abs(start - clip.loop_start) < 1e-6 and abs(end - clip.loop_end) < 1e-6


def whole(pieces):
    """Return the start and end of the audible part in the clip's own time."""
    return min(piece.start for piece in pieces), max(piece.end for piece in pieces)
