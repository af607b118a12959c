"""Simulates a DAW script that connects to the bridge, reads the outbox, and places and confirms results.

Like a real script, the simulated script checks the project before placing and confirms only results that are in the
project. It records duplicate and missing results, which only a faulty bridge can cause.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from pathlib import Path
from random import Random

from tests.fakes.processes import outbox, put

LOOK = 0.02  # s between reads of the outbox


class Project:
    """A project file, and how often all DAW instances together have placed each result in the project."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.placings: Counter[str] = Counter()
        self.missing: list[str] = []  # paths of offered results that did not exist


class DawInstance:
    """One running DAW process."""

    def __init__(self, home: Path, project: Project, random: Random) -> None:
        self.id = f"daw-{uuid.UUID(int=random.getrandbits(128))}"
        self.project = project
        self.offered_again: list[str] = []  # results offered again although the bridge had read their confirmation
        self._home = home
        self._random = random
        self._here: dict[str, str] = {}  # variation → message ID of its newest confirmation
        self._taken: dict[str, float] = {}  # message ID → Unix time at which we saw that the bridge had read it
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name=self.id)

    def start(self) -> DawInstance:
        self.greet()
        self._thread.start()
        return self

    def greet(self) -> None:
        """Connect, as a script does when the bridge has started again."""
        about = {"name": "reaper", "version": "7.60"}
        put(self._home, "hello", {"daw": about, "project": {"path": self.project.path}}, instance=self.id)

    def leave(self) -> None:
        """Finish placing and confirming, then disconnect and quit."""
        self._over.set()
        self._thread.join()
        put(self._home, "bye", {}, instance=self.id)

    def _work(self) -> None:
        while not self._over.wait(LOOK):
            document = outbox(self._home, self.id)
            paths = {
                one["variation_id"]: (one["result"] or {}).get("path")
                for job in document["jobs"]
                for one in job["variations"]
            }
            for variation_id in document["place"]:
                self._place(variation_id, Path(paths[variation_id] or "/nowhere"))

    def _place(self, variation_id: str, path: Path) -> None:
        known = self._here.get(variation_id)
        if known is not None:
            if self._waits(known):
                return  # the bridge has not read the confirmation yet
            # An outbox from before the confirmation was read may still offer the result; a newer outbox must not.
            taken = self._taken.setdefault(known, time.time())
            newest = outbox(self._home, self.id)
            if newest["updated"] > taken and variation_id in newest["place"]:
                self.offered_again.append(variation_id)
                self._confirm(variation_id)  # the result is in the project, so a script only confirms it
            return
        if not path.is_file():
            self.project.missing.append(str(path))
        self._over.wait(self._random.uniform(0.0, 0.03))  # simulates a busy DAW
        self.project.placings[variation_id] += 1
        self._confirm(variation_id)

    def _confirm(self, variation_id: str) -> None:
        args = {"variation_id": variation_id, "item": f"item-{variation_id[:8]}"}
        self._here[variation_id] = put(self._home, "placed", args, instance=self.id)

    def _waits(self, message_id: str) -> bool:
        return (self._home / "inbox" / f"{message_id}.json").exists()
