"""A queue that places the offered results one after the other, with at most one change to the Set per tick.

script.py adds the daemon's offers and calls `step` in each tick. The queue reports each outcome to the daemon and in
the status bar.
"""

from __future__ import annotations

import traceback
from collections import namedtuple

from .live_objects import Refused, can_place
from .place import Placing, blocked, placed_track

# number: the variation's number for the track name; 0 if the job has only one variation
# context: the request's context, see describe.py
# source: the clip for which the remix was requested; None if Live was restarted since the request
PlacingTask = namedtuple("PlacingTask", "variation_id job_id number result context source")

BY_HAND = "this version of Live cannot place it (11.3.25 and 12.0.5 can). Drag the file into the Set"


class PlacingQueue:
    """The results of one instance that wait to be placed."""

    def __init__(self, mail, tell, say, log):
        """Create an empty queue.

        Args:
            mail: the Mailbox.
            tell: function that sends a message to the daemon.
            say: function that shows a line in the status bar.
            log: function that writes a line to Live's log.
        """
        self._mail, self._tell, self._say, self._log = mail, tell, say, log
        self._queue = []  # (variation_id, job, variation) of each waiting result
        self._placing = None

    def offered(self, offers, wanted):
        """Add new offers to the queue, and drop offers that the daemon has withdrawn."""
        self._queue.extend(offers)
        self._queue = [one for one in self._queue if one[0] in wanted]

    def step(self, song, application, make_marker, sources):
        """Do the next step, if any. `sources` maps each request's message_id to its clip, for this session only."""
        if self._placing is not None:
            self._check()
        elif self._queue:
            reason = blocked(song, application) if can_place(song) else ""
            if reason:
                self._say("A remix is ready and will be placed later: %s." % reason)
                return
            variation_id, job, variation = self._queue.pop(0)
            if can_place(song):
                source = sources.get(job["message_id"])
                self._begin(song, application, make_marker, variation_id, job, variation, source)
            else:
                self._by_hand(variation_id, variation["result"]["path"])

    def _begin(self, song, application, make_marker, variation_id, job, variation, source):
        track = placed_track(song, variation_id)
        if track is not None:
            self._tell("placed", {"variation_id": variation_id, "item": str(track._live_ptr)})
            return
        context = self._mail.kept(job["message_id"])
        if context is None:
            self._fail(variation_id, "the record of its source clip is missing", variation["result"]["path"])
            return
        number = variation["index"] + 1 if len(job["variations"]) > 1 else 0
        task = PlacingTask(variation_id, job["job_id"], number, variation["result"], context, source)
        placing = Placing(song, application, make_marker, task)
        if self._safely(placing, placing.place):
            self._placing = placing

    def _check(self):
        placing, final = self._placing, []
        if not self._safely(placing, lambda: final.append(placing.check())):
            self._placing = None
        elif final[0]:
            self._placing = None
            self._tell("placed", {"variation_id": placing.variation_id, "item": placing.item, "text": placing.note})
            if placing.note:
                self._log("%s: %s %s" % (placing.path, placing.note, placing.trouble))
                self._say("Remix placed, but Live did not accept its %s. Please check it." % placing.note)
            else:
                self._say(" ".join(["Remix placed.", *placing.ignored]))

    def _by_hand(self, variation_id, path):
        """Show the result's path, because in a Live without `create_audio_clip` the user must place the file."""
        self._tell("placed", {"variation_id": variation_id, "by_hand": True, "text": BY_HAND})
        self._say("The remix is at %s: %s." % (path, BY_HAND))

    def _safely(self, placing, step):
        """Call a function that does one step, and return whether it succeeded. Report errors to the user and daemon."""
        try:
            step()
        except Refused as reason:
            self._fail(placing.variation_id, str(reason), placing.path)
        except Exception:
            self._log(traceback.format_exc())
            self._fail(placing.variation_id, "a script error, see Live's Log.txt", placing.path)
        else:
            return True
        return False

    def _fail(self, variation_id, reason, path):
        self._tell("place_failed", {"variation_id": variation_id, "text": reason})
        self._say("Cannot place the remix: %s. Its file is %s" % (reason, path))
