"""The table of faults: what goes wrong at fal, on the way there, and on this machine, and what becomes of the remix.

docs/reliability.md shows it, and tests/system/test_fault_matrix.py makes every line of it happen and holds it to its
outcome.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fault import WAYS, Fault
from faults_making import CANCEL, FETCH, MODEL, WAIT
from faults_ordering import ORDER, UPLOAD
from tables import code, table

HERE: tuple[Fault, ...] = (
    Fault("clock_forward", "the clock jumps a day ahead while the model runs"),
    Fault("clock_back", "the clock jumps a year back while the model runs"),
    Fault("clock_expired", "the clip's upload has expired when it is remixed again: it is sent once more", orders=2),
    Fault("disk_full_fetch", "the disk is full when the result comes", (), "waiting:disk", 1, "waits"),
    Fault("disk_full_fit", "the results' disk is full", (), "waiting:disk", 1, "waits"),
    Fault("disk_full_order", "the disk has no room for a result", (), "waiting:disk", 0, "waits"),
    Fault("results_read_only", "the results' folder takes no file", (), "output_unwritable", 1, "retry"),
    Fault("jobs_read_only", "the home takes no file any more", (), "output_unwritable", 0, "order"),
    Fault("journal_locked", "another program holds the journal while the result comes", (), "waiting:disk", 1, "waits"),
    Fault(
        "journal_locked_order", "another program holds the journal just after the order", (), "waiting:disk", 1, "waits"
    ),
    Fault("worker_dies", "the process that reads audio dies once"),
    Fault(
        "worker_dies_always",
        "the process that reads audio dies whenever it sees the clip",
        (),
        "worker_died",
        0,
        "order",
    ),
    Fault(
        "zero_message",
        "a power cut leaves a message without a byte: it is set aside, nothing is made",
        (),
        "rejected",
        0,
    ),
    Fault("zero_outbox", "a power cut leaves the outbox empty"),
    Fault("zero_upload", "a power cut leaves the clip that is to be sent empty", (), "work_lost", 0, "retry"),
    Fault("zero_intent", "a power cut leaves the order's file empty, the journal is whole"),
    Fault("zero_part", "a power cut leaves the download full of zeros"),
    Fault("zero_raw", "a power cut leaves the result empty"),
    Fault(
        "zero_result", "a power cut leaves the finished file empty before it is placed", (), "work_lost", 1, "placed"
    ),
    Fault("zero_journal", "a power cut leaves the journal empty, the result is fetched"),
    Fault("zero_daemon", "a power cut leaves the daemon's own note empty"),
)

PLACES: Mapping[str, tuple[Fault, ...]] = {
    "Sending the clip": UPLOAD,
    "Ordering": ORDER,
    "Waiting for the model": WAIT,
    "What the model says": MODEL,
    "The result": FETCH,
    "Cancelling": CANCEL,
    "This machine": HERE,
}
FAULTS: tuple[Fault, ...] = tuple(fault for faults in PLACES.values() for fault in faults)


def section() -> Iterator[str]:
    """Yield the part of docs/reliability.md that this table makes."""
    yield "## What happens when something goes wrong"
    yield (
        f"{len(FAULTS)} faults, each of which a test makes happen. *Orders* is how many fal had taken when the remix "
        "came to the state in the second column: where it is 0, nothing was ordered and nothing is charged."
    )
    for title, faults in PLACES.items():
        yield f"### {title}"
        rows = [(fault.what, state(fault.ends), str(fault.orders), WAYS[fault.then]) for fault in faults]
        yield table(("what", "the remix is", "orders", "then"), rows)


def state(ends: str) -> str:
    """Say how a remix stands."""
    if ends in ("done", "unknown", "cancelled", "rejected"):
        return ends
    kind, _, reason = ends.partition(":")
    return f"waiting ({reason})" if reason else f"failed, {code(kind)}"
