"""Faults on the way to the order: sending the clip and ordering. Part of the table in faults.py."""

from __future__ import annotations

from fault import ALWAYS, LOCKED, NGINX, SILENT, Fault, Planned, detail, said, word

UPLOAD: tuple[Fault, ...] = (
    Fault(
        "announce_401", "the key is not accepted", (said("initiate", 401, {"detail": "no"}),), "key_refused", 0, "retry"
    ),
    Fault("announce_locked", "the balance is used up", (said("initiate", 403, LOCKED),), "balance_empty", 0, "retry"),
    Fault(
        "announce_403", "the account may not", (said("initiate", 403, {"detail": "no"}),), "access_denied", 0, "retry"
    ),
    Fault("announce_404", "the storage has moved", (said("initiate", 404, {"detail": "Not Found"}),)),
    Fault("announce_422", "the announcement is refused", (said("initiate", 422, detail("missing")),)),
    Fault("announce_429", "too many requests, with Retry-After", (said("initiate", 429, times=2, Retry_After="5"),)),
    Fault("announce_500", "an error of the storage", (said("initiate", 500),)),
    Fault("announce_page", "a web page comes instead", (Planned("initiate", times=ALWAYS, **NGINX),)),
    Fault("announce_text", "no JSON comes", (said("initiate", 200, "hello"),)),
    Fault("announce_empty", "the address is missing", (said("initiate", 200, {"file_url": "x"}),)),
    Fault(
        "announce_foreign",
        "the address is at a host that nobody knows: the clip is not sent there",
        (said("initiate", 200, {"upload_url": "https://evil.example/a", "file_url": "https://evil.example/b"}),),
    ),
    Fault(
        "announce_redirect",
        "a redirect, which is never followed",
        (Planned("initiate", "redirect", more={"text": "/x"}, times=ALWAYS),),
    ),
    Fault("announce_reset", "the connection is reset twice", (Planned("initiate", "reset", times=2),)),
    Fault("announce_cut", "the answer breaks off", (Planned("initiate", "cut", times=1),)),
    Fault(
        "announce_silent",
        "nobody answers",
        (Planned("initiate", "late", times=ALWAYS, more=SILENT),),
        "waiting:network",
        0,
        "waits",
    ),
    Fault("put_expired", "the address has expired", (said("put", 403, "<Error>expired</Error>", times=1),)),
    Fault("put_411", "the storage wants something else", (said("put", 411, "<Error/>"),)),
    Fault("put_500", "an error of the storage", (said("put", 500),)),
    Fault("put_503", "slow down, with Retry-After", (said("put", 503, times=2, Retry_After="3"),)),
    Fault("put_reset", "the connection is reset", (Planned("put", "reset", times=1),)),
    Fault("put_lost", "the clip arrives, the answer is lost", (Planned("put", "lost", times=1),)),
    Fault("put_silent", "the storage falls silent", (Planned("put", "late", times=1, more=SILENT),)),
    Fault(
        "both_500", "both ways to store it fail", (said("put", 500), said("upload", 500)), "upload_failed", 0, "retry"
    ),
    Fault(
        "token_401",
        "the second way refuses the key",
        (said("initiate", 500), said("token", 401, {"detail": "no"})),
        "key_refused",
        0,
        "retry",
    ),
    Fault(
        "token_text",
        "the second way speaks nonsense",
        (said("initiate", 404), said("token", 200, "?")),
        "upload_failed",
        0,
        "retry",
    ),
    Fault(
        "token_expired",
        "the token has expired",
        (said("initiate", 404), said("upload", 401, {"detail": "Invalid token"})),
        "upload_failed",
        0,
        "retry",
    ),
)

ORDER: tuple[Fault, ...] = (
    Fault("order_400", "a bad request", (said("submit", 400, word("bad_request")),), "request_rejected", 0, "order"),
    Fault("order_401", "the key is not accepted", (said("submit", 401, {"detail": "no"}),), "key_refused", 0, "order"),
    Fault("order_402", "payment is wanted", (said("submit", 402, {"detail": "pay"}),), "balance_empty", 0, "order"),
    Fault("order_locked", "the balance is used up", (said("submit", 403, LOCKED),), "balance_empty", 0, "order"),
    Fault("order_403", "the account may not", (said("submit", 403, {"detail": "no"}),), "access_denied", 0, "order"),
    Fault("order_404", "the model is gone", (said("submit", 404, {"detail": "no"}),), "request_rejected", 0, "order"),
    Fault(
        "order_422",
        "an input is refused",
        (said("submit", 422, detail("one_of", "scheduler")),),
        "model_refused",
        0,
        "order",
    ),
    Fault(
        "order_422_text",
        "refused in another form",
        (said("submit", 422, {"detail": "no"}),),
        "model_refused",
        0,
        "order",
    ),
    Fault(
        "order_content",
        "the words are refused",
        (said("submit", 422, detail("content_policy_violation", "lyrics")),),
        "content_refused",
        0,
        "order",
    ),
    Fault(
        "order_429",
        "too many requests, with Retry-After",
        (said("submit", 429, word("concurrent_requests_limit"), times=2, Retry_After="4"),),
    ),
    Fault(
        "order_429_stays",
        "too many requests, for long",
        (said("submit", 429, word("concurrent_requests_limit"), X_Fal_Needs_Retry="1"),),
        "rate_limited",
        0,
        "order",
    ),
    Fault(
        "order_503",
        "no machine is free, for a moment",
        (said("submit", 503, word("runner_scheduling_failure"), times=2),),
    ),
    Fault(
        "order_503_stays",
        "no machine is free, for long",
        (said("submit", 503, word("runner_scheduling_failure")),),
        "engine_busy",
        0,
        "order",
    ),
    Fault(
        "order_503_plain", "an error that names nothing", (said("submit", 503, {"detail": "?"}),), "unknown", 0, "again"
    ),
    Fault("order_408", "the answer took too long", (said("submit", 408),), "unknown", 0, "again"),
    Fault("order_409", "a conflict", (said("submit", 409, {"detail": "?"}),), "unknown", 0, "again"),
    Fault(
        "order_500", "an error of the platform", (said("submit", 500, word("internal_error")),), "unknown", 0, "again"
    ),
    Fault("order_page", "a web page comes instead", (Planned("submit", times=ALWAYS, **NGINX),), "unknown", 0, "again"),
    Fault("order_504", "a server in between gives up", (said("submit", 504, "timeout"),), "unknown", 0, "again"),
    Fault("order_no_id", "the answer has no id", (said("submit", 200, {"status": "IN_QUEUE"}),), "unknown", 0, "again"),
    Fault("order_text", "the answer is no JSON", (said("submit", 200, "thanks"),), "unknown", 0, "again"),
    Fault("order_reset", "the connection is reset", (Planned("submit", "reset"),), "unknown", 0, "again"),
    Fault("order_lost", "the order stands, its answer is lost", (Planned("submit", "lost"),), "unknown", 1, "again"),
    Fault("order_cut", "the order stands, its answer breaks off", (Planned("submit", "cut"),), "unknown", 1, "again"),
    Fault(
        "order_silent",
        "the order stands, its answer never comes",
        (Planned("submit", "late", more=SILENT),),
        "unknown",
        1,
        "again",
    ),
    Fault(
        "order_redirect",
        "a redirect, which is never followed",
        (Planned("submit", "redirect", more={"text": "/x"}, times=ALWAYS),),
        "host_refused",
        0,
        "order",
    ),
    Fault("order_offline", "the network is gone when the order is to leave", (), "waiting:network", 0, "waits"),
)
