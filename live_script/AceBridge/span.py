"""What of a clip is heard, in the clip's own time: beats when it is warped, seconds of its file when it is not.

describe.py turns it into seconds of source, place.py puts the same pieces onto the timeline again.
"""

from __future__ import annotations

from collections import namedtuple

MOST_PASSES = 64  # of a loop in the Arrangement that are placed again, one clip each

# at: beats from the clip's start on the timeline; start, end: in the clip's own time
Piece = namedtuple("Piece", "at start end")


def session(clip):
    """Return the one piece of a Session clip: everything that can be heard of it."""
    if not clip.looping:
        return [Piece(0.0, float(clip.start_marker), float(clip.end_marker))]
    start = min(clip.start_marker, clip.loop_start)
    end = clip.loop_end if clip.start_marker < clip.loop_end else clip.end_marker
    return [Piece(0.0, float(start), float(max(end, clip.loop_end)))]


def arrangement(clip):
    """Return (pieces, passes left out) of a clip in the Arrangement, in the order of the timeline.

    A loop that goes round makes a piece per pass: how long a clip is in the Arrangement can only be set where the loop
    is off.
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


def goes_round(clip, pieces, session):
    """Tell whether the end of what is heard goes on into its beginning: it is the loop and nothing else."""
    start, end = whole(pieces)
    again = session or len(pieces) > 1
    return again and abs(start - clip.loop_start) < 1e-6 and abs(end - clip.loop_end) < 1e-6


def whole(pieces):
    """Return (first, last) of the clip's own time that is heard at all."""
    return min(piece.start for piece in pieces), max(piece.end for piece in pieces)
