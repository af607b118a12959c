"""A fake fal on loopback: queue, status stream, three kinds of storage, fal's error bodies, and planned faults.

In a test::

    with FalServer() as fal:                     # or FalServer(zero_delay=True), FalServer(key="id:secret"), tls=...
        settings: queue_url = rest_url = fal.url
        fal.fail("submit", Fault("lost"))        # accept the next submission, but lose the reply (see fal_faults.py)
        fal.fail("status", Fault("html", status=502), times=3, after=1)
        fal.fail("model", Fault("answer", 422, {...}))   # the model fails; Fault("silence"): the result is silent
        fal.hold("IN_QUEUE")  fal.release()      # between these two calls, requests stay IN_QUEUE
        fal.pause()  fal.resume()                # simulate an outage, then listen on the same port again
        fal.advance(3600)                        # move the fake's clock: results, tokens and files expire
        fal.wait_for("status", 2)                # block until two status requests have been answered (in a
                                                 #   coroutine: await asyncio.to_thread(fal.wait_for, "status", 2))
        fal.seen("put")                          # the answered PUTs: method, URL, headers, body, times, status
        fal.queue.submits()                      # Counter of requests by input; above 1: submitted more than once
        fal.connections                          # number of connections so far
        fal.queue.jobs, fal.storage.files        # all requests and files
        fal.queue.cancel_wins = False            # a running request completes although it was cancelled
        fal.queue.changes = {"seed": 9}          # the model reports another seed than the one that it was given
        fal.queue.status_word = "PAUSED"         # report a state that the bridge does not know
        fal.locked = True                        # refuse submissions because the balance is exhausted

As a process: ``python -m tests.fakes.fal_server --port 0 --log FILE [--zero-delay] [--key K] [--queue S] [--run S]
[--until-eof]`` prints its port as the first line and runs until SIGTERM (or, with --until-eof, until its stdin ends).
The log has one JSON line for each answered request. Other processes control the server by POST /_control with any of
``{"fail": {"call", "fault": {...fields of Fault}, "times", "after"}, "hold": word, "release": true, "advance": s,
"clear": true, "outage": s, "locked": bool, "cancel_wins": bool, "status_word": word,
"timing": {"queue", "run", "positions"}}``
and read ``{"submits", "jobs", "requests"}`` by GET /_control.

Requests to /_control are neither logged nor counted.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import re
import signal
import ssl
import sys
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from tests.fakes.fal_faults import LOCKED, Fault, FaultBook, answer
from tests.fakes.fal_http import HttpServer, Reply, Request
from tests.fakes.fal_queue import Job, Queue, Timing
from tests.fakes.fal_storage import Storage
from tests.waiting import PATIENCE

_TICK = 0.01  # s between checks for a new status to stream
_ROUTES = [  # (method, path, call, whether the call needs the key)
    ("POST", r"/storage/auth/token", "token", True),
    ("POST", r"/storage/upload/initiate(-multipart)?", "initiate", True),
    ("PUT", r"/upload/[^/]+", "put", False),
    ("PUT", r"/upload-parts/(?P<upload>[^/]+)/(?P<number>\d+)", "part", False),
    ("POST", r"/upload-parts/(?P<upload>[^/]+)/complete", "complete", False),
    ("POST", r"/files/upload", "upload", False),
    ("POST", r"/files/upload/multipart", "multipart", False),
    ("PUT", r"/files/.+/multipart/(?P<upload>[^/]+)/(?P<number>\d+)", "part", False),
    ("POST", r"/files/.+/multipart/(?P<upload>[^/]+)/complete", "complete", False),
    ("GET", r"/files/.+", "file", False),
    ("HEAD", r"/files/.+", "file", False),
    ("GET", r"/[^/]+/[^/]+/requests/(?P<id>[^/]+)/status", "status", True),
    ("GET", r"/[^/]+/[^/]+/requests/(?P<id>[^/]+)/status/stream", "stream", True),
    ("GET", r"/[^/]+/[^/]+/requests/(?P<id>[^/]+)", "result", True),
    ("PUT", r"/[^/]+/[^/]+/requests/(?P<id>[^/]+)/cancel", "cancel", True),
    ("POST", r"/(?P<app>[^/]+/[^/]+)(?P<path>(/[^/]+)*)", "submit", True),
]


@dataclass(frozen=True)
class Seen:
    """An answered request."""

    call: str  # one of fal_faults.CALLS; empty for an unknown path
    method: str
    url: str  # complete URL that the client requested
    headers: dict[str, str]  # with lower-case names
    body: bytes
    started: float  # Unix time at which the first line of the request arrived
    ended: float  # Unix time just before the reply was sent
    status: int  # HTTP status; 0 if the connection was reset instead

    @property
    def json(self) -> Any:
        """Return the body decoded from JSON."""
        return json.loads(self.body)


class FalServer:
    """The fake fal; for examples, see the module docstring."""

    def __init__(
        self,
        *,
        port: int = 0,
        key: str | None = None,
        zero_delay: bool = False,
        timing: Timing | None = None,
        tls: ssl.SSLContext | None = None,
        log: Path | None = None,
    ) -> None:
        self._offset = 0.0
        self._seen: list[Seen] = []
        self._notifier = threading.Condition()
        self._log = log.open("a", buffering=1) if log is not None else None
        self.key = key  # the only valid key; None if any key is valid
        self.locked = False
        self.faults = FaultBook()
        self.storage = Storage(self.now)
        timing = Timing(0.0, 0.0, 0) if zero_delay else timing or Timing()
        self.queue = Queue(self.storage, self.faults, self.now, timing)
        self._server = HttpServer(self._handle, port, tls)
        self.port = self._server.port
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> FalServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the server."""
        self._server.close()
        if self._log is not None:
            self._log.close()

    @property
    def connections(self) -> int:
        """Return the number of connections so far."""
        return self._server.accepted

    def now(self) -> float:
        """Return the Unix time of the fake's clock, s."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the fake's clock forward by `seconds`."""
        self._offset += seconds

    def fail(self, call: str, fault: Fault, times: int = 1, after: int = 0) -> None:
        """Plan a fault for a call.

        The next `after` requests succeed; then the fault affects `times` requests (-1 for all).
        """
        self.faults.plan(call, fault, times, after)

    def hold(self, word: str = "IN_QUEUE") -> None:
        """Keep requests in the state `word` (IN_QUEUE or IN_PROGRESS) once they reach that state."""
        self.queue.held = word

    def release(self) -> None:
        """Let held requests continue."""
        self.queue.held = ""

    def pause(self) -> None:
        """Stop listening and reset all connections."""
        self._server.pause()

    def resume(self) -> None:
        """Listen again on the same port."""
        self._server.resume()

    def let_go(self) -> None:
        """Send the replies that a `held` fault keeps back."""
        self._server.let_go()

    def seen(self, *calls: str) -> list[Seen]:
        """Return the answered requests of these calls (default: all calls), oldest first."""
        with self._notifier:
            return [seen for seen in self._seen if not calls or seen.call in calls]

    def wait_for(self, call: str, count: int = 1, seconds: float = PATIENCE) -> list[Seen]:
        """Block until `count` requests for a call have been answered; return all answered requests for this call.

        Raises:
            TimeoutError: fewer requests were answered within `seconds`.
        """
        with self._notifier:
            if not self._notifier.wait_for(lambda: sum(seen.call == call for seen in self._seen) >= count, seconds):
                raise TimeoutError(f"no {count} requests of {call} within {seconds} s")
            return [seen for seen in self._seen if seen.call == call]

    # --- replies -----------------------------------------------------------------------------------------------------

    async def _handle(self, request: Request) -> Reply:
        if request.path == "/_control":
            return self._control(request)
        call, parts, wants_key = _route(request)
        fault = self.faults.take(call) if call else None
        if fault is not None and fault.kind == "stale":
            fault = Fault("reset") if request.reused else None
        if fault is not None and fault.prevents:
            reply = fault.reply()
        else:
            reply = self._refuse_key(request) if wants_key else None
            reply = reply or await self._answer(call, request, parts)
            reply = fault.spoil(reply) if fault is not None else reply
        self._note(call, request, reply)
        return reply

    def _refuse_key(self, request: Request) -> Reply | None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme != "Key" or not key or (self.key is not None and key != self.key):
            return answer(401, {"detail": "Cannot access application: invalid authentication credentials"})
        return answer(403, LOCKED) if self.locked else None

    async def _answer(self, call: str, request: Request, parts: dict[str, str]) -> Reply:
        if "id" in parts:
            job = await asyncio.to_thread(self.queue.find, parts["id"])  # creating the audio takes a while
            return self._of_job(call, request, job) if job else self._unknown_job(call)
        if call == "submit":
            return await asyncio.to_thread(self._submit, request, parts["app"], parts["path"])
        if call in ("part", "complete"):
            return self._parts(call, request, parts)
        if call in ("token", "initiate", "put", "upload", "multipart", "file"):
            return getattr(self.storage, call)(request)
        return answer(404, {"detail": "Not found"})

    def _submit(self, request: Request, app: str, path: str) -> Reply:
        try:
            body = json.loads(request.body)
        except ValueError:
            body = None
        return self.queue.submit(body, app, request.origin, path)

    def _unknown_job(self, call: str) -> Reply:
        return answer(404, {"status": "NOT_FOUND"} if call == "cancel" else {"detail": "Request not found"})

    def _of_job(self, call: str, request: Request, job: Job) -> Reply:
        logs = request.query.get("logs") in ("1", "true")
        headers = {"x-fal-request-id": job.id}
        if call == "status":
            status = self.queue.status(job, logs=logs)
            return answer(200 if job.word == "COMPLETED" else 202, status, headers)
        if call == "stream":
            kind = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", **headers}
            return Reply(200, kind, events=self._events(job, logs=logs))
        return self.queue.result(job) if call == "result" else self.queue.cancel(job)

    def _parts(self, call: str, request: Request, parts: dict[str, str]) -> Reply:
        token = request.path.startswith("/files/")
        if call == "complete":
            return self.storage.complete(request, parts["upload"], token=token)
        return self.storage.part(request, parts["upload"], int(parts["number"]), token=token)

    async def _events(self, job: Job, *, logs: bool) -> AsyncIterator[bytes]:
        """Yield a request's status whenever it changes, until the request is complete."""
        last, quiet = None, 0.0
        while True:
            found = await asyncio.to_thread(self.queue.find, job.id)
            status = json.dumps(self.queue.status(found or job, logs=logs))
            if status != last:
                last, quiet = status, 0.0
                yield f"data: {status}\n\n".encode()
                if (found or job).completed is not None:
                    return
            elif quiet >= 15:
                quiet = 0.0
                yield b": keep-alive\n\n"
            await asyncio.sleep(_TICK)
            quiet += _TICK

    def _note(self, call: str, request: Request, reply: Reply) -> None:
        url = request.origin + request.target
        status = 0 if reply.reset else reply.status
        seen = Seen(call, request.method, url, request.headers, request.body, request.started, time.time(), status)
        if self._log is not None:
            self._log.write(json.dumps(_plain(seen)) + "\n")
        with self._notifier:
            self._seen.append(seen)
            self._notifier.notify_all()

    # --- control by other processes ----------------------------------------------------------------------------------

    def _control(self, request: Request) -> Reply:
        if request.method == "GET":
            jobs = [
                {**asdict(job), "key": job.key, "failure": job.failure and job.failure[0]}
                for job in self.queue.jobs.values()
            ]
            requests = [_plain(seen) for seen in self.seen()]
            return answer(200, {"submits": self.queue.submits(), "jobs": jobs, "requests": requests})
        try:
            self._steer(json.loads(request.body))
        except (ValueError, TypeError, KeyError) as wrong:
            return answer(400, {"detail": str(wrong)})
        return answer(200, {})

    def _steer(self, command: dict[str, Any]) -> None:
        if "fail" in command:
            plan = command["fail"]
            fault = Fault(**plan["fault"])
            self.fail(plan["call"], fault, plan.get("times", 1), plan.get("after", 0))
        if command.get("clear"):
            self.faults.clear()
        if command.get("release"):
            self.release()
        if "outage" in command:  # in other threads, because this thread must send the reply
            threading.Timer(0.0, self.pause).start()
            threading.Timer(command["outage"], self.resume).start()
        self.queue.held = command.get("hold", self.queue.held)
        self.advance(command.get("advance", 0.0))
        self.locked = command.get("locked", self.locked)
        self.queue.cancel_wins = command.get("cancel_wins", self.queue.cancel_wins)
        self.queue.status_word = command.get("status_word", self.queue.status_word)
        known = {field.name for field in fields(Timing)}
        for name, value in command.get("timing", {}).items():
            if name not in known:
                raise KeyError(name)
            setattr(self.queue.timing, name, value)


