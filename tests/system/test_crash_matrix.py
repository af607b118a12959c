"""The crash matrix: kills the bridge at every journal write and 300 times at random; no work may be lost or duplicated.

SIGKILL ends each run of the daemon, either at a write to the journal or at a random time while a variation is in a
given stage. Workers are killed too. In every tenth random run, the journal's WAL is lost after the kill: the job
folders must then show everything that was paid for, and what was not submitted waits for the user. The jobs have
several clips and variations, use both engines, and deliver to a DAW or to a folder; the fake fal counts the
submissions. CRASH_SEED seeds the random times; CRASH_KILLS sets their number.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest
import soundfile

from tests.fakes.crash_run import RATE, CrashRun, Death, crash_run
from tests.fakes.crashing_process import STAGES

SEED = int(os.environ.get("CRASH_SEED", "8"))
KILLS = int(os.environ.get("CRASH_KILLS", "300"))
LEAST = 15  # smallest number of kills in each stage, out of 300
WAL_LOSS = 10  # the WAL is lost in every tenth random run
MOST = 2 * KILLS  # largest number of random kills, including the extra kills for stages with fewer than LEAST

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(2700),
    pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="lives are forked and watched as only Linux can"),
]

ENTRIES = {  # stage to interrupt → the moment at which the stage begins
    "taken": "after:take_in",
    "render": "state:rendering",
    "upload": "state:uploading",
    "submit": "state:submitting",
    "queue": "state:queued",
    "model": "state:running",
    "fetch": "state:fetching",
    "fit": "state:fitting",
    "place": "state:placing",
    "confirmed": "state:done",
}
LENGTHS = {  # stage → longest delay before the kill, s; the kill comes sooner if the stage ends sooner
    "taken": 0.01,
    "render": 0.06,
    "upload": 0.06,
    "submit": 0.05,
    "queue": 0.04,
    "model": 0.06,
    "fetch": 0.06,
    "fit": 0.06,
    "place": 0.08,
    "confirmed": 0.03,
}
WORKING = ("state:rendering", "state:running", "state:fetching", "state:fitting")  # a worker may be busy
WRITES = (
    *("take_in", "add_job", "applied", "spend", "add_upload", "bill", "note", "mark:intent", "mark:ticket"),
    *(f"finish:{stage}" for stage in ("render", "upload", "remix", "fetch", "fit", "place")),
    *(f"state:{state}" for state in STAGES if state not in ("new", "waiting", "queued", "running", "submitting")),
)
BOUNDARIES = tuple(f"{side}:{write}" for write in WRITES for side in ("before", "after"))


def test_kills_lose_and_duplicate_nothing(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random = Random(SEED)
    with crash_run(tmp_path, home, random) as run:
        at_boundaries(run)
        hit = at_random(run, random)
        run.finish()
        with capsys.disabled():
            sys.stdout.write(histogram(run, hit))
        account(run)
        assert hit.total() >= KILLS
        assert enough(hit), hit
        assert run.books.wals >= hit.total() // 20, "the WAL was hardly ever lost"


def at_boundaries(run: CrashRun) -> None:
    """Kill the daemon immediately before and immediately after each kind of write to the journal."""
    for moment in BOUNDARIES:
        run.keep_busy(new=True)
        run.live(Death(moment))
        assert run.books.boundaries[moment], f"{moment} never came"
    run.books.missed = 0


def at_random(run: CrashRun, random: Random) -> Counter[str]:
    """Kill processes in random stages until every stage has enough kills; return the number of kills by stage."""
    hit: Counter[str] = Counter()
    lives = 0
    while hit.total() < KILLS or (not enough(hit) and hit.total() < MOST):
        least = min(ENTRIES, key=lambda stage: (hit[stage], random.random()))
        wanted = random.choice([least, *ENTRIES]) if hit.total() < KILLS else least
        deaths = [Death(ENTRIES[wanted], random.choice((1, 1, 1, 2)), random.uniform(0.0001, LENGTHS[wanted]))]
        if random.random() < 0.3:
            deaths.append(Death(random.choice(WORKING), 1, random.uniform(0.0001, 0.05), "worker"))
        if random.random() < 0.03:
            run.change_daw()
        run.keep_busy(new=wanted not in ("fetch", "fit", "place", "confirmed"))
        lives += 1
        stage = run.live(*deaths, lose_wal=lives % WAL_LOSS == 0)
        if stage in ENTRIES:
            hit[stage] += 1
    return hit


def enough(hit: Counter[str]) -> bool:
    """Return whether every stage was interrupted often enough."""
    return all(hit[stage] >= LEAST * KILLS // 300 for stage in ENTRIES)


def account(run: CrashRun) -> None:
    """Check that nothing was lost, submitted twice, placed twice or left behind."""
    books, variations, orders = run.books, run.variations(), run.orders()
    assert run.rows("SELECT COUNT(*) FROM jobs")[0][0] == len(run.messages), "a request was lost or taken on twice"
    wanted = sum(len(one["job"]["request"]["clips"]) * one["job"]["each"] for one in variations if is_first(one))
    assert len(variations) == wanted
    assert {one["state"] for one in variations} == {"done"}
    for one in variations:
        clip = one["job"]["request"]["clips"][one["clip_index"]]
        samples = round((clip["position"] + clip["length"]) * RATE) - round(clip["position"] * RATE)
        assert one["result"]["samples"] == samples
        assert soundfile.info(one["result"]["path"]).frames >= samples
        assert Path(one["result"]["recipe"]).is_file()

    assert set(books.unknown) <= books.on_its_way, "unknown although no order was on its way"
    allowed: Counter[int] = Counter()
    for one in variations:
        allowed[one["seed"]] = max(allowed[one["seed"]], 1 + books.unknown[one["id"]])
    doubled = {key: count for key, count in orders.items() if count > allowed[key[0]]}
    assert not doubled, "ordered twice"
    by_fal: Counter[int] = Counter()
    for one in variations:
        by_fal[one["seed"]] += run.segments(one) if one["job"]["engine"] == "fal" else 0
    assert +by_fal == Counter(seed for seed, _ in orders), "a result without an order, or an order without one"

    scripted = {one["id"] for one in variations if one["job"]["daw"] == "reaper"}
    assert run.project.placings == Counter(scripted), "placed twice, or not at all"
    again = {one for daw in run.daws for one in daw.offered_again}
    assert again <= books.uncertain, "offered after it was confirmed"
    assert set(books.lost) <= books.uncertain, "failed although no entry was lost"
    assert not run.project.missing, "offered without a file"
    assert len({one["result"]["path"] for one in variations}) == len(variations)
    extra = len(list(run.media.glob("*.wav"))) - len(variations)  # files whose names only the lost entries contained
    assert 0 <= extra <= len(books.uncertain) * bool(books.wals)
    assert not run.stray()
    assert not list((run.home / "inbox" / "rejected").iterdir())


def is_first(variation: dict[str, object]) -> bool:
    return variation["clip_index"] == 0 and variation["index"] == 0


def histogram(run: CrashRun, hit: Counter[str]) -> str:
    """Return a table of the number of kills by stage, as text for the terminal."""
    books = run.books
    most = max(hit.values(), default=1)
    lines = [f"\nCRASH_SEED={SEED}: {sum(hit.values())} random kills, {len(BOUNDARIES)} at boundaries"]
    lines += [f"  {stage:<10} {hit[stage]:>3} {'#' * round(40 * hit[stage] / most)}" for stage in ENTRIES]
    workers = ", ".join(f"{state} {count}" for state, count in sorted(books.worker_deaths.items()))
    orders, variations = run.orders(), run.variations()
    parts = sum(run.segments(one) for one in variations)
    lines += [
        f"  workers killed while: {workers}",
        f"  {len(variations)} variations, {parts} parts, {orders.total()} orders",
        f"  {books.unknown.total()} times unknown, each with an order on its way; "
        f"{orders.total() - len(orders)} of these orders stood",
        f"  the WAL lost {books.wals} times; {books.lost.total()} times `store_lost`, each retried",
        f"  {books.lives} lives, {books.missed} of them without the moment that was waited for",
    ]
    return "\n".join([*lines, ""])
