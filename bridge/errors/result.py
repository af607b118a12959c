"""Errors in what came back: paid for, kept, and not usable as it is."""

from __future__ import annotations

from bridge.errors.base import BridgeError


class ResultError(BridgeError):
    """The result is not usable audio; the file is kept in the job's folder."""

    code = "result_unusable"
    hint = "Listen to the file in the job's folder; `ace-bridge rerun` makes a new one and costs again."


class ResultTruncated(ResultError):
    """The result broke off before its end and several downloads did not complete it."""

    code = "result_truncated"
    hint = "`ace-bridge retry` downloads it again; that costs nothing."


class ResultNotAudio(ResultError):
    """What came back is not audio."""

    code = "result_not_audio"


class ResultSilent(ResultError):
    """The result is silent."""

    code = "result_silent"


class ResultBroken(ResultError):
    """The result has samples that are no sound: not a number, or beyond any level."""

    code = "result_broken"


class ResultTooLarge(ResultError):
    """The result is far larger than this clip can need."""

    code = "result_too_large"


class ResultTooShort(ResultError):
    """The result is much shorter than the clip."""

    code = "result_too_short"
