"""Maps fal's error answers to bridge errors.

The error type in the answer determines the bridge error; without an error type, the HTTP status and the step do.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge import errors
from bridge.engines.fal.wire import Answer
from bridge.errors import BridgeError

_LONGEST_MESSAGE = 300  # maximum characters of fal's message
_LONGEST_SIGN = 80  # maximum characters of an error type, field name or id


class Doing(enum.Enum):
    """The step in which fal answered with an error."""

    SUBMIT = "submitting the remix"
    WAIT = "waiting for the remix"
    STORE = "uploading the clip"  # requests to the storage API, with the key
    MOVE = "sending the clip"  # requests to a storage host, without the key
    TAKE = "downloading the result"  # requests to a storage host, without the key
    CANCEL = "cancelling the remix"


@dataclass(frozen=True, slots=True)
class Complaint:
    """The content of an error answer of any form."""

    status: int  # HTTP status
    kind: str  # error_type, X-Fal-Error-Type or the type of the first detail; empty: none
    message: str  # fal's message, one line, not redacted yet
    field: str  # the input named by the first detail; empty: none
    listed: bool  # whether the details are a list, as the model writes them
    is_page: bool  # whether the answer is a web page from a proxy or gateway in front of fal's API
    request_id: str  # fal's id of this request, for fal's support


def read_complaint(answer: Answer) -> Complaint:
    """Parse an error answer of any form: model details, platform error, gateway text, cancel status or web page."""
    data = answer.data if isinstance(answer.data, dict) else {}
    detail = data.get("detail")
    first = _first_detail(detail)
    kind = data.get("error_type") or answer.headers.get("x-fal-error-type") or first.get("type") or ""
    is_page = answer.data is None and b"<html" in answer.body[:2048].lower()
    return Complaint(
        status=answer.status,
        kind=_one_line(str(kind), _LONGEST_SIGN),
        message=_one_line(_message(data, detail, first, answer)),
        field=_one_line(_field(first), _LONGEST_SIGN),
        listed=bool(first),
        is_page=is_page,
        request_id=_one_line(answer.headers.get("x-fal-request-id", ""), _LONGEST_SIGN),
    )


def error_from(answer: Answer, doing: Doing, scrub: Callable[[str], str]) -> BridgeError:
    """Return the bridge error for one of fal's error answers.

    Args:
        answer: A complete error answer.
        doing: The step in which fal sent the answer.
        scrub: Redacts secrets in a text.
    """
    complaint = read_complaint(answer)
    return _class_of(complaint, doing)(scrub(_sentence(complaint, doing)))


def is_verdict(answer: Answer) -> bool:
    """Return whether an answer is a final error from the model or the platform, not a temporary one."""
    complaint = read_complaint(answer)
    return complaint.listed or complaint.kind in _BY_KIND


def is_page(answer: Answer) -> bool:
    """Return whether an answer is a web page, which fal's API never sends."""
    return read_complaint(answer).is_page


def names_platform(answer: Answer) -> bool:
    """Return whether an answer has one of fal's platform error types, which prove that no model is running."""
    return read_complaint(answer).kind in _PLATFORM


def is_withdrawal(answer: Answer) -> bool:
    """Return whether an answer can mean that the submission was withdrawn."""
    return answer.status in (404, 410, 499) or read_complaint(answer).kind in _WITHDRAWN


_WITHDRAWN = frozenset({"client_cancelled", "client_disconnected"})

_PLATFORM: Mapping[str, type[BridgeError]] = {
    "request_timeout": errors.Withdrawn,
    "startup_timeout": errors.Withdrawn,
    "client_cancelled": errors.Withdrawn,
    "client_disconnected": errors.Withdrawn,
    "runner_scheduling_failure": errors.EngineBusy,
    "runner_connection_timeout": errors.EngineBusy,
    "runner_connection_refused": errors.EngineBusy,
    "runner_connection_error": errors.EngineBusy,
    "runner_disconnected": errors.ModelFailed,
    "runner_incomplete_response": errors.ModelFailed,
    "runner_server_error": errors.ModelFailed,
    "internal_error": errors.ModelFailed,
    "bad_request": errors.RequestRejected,
    "concurrent_requests_limit": errors.RateLimited,
}

