"""Maps fal's error answers to bridge errors.

The error type in the answer determines the bridge error; without an error type, the HTTP status and the step do.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge import errors
from bridge.engines.fal.hosts import shown
from bridge.engines.fal.wire import Answer
from bridge.errors import BridgeError
from bridge.util.web_page import is_web_page

_LONGEST_MESSAGE = 300  # maximum characters of fal's message
_LONGEST_BODY = 2048  # bytes of a body that is not JSON in which a message is looked for
_LONGEST_SIGN = 80  # maximum characters of an error type, field name or id


class Doing(enum.Enum):
    """The step in which fal answered with an error."""

    SUBMIT = "submitting the remix"
    POLL = "asking for the status"  # its errors prove nothing about the remix, which may be running
    WAIT = "waiting for the remix"  # requests for the result of a request that has completed
    RUN = "running the model"  # the same, if the request's status names an error: the answer of the model itself
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
    target: str  # host to which a redirect leads; empty: this host, or no redirect
    request_id: str  # fal's id of this request, for fal's support


def read_complaint(answer: Answer) -> Complaint:
    """Parse an error answer of any form: model details, platform error, gateway text, cancel status or web page."""
    data = answer.data if isinstance(answer.data, dict) else {}
    detail = data.get("detail")
    first = _first_detail(detail)
    kind = data.get("error_type") or answer.headers.get("x-fal-error-type") or first.get("type") or ""
    return Complaint(
        status=answer.status,
        kind=_one_line(str(kind), _LONGEST_SIGN),
        message=_one_line(_message(data, detail, first, answer)),
        field=_one_line(_field(first), _LONGEST_SIGN),
        listed=bool(first),
        is_page=is_page(answer),
        target=_target(answer.headers.get("location", "")),
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
    return _class_of(complaint, doing)(scrub(_sentence(complaint, doing)), hint=_hint(complaint, doing))


def is_verdict(answer: Answer) -> bool:
    """Return whether an answer is a final error from the model or the platform, not a temporary one."""
    complaint = read_complaint(answer)
    return complaint.listed or complaint.kind in _BY_KIND


def is_page(answer: Answer) -> bool:
    """Return whether an answer of any status is a web page, which fal's API never sends."""
    return answer.data is None and is_web_page(answer.body, answer.headers.get("content-type", ""))


def names_platform(answer: Answer) -> bool:
    """Return whether an answer has one of fal's platform error types, which prove that no model is running."""
    return read_complaint(answer).kind in _PLATFORM


def is_withdrawal(answer: Answer) -> bool:
    """Return whether an answer can mean that the submission was withdrawn; a web page cannot."""
    if is_page(answer):
        return False
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
    Doing.SUBMIT: {404: errors.EndpointUnknown},
    Doing.POLL: {
        **dict.fromkeys((400, 422, 499), errors.AnswerStrange),
        404: errors.ResultGone,
        410: errors.ResultGone,
    },
    Doing.WAIT: {
        **dict.fromkeys((400, 499), errors.AnswerStrange),
        404: errors.ResultGone,
        410: errors.ResultGone,
    },
    Doing.RUN: {404: errors.EndpointUnknown, 410: errors.ResultGone},
    Doing.STORE: {403: errors.StorageRefused},
}

# Texts of a 403 about the account. fal sends "User is locked. Reason: Exhausted balance. …", "… Reason: TOP_UP." and
# "… Reason: Admin lock. …" (fal-ai/fal#1168).
_LOCKS: tuple[tuple[re.Pattern[str], type[BridgeError]], ...] = (
    (re.compile(r"admin\w* lock", re.I), errors.AccountLocked),
    (re.compile(r"balance|top[ _-]?up|credit|billing|payment", re.I), errors.BalanceEmpty),
    (re.compile(r"\block", re.I), errors.AccountLocked),
)
_TAG = re.compile(r"<[^<>]*>")  # of XML, which storage hosts send
_NO_APP = re.compile(r"\bapp(lication)?\b.*\bnot found\b", re.I)  # the first two parts of the endpoint are wrong
_NO_PATH = re.compile(r"\b(path|route|endpoint)\b.*\bnot found\b", re.I)  # the rest is, says the model's server
_NO_REQUEST = re.compile(r"\brequest\b.*\bnot found\b", re.I)


