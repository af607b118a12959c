"""Messages as files: written into the inbox under another name and renamed; the outbox read when it has changed.

Also keeps, per request, what is needed to place its results, so that they find their place after Live was restarted.
"""

from __future__ import annotations

import json
import os
import time

from . import PROTOCOL
from .ids import is_id, new_id

FOLDER = "live"  # in the home: contexts of requests, presence of instances, the self-test's report
PRESENT = "instance-"  # begins the name of the file that says where an instance listens
OLDEST = 30 * 86400.0  # s that a context is kept


class Mailbox:
    """The files of one instance."""

    def __init__(self, home, instance):
        self.instance = instance
        self._home = home
        self._outbox = os.path.join(home, "outbox", instance + ".json")
        self._seen = None
        self._folder = os.path.join(home, FOLDER)
        if not os.path.isdir(self._folder):
            os.makedirs(self._folder, 0o700)

    def send(self, command, args, message_id=None):
        """Write a message and return its id.

        Raises:
            OSError: the inbox cannot be written to.
        """
        message_id = message_id or new_id()
        message = {"protocol": PROTOCOL, "message_id": message_id, "command": command, "instance": self.instance}
        message["args"] = args
        folder = os.path.join(self._home, "inbox")
        _replace(os.path.join(folder, message_id + ".json"), message)
        return message_id

    def waits(self, message_id):
        """Tell whether the daemon has not taken a message in yet."""
        return os.path.exists(os.path.join(self._home, "inbox", message_id + ".json"))

    def news(self):
        """Return the outbox if it has changed since the last time, else None."""
        try:
            about = os.stat(self._outbox)
            seen = (about.st_mtime_ns, about.st_size, about.st_ino)
            if seen == self._seen:
                return None
            with open(self._outbox, "rb") as file:
                found = json.loads(file.read().decode("utf-8"))
        except (OSError, ValueError):  # not there yet; half of it cannot be, since it is replaced in one step
            return None
        self._seen = seen
        return found if isinstance(found, dict) else None

    def keep(self, message_id, context):
        """Write down what placing the results of a request needs."""
        _replace(self._file(message_id), context)

    def kept(self, message_id):
        """Return what `keep` wrote, or None."""
        try:
            with open(self._file(message_id), "rb") as file:
                return json.loads(file.read().decode("utf-8"))
        except (OSError, ValueError):
            return None

    def has(self, name):
        """Tell whether there is a file of that name, readable or not."""
        return os.path.exists(self._file(name))

    def write(self, name, value):
        """Write a file of our own for the bridge's other parts to read, for example the self-test's report."""
        _replace(self._file(name), value)

    def drop(self, name):
        """Remove one of our files."""
        try:
            os.remove(self._file(name))
        except OSError:
            return

    def tidy(self):
        """Remove contexts of long ago, and what a Live that crashed has left; the pad's settings are the user's."""
        for name in os.listdir(self._folder):
            path = os.path.join(self._folder, name)
            try:
                if _ours(name) and os.path.getmtime(path) < time.time() - OLDEST:
                    os.remove(path)
            except OSError:  # another Live was quicker
                continue

    def _file(self, name):
        return os.path.join(self._folder, name + ".json")


def _ours(name):
    """Tell whether a file is a request's context or an instance's presence, by its name."""
    stem, end = os.path.splitext(name)
    return end == ".json" and is_id(stem[len(PRESENT) :] if stem.startswith(PRESENT) else stem)


def _replace(path, value):
    partial = os.path.join(os.path.dirname(path), "." + os.path.basename(path)[:-5] + ".tmp")
    with open(partial, "wb") as file:
        file.write(json.dumps(value).encode("utf-8"))
    os.replace(partial, path)
