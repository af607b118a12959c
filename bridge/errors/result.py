"""Errors in a result that is paid for and kept but unusable."""

from __future__ import annotations

from bridge.errors.base import BridgeError


class ResultError(BridgeError):
    """The result is not usable audio. The file is kept in the job's folder."""

    code = "result_unusable"
    hint = "Listen to the file in the job's folder. `ace-bridge rerun` makes a new result and costs again."


class ResultTruncated(ResultError):
    """The result is incomplete, even after several downloads."""

    code = "result_truncated"
    hint = "`ace-bridge retry` downloads it again at no cost."


class ResultNotAudio(ResultError):
    """The result is not audio."""

    code = "result_not_audio"


class ResultSilent(ResultError):
    """The result is silent."""

    code = "result_silent"


class ResultBroken(ResultError):
    """The result has invalid samples: not a number, or out of range."""

    code = "result_broken"


class ResultTooLarge(ResultError):
    """The result is far too large for this clip."""

    code = "result_too_large"


class ResultTooShort(ResultError):
    """The result is much shorter than the clip."""

    code = "result_too_short"