def _route(request: Request) -> tuple[str, dict[str, str], bool]:
    for method, pattern, call, wants_key in _ROUTES:
        found = re.fullmatch(pattern, request.path) if request.method == method else None
        if found:
            return call, found.groupdict(), wants_key
    return "", {}, False


def _plain(seen: Seen) -> dict[str, Any]:
    """Return a request as JSON for the log; a body that is not JSON is replaced by its size and hash."""
    entry = {field.name: getattr(seen, field.name) for field in fields(Seen) if field.name != "body"}
    if len(seen.body) < 65536 and "json" in seen.headers.get("content-type", ""):
        return {**entry, "body": seen.body.decode("utf-8", "replace")}
    return {**entry, "body_bytes": len(seen.body), "body_sha256": hashlib.sha256(seen.body).hexdigest()}


def main() -> None:
    """Run the fake as a process."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.fal_server")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--key")
    parser.add_argument("--queue", type=float, default=Timing.queue)
    parser.add_argument("--run", type=float, default=Timing.run)
    parser.add_argument("--nice", type=int, default=0, help="give way to other processes, as if it were elsewhere")
    parser.add_argument("--zero-delay", action="store_true")
    parser.add_argument("--until-eof", action="store_true")
    args = parser.parse_args()
    if args.nice:
        os.nice(args.nice)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    timing = Timing(queue=args.queue, run=args.run)
    with FalServer(port=args.port, key=args.key, zero_delay=args.zero_delay, timing=timing, log=args.log) as fal:
        sys.stdout.write(f"{fal.port}\n")
        sys.stdout.flush()
        if args.until_eof:
            threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
        ended.wait()


if __name__ == "__main__":
    main()
