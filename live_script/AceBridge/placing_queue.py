"""Results that have arrived, and their way onto tracks: one step that changes the Set per tick.

script.py hands over what the daemon offers and calls `step` in each tick; what became of it goes to the daemon and to
the status bar.
"""

from __future__ import annotations

import traceback
from collections import namedtuple

from .live_objects import Refused, can_place
from .place import Placing, blocked, standing

# number: of the variation, 0 when there is only one
# source: the clip that was asked for, None when that was another run of Live; context: of the request, see describe.py
Order = namedtuple("Order", "variation_id job_id number result context source")

BY_HAND = "this Live cannot put a file onto a track (11.3.25 and 12.0.5 can); drag the file into the Set"


class PlacingQueue:
    """The queue of one instance."""

    def __init__(self, mail, tell, say, log):
        """Take the Mailbox, and functions that send a message, show a line, and log one."""
        self._mail, self._tell, self._say, self._log = mail, tell, say, log
        self._queue = []  # (variation_id, job, variation) still to be placed
        self._placing = None

    def offered(self, offers, wanted):
        """Take new offers, and forget those that are not wanted any more."""
        self._queue.extend(offers)
        self._queue = [one for one in self._queue if one[0] in wanted]

    def step(self, song, application, make_marker, sources):
        """Do the next step, if there is one; `sources` has the clips that were asked for, by message_id."""
        if self._placing is not None:
            self._check()
        elif self._queue:
            reason = blocked(song, application) if can_place(song) else ""
            if reason:
                self._say("A remix is ready and waits: %s." % reason)
                return
            variation_id, job, variation = self._queue.pop(0)
            if can_place(song):
                source = sources.get(job["message_id"])
                self._begin(song, application, make_marker, variation_id, job, variation, source)
            else:
                self._by_hand(variation_id, variation["result"]["path"])

    def _begin(self, song, application, make_marker, variation_id, job, variation, source):
        track = standing(song, variation_id)
        if track is not None:
            self._tell("placed", {"variation_id": variation_id, "item": str(track._live_ptr)})
            return
        context = self._mail.kept(job["message_id"])
        if context is None:
            self._fail(variation_id, "what was known of its clip is lost", variation["result"]["path"])
            return
        number = variation["index"] + 1 if len(job["variations"]) > 1 else 0
        order = Order(variation_id, job["job_id"], number, variation["result"], context, source)
        placing = Placing(song, application, make_marker, order)
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
                self._say("The remix is placed; check its %s, Live did not take it." % placing.note)
            else:
                self._say(" ".join(["The remix is placed.", *placing.ignored]))

    def _by_hand(self, variation_id, path):
        """Say where the file lies: a Live without `create_audio_clip` leaves the placing to its user."""
        self._tell("placed", {"variation_id": variation_id, "by_hand": True, "text": BY_HAND})
        self._say("The remix lies at %s: %s." % (path, BY_HAND))

    def _safely(self, placing, step):
        """Do a step of a placing; what goes wrong is told to the user and the daemon."""
        try:
            step()
        except Refused as reason:
            self._fail(placing.variation_id, str(reason), placing.path)
        except Exception:
            self._log(traceback.format_exc())
            self._fail(placing.variation_id, "an error in the script, Live's Log.txt has it", placing.path)
        else:
            return True
        return False

    def _fail(self, variation_id, reason, path):
        self._tell("place_failed", {"variation_id": variation_id, "text": reason})
        self._say("The remix lies at %s: %s." % (path, reason))
