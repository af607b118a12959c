"""The table of faults: what can go wrong at fal, on the network and on this machine, and the outcome for the remix.

docs/reliability.md shows the table. tests/system/test_fault_matrix.py injects every fault and checks the outcome.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fault import WAYS, Fault
from faults_after_submit import CANCEL, FETCH, MODEL, WAIT
from faults_until_submit import ORDER, UPLOAD
from tables import code, table

HERE: tuple[Fault, ...] = (
    Fault("clock_forward", "the clock jumps a day ahead while the model runs"),
    Fault("clock_back", "the clock jumps a year back while the model runs"),
    Fault("clock_expired", "the clip's upload has expired when it is remixed again: it is uploaded again", orders=2),
    Fault("disk_full_fetch", "the disk is full when the result arrives", (), "waiting:disk", 1, "waits"),
    Fault("disk_full_fit", "the disk of the results folder is full", (), "waiting:disk", 1, "waits"),
    Fault("disk_full_order", "the disk has no room for a result", (), "waiting:disk", 0, "waits"),
    Fault("results_read_only", "the results folder is not writable", (), "output_unwritable", 1, "retry"),
    Fault("jobs_read_only", "the home is no longer writable", (), "output_unwritable", 0, "order"),
    Fault(
        "journal_locked", "another program locks the journal while the result arrives", (), "waiting:disk", 1, "waits"
    ),
    Fault(
        "journal_locked_order",
        "another program locks the journal just after the submission",
        (),
        "waiting:disk",
        1,
        "waits",
    ),
    Fault("worker_dies", "the worker process crashes once"),
    Fault(
        "worker_dies_always",
        "the worker process crashes whenever it reads the clip",
        (),
        "worker_died",
        0,
        "order",
    ),
    Fault(
        "zero_message",
        "a power cut leaves a message empty: it is set aside, and no remix is made",
        (),
        "rejected",
        0,
    ),
    Fault("zero_outbox", "a power cut leaves the outbox empty"),
    Fault("zero_upload", "a power cut leaves the rendered clip empty", (), "work_lost", 0, "retry"),
    Fault("zero_intent", "a power cut leaves the file of the submission empty, but the journal intact"),
    Fault("zero_part", "a power cut leaves the download filled with zeros"),
    Fault("zero_raw", "a power cut leaves the result empty"),
    Fault(
        "zero_result", "a power cut leaves the finished file empty before it is placed", (), "work_lost", 1, "placed"
    ),
    Fault("zero_journal", "a power cut leaves the journal empty: the result is still fetched"),
    Fault("zero_daemon", "a power cut leaves daemon.json empty"),
    Fault("journal_row", "rows of the journal are unreadable: the remix is resumed from its folder"),
    Fault("journal_table", "the journal has lost a table: the remix is resumed from its folder"),
    Fault("journal_version", "the journal has lost its version: its rows are kept"),
    Fault("journal_folder", "a folder is in the place of the journal: it is moved away"),
    Fault("outbox_folder", "the outbox contains a folder and a link to nowhere: they are ignored"),
)

PLACES: Mapping[str, tuple[Fault, ...]] = {
    "Uploading the clip": UPLOAD,
    "Submitting": ORDER,
    "Waiting for the model": WAIT,
    "Errors of the model": MODEL,
    "Fetching the result": FETCH,
    "Cancelling": CANCEL,
    "This machine": HERE,
}
FAULTS: tuple[Fault, ...] = tuple(fault for faults in PLACES.values() for fault in faults)


def section() -> Iterator[str]:
    """Yield the generated part of docs/reliability.md."""
    yield "## What happens when something goes wrong"
    yield (
        f"Tests inject each of these {len(FAULTS)} faults. *Submissions* is the number that fal had accepted when the "
        "remix reached the state in the second column. If it is 0, nothing is charged."
    )
    for title, faults in PLACES.items():
        yield f"### {title}"
        rows = [(fault.what, state(fault.ends), str(fault.orders), WAYS[fault.then]) for fault in faults]
        yield table(("fault", "state of the remix", "submissions", "what happens next"), rows)


def state(ends: str) -> str:
    """Return the state of a remix as text."""
    if ends in ("done", "unknown", "cancelled", "rejected"):
        return ends
    kind, _, reason = ends.partition(":")
    return f"waiting ({reason})" if reason else f"failed, {code(kind)}"