def _class_of(complaint: Complaint, doing: Doing) -> type[BridgeError]:
    """Choose the error class: from the error type, else from fal's text, else from the HTTP status.

    After a submission, a `RefusedError` lets `retry` submit again. So it needs proof that nothing is running and that
    there is no result: an error type, a model's details, or a status that names an error.
    """
    if 300 <= complaint.status < 400:
        return errors.HostRefused
    if doing in (Doing.MOVE, Doing.TAKE):
        return _class_of_storage(complaint, doing)
    if complaint.kind in _BY_KIND and doing is not Doing.POLL:
        return _BY_KIND[complaint.kind]
    if complaint.is_page:
        return errors.AnswerStrange
    by_status = {**_BY_STATUS, **_BY_STATUS_OF.get(doing, {}), **_by_text(complaint, doing)}
    if complaint.status in by_status:
        return by_status[complaint.status]
    if complaint.status >= 500 and (doing is Doing.RUN or (doing is Doing.WAIT and complaint.listed)):
        return errors.ModelFailed
    if 400 <= complaint.status < 500 and doing not in (Doing.POLL, Doing.WAIT):
        return errors.RequestRejected
    return errors.UploadFailed if doing is Doing.STORE else errors.AnswerStrange


def _class_of_storage(complaint: Complaint, doing: Doing) -> type[BridgeError]:
    """Choose the error class for a storage host, which gets no key; so its answer is not about the key or the account.

    Only 404 and 410 mean that a result is gone. After any other answer, it may be downloaded later.
    """
    moving = doing is Doing.MOVE
    if complaint.is_page or complaint.status >= 500:
        return errors.UploadFailed if moving else errors.AnswerStrange
    if complaint.status in (404, 410) and not moving:
        return errors.ResultGone
    if complaint.status in (401, 403) or not moving:
        return errors.StorageRefused
    return errors.UploadFailed


def _by_text(complaint: Complaint, doing: Doing) -> Mapping[int, type[BridgeError]]:
    """Return the error classes that fal's text selects, by HTTP status."""
    locks = [locked for pattern, locked in _LOCKS if pattern.search(complaint.message)]
    found: dict[int, type[BridgeError]] = {403: locks[0]} if locks else {}
    if _has_wrong_url(complaint, doing):
        found[404] = errors.AnswerStrange
    elif doing is Doing.WAIT and _NO_PATH.search(complaint.message):
        found[404] = errors.EndpointUnknown
    if doing is Doing.RUN and _NO_REQUEST.search(complaint.message):
        found[404] = errors.ResultGone
    return found


def _has_wrong_url(complaint: Complaint, doing: Doing) -> bool:
    """Return whether the URL of a submitted request names a wrong endpoint. The request itself may have succeeded."""
    wrong = _NO_APP.search(complaint.message) or (doing is Doing.POLL and _NO_PATH.search(complaint.message))
    return complaint.status == 404 and doing in (Doing.POLL, Doing.WAIT) and bool(wrong)


def _hint(complaint: Complaint, doing: Doing) -> str | None:
    """Return the next step if it differs from that of the error's class."""
    if _has_wrong_url(complaint, doing):
        return errors.EndpointUnknown.hint
    moved = doing is Doing.TAKE and complaint.target.startswith("https:")  # the storage may have a new host
    return _BLOCKED if complaint.is_page or (300 <= complaint.status < 400 and not moved) else None


_BLOCKED = "Check the network (a proxy, or a Wi-Fi that needs a login), then run `ace-bridge retry`."


def _sentence(complaint: Complaint, doing: Doing) -> str:
    """Return the error text: the class's default text, fal's message, and the details that fal's support needs.

    A redirect may lead to the same host, so the default text about a host does not apply to it.
    """
    is_redirect = 300 <= complaint.status < 400
    default = "" if is_redirect else " ".join((_class_of(complaint, doing).__doc__ or "").split())
    signs = [f"HTTP {complaint.status}"]
    if complaint.kind:
        signs.append(complaint.kind)
    if complaint.request_id:
        signs.append(f"fal request {complaint.request_id}")
    about = f"{complaint.field}: " if complaint.field else ""
    said = _said(complaint, about)
    return f"{default}{said} [{doing.value}; {', '.join(signs)}]".lstrip()


def _said(complaint: Complaint, about: str) -> str:
    if 300 <= complaint.status < 400:
        target = complaint.target or "the same host"
        return f" The answer was a redirect to {target}, which the bridge does not follow."
    if complaint.is_page:
        return " A web page was sent instead of fal's answer: a proxy or gateway before fal intervened or is down."
    return f" fal says: {about}{complaint.message}" if complaint.message else ""


def _target(location: str) -> str:
    return _one_line(shown(location), _LONGEST_SIGN) if "//" in location else ""


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
    return "" if data else _TAG.sub(" ", answer.body[:_LONGEST_BODY].decode("utf-8", "replace"))


def _field(first: Mapping[str, Any]) -> str:
    place = first.get("loc")
    if not isinstance(place, list | tuple):
        return ""
    return ".".join(str(part) for part in place if part != "body")


def _one_line(text: str, longest: int = _LONGEST_MESSAGE) -> str:
    """Return one printable line of at most `longest` characters."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
