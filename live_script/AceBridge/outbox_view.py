"""A view of the outbox: the results to place, the daemon's requests for the selection, and the lines to show.

script.py passes each new outbox to an OutboxView and acts on the results. This module does not use Live's API.
"""

from __future__ import annotations

import re

from . import PROTOCOL, VERSION

ENDED = ("done", "failed", "cancelled", "unknown", "partial")
FRESH = 5.0  # age in seconds above which an `ask` from the daemon is ignored
APART = "this script and the bridge are incompatible: run `ace-bridge install live` and restart Live."


class OutboxView:
    """A view of successive outboxes that returns each result, `ask` and message only once."""

    def __init__(self):
        self.open = False  # whether a request is in progress
        self._answered = set()
        self._offered = set()
        self._said = set()

    def offers(self, outbox):
        """Yield (variation_id, job, variation) for each newly offered result."""
        wanted = set(outbox.get("place") or ())
        self._offered &= wanted  # a withdrawn result may be offered again
        for job in outbox.get("jobs") or ():
            for variation in job["variations"]:
                key = variation["variation_id"]
                if key in wanted and key not in self._offered and variation.get("result"):
                    self._offered.add(key)
                    yield key, job, variation

    def question(self, outbox, now):
        """Return whether the outbox contains a new and recent `ask` for the selection."""
        ask = outbox.get("ask") or {}
        if ask.get("command") != "selection" or ask.get("id") in self._answered:
            return False
        self._answered.add(ask.get("id"))
        return now - float(outbox.get("updated") or 0.0) < FRESH

    def lines(self, outbox):
        """Yield lines for the status bar, the most important line last."""
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
            yield "The bridge is version %s, this script %s: %s" % (version, VERSION, _update_hint(version))


def _update_hint(version):
    """Return how to update the script or the bridge, whichever is older."""
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
