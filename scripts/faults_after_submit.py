"""Faults after the submission (waiting, model errors, fetching, cancelling): one part of the table in faults.py."""

from __future__ import annotations

from fault import ALWAYS, LOCKED, NGINX, SILENT, Fault, Planned, detail, error, reply

WAIT: tuple[Fault, ...] = (
    Fault(
        "status_401",
        "the key is no longer accepted",
        (reply("status", 401, {"detail": "no"}),),
        "key_refused",
        1,
        "retry",
    ),
    Fault(
        "status_locked", "the balance runs out meanwhile", (reply("status", 403, LOCKED),), "balance_empty", 1, "retry"
    ),
    Fault("status_404", "fal does not know the request yet", (reply("status", 404, {"detail": "?"}, times=2),)),
    Fault(
        "status_gone",
        "fal no longer knows the request",
        (reply("status", 404, {"detail": "?"}),),
        "result_gone",
        1,
        "rerun",
    ),
    Fault("status_408", "the reply takes too long", (reply("status", 408, times=3),)),
    Fault("status_429", "too many requests, with Retry-After", (reply("status", 429, times=3, Retry_After="2"),)),
    Fault("status_500", "an error of the platform", (reply("status", 500, error("internal_error"), times=3),)),
    Fault("status_page", "a web page instead of a reply", (Planned("status", times=8, **NGINX),)),
    Fault("status_text", "the reply is not JSON", (reply("status", 200, "?", times=3),)),
    Fault("status_list", "the reply is JSON, but not a status", (reply("status", 200, [1, 2], times=3),)),
    Fault("status_reset", "the connection is reset", (Planned("status", "reset", times=5),)),
    Fault("status_cut", "the reply is cut off", (Planned("status", "cut", times=3),)),
    Fault("status_silent", "no reply for a while", (Planned("status", "late", times=2, more=SILENT),)),
    Fault("status_word", "an unknown state"),
    Fault("status_offline", "the network is down for a while"),
    Fault("stream_500", "the status stream fails", (reply("stream", 500),)),
    Fault("stream_reset", "the status stream is reset", (Planned("stream", "reset", times=ALWAYS),)),
    Fault(
        "stream_text",
        "the status stream is garbage",
        (reply("stream", 200, "data: {", Content_Type="text/event-stream"),),
    ),
    Fault(
        "result_401",
        "the key is no longer accepted",
        (reply("result", 401, {"detail": "no"}),),
        "key_refused",
        1,
        "retry",
    ),
    Fault("result_404", "the result does not exist yet", (reply("result", 404, {"detail": "?"}, times=3),)),
    Fault(
        "result_gone",
        "the result is gone",
        (reply("result", 404, {"detail": "?"}),),
        "result_gone",
        1,
        "rerun",
    ),
    Fault(
        "result_410", "the result has been deleted", (reply("result", 410, {"detail": "?"}),), "result_gone", 1, "rerun"
    ),
    Fault("result_expired", "fal has deleted the result after an hour", (), "result_gone", 1, "rerun"),
    Fault("result_429", "too many requests, with Retry-After", (reply("result", 429, times=2, Retry_After="2"),)),
    Fault("result_page", "a web page instead of a reply", (Planned("result", times=4, **NGINX),)),
    Fault("result_503", "no machine is free for a short time", (reply("result", 503, times=2),)),
    Fault("result_reset", "the connection is reset", (Planned("result", "reset", times=3),)),
    Fault("result_cut", "the reply is cut off", (Planned("result", "cut", times=2),)),
    Fault(
        "result_no_audio",
        "the reply names no audio",
        (reply("result", 200, {"seed": 7}),),
        "answer_strange",
        1,
        "retry",
    ),
    Fault("result_text", "the reply is not JSON", (reply("result", 200, "?"),), "answer_strange", 1, "retry"),
    Fault(
        "result_foreign",
        "the audio is on an unknown host",
        (reply("result", 200, {"audio": {"url": "https://evil.example/a.wav"}, "seed": 7}),),
        "host_refused",
        1,
        "refused",
    ),
)