_BY_KIND: Mapping[str, type[BridgeError]] = {
    **_PLATFORM,
    "file_download_error": errors.UploadNotFetched,
    "file_too_large": errors.ClipRefused,
    "audio_duration_too_long": errors.ClipRefused,
    "audio_duration_too_short": errors.ClipRefused,
    "unsupported_audio_format": errors.ClipRefused,
    "content_policy_violation": errors.ContentRefused,
    "no_media_generated": errors.ModelFailed,
    "internal_server_error": errors.ModelFailed,
    "generation_timeout": errors.ModelFailed,
    "downstream_service_error": errors.ModelFailed,
}

_BY_STATUS: Mapping[int, type[BridgeError]] = {
    400: errors.RequestRejected,
    401: errors.KeyRefused,
    402: errors.BalanceEmpty,
    403: errors.AccessDenied,
    404: errors.RequestRejected,
    410: errors.RequestRejected,
    422: errors.RefusedError,
    429: errors.RateLimited,
    499: errors.Withdrawn,
}

_BY_STATUS_OF: Mapping[Doing, Mapping[int, type[BridgeError]]] = {
    Doing.WAIT: {404: errors.ResultGone, 410: errors.ResultGone},
    Doing.TAKE: {
        401: errors.ResultGone,
        403: errors.ResultGone,
        404: errors.ResultGone,
        410: errors.ResultGone,
    },
}


def _class_of(complaint: Complaint, doing: Doing) -> type[BridgeError]:
    """Choose the error class: from the error type, else from signs of a locked account, else from the HTTP status."""
    if 300 <= complaint.status < 400:
        return errors.HostRefused
    if doing is Doing.MOVE:  # sent without the key, so the answer is not about the account
        return errors.UploadFailed
    if complaint.kind in _BY_KIND and doing is not Doing.TAKE:
        return _BY_KIND[complaint.kind]
    if complaint.status == 403 and _is_locked(complaint.message) and doing is not Doing.TAKE:
        return errors.BalanceEmpty
    if complaint.is_page:
        return errors.AnswerStrange
    by_status = {**_BY_STATUS, **_BY_STATUS_OF.get(doing, {})}
    if complaint.status in by_status:
        return by_status[complaint.status]
    if complaint.status >= 500 and doing is Doing.WAIT:
        return errors.ModelFailed
    if 400 <= complaint.status < 500:
        return errors.RequestRejected
    return errors.UploadFailed if doing is Doing.STORE else errors.AnswerStrange


def _is_locked(message: str) -> bool:
    words = message.lower()
    return "locked" in words or "balance" in words


def _sentence(complaint: Complaint, doing: Doing) -> str:
    """Return the error text: the class's default text, fal's message, and the details that fal's support needs."""
    default = " ".join((_class_of(complaint, doing).__doc__ or "").split())
    signs = [f"HTTP {complaint.status}"]
    if complaint.kind:
        signs.append(complaint.kind)
    if complaint.request_id:
        signs.append(f"fal request {complaint.request_id}")
    about = f"{complaint.field}: " if complaint.field else ""
    said = _said(complaint, about)
    return f"{default}{said} [{doing.value}; {', '.join(signs)}]"


def _said(complaint: Complaint, about: str) -> str:
    if 300 <= complaint.status < 400:
        return " fal tried to redirect the request; redirects are not followed."
    if complaint.is_page:
        return " A web page was sent instead of fal's answer: a proxy or gateway before fal intervened or is down."
    return f" fal says: {about}{complaint.message}" if complaint.message else ""


def _first_detail(detail: Any) -> Mapping[str, Any]:
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        return detail[0]
    return {}


def _message(data: Mapping[str, Any], detail: Any, first: Mapping[str, Any], answer: Answer) -> str:
    if first:
        ctx = first.get("ctx")
        limits = ", ".join(f"{name} {value}" for name, value in ctx.items()) if isinstance(ctx, dict) else ""
        return f"{first.get('msg') or first.get('type') or ''}" + (f" ({limits})" if limits else "")
    for text in (detail, data.get("message"), data.get("error"), data.get("status")):
        if isinstance(text, str) and text:
            return text
    return "" if data else answer.body[:_LONGEST_MESSAGE].decode("utf-8", "replace")


def _field(first: Mapping[str, Any]) -> str:
    place = first.get("loc")
    if not isinstance(place, list | tuple):
        return ""
    return ".".join(str(part) for part in place if part != "body")


def _one_line(text: str, longest: int = _LONGEST_MESSAGE) -> str:
    """Return one printable line of at most `longest` characters."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
