"""The fake fal's queue: requests, their states over time, results and cancels.

Like fal, the queue accepts any JSON object for any path of a known app. If the app does not have the path, or the model
rejects the inputs, the result of the request is an error.
"""

from __future__ import annotations

import hashlib
import json
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import soundfile

from tests.fakes import fal_audio
from tests.fakes.fal_faults import AUDIO_KINDS, Fault, FaultBook, answer
from tests.fakes.fal_http import Reply
from tests.fakes.fal_storage import Storage, file_origin

APP = "fal-ai/ace-step"
PATHS = ("", "/prompt-to-audio", "/audio-to-audio", "/audio-inpaint", "/audio-outpaint")  # the endpoints of the app
REQUIRED = ("audio_url", "original_tags", "tags")
CHOICES = {
    "edit_mode": ("lyrics", "remix"),
    "scheduler": ("euler", "heun"),
    "guidance_type": ("cfg", "apg", "cfg_star"),
}
RANGES = {
    "number_of_steps": (3, 60),
    "granularity_scale": (-100, 100),
    "guidance_interval": (0, 1),
    "guidance_interval_decay": (0, 1),
    "guidance_scale": (0, 200),
    "minimum_guidance_scale": (0, 200),
    "tag_guidance_scale": (0, 10),
    "lyric_guidance_scale": (0, 10),
}
KEPT, KEPT_LARGE, LARGE = (
    3600.0,
    360.0,
    10_000,
)  # lifetime of a result, s; lifetime of a large result, s; size from which a result is large, bytes


@dataclass
class Timing:
    """The durations that the queue simulates for a request."""

    queue: float = 0.05  # time in the queue, s
    run: float = 0.1  # running time of the model, s
    positions: int = 3  # requests ahead of a new request


