"""A mailbox that writes messages to the inbox as files, atomically, and reads the outbox whenever it has changed.

It also stores the context of each request, so that the results can be placed even after a restart of Live.
"""

from __future__ import annotations

import json
import os
import time

from . import PROTOCOL, files
from .ids import is_id, new_id

FOLDER = "live"  # subfolder of the bridge's folder for contexts, instance files, pad.json and the self-test's report
PRESENT = "instance-"  # prefix of the file that contains an instance's port
OLDEST = 30 * 86400.0  # age in seconds at which a context is deleted


class Mailbox:
    """The message, outbox and context files of one instance."""

    def __init__(self, home, instance):
        self.instance = instance
        self._home = home
        self._outbox = os.path.join(home, "outbox", instance + ".json")
        self._seen = None
        self._folder = os.path.join(home, FOLDER)
        if not os.path.isdir(self._folder):
            os.makedirs(self._folder, 0o700)

    def send(self, command, args, message_id=None):
        """Write a message to the inbox and return its id.

        Raises:
            OSError: The message cannot be written to the inbox.
        """
        message_id = message_id or new_id()
        message = {"protocol": PROTOCOL, "message_id": message_id, "command": command, "instance": self.instance}
        message["args"] = args
        folder = os.path.join(self._home, "inbox")
        _replace(os.path.join(folder, message_id + ".json"), message)
        return message_id

    def waits(self, message_id):
        """Return whether a message still waits in the inbox because the daemon has not read it."""
        return os.path.exists(os.path.join(self._home, "inbox", message_id + ".json"))

    def news(self):
        """Return the outbox if it has changed since the last call, else None."""
        try:
            about = os.stat(self._outbox)
            seen = (about.st_mtime_ns, about.st_size, about.st_ino)
            if seen == self._seen:
                return None
            found = json.loads(files.read(self._outbox).decode("utf-8"))
        except (OSError, ValueError):  # not written yet; it is never half-written, because it is replaced atomically
            return None
        self._seen = seen
        return found if isinstance(found, dict) else None

    def keep(self, message_id, context):
        """Store a value, such as the context of a request, under a name."""
        _replace(self._file(message_id), context)

    def kept(self, message_id):
        """Return the value stored under a name, or None."""
        try:
            return json.loads(files.read(self._file(message_id)).decode("utf-8"))
        except (OSError, ValueError):
            return None

    def has(self, name):
        """Return whether a value is stored under a name, even if its file cannot be read."""
        return os.path.exists(self._file(name))

    def write(self, name, value):
        """Write a file for other parts of the bridge, such as the self-test's report."""
        _replace(self._file(name), value)

    def drop(self, name):
        """Remove a file written by `keep` or `write`."""
        try:
            files.remove(self._file(name))
        except OSError:
            return

    def tidy(self):
        """Remove old contexts and the files left by crashed instances, but not the user's pad.json."""
        for name in os.listdir(self._folder):
            path = os.path.join(self._folder, name)
            try:
                if _ours(name) and os.path.getmtime(path) < time.time() - OLDEST:
                    files.remove(path)
            except OSError:  # another running Live has already removed this file
                continue

    def _file(self, name):
        return os.path.join(self._folder, name + ".json")


def _ours(name):
    """Return whether a file name belongs to a context or an instance file."""
    stem, end = os.path.splitext(name)
    return end == ".json" and is_id(stem[len(PRESENT) :] if stem.startswith(PRESENT) else stem)


def _replace(path, value):
    partial = os.path.join(os.path.dirname(path), "." + os.path.basename(path)[:-5] + ".tmp")
    with open(partial, "wb") as file:
        file.write(json.dumps(value).encode("utf-8"))
    files.replace(partial, path)
