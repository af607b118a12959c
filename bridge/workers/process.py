"""The worker process: reads tasks as JSON lines from stdin, answers on stdout, and ends with stdin.

`bridge.workers.pool` in the daemon starts it as `python -m bridge.workers.process [module with TASKS]`. Before any
library is loaded, descriptor 1 is pointed at stderr, so that no print gets between the answers, and 0 at the null
device (util/stdin_pipe.py).
"""

from __future__ import annotations

import importlib
import json
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from bridge.errors import BridgeError, Unexpected
from bridge.util.stdin_pipe import take_stdin

Task = Callable[[dict[str, Any], Callable[[float], None]], dict[str, Any]]

GIVE_WAY = 10  # added to this process's niceness: signal work waits for the daemon's answers, and for the DAW
PROGRESS_STEP = 0.01  # smaller steps are not sent: a surface shows whole per cents at most


class Replies:
    """Writes answers, one JSON object per line."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._said = 0.0
        self._lock = threading.Lock()  # a task may work in two threads

    def send(self, message: Mapping[str, Any]) -> None:
        """Write one answer and flush it; where nobody reads it any more, end the process at once.

        The task must not clean up after itself then: the next daemon's worker may already write files of the same name.
        """
        with self._lock:
            try:
                self._stream.write(json.dumps(message).encode() + b"\n")
                self._stream.flush()
            except OSError:
                os._exit(0)

    def start(self) -> None:
        """Begin a task: progress counts from 0 again."""
        self._said = 0.0

    def progress(self, share: float) -> None:
        """Send the share done (0..1), if it moved on by a step that can be seen."""
        if share >= self._said + PROGRESS_STEP:
            self._said = share
            self.send({"progress": share})


def find(tasks: Mapping[str, str], name: str) -> Task:
    """Import the task's module and return its function.

    Raises:
        KeyError: the table has no such task.
        ImportError: its module cannot be imported.
    """
    module, _, function = tasks[name].partition(":")
    task: Task = getattr(importlib.import_module(module), function)
    return task


def warm(tasks: Mapping[str, str]) -> None:
    """Import every task's module ahead of time; one that fails is told of when it is asked for."""
    for name in tasks:
        try:
            find(tasks, name)
        except ImportError:
            traceback.print_exc()


def answer(tasks: Mapping[str, str], message: Mapping[str, Any], replies: Replies) -> None:
    """Run one task and send its result or its error; errors of the bridge cross as themselves, others as Unexpected."""
    replies.start()
    try:
        replies.send({"result": find(tasks, message["task"])(message["args"], replies.progress)})
    except BridgeError as error:
        replies.send({"error": error.to_wire()})
    except Exception:
        replies.send({"error": Unexpected().to_wire(), "traceback": traceback.format_exc()})


def serve(tasks: Mapping[str, str], requests: queue.SimpleQueue[Mapping[str, Any]], replies: Replies) -> None:
    """Answer requests for ever; the reading thread ends the process."""
    while True:
        message = requests.get()
        if "task" in message:
            answer(tasks, message, replies)
        else:
            warm(tasks)


def read(stream: BinaryIO, requests: queue.SimpleQueue[Mapping[str, Any]]) -> None:
    """Queue the requests; at the end of stdin end the process at once, whatever it is doing.

    The daemon is gone or wants this process gone, so nobody is left to take an answer; `os._exit` because the main
    thread may be deep in a library that no exception reaches.
    """
    for line in stream:
        requests.put(json.loads(line))
    os._exit(0)


def main(arguments: list[str]) -> None:
    """Take over the descriptors, then read and serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the daemon's terminal is the daemon's to handle
    if hasattr(os, "nice"):
        os.nice(GIVE_WAY)
    replies = Replies(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)
    requests: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=read, args=(take_stdin(), requests), daemon=True).start()
    module = arguments[0] if arguments else "bridge.workers.task_table"
    serve(importlib.import_module(module).TASKS, requests, replies)


if __name__ == "__main__":
    main(sys.argv[1:])