MODEL: tuple[Fault, ...] = (
    Fault(
        "model_unread",
        "the model cannot read the clip",
        (reply("model", 422, detail("file_download_error")),),
        "upload_not_fetched",
        1,
        "order",
    ),
    *(
        Fault(f"model_{kind}", text, (reply("model", status, detail(kind)),), ends, 1, "order")
        for kind, text, status, ends in (
            ("file_too_large", "the clip is too large", 422, "clip_refused"),
            ("audio_duration_too_long", "the clip is too long", 422, "clip_refused"),
            ("audio_duration_too_short", "the clip is too short", 422, "clip_refused"),
            ("unsupported_audio_format", "the format of the clip is not supported", 422, "clip_refused"),
            ("content_policy_violation", "the content is refused", 422, "content_refused"),
            ("no_media_generated", "the model returns no audio", 422, "model_failed"),
            ("internal_server_error", "the model crashes", 500, "model_failed"),
            ("generation_timeout", "the model takes too long", 504, "model_failed"),
            ("downstream_service_error", "a service behind the model fails", 400, "model_failed"),
            ("greater_than_equal", "an input is out of range", 422, "model_refused"),
        )
    ),
    *(
        Fault(
            f"platform_{kind}",
            f"fal's platform reports {kind}",
            (reply("model", status, error(kind)),),
            ends,
            1,
            "order",
        )
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
        "the model refuses with an unknown body",
        (reply("model", 422, {"detail": "no"}),),
        "model_refused",
        1,
        "order",
    ),
)

FETCH: tuple[Fault, ...] = (
    Fault("file_403", "the URL has expired", (reply("file", 403, "<Error/>"),), "result_gone", 1, "rerun"),
    Fault("file_404", "the file is gone", (reply("file", 404),), "result_gone", 1, "rerun"),
    Fault("file_410", "the file has been deleted", (reply("file", 410),), "result_gone", 1, "rerun"),
    Fault("file_429", "too many requests, with Retry-After", (reply("file", 429, times=2, Retry_After="3"),)),
    Fault("file_500", "an error of the storage", (reply("file", 500, times=3),)),
    Fault("file_416", "the storage rejects the range", (reply("file", 416, times=1),), "request_rejected", 1, "retry"),
    Fault("file_reset", "the connection is reset", (Planned("file", "reset", times=3),)),
    Fault(
        "file_reset_stays",
        "the connection is reset every time",
        (Planned("file", "reset", times=ALWAYS),),
        "waiting:network",
        1,
        "waits",
    ),
    Fault("file_cut", "the download is cut off three times", (Planned("file", "cut", times=3),)),
    Fault(
        "file_empty",
        "no byte arrives",
        (Planned("file", "cut", times=ALWAYS, more={"fraction": 0.0}),),
        "waiting:network",
        1,
        "waits",
    ),
    Fault("file_slow", "the download is slow", (Planned("file", "slow", more={"pieces": 6, "seconds": 0.1}),)),
    Fault("file_silent", "the download stalls", (Planned("file", "late", times=2, more=SILENT),)),
    Fault(
        "file_page",
        "a web page instead of the file",
        (Planned("file", "retype", times=ALWAYS, more={"text": "text/html"}),),
        "result_not_audio",
        1,
        "retry",
    ),
    Fault(
        "file_redirect",
        "a redirect, which is not followed",
        (Planned("file", "redirect", more={"text": "/x"}, times=ALWAYS),),
        "host_refused",
        1,
        "retry",
    ),
    Fault("file_expired", "the file has expired", (), "result_gone", 1, "rerun"),
    Fault("file_offline", "the network is down for a while"),
    Fault("audio_silence", "the audio is silent", (Planned("model", "silence"),), "result_silent", 1, "refused"),
    Fault(
        "audio_nan",
        "the audio has NaN samples",
        (Planned("model", "nan"),),
        "result_broken",
        1,
        "refused",
    ),
    Fault("audio_text", "the audio is a text file", (Planned("model", "not_audio"),), "result_not_audio", 1, "refused"),
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
    Fault("cancel_queued", "the request is in fal's queue", (), "cancelled", 1, "order"),
    Fault("cancel_500", "a short error of the platform", (reply("cancel", 500, times=2),), "cancelled", 1, "order"),
    Fault("cancel_reset", "the connection is reset", (Planned("cancel", "reset", times=2),), "cancelled", 1, "order"),
    Fault("cancel_401", "the key is no longer accepted: the result is kept", (reply("cancel", 401, {"detail": "no"}),)),
    Fault(
        "cancel_late",
        "too late: the result is billed and kept",
        (reply("cancel", 400, {"status": "ALREADY_COMPLETED"}),),
    ),
)
