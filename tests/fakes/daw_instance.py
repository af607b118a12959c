"""A DAW's script as the bridge sees it: says hello, reads its outbox, places what it is asked to, confirms.

Keeps to the contract of a real script (looks into its project first, only confirms what is there) and counts what a
bridge that forgets would make it do.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from pathlib import Path
from random import Random

from tests.fakes.processes import outbox, put

LOOK = 0.02  # s between two looks at the outbox


class Project:
    """What lies in a project file, and how often each result was put there by anybody."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.placings: Counter[str] = Counter()
        self.missing: list[str] = []  # results that were to be placed and whose file was not there


class DawInstance:
    """One running DAW process."""

    def __init__(self, home: Path, project: Project, random: Random) -> None:
        self.id = f"daw-{uuid.UUID(int=random.getrandbits(128))}"
        self.project = project
        self.offered_again: list[str] = []  # confirmed, taken in, and asked for once more
        self._home = home
        self._random = random
        self._here: dict[str, str] = {}  # variation → its newest confirmation's message
        self._taken: dict[str, float] = {}  # confirmation's message → unix time when it was gone from the inbox
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name=self.id)

    def start(self) -> DawInstance:
        about = {"name": "reaper", "version": "7.60"}
        put(self._home, "hello", {"daw": about, "project": {"path": self.project.path}}, instance=self.id)
        self._thread.start()
        return self

    def leave(self) -> None:
        """Quit: what was placed was confirmed, and then it says bye."""
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
                return  # nobody has read the confirmation yet
            # Taken in: an outbox from before that may still ask for it, whenever it is written; one from after may not.
            taken = self._taken.setdefault(known, time.time())
            newest = outbox(self._home, self.id)
            if newest["updated"] > taken and variation_id in newest["place"]:
                self.offered_again.append(variation_id)
            return
        if not path.is_file():
            self.project.missing.append(str(path))
        self._over.wait(self._random.uniform(0.0, 0.03))  # the DAW is at work
        self.project.placings[variation_id] += 1
        args = {"variation_id": variation_id, "item": f"item-{variation_id[:8]}"}
        self._here[variation_id] = put(self._home, "placed", args, instance=self.id)

    def _waits(self, message_id: str) -> bool:
        return (self._home / "inbox" / f"{message_id}.json").exists()
