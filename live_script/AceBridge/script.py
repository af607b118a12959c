"""The script object, which does its work in Live's ticks.

Remixing: trigger (MIDI pad, the daemon's `ask`, or a datagram) → selection → request → inbox.
Placing: outbox → place → check → placed.
Everything runs on Live's main thread. Nothing blocks, and the script registers no listeners in Live.
"""

from __future__ import annotations

import os
import time
import traceback

import Live

from . import PROTOCOL, VERSION, describe, live_objects, outbox_view, pointer, project
from .button import Button
from .doorbell import Doorbell
from .ids import new_id
from .live_objects import Refused
from .mailbox import PRESENT, Mailbox
from .place import blocked
from .placing_queue import PlacingQueue
from .selection import selected
from .selftest import SelfTest

BUDGET = 0.008  # seconds per tick for reading datagrams; Live draws its window in the same thread
POLL = 3  # ticks between checks of the outbox if no notification arrives
PROJECT = 20  # ticks between checks of the Set's path
SUBSCRIBE = 300  # ticks between renewals of the subscription to the daemon's notifications
PAUSE = 2.0  # seconds without ticks; requests made during a longer pause are discarded
AGAIN = 1.0  # seconds after a request during which further requests are ignored
PATIENCE = 3.0  # seconds that a message may stay unread before the script starts the daemon

FOLDER = os.path.dirname(os.path.abspath(__file__))  # this script's folder, which also contains the pointer file
FROM_NEW_PLACE = "Start it once from its new place, and this script finds it again. Your request is kept."
PAD = "pad"  # name of the pad's settings file

_active = []  # the active script object in this running Live; at most one


