"""The bridge, the fake fal and the folder of sources with which bad inputs are tested."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.fal_server import FalServer
from tests.fakes.processes import job_of, outbox, put
from tests.fakes.studio import remix_args
from tests.waiting import until

Error = Mapping[str, str]


@dataclass
class Bench:
    """A running bridge, a fake fal, and a folder for sources."""

    home: Path
    fal: FalServer
    port: int
    folder: Path
    tone: Path
    sent: list[str] = field(default_factory=list)  # IDs of the sent messages

    def remix(self, path: Path | str, **changes: Any) -> Error | None:
        """Request a remix and wait for its outcome; return the error, or None if the remix is done."""
        self.sent.append(put(self.home, "remix", remix_args(Path(path), **changes)))
        return self.answer(self.sent[-1])

    def answer(self, message_id: str) -> Error | None:
        """Wait for a message's outcome; return the error if the bridge refused the message or the remix failed."""

        def look() -> Error | bool | None:
            document = outbox(self.home)
            for refusal in document["errors"]:
                if refusal["message_id"] == message_id:
                    return dict(refusal)
            for job in document["jobs"]:
                one = job["variations"][0]
                if job["message_id"] != message_id:
                    continue
                if one["reason"] == "disk":  # the variation waits for disk space
                    return {"code": "disk_full", "text": one["message"], "hint": "it continues by itself"}
                if job["state"] in ("done", "failed", "unknown"):
                    return one["error"] or True
            return self.rejected(message_id)

        found = until(look, f"an answer to {message_id}")
        return None if found is True else found

    def rejected(self, name: str) -> Error | None:
        try:
            found: Error = json.loads((self.home / "inbox" / "rejected" / f"{name}.json.error").read_bytes())
        except (OSError, ValueError):
            return None
        return found

    def drop(self, name: str, data: bytes) -> Error:
        """Put a file into the inbox, and return the reason for its rejection."""
        aside = self.home / "inbox" / f".{name}.tmp"
        aside.write_bytes(data)
        aside.replace(self.home / "inbox" / f"{name}.json")
        found = until(lambda: self.rejected(name), f"the refusal of {name}")
        assert (self.home / "inbox" / "rejected" / f"{name}.json").exists()
        return found

    def retry(self) -> None:
        """Retry the last remix and wait until it is done."""
        job = next(one for one in outbox(self.home)["jobs"] if one["message_id"] == self.sent[-1])
        put(self.home, "retry", {"job_id": job["job_id"]})
        done = job_of(self.home, self.sent[-1], "done")
        assert Path(done["variations"][0]["result"]["path"]).exists()

    @property
    def orders(self) -> int:
        return sum(self.fal.queue.submits().values())


Maker = Callable[[Bench, Path], Error | None]

OPEN: dict[str, Any] = {}  # test disks and file-rewriting threads, in use until the bad input is fixed


def clear(name: str) -> None:
    found = OPEN.pop(name, None)
    if found is not None:
        found.__exit__(None, None, None)
