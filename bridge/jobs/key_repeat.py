"""Detects key repeat: an unchanged request that a held or bouncing key, pad or OSC control sends again.

Such a request creates no job; it is answered with the job of the first one. Requests from dialogs, scripts, files and
the command line always create a job, and so do a request with a seed and `rerun`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from bridge.protocol.request import DawInfo, Message, RemixArgs

HELD = 0.6  # s; nobody can react to a failure and press again within this time, so the key is still held
RESTART = 10.0  # s; age of the jobs that a restarted daemon remembers, because a key may have been held meanwhile
WINDOW = 2.0  # s since the first request or its latest repeat; while a key is held, it repeats every 0.03 to 0.5 s
REPEATING = ("key", "pad", "osc")  # values of `trigger` whose requests may be repeats
NOTE = {
    "code": "key_repeat",
    "text": f"The same request arrived again within {WINDOW:g} s, as from a held key, so it was submitted only once. "
    "`rerun` makes another one.",
}


class KeyRepeat:
    """A memory of the latest requests from keys, pads and OSC."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin without any request.

        Args:
            clock: returns the time in which the process could run, s; it never goes back.
        """
        self.lock = asyncio.Lock()  # held from the search for a request until its job is remembered
        self._clock = clock
        self._latest: dict[str, tuple[str, float]] = {}  # identity of a request → its job, and when it last arrived

    def find(self, identity: str) -> tuple[str, float] | None:
        """Return the job of the same request and the time since it last arrived, if that was within WINDOW.

        The window then begins again.
        """
        now = self._clock()
        self._latest = {one: (job, at) for one, (job, at) in self._latest.items() if now - at < WINDOW}
        if identity not in self._latest:
            return None
        job_id, at = self._latest[identity]
        self.remember(identity, job_id)
        return job_id, now - at

    def remember(self, identity: str, job_id: str) -> None:
        """Remember the job that a request created or repeated."""
        self._latest[identity] = job_id, self._clock()


def may_repeat(message: Message, request: RemixArgs) -> bool:
    """Return whether a request may be a repeat, because it comes from a key, a pad or OSC and has no seed.

    Scripts may leave out `trigger`. A selection is sent at a surface's request. A DAW's `remix` comes from an action,
    which may have a key, unless the user has confirmed the cost.
    """
    if request.wanted.seed is not None:
        return False
    if request.trigger is not None:
        return request.trigger in REPEATING
    return message.command == "selection" or (request.daw.name != DawInfo().name and not request.confirmed)


def identity_of(instance: str, asked: Mapping[str, Any], recipe: Mapping[str, Any]) -> str:
    """Return a digest of what a request asks for: who asks, the clips, the parameters and the placement.

    Everything that differs between requests for the same clip is left out: IDs, the path of a rendered clip whose place
    is known, and the number and look of the track, which may change when a result is placed.
    """
    args = {key: value for key, value in asked.items() if key not in ("request_id", "confirmed", "trigger")}
    args["clips"] = [_plain(clip) for clip in asked["clips"]]
    whole = [instance, args, dict(recipe)]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _plain(clip: Mapping[str, Any]) -> dict[str, Any]:
    plain = {key: value for key, value in clip.items() if key not in ("id", "ignored")}
    plain["track"] = {key: value for key, value in (clip.get("track") or {}).items() if key in ("id", "name")}
    if clip.get("rendered") and clip.get("position") is not None and clip.get("length") is not None:
        plain["rendered"] = {key: value for key, value in clip["rendered"].items() if key != "path"}
    return plain
