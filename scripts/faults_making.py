"""Faults after the order: waiting for the model, its refusals, fetching the result, cancelling. Part of faults.py."""

from __future__ import annotations

from fault import ALWAYS, LOCKED, NGINX, SILENT, Fault, Planned, detail, said, word

WAIT: tuple[Fault, ...] = (
    Fault(
        "status_401",
        "the key is not accepted any more",
        (said("status", 401, {"detail": "no"}),),
        "key_refused",
        1,
        "retry",
    ),
    Fault(
        "status_locked", "the balance is used up meanwhile", (said("status", 403, LOCKED),), "balance_empty", 1, "retry"
    ),
    Fault("status_404", "fal does not know the order yet", (said("status", 404, {"detail": "?"}, times=2),)),
    Fault(
        "status_gone",
        "fal does not know the order any more",
        (said("status", 404, {"detail": "?"}),),
        "result_gone",
        1,
        "rerun",
    ),
    Fault("status_408", "the answer took too long", (said("status", 408, times=3),)),
    Fault("status_429", "too many requests, with Retry-After", (said("status", 429, times=3, Retry_After="2"),)),
    Fault("status_500", "an error of the platform", (said("status", 500, word("internal_error"), times=3),)),
    Fault("status_page", "a web page comes instead", (Planned("status", times=8, **NGINX),)),
    Fault("status_text", "no JSON comes", (said("status", 200, "?", times=3),)),
    Fault("status_list", "JSON comes that is no status", (said("status", 200, [1, 2], times=3),)),
    Fault("status_reset", "the connection is reset", (Planned("status", "reset", times=5),)),
    Fault("status_cut", "the answer breaks off", (Planned("status", "cut", times=3),)),
    Fault("status_silent", "nobody answers for a while", (Planned("status", "late", times=2, more=SILENT),)),
    Fault("status_word", "a state that nobody knows"),
    Fault("status_offline", "the network is gone for a while"),
    Fault("stream_500", "the status stream fails", (said("stream", 500),)),
    Fault("stream_reset", "the status stream is reset", (Planned("stream", "reset", times=ALWAYS),)),
    Fault(
        "stream_text",
        "the status stream speaks nonsense",
        (said("stream", 200, "data: {", Content_Type="text/event-stream"),),
    ),
    Fault(
        "result_401",
        "the key is not accepted any more",
        (said("result", 401, {"detail": "no"}),),
        "key_refused",
        1,
        "retry",
    ),
    Fault("result_404", "the result is not there yet", (said("result", 404, {"detail": "?"}, times=3),)),
    Fault(
        "result_gone", "the result is there no more", (said("result", 404, {"detail": "?"}),), "result_gone", 1, "rerun"
    ),
    Fault(
        "result_410", "the result has been deleted", (said("result", 410, {"detail": "?"}),), "result_gone", 1, "rerun"
    ),
    Fault("result_expired", "an hour has gone by, and fal keeps it no longer", (), "result_gone", 1, "rerun"),
    Fault("result_429", "too many requests, with Retry-After", (said("result", 429, times=2, Retry_After="2"),)),
    Fault("result_page", "a web page comes instead", (Planned("result", times=4, **NGINX),)),
    Fault("result_503", "no machine is free for a moment", (said("result", 503, times=2),)),
    Fault("result_reset", "the connection is reset", (Planned("result", "reset", times=3),)),
    Fault("result_cut", "the answer breaks off", (Planned("result", "cut", times=2),)),
    Fault(
        "result_no_audio",
        "the answer names no audio",
        (said("result", 200, {"seed": 7}),),
        "answer_strange",
        1,
        "retry",
    ),
    Fault("result_text", "the answer is no JSON", (said("result", 200, "?"),), "answer_strange", 1, "retry"),
    Fault(
        "result_foreign",
        "the audio is at a host that nobody knows",
        (said("result", 200, {"audio": {"url": "https://evil.example/a.wav"}, "seed": 7}),),
        "host_refused",
        1,
        "refused",
    ),
)