class AceBridge:
    """One instance of the bridge's script, for one open Set in one running Live."""

    def __init__(self, c_instance, clock=time.monotonic, wall=time.time):
        self._live = c_instance
        self._clock, self._wall = clock, wall
        self._instance = new_id()
        self._outbox_view = outbox_view.OutboxView()
        self._pointer = pointer.read(FOLDER)
        self._mail = self._bell = self._placing_queue = None
        self._button = Button(None, c_instance.send_midi)
        self._ticks, self._last = 0, clock()
        self._stale = False  # whether datagrams received during a pause are still being discarded
        self._wanted = None  # the trigger ("pad" or "osc") of the request for a remix to send in this tick
        self._asked_at = -1e9
        self._sources = {}  # message_id → the clip of that request, while this Set is open
        self._selftest = None
        self._project = None
        self._waiting = None  # (message_id, time) of the newest request, until the daemon has read it
        self._starter = None  # the process that starts the daemon
        self._said = ""
        if _active:
            self._say("AceBridge is already active in another control surface slot. Set this one to None.")
        elif self._pointer is None:
            self._say("AceBridge is not set up: run `ace-bridge install live` and restart Live.")
        else:
            self._begin()

    # --- what Live calls ---------------------------------------------------------------------------------------------

    def update_display(self):
        """Do the work of one tick. Live calls this about every 100 ms."""
        if self._mail is None:
            return
        try:
            self._tick()
        except Exception:  # Live stops calling a script that raises an error
            self._log(traceback.format_exc())
            self._say("AceBridge: an error occurred, see Live's Log.txt.")

    def receive_midi(self, midi):
        """Process a message from the script's MIDI input."""
        self._button.receive(midi, self._clock())

    def build_midi_map(self, map_handle):
        """Tell Live which MIDI note or controller number to forward to the script."""
        self._button.build(Live.MidiMap, self._live.handle(), map_handle)

    def disconnect(self):
        """Send `bye`, remove this instance's file and close the socket. The Set may already be closed."""
        if self not in _active:
            return
        _active.remove(self)
        self._button.dark()
        self._send("bye", {})
        self._ring("/bridge/unsubscribe")
        self._mail.drop(PRESENT + self._instance)
        self._bell.close()
        self._mail = None

    def refresh_state(self):
        """Send the state of the pad's light again."""
        self._button.forget()

    def connect_script_instances(self, scripts):
        """Do nothing: this script does not combine with other scripts."""

    def port_settings_changed(self):
        """Send the state of the pad's light again, because the controller may have changed."""
        self._button.forget()

    def can_lock_to_devices(self):
        """Return False: this script controls no devices."""
        return False

    def suggest_input_port(self):
        """Return no port, because the user chooses the controller."""
        return ""

    def suggest_output_port(self):
        """Return no port, because the user chooses the controller."""
        return ""

    # --- a tick ------------------------------------------------------------------------------------------------------

    def _begin(self):
        try:
            mail = Mailbox(self._pointer.home, self._instance)
            mail.tidy()
            self._bell = Doorbell(self._log)
            about = {"port": self._bell.port, "pid": os.getpid(), "protocol": PROTOCOL, "version": VERSION}
            mail.write(PRESENT + self._instance, about)
        except OSError as problem:
            if self._bell is not None:
                self._bell.close()
            self._say("AceBridge cannot use the bridge's folder (%s). Run `ace-bridge doctor`." % problem)
            return
        _active.append(self)
        self._mail = mail
        self._button = Button(mail.kept(PAD), self._live.send_midi)
        self._placing_queue = PlacingQueue(mail, self._send, self._say, self._log)
        hint = "Select an audio clip to remix it."
        if mail.has(PAD) and not self._button.on:
            hint = "live/pad.json has no valid note or controller, see docs/live.md."
        self._say("AceBridge %s is ready (port %s). %s" % (VERSION, self._bell.port, hint))

    def _tick(self):
        now = self._clock()
        paused, self._last = now - self._last > PAUSE, now
        self._stale = self._stale or paused
        self._ticks += 1
        if self._ticks % PROJECT == 1:
            self._greet()
        if self._ticks % SUBSCRIBE == 1:
            self._ring("/bridge/subscribe")
        woken = self._read_datagrams()
        if self._button.held(now) and not paused:
            self._wanted = "pad"
        elif self._button.released_early():
            self._say("Hold the pad for half a second to start a remix.")
        if woken or self._ticks % POLL == 0:
            self._read()
        if self._wanted is not None:
            trigger, self._wanted = self._wanted, None
            self._ask(now, trigger)
        self._watch_request(now)
        self._work()
        self._button.show(self._outbox_view.open)

    def _greet(self):
        """Send `hello` at the start and whenever the Set's path changes."""
        here = project.path_of(self._song) or ""
        if here == self._project:
            return
        self._project = here
        about = project.describe(self._song, float(self._song.tempo))
        self._send(
            "hello", {"daw": {"name": "live", "version": live_objects.version(self._application)}, "project": about}
        )

    def _read_datagrams(self):
        """Process received datagrams within the tick's budget. Return whether there were any."""
        woken, end = False, self._clock() + BUDGET
        for address, _values, port in self._bell.messages(lambda: self._clock() < end):
            woken = True
            if address == "/bridge/remix" and not self._stale:
                self._wanted = "osc"
            elif address == "/bridge/ping":
                self._bell.ring(port, "/bridge/pong", VERSION, PROTOCOL)
            elif address == "/bridge/selftest" and self._selftest is None:
                self._probe(port)
        if self._bell.drained:  # a burst may take more than one tick
            self._stale = False
        return woken

    def _probe(self, port):
        """Start the self-test unless the Set must not change now. Report the decision to the port of the sender."""
        reason = blocked(self._song, self._application)
        if reason:
            self._bell.ring(port, "/bridge/selftest", "not started: %s" % reason)
            return
        folder = os.path.join(self._pointer.home, "live")
        self._selftest = SelfTest(self._song, self._application, Live, folder)
        self._bell.ring(port, "/bridge/selftest", "started; report: %s/selftest.json" % folder)

    def _read(self):
        """Read the outbox if it has changed, and act on it."""
        outbox = self._mail.news()
        if outbox is None:
            return
        for text in self._outbox_view.lines(outbox):
            self._say(text)
        if outbox.get("protocol") != PROTOCOL:
            return
        if self._outbox_view.question(outbox, self._wall()):
            self._wanted = "osc"
        self._placing_queue.offered(self._outbox_view.offers(outbox), set(outbox.get("place") or ()))

    def _ask(self, now, trigger):
        """Request a remix of the selected clip."""
        if now - self._asked_at < AGAIN:
            return
        self._asked_at = now
        spoken = pointer.daemon(self._pointer.home).get("protocols")
        if spoken and PROTOCOL not in spoken:
            self._say("Remix: %s" % outbox_view.APART)
            return
        try:
            found = selected(self._song, self._application)
            args, context = describe.request(self._song, self._application, found)
        except Refused as reason:
            self._say("Remix: %s" % reason)
            return
        message_id = new_id()
        if self._send("selection", dict(args, trigger=trigger), message_id, context):
            self._sources[message_id] = found.clip
            self._waiting = (message_id, now)
            by_hand = "" if live_objects.can_place(self._song) else " This version of Live cannot place the result."
            self._say("Remix of “%s” requested.%s" % (found.clip.name, by_hand))

    def _watch_request(self, now):
        """Start the daemon if it has not read the last request within PATIENCE seconds."""
        if self._starter is not None and self._starter.poll() is not None:
            self._starter = None
        if self._waiting is None:
            return
        message_id, since = self._waiting
        if not self._mail.waits(message_id):
            self._waiting = None
        elif now - since > PATIENCE:
            self._waiting = None
            self._start_daemon()

    def _start_daemon(self):
        """Start the daemon, or show what to do if this is not possible."""
        self._pointer = pointer.read(FOLDER) or self._pointer  # the bridge may have been moved since Live started
        lost = pointer.lost_program(self._pointer.command)
        self._starter = None if lost else pointer.start(self._pointer.command)
        if lost:
            self._say("Remix: the bridge was moved or removed: %s does not exist. %s" % (lost, FROM_NEW_PLACE))
        elif self._starter:
            self._say("Remix: the bridge does not respond. Starting it.")
        else:
            self._say("Remix: the bridge does not respond. Run `ace-bridge start`. Your request is kept.")

    def _work(self):
        """Do one step of the self-test if the self-test is running, otherwise one step of the placing queue."""
        if self._selftest is None:
            marker = getattr(Live.Clip, "WarpMarker", None)
            self._placing_queue.step(self._song, self._application, marker, self._sources)
        elif self._selftest.step():
            self._mail.write("selftest", self._selftest.report)
            self._say("AceBridge: self-test finished. `ace-bridge doctor` shows the result.")
            self._selftest = None

    # --- small parts -------------------------------------------------------------------------------------------------

    @property
    def _song(self):
        return self._live.song()

    @property
    def _application(self):
        return Live.Application.get_application()

    def _send(self, command, args, message_id=None, context=None):
        """Store the context, if any, and send a message. Return whether both could be written."""
        try:
            if context is not None:
                self._mail.keep(message_id, context)
            sent = self._mail.send(command, args, message_id)
        except OSError as problem:
            self._log(str(problem))
            self._say("AceBridge cannot write to the bridge's folder: %s" % problem)
            return False
        self._ring("/bridge/inbox", sent)
        return True

    def _ring(self, address, *values):
        self._bell.ring(int(pointer.daemon(self._pointer.home).get("osc_port") or 0), address, *values)

    def _say(self, text):
        """Show a line in the status bar, unless it is the line shown last."""
        text = pointer.with_commands(text, self._pointer)
        if text != self._said:
            self._said = text
            self._live.show_message(text)

    def _log(self, text):
        self._live.log_message("AceBridge: %s" % text)
