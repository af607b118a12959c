"""Tests that fal's own clients work with the fake fal as they do with fal itself."""

from __future__ import annotations

import json

import pytest

from tests.engines.fal_kit import clip_bytes
from tests.judges.judges import CLIP_NAME, Verdict
from tests.judges.python_judge import LARGE

pytestmark = pytest.mark.needs("judges")


def at_least(version: str, wanted: tuple[int, ...]) -> bool:
    return tuple(int(part) for part in version.split(".")[:3]) >= wanted


def test_the_clients_are_recent(python_judge: Verdict, js_judge: Verdict) -> None:
    assert at_least(python_judge.version, (1, 0, 3))
    assert at_least(js_judge.version, (1, 10, 1))


def test_python_submits_waits_and_gets_the_result(python_judge: Verdict) -> None:
    saw = python_judge.saw
    assert (saw["status"], saw["position"]) == ("Queued", 3)
    assert saw["result"]["seed"] == 7
    assert saw["subscribed"] == {**saw["result"], "audio": saw["subscribed"]["audio"]}
    assert saw["updates"] == ["Queued", "InProgress", "Completed"]
    assert saw["logs"][0]["message"] == "ACE-Step: loading the source"
    assert saw["patient"] == 7  # the seed; the client retried after two replies with status 429


def test_python_uploads_in_all_three_forms(python_judge: Verdict) -> None:
    saw, files = python_judge.saw, python_judge.files
    for name, host in (("url", "v3.fal.media"), ("file", "v3.fal.media"), ("gcs", "storage.googleapis.com")):
        assert saw[name].startswith(f"https://{host}/files/")
        assert saw[name].endswith(CLIP_NAME)
        assert files[saw[name]] == clip_bytes()
    large = files[saw["multipart"]]
    assert (len(large), large[:4], large[-4:]) == (LARGE, b"ends", b"here")
    assert sum(seen.call == "part" for seen in python_judge.requests) == 11


def test_python_understands_cancels_and_failures(python_judge: Verdict) -> None:
    saw = python_judge.saw
    assert saw["withdrawn"]["status"] == 499
    assert saw["withdrawn"]["error_type"] == "client_cancelled"
    assert (saw["late"]["status"], json.loads(saw["late"]["message"])) == (400, {"status": "ALREADY_COMPLETED"})
    assert (saw["unknown"]["status"], json.loads(saw["unknown"]["message"])) == (404, {"status": "NOT_FOUND"})
    assert saw["invalid"]["status"] == 422


def test_javascript_submits_streams_and_gets_the_result(js_judge: Verdict) -> None:
    saw = js_judge.saw
    assert saw["status"] in ("IN_QUEUE", "IN_PROGRESS", "COMPLETED")
    assert saw["streamed"][-1] == "COMPLETED"
    assert saw["result"]["data"]["seed"] == 7
    assert saw["result"]["requestId"] == saw["order"]["request_id"]
    assert saw["polled"][-1] == "COMPLETED"
    assert saw["subscribed"]["lyrics"] == "[inst]"


def test_javascript_uploads_files_and_blobs(js_judge: Verdict) -> None:
    saw = js_judge.saw
    assert js_judge.files[saw["url"]] == js_judge.files[saw["blob"]] == clip_bytes(0.2)
    assert saw["url"].endswith(CLIP_NAME)


def test_javascript_understands_cancels_and_failures(js_judge: Verdict) -> None:
    saw = js_judge.saw
    assert (saw["first"], saw["cancelled"]) == ("IN_QUEUE", "COMPLETED")
    assert (saw["withdrawn"]["status"], saw["withdrawn"]["body"]["error_type"]) == (499, "client_cancelled")
    assert saw["late"] == {"status": 400, "body": {"status": "ALREADY_COMPLETED"}}
    assert saw["unknown"] == {"status": 404, "body": {"status": "NOT_FOUND"}}
    assert saw["invalid"]["body"]["detail"][0]["type"] == "less_than_equal"
