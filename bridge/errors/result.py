"""Errors in a result that is paid for but unusable.

The engine keeps the result for a while, so another download, which is free, may fix most of these errors. It cannot
fix silence or invalid samples: the file then arrived complete and was read.
"""

from __future__ import annotations

from bridge.errors.base import BridgeError

_COMPLETE = "The file is complete and kept in the job's folder. `ace-bridge rerun` makes a new result and costs again."


class ResultError(BridgeError):
    """The result is not usable audio."""

    code = "result_unusable"
    hint = "`ace-bridge retry` downloads it again at no cost, as long as the engine keeps it."


class ResultTruncated(ResultError):
    """The result is incomplete."""

    code = "result_truncated"


class ResultNotAudio(ResultError):
    """The result is not audio."""

    code = "result_not_audio"


class ResultSilent(ResultError):
    """The result is silent."""

    code = "result_silent"
    hint = _COMPLETE


class ResultBroken(ResultError):
    """The result has invalid samples: not a number, or out of range."""

    code = "result_broken"
    hint = _COMPLETE


class ResultTooLarge(ResultError):
    """The result is far too large for this clip."""

    code = "result_too_large"


class ResultTooShort(ResultError):
    """The result is much shorter than the clip."""

    code = "result_too_short"
