"""Turns the current state into messages, for new subscribers and for the values in the OSCQuery tree.

A snapshot → here → notifier.py, query_tree.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from bridge.control.api import JobView, Snapshot, Value
from bridge.osc.packet import shorten

IDLE = "idle"  # value of /bridge/state when there is no job

Line = tuple[str, str, tuple[Value, ...]]  # OSC address, job id ("" without a job), arguments


def lines(snapshot: Snapshot) -> Iterator[Line]:
    """Yield one message for each current value."""
    for view in snapshot.jobs:
        yield from _of_job(view)
    newest = snapshot.jobs[-1] if snapshot.jobs else JobView("", IDLE, 0.0, "", 0.0)
    yield "/bridge/state", "", (newest.state,)
    yield "/bridge/progress", "", (float(newest.fraction),)
    yield "/bridge/message", "", (shorten(newest.message),)
    yield "/bridge/cost", "", (float(newest.cost),)
    yield "/bridge/audition/heard", "", (snapshot.heard,)
    yield "/bridge/preset/select", "", (snapshot.preset,)
    for name, value in snapshot.params.items():
        yield f"/bridge/param/{name}", "", (value,)


def _of_job(view: JobView) -> Iterator[Line]:
    yield "/bridge/job", view.id, (view.id, view.state)
    yield f"/bridge/job/{view.id}/progress", view.id, (float(view.fraction),)
    if view.message:
        yield f"/bridge/job/{view.id}/message", view.id, (shorten(view.message),)
