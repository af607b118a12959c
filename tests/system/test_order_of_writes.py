"""Checks with strace that the daemon writes to disk in the order that prevents double submissions.

Before the daemon sends `POST …`, the intent is on disk, first in the journal and then in the variation's folder. Before
it first requests the status, the ticket is on disk.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.fal_server import FalServer
from tests.fakes.processes import KEY, Daemon, fal_environment, job_of, put
from tests.fakes.studio import remix_args, write_tone
from tests.waiting import until

pytestmark = pytest.mark.needs("strace")

CALLS = "pwrite64,write,fsync,fdatasync,sendto,sendmsg,writev,rename,renameat,renameat2"
_LINE = re.compile(r"^(?P<thread>\d+) +(?:<\.\.\. )?(?P<call>\w+)(?P<rest>.*)$")


@dataclass(frozen=True)
class Call:
    """One system call."""

    name: str
    text: str  # arguments and result
    began: int  # first line number in the trace
    ended: int


def under_strace(trace: Path) -> tuple[str, ...]:
    """Return the arguments that run the daemon under strace without changing the daemon's process ID."""
    words = ["strace", "-D", "-f", "-qq", "-y", "-s", "20000", "-e", f"trace={CALLS}", "-o", str(trace)]
    words += [sys.executable, "-m", "bridge", "run"]
    return ("-c", f"import os; os.execvp('strace', {words!r})")


def read(trace: Path) -> list[Call]:
    """Return the calls in a trace; the two lines of a call that another thread interrupted are joined."""
    open_calls: dict[str, tuple[int, str]] = {}
    calls = []
    for number, line in enumerate(trace.read_text("utf-8", "replace").splitlines()):
        found = _LINE.match(line)
        if not found:
            continue
        thread, name, rest = found["thread"], found["call"], found["rest"]
        if rest.endswith("<unfinished ...>"):
            open_calls[thread] = (number, rest.removesuffix("<unfinished ...>"))
            continue
        began, before = open_calls.pop(thread, (number, "")) if rest.startswith(" resumed>") else (number, "")
        calls.append(Call(name, before + rest, began, number))
    return calls


def first(calls: list[Call], names: str, *parts: str, after: int = -1) -> Call:
    """Return the first call after line `after` that has one of these names and contains all these parts."""
    for call in calls:
        if call.name in names.split() and call.began > after and all(part in call.text for part in parts):
            return call
    raise AssertionError(f"no {names} with {parts} after line {after}")


def is_poll(call: Call, request_id: str) -> bool:
    return call.name in SEND.split() and f"requests/{request_id}" in call.text and '"GET /' in call.text


SEND = "sendto sendmsg write writev"
SYNC = "fsync fdatasync"


def test_intent_before_submission_and_ticket_before_first_poll(home: Path, tmp_path: Path) -> None:
    tone, trace = write_tone(tmp_path / "tone.wav"), tmp_path / "trace.txt"
    with FalServer(zero_delay=True, key=KEY) as fal:
        environ = fal_environment(fal.url, ACE_BRIDGE_FAL_STATUS_STREAM="false")
        daemon = Daemon(home, program=under_strace(trace), **environ)
        try:
            daemon.wait_until_up()
            job_of(home, put(home, "remix", remix_args(tone)), "done")
        finally:
            daemon.stop()
        (order,) = fal.seen("submit")
        request_id = next(iter(fal.queue.jobs))
    assert order.status == 200

    def polled() -> list[Call] | None:
        calls = read(trace)  # strace may still be writing the trace when the daemon has ended
        return calls if any(is_poll(call, request_id) for call in calls) else None

    calls = until(polled, "the first poll in the trace")
    store = "bridge.db-wal>"

    post = first(calls, SEND, '"POST /fal-ai/ace-step')
    intent = first(calls, "pwrite64 write", store, r"\"sent\": true")
    flushed = first(calls, SYNC, store, "= 0", after=intent.ended)
    assert intent.ended < flushed.began <= flushed.ended < post.began
    committed = first(calls, "rename renameat renameat2", "intent.json", "submit.json")
    assert flushed.ended < committed.began  # so a submit.json without a journal entry proves that the journal was lost
    folder = first(calls, SYNC, "variation-1>", "= 0", after=committed.ended)
    assert committed.ended < folder.began <= folder.ended < post.began

    look = first(calls, SEND, f"requests/{request_id}", '"GET /')
    ticket = first(calls, "pwrite64 write", store, r"\"ticket\"", request_id)
    flushed = first(calls, SYNC, store, "= 0", after=ticket.ended)
    assert post.began < ticket.began
    assert ticket.ended < flushed.began <= flushed.ended < look.began
