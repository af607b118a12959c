"""Runs the bridge many times in one home, ends each run with SIGKILL, and counts kills, submissions and results.

tests/system/test_crash_matrix.py chooses when to kill. This module requests jobs, runs the bridge and keeps count.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import soundfile

from bridge.workers.task_table import TASKS
from tests.fakes.crashing_process import STAGES
from tests.fakes.daw_instance import DawInstance, Project
from tests.fakes.fal_faults import Fault
from tests.fakes.fal_server import FalServer, Timing
from tests.fakes.prefork_server import fork_child, prefork_server, wait_for_end
from tests.fakes.processes import KEY, environment, fal_environment, put
from tests.fakes.studio import remix_args, write_tone
from tests.waiting import PATIENCE, until

MISSED = 10  # number of runs that may end without reaching the planned moment
LEAST, MOST = 2, 6  # smallest and largest number of unfinished jobs
RATE = 44_100  # Hz; the project's sample rate, different from the model's so that results are resampled
DAEMON = ("bridge.cli.commands.daemon", "bridge.daemon", "bridge.config.home_check", "tests.fakes.crashing_process")
SETTINGS = {
    "ACE_BRIDGE_FAL_LONGEST": "0.8",  # s; one of the clips is longer and is split into segments
    "ACE_BRIDGE_FAL_POLL_FIRST": "0.02",
    "ACE_BRIDGE_FAL_POLL_LONGEST": "0.1",
    "ACE_BRIDGE_SCHEDULER_SLOTS": "4",
    "ACE_BRIDGE_BUDGET_DAILY_CAP": "1000000",
    "ACE_BRIDGE_OUTBOX_KEEP_FINISHED": "1000",
}


@dataclass(frozen=True)
class Death:
    """A planned kill of a process."""

    moment: str  # a name from crashing_process.py
    nth: int = 1
    delay: float = 0.0  # s
    who: str = "daemon"


@dataclass
class Books:
    """Counts over all runs."""

    worker_deaths: Counter[str] = field(default_factory=Counter)
    boundaries: Counter[str] = field(default_factory=Counter)  # kills of the daemon, by planned moment
    on_its_way: set[str] = field(default_factory=set)  # variations killed between submission and reply
    unknown: Counter[str] = field(default_factory=Counter)  # variation → number of times it became `unknown`
    wals: int = 0  # number of times that the WAL was lost
    uncertain: set[str] = field(default_factory=set)  # variations whose latest entries may have been lost
    lost: Counter[str] = field(default_factory=Counter)  # variation → number of times it failed with `store_lost`
    lives: int = 0
    missed: int = 0  # runs that did not reach the planned moment


class CrashRun:
    """The bridge, its fake fal, its DAW and the counts."""

    def __init__(self, folder: Path, home: Path, random: Random, fal: FalServer, servers: tuple[Path, Path]) -> None:
        self.home, self.random, self.fal, self.books = home, random, fal, Books()
        self.media = folder / "media"
        self.media.mkdir()
        self.project = Project(str(folder / "song.rpp"))
        self.daw = DawInstance(home, self.project, random).start()
        self.daws = [self.daw]
        self._folder = folder
        self._daemons, self._workers = servers
        self._clips = [
            write_tone(folder / f"clip {number}.wav", seconds=seconds, level=0.2 + 0.05 * number)
            for number, seconds in enumerate((0.4, 0.45, 0.5, 1.2))
        ]
        self._jobs = 0
        self._retries: dict[str, str] = {}  # variation → ID of the message that retries it
        self.messages: list[str] = []

    # --- work --------------------------------------------------------------------------------------------------------

    def ask(self) -> None:
        """Request the next job; successive jobs differ in their clips, variations, engine or target (DAW or folder)."""
        self._jobs += 1
        scripted, engine = bool(self._jobs % 2), "offline" if self._jobs % 5 == 0 else "fal"
        clips = self.random.sample(self._clips, 1 + self._jobs % 2)
        args = remix_args(clips[0])
        args["clips"] = [
            {
                "id": f"clip-{number}",
                "name": path.stem,
                "position": 2.0 * number,
                "length": soundfile.info(path).duration,
                "source": {"path": str(path)},
            }
            for number, path in enumerate(clips)
        ]
        variations = 1 + (self._jobs // 2) % 2
        args["remix"] = {"tags": "dub", "seed": 1000 * self._jobs, "engine": engine, "variations": variations}
        args["project"] = {"sample_rate": RATE, "media_path": str(self.media)}
        if scripted:
            args["daw"] = {"name": "reaper", "version": "7.60"}
            args["project"]["path"] = self.project.path
        self.messages.append(put(self.home, "remix", args, instance=self.daw.id if scripted else "script"))

    def keep_busy(self, *, new: bool) -> None:
        """Request jobs until LEAST are unfinished; if `new`, request at least one job unless MOST are unfinished."""
        unfinished = self.rows("SELECT COUNT(DISTINCT job_id) FROM variations WHERE open = 1")[0][0]
        for _ in range(max(int(new and unfinished < MOST), LEAST - unfinished)):
            self.ask()

    def change_daw(self) -> None:
        """Quit the DAW and start a new DAW instance, which has not yet placed or confirmed any result."""
        self.daw.leave()
        self.daw = DawInstance(self.home, self.project, self.random).start()
        self.daws.append(self.daw)

    # --- runs --------------------------------------------------------------------------------------------------------

    def live(self, *deaths: Death, lose_wal: bool = False) -> str:
        """Run the bridge until it dies as planned, and return the interrupted stage.

        If all work ends before the planned moment, the idle bridge is killed and the run counts as missed.

        Args:
            deaths: the planned kills.
            lose_wal: whether the journal then loses the entries that are only in its WAL.
        """
        self.books.lives += 1
        assert self.books.missed <= MISSED + self.books.lives // 4, "the planned moments are no longer reached"
        diary = self._folder / f"diary-{self.books.lives}"
        pid = self._start_daemon(diary, deaths)
        end = time.monotonic() + 2 * PATIENCE
        while not wait_for_end(pid, 0.1):
            assert time.monotonic() < end, f"the bridge hangs; unfinished: {self._open()[:5]}"
            if self._is_idle():
                self.books.missed += 1
                os.kill(pid, signal.SIGKILL)
                assert wait_for_end(pid, PATIENCE)
                break
        stage = self._read(diary)
        diary.unlink()
        if lose_wal and self._lose_wal():
            self._look_into_folders()
        else:
            self._look_after_a_death()
        return stage

    def finish(self) -> None:
        """Run the bridge without a kill until all work has ended, and stop it with SIGTERM."""
        pid = self._start_daemon(self._folder / "diary-last", ())
        try:
            until(self._is_finished, "the end of all work", 2 * PATIENCE)
        except AssertionError as error:
            raise AssertionError(
                f"not finished: {self._open()[:5]}, {list((self.home / 'inbox').iterdir())}"
            ) from error
        finally:
            os.kill(pid, signal.SIGTERM)
            assert wait_for_end(pid, PATIENCE)

    def _start_daemon(self, diary: Path, deaths: tuple[Death, ...]) -> int:
        environ = environment(self.home, **fal_environment(self.fal.url), **SETTINGS)
        plan = [vars(death) for death in deaths]
        args = {"environ": environ, "plan": plan, "diary": str(diary), "workers": str(self._workers)}
        with (self._folder / "daemon.log").open("ab") as log, open(os.devnull, "rb") as nothing:
            fds = (nothing.fileno(), log.fileno(), log.fileno())
            return fork_child(self._daemons, "tests.fakes.crashing_process:daemon", args, fds)

    def _is_finished(self) -> bool:
        self._settle()
        return self._is_idle() and not self._open()

    def _is_idle(self) -> bool:
        """Return whether the bridge has no work that continues without the user."""
        if any((self.home / "inbox").glob("*.json")) or self.rows("SELECT 1 FROM messages WHERE applied = 0"):
            return False
        return not [value for value in self._open() if json.loads(value)["state"] not in ("unknown", "failed")]

    def _open(self) -> list[str]:
        """Return the JSON of all variations in the journal that are not done."""
        return [value for (value,) in self.rows("SELECT value FROM variations WHERE state <> 'done'")]

    def _read(self, diary: Path) -> str:
        """Add the kills in a run's diary to the counts; return the stage in which the daemon was killed."""
        last: dict[str, str] = {}
        decided: list[tuple[str, str, str]] = []
        for line in diary.read_text().splitlines() if diary.exists() else ():
            if line.startswith("= "):
                _, who, moment, variation_id = line.split()
                decided.append((who, moment, variation_id))
                if who == "worker":
                    self.books.worker_deaths[moment.removeprefix("state:")] += 1
            else:
                variation_id, state = line.split()
                last[variation_id] = state
        found = [(moment, variation_id) for who, moment, variation_id in decided if who == "daemon"]
        if not found:
            return "none"
        moment, variation_id = found[-1]
        stage = "taken" if variation_id == "-" else STAGES.get(last[variation_id], last[variation_id])
        self.books.boundaries[moment] += 1
        return stage

    def _look_after_a_death(self) -> None:
        """Note the submitted variations that have no ticket, and retry the variations in the state `unknown`."""
        for unit, mark in self.rows("SELECT unit, mark FROM stages WHERE stage = 'remix' AND result IS NULL"):
            if mark and "sent" in json.loads(mark) and "ticket" not in json.loads(mark):
                self.books.on_its_way.add(unit.partition("/")[0])
        self._settle()

    def _lose_wal(self) -> bool:
        """Remove the WAL, as a program that restores or synchronizes files does; return whether there was one."""
        wal = self.home / "bridge.db-wal"
        if not wal.exists():  # the journal was read after the kill, which moved the WAL's entries
            return False
        for beside in (wal, self.home / "bridge.db-shm"):
            beside.unlink(missing_ok=True)
        self.books.wals += 1
        self._retries.clear()  # their messages may be lost
        self.daw.greet()
        return True

    def _look_into_folders(self) -> None:
        """Note all variations, and those whose submission has no ticket, because the journal may not know them."""
        for path in (self.home / "jobs").glob("*/job.json"):
            for one in json.loads(path.read_bytes())["variations"]:
                self.books.uncertain.add(one["id"])
                inner = f"clip-{one['clip_index'] + 1}/variation-{one['index'] + 1}"
                for order in (path.parent / inner).glob("**/submit.json"):
                    if "ticket" not in json.loads(order.read_bytes()):
                        self.books.on_its_way.add(one["id"])

    def _settle(self) -> None:
        """Retry the variations in the state `unknown` and those that failed with `store_lost`, as the user would."""
        failed = self.rows("SELECT id, value FROM variations WHERE state = 'failed'")
        for variation_id in (one for one, value in failed if json.loads(value)["error"]["code"] == "store_lost"):
            settling = self._retries.get(variation_id)
            if settling is None or self._applied(settling):
                self.books.lost[variation_id] += 1
                self._retries[variation_id] = put(self.home, "retry", {"variation_id": variation_id}, instance="script")
        for (variation_id,) in self.rows("SELECT id FROM variations WHERE state = 'unknown'"):
            settling = self._retries.get(variation_id)
            if settling is not None and not self._applied(settling):
                continue
            self.books.unknown[variation_id] += 1
            args = {"variation_id": variation_id, "again": True}
            self._retries[variation_id] = put(self.home, "retry", args, instance="script")

    def _applied(self, message_id: str) -> bool:
        return bool(self.rows("SELECT 1 FROM messages WHERE message_id = ? AND applied = 1", message_id))

    # --- the counts --------------------------------------------------------------------------------------------------

    def rows(self, query: str, *values: Any) -> list[Any]:
        """Return the rows of a query to the journal."""
        path = self.home / "bridge.db"
        if not path.exists():
            return [(0,)] if "COUNT" in query else []
        with contextlib.closing(sqlite3.connect(path, timeout=PATIENCE)) as db:
            return db.execute(query, values).fetchall()

    def variations(self) -> list[dict[str, Any]]:
        """Return all variations with their job and clip."""
        found = self.rows("SELECT v.value, j.value FROM variations v JOIN jobs j ON j.id = v.job_id")
        return [{**json.loads(variation), "job": json.loads(job)} for variation, job in found]

    def orders(self) -> Counter[tuple[int, str]]:
        """Return the number of submissions by seed and by the SHA-256 hash of the submitted audio."""
        found: Counter[tuple[int, str]] = Counter()
        for job in self.fal.queue.jobs.values():
            source = self.fal.storage.read(job.body["audio_url"]) or b""
            found[job.body["seed"], hashlib.sha256(source).hexdigest()] += 1
        return found

    def segments(self, variation: dict[str, Any]) -> int:
        """Return the number of segments of a variation's clip; each of them is submitted separately."""
        unit = f"{variation['job']['id']}/{variation['clip_index']}"
        ((result,),) = self.rows("SELECT result FROM stages WHERE unit = ? AND stage = 'render'", unit)
        return len(json.loads(result).get("legs") or [unit])

    def stray(self) -> list[Path]:
        """Return temporary files that were left behind."""
        everything = [*self.home.rglob("*"), *self.media.rglob("*")]
        return [path for path in everything if path.name.startswith(".") or ".part" in path.name or ".tmp" in path.name]


@contextlib.contextmanager
def crash_run(folder: Path, home: Path, random: Random) -> Iterator[CrashRun]:
    """Yield a bridge with a slow fake fal; its daemons and workers are forked by prefork servers."""
    tasks = sorted({place.partition(":")[0] for place in TASKS.values()})
    with (
        FalServer(key=KEY, timing=Timing(queue=0.03, run=0.04)) as fal,
        prefork_server(folder / "d", *DAEMON) as daemons,
        prefork_server(folder / "w", "bridge.workers.process", *tasks) as workers,
    ):
        for call, seconds in (("initiate", 0.02), ("put", 0.02), ("submit", 0.04), ("file", 0.03)):
            fal.fail(call, Fault("late", seconds=seconds), times=-1)
        run = CrashRun(folder, home, random, fal, (daemons, workers))
        try:
            yield run
        finally:
            run.daw.leave()
