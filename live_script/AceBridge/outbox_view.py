"""What the daemon says of our requests, boiled down: what to place, what to answer, what to show.

script.py gives it each new outbox and acts on what it returns; it touches nothing of Live's.
"""

from __future__ import annotations

import re

from . import PROTOCOL, VERSION

ENDED = ("done", "failed", "cancelled", "unknown", "partial")
FRESH = 5.0  # s that a question of the daemon's is worth answering
APART = "this script and the bridge are too far apart: run `ace-bridge install live` and restart Live."


class OutboxView:
    """Remembers what was seen, so that each thing is acted upon once."""

    def __init__(self):
        self.open = False  # a request of ours is still being worked on
        self._answered = set()
        self._offered = set()
        self._said = set()

    def offers(self, outbox):
        """Yield (variation_id, job, variation) of each result that we are newly asked to place."""
        wanted = set(outbox.get("place") or ())
        self._offered &= wanted  # what was taken back may be offered again
        for job in outbox.get("jobs") or ():
            for variation in job["variations"]:
                key = variation["variation_id"]
                if key in wanted and key not in self._offered and variation.get("result"):
                    self._offered.add(key)
                    yield key, job, variation

    def question(self, outbox, now):
        """Return whether the daemon asks, freshly and for the first time, for the selection."""
        ask = outbox.get("ask") or {}
        if ask.get("command") != "selection" or ask.get("id") in self._answered:
            return False
        self._answered.add(ask.get("id"))
        return now - float(outbox.get("updated") or 0.0) < FRESH

    def lines(self, outbox):
        """Yield what the status bar should say, the most important last."""
        found = list(outbox.get("jobs") or ())
        self.open = any(job["state"] not in ENDED for job in found)
        for job in found:
            if job["state"] not in ENDED:
                yield _progress(job)
            elif job["job_id"] not in self._said:
                self._said.add(job["job_id"])
                for text in _end(job):
                    yield text
        for error in outbox.get("errors") or ():
            if error["message_id"] not in self._said:
                self._said.add(error["message_id"])
                yield "%s %s" % (error.get("text", ""), error.get("hint", ""))
        for text in self._versions(outbox):
            yield text

    def _versions(self, outbox):
        version = (outbox.get("daemon") or {}).get("version", VERSION)
        if outbox.get("protocol", PROTOCOL) != PROTOCOL:
            yield APART[0].upper() + APART[1:]
        elif version != VERSION and version not in self._said:
            self._said.add(version)
            yield "The bridge is %s, this script %s: %s" % (version, VERSION, _cure(version))


def _cure(version):
    """Return what brings script and bridge together again: the older one of them is left from before an update."""
    if _numbers(version) < _numbers(VERSION):
        return "restart the bridge with `ace-bridge stop` and `ace-bridge start`."
    return "run `ace-bridge install live` and restart Live."


def _numbers(version):
    return [int(part) for part in re.findall(r"\d+", version)]


def _progress(job):
    variations = job["variations"]
    part = sum(variation.get("progress") or 0.0 for variation in variations) / max(1, len(variations))
    message = [variation.get("message") for variation in variations if variation.get("message")][-1:]
    return "Remix: %d %% %s" % (round(part * 100), message[0] if message else job["state"])


def _end(job):
    for variation in job["variations"]:
        error = variation.get("error")
        if error:
            yield "Remix: %s %s" % (error.get("text", ""), error.get("hint", ""))