@dataclass
class Job:
    """A request in the queue."""

    id: str
    body: dict[str, Any]
    created: float
    origin: str  # scheme, host and port of the URLs in replies
    app: str  # owner/alias
    path: str = ""  # rest of the endpoint's ID, with a leading slash
    word: str = "IN_QUEUE"
    position: int = 0
    started: float | None = None
    completed: float | None = None
    cancel_asked: bool = False
    billed: bool = False  # whether fal charges for the request
    failure: tuple[int, Any, dict[str, str]] | None = None  # if the request failed: HTTP status, body and headers
    answer: dict[str, Any] | None = None
    seconds: float = 0.0  # length of the result, s
    logs: list[dict[str, str]] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Return a hash of the inputs; duplicate submissions have equal keys."""
        return hashlib.sha256(json.dumps(self.body, sort_keys=True).encode()).hexdigest()[:12]


class Queue:
    """The queue with all requests so far."""

    def __init__(self, storage: Storage, faults: FaultBook, now: Callable[[], float], timing: Timing) -> None:
        self._storage = storage
        self._faults = faults
        self._now = now
        self._lock = threading.RLock()
        self._made: dict[tuple[str, int], tuple[bytes, float]] = {}
        self.timing = timing
        self.jobs: dict[str, Job] = {}
        self.held = ""  # state that no request leaves, IN_QUEUE or IN_PROGRESS; empty for none
        self.cancel_wins = True  # whether a running request can be cancelled
        self.changes: dict[str, Any] = {}  # seed, tags and lyrics that the model reports instead of the inputs
        self.status_word = ""  # state to report instead of the real state; empty for none

    def submits(self) -> Counter[str]:
        """Count the requests by `Job.key`; a count above 1 means that the same inputs were submitted more than once."""
        return Counter(job.key for job in self.jobs.values())

    def submit(self, body: Any, app: str, origin: str, path: str) -> Reply:
        """Accept a request and return fal's reply."""
        if app != APP:
            return answer(404, {"detail": f"Application '{app}' not found"})
        if not isinstance(body, dict):
            return answer(400, {"detail": "The request body is no JSON object", "error_type": "bad_request"})
        job = Job(str(uuid.uuid4()), body, self._now(), origin, app, path)
        with self._lock:
            self.jobs[job.id] = job
            self._advance(job)
        status = {"status": "IN_QUEUE", "queue_position": job.position, "logs": None, "metrics": {}}
        return answer(200, {**self._about(job), **status}, {"x-fal-request-id": job.id})

    def find(self, request_id: str) -> Job | None:
        """Return a request, with its state brought up to date."""
        with self._lock:
            job = self.jobs.get(request_id)
            if job is not None:
                self._advance(job)
            return job

    def status(self, job: Job, *, logs: bool) -> dict[str, Any]:
        """Return the JSON body of a status reply."""
        lines = list(job.logs) if logs else None
        status: dict[str, Any] = {**self._about(job), "status": self.status_word or job.word, "logs": lines}
        if job.word == "IN_QUEUE":
            status = {**status, "queue_position": job.position, "logs": None}
        elif job.word == "COMPLETED":
            status["metrics"] = {"inference_time": None if job.failure else self.timing.run}
            if job.failure:
                body = job.failure[1]
                status["error"] = body.get("detail") if isinstance(body, dict) else str(body)
                if not isinstance(status["error"], str):
                    status["error"] = "Invalid status code: " + str(job.failure[0])
                if isinstance(body, dict) and "error_type" in body:
                    status["error_type"] = body["error_type"]
        return status

    def result(self, job: Job) -> Reply:
        """Return fal's reply to a GET for a request's result."""
        headers = {"x-fal-request-id": job.id}
        if job.completed is None:
            return answer(400, {"detail": "Request is still in progress"}, headers)
        if job.failure is not None:
            status, body, extra = job.failure
            return answer(status, body, {**headers, **extra})
        made = answer(200, job.answer, {**headers, "X-Fal-Billable-Units": f"{job.seconds:.4f}"})
        if self._now() - job.completed > (KEPT_LARGE if len(made.body) >= LARGE else KEPT):
            return answer(404, {"detail": "Request not found"}, headers)
        return made

    def cancel(self, job: Job) -> Reply:
        """Cancel a request if possible, and return fal's reply."""
        if job.completed is not None:
            return answer(400, {"status": "ALREADY_COMPLETED"})
        job.cancel_asked = True
        if job.word == "IN_QUEUE":
            self._drop(job)
            return answer(200, {"status": "OK"})
        if self.cancel_wins:
            self._drop(job)
        return answer(202, {"status": "CANCELLATION_REQUESTED"})

    def _drop(self, job: Job) -> None:
        body = {"detail": "Request was cancelled by the client", "error_type": "client_cancelled"}
        self._end(job, (499, body, {"X-Fal-Error-Type": "client_cancelled"}))

    def _about(self, job: Job) -> dict[str, Any]:
        base = f"{job.origin}/{job.app}/requests/{job.id}"
        return {
            "request_id": job.id,
            "response_url": base,
            "status_url": f"{base}/status",
            "cancel_url": f"{base}/cancel",
        }

    def _advance(self, job: Job) -> None:
        """Bring a request's state up to date."""
        if job.completed is not None:
            return
        waited = self._now() - job.created
        queue = self.timing.queue
        left = 1.0 if self.held == "IN_QUEUE" else 0.0 if queue <= 0 else 1 - waited / queue
        if job.started is None and left > 0:
            job.position = min(self.timing.positions, max(0, int(self.timing.positions * left)))
            return
        if job.started is None:
            job.started, job.word = self._now() if queue else job.created, "IN_PROGRESS"
            self._log(job, "ACE-Step: loading the source")
        if self.held == "IN_PROGRESS":
            return
        done = 1.0 if self.timing.run <= 0 else (self._now() - job.started) / self.timing.run
        if done >= 0.5 and len(job.logs) < 2:
            self._log(job, " 50%|#####     | 14/27 [00:01<00:01]")
        if done >= 1:
            self._make(job)

    def _log(self, job: Job, text: str) -> None:
        job.logs.append({"message": text, "level": "STDERR", "source": "USER", "timestamp": f"{self._now():.6f}"})

    def _make(self, job: Job) -> None:
        """Run the model, and complete the request with the model's audio or error."""
        fault = self._faults.take("model")
        failure = _planned(fault) or _unknown(job.path) or _invalid(job.body)
        source = None if failure else self._storage.read(str(job.body["audio_url"]))
        if failure is None and source is None:
            place = ["body", "audio_url"]
            failure = _refusal(422, "file_download_error", place, "Failed to download the file.")
        if failure is not None or source is None:
            self._end(job, failure)
            return
        seed = int(job.body.get("seed", 42))
        kind = fault.kind if fault is not None and fault.kind in AUDIO_KINDS else ""
        try:
            audio, job.seconds = self._audio(source, seed, kind)
        except soundfile.LibsndfileError:
            place, ctx = ["body", "audio_url"], {"supported_formats": ["wav", "mp3", "flac"]}
            self._end(job, _refusal(422, "unsupported_audio_format", place, "Unsupported audio format.", ctx))
            return
        url = self._storage.keep(file_origin(job.origin), f"{job.id}.wav", audio, "audio/wav")
        job.answer = {
            "audio": {"url": url, "content_type": "audio/wav", "file_name": "output.wav", "file_size": len(audio)},
            "seed": seed,
            "tags": job.body["tags"],
            "lyrics": job.body.get("lyrics", ""),
            **self.changes,
        }
        job.billed = True
        self._end(job, None)

    def _audio(self, source: bytes, seed: int, kind: str) -> tuple[bytes, float]:
        """Return the result's audio and length in seconds; results are cached by source and seed."""
        known = (hashlib.sha256(source).hexdigest(), seed)
        if kind or known not in self._made:
            audio = fal_audio.make(source, seed, kind)
            made = audio, len(audio) / 8 / fal_audio.RATE
            if kind:
                return made
            self._made[known] = made
        return self._made[known]

    def _end(self, job: Job, failure: tuple[int, Any, dict[str, str]] | None) -> None:
        job.failure, job.word, job.completed = failure, "COMPLETED", self._now()