MODEL: tuple[Fault, ...] = (
    Fault(
        "model_unread",
        "the model cannot read the clip",
        (said("model", 422, detail("file_download_error")),),
        "upload_not_fetched",
        1,
        "order",
    ),
    *(
        Fault(f"model_{kind}", text, (said("model", status, detail(kind)),), ends, 1, "order")
        for kind, text, status, ends in (
            ("file_too_large", "the clip is too large", 422, "clip_refused"),
            ("audio_duration_too_long", "the clip is too long", 422, "clip_refused"),
            ("audio_duration_too_short", "the clip is too short", 422, "clip_refused"),
            ("unsupported_audio_format", "the clip has a strange format", 422, "clip_refused"),
            ("content_policy_violation", "the words are refused", 422, "content_refused"),
            ("no_media_generated", "the model makes nothing", 422, "model_failed"),
            ("internal_server_error", "the model breaks", 500, "model_failed"),
            ("generation_timeout", "the model takes too long", 504, "model_failed"),
            ("downstream_service_error", "a service behind the model breaks", 400, "model_failed"),
            ("greater_than_equal", "an input is out of range", 422, "model_refused"),
        )
    ),
    *(
        Fault(f"platform_{kind}", f"fal's platform says {kind}", (said("model", status, word(kind)),), ends, 1, "order")
        for kind, status, ends in (
            ("request_timeout", 504, "withdrawn"),
            ("startup_timeout", 504, "withdrawn"),
            ("client_disconnected", 499, "withdrawn"),
            ("client_cancelled", 499, "withdrawn"),
            ("runner_scheduling_failure", 503, "engine_busy"),
            ("runner_connection_timeout", 503, "engine_busy"),
            ("runner_connection_refused", 503, "engine_busy"),
            ("runner_connection_error", 503, "engine_busy"),
            ("runner_disconnected", 503, "model_failed"),
            ("runner_incomplete_response", 502, "model_failed"),
            ("runner_server_error", 500, "model_failed"),
            ("internal_error", 500, "model_failed"),
            ("bad_request", 400, "request_rejected"),
        )
    ),
    Fault(
        "model_text",
        "the model refuses in another form",
        (said("model", 422, {"detail": "no"}),),
        "model_refused",
        1,
        "order",
    ),
)

FETCH: tuple[Fault, ...] = (
    Fault("file_403", "the address has expired", (said("file", 403, "<Error/>"),), "result_gone", 1, "rerun"),
    Fault("file_404", "the file is gone", (said("file", 404),), "result_gone", 1, "rerun"),
    Fault("file_410", "the file has been deleted", (said("file", 410),), "result_gone", 1, "rerun"),
    Fault("file_429", "too many requests, with Retry-After", (said("file", 429, times=2, Retry_After="3"),)),
    Fault("file_500", "an error of the storage", (said("file", 500, times=3),)),
    Fault(
        "file_416", "the storage does not know that part", (said("file", 416, times=1),), "request_rejected", 1, "retry"
    ),
    Fault("file_reset", "the connection is reset", (Planned("file", "reset", times=3),)),
    Fault(
        "file_reset_stays",
        "the connection is always reset",
        (Planned("file", "reset", times=ALWAYS),),
        "waiting:network",
        1,
        "waits",
    ),
    Fault("file_cut", "the download breaks off, three times", (Planned("file", "cut", times=3),)),
    Fault(
        "file_empty",
        "not one byte comes",
        (Planned("file", "cut", times=ALWAYS, more={"fraction": 0.0}),),
        "waiting:network",
        1,
        "waits",
    ),
    Fault("file_slow", "the download comes in drops", (Planned("file", "slow", more={"pieces": 6, "seconds": 0.1}),)),
    Fault("file_silent", "the download falls silent", (Planned("file", "late", times=2, more=SILENT),)),
    Fault(
        "file_page",
        "a web page comes instead",
        (Planned("file", "retype", times=ALWAYS, more={"text": "text/html"}),),
        "result_not_audio",
        1,
        "retry",
    ),
    Fault(
        "file_redirect",
        "a redirect, which is never followed",
        (Planned("file", "redirect", more={"text": "/x"}, times=ALWAYS),),
        "host_refused",
        1,
        "retry",
    ),
    Fault("file_expired", "the file's time is over", (), "result_gone", 1, "rerun"),
    Fault("file_offline", "the network is gone for a while"),
    Fault("audio_silence", "the audio is silent", (Planned("model", "silence"),), "result_silent", 1, "refused"),
    Fault(
        "audio_nan",
        "the audio has samples that are no numbers",
        (Planned("model", "nan"),),
        "result_broken",
        1,
        "refused",
    ),
    Fault("audio_text", "the audio is a text", (Planned("model", "not_audio"),), "result_not_audio", 1, "refused"),
    Fault(
        "audio_short",
        "the audio is half as long as the clip",
        (Planned("model", "short"),),
        "result_too_short",
        1,
        "refused",
    ),
    Fault(
        "audio_header",
        "the audio ends before its header says",
        (Planned("model", "header"),),
        "result_truncated",
        1,
        "refused",
    ),
)

CANCEL: tuple[Fault, ...] = (
    Fault("cancel_queued", "it waits in fal's queue", (), "cancelled", 1, "order"),
    Fault(
        "cancel_500", "an error of the platform, for a moment", (said("cancel", 500, times=2),), "cancelled", 1, "order"
    ),
    Fault("cancel_reset", "the connection is reset", (Planned("cancel", "reset", times=2),), "cancelled", 1, "order"),
    Fault("cancel_401", "the key is not accepted: it is made, and kept", (said("cancel", 401, {"detail": "no"}),)),
    Fault(
        "cancel_late", "too late: it is made, billed, and kept", (said("cancel", 400, {"status": "ALREADY_COMPLETED"}),)
    ),
)