def _planned(fault: Fault | None) -> tuple[int, Any, dict[str, str]] | None:
    return (fault.status, fault.body, fault.headers) if fault is not None and fault.kind == "answer" else None


def _unknown(path: str) -> tuple[int, Any, dict[str, str]] | None:
    """Return the app's error for a path that it does not have (fal-ai/fal#99); None if it has the path."""
    return None if path in PATHS else (404, {"detail": f"Path {path} not found"}, {})


def _refusal(
    status: int, kind: str, place: list[str], text: str, ctx: dict[str, Any] | None = None
) -> tuple[int, Any, dict[str, str]]:
    detail = {"loc": place, "msg": text, "type": kind, "url": f"https://docs.fal.ai/errors#{kind}"}
    return status, {"detail": [{**detail, **({"ctx": ctx} if ctx else {})}]}, {}


def _invalid(body: dict[str, Any]) -> tuple[int, Any, dict[str, str]] | None:
    """Return the model's error for invalid inputs; None if the inputs are valid."""
    for name in REQUIRED:
        if not isinstance(body.get(name), str):
            return _refusal(422, "missing", ["body", name], "Field required")
    for name, choices in CHOICES.items():
        if body.get(name, choices[0]) not in choices:
            text = f"Input should be {' or '.join(choices)}"
            return _refusal(422, "one_of", ["body", name], text, {"expected": list(choices)})
    for name, (low, high) in RANGES.items():
        value = body.get(name, low)
        if value < low:
            text = f"Input should be greater than or equal to {low}"
            return _refusal(422, "greater_than_equal", ["body", name], text, {"ge": low})
        if value > high:
            text = f"Input should be less than or equal to {high}"
            return _refusal(422, "less_than_equal", ["body", name], text, {"le": high})
    return None
