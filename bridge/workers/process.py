"""The worker process: reads tasks as JSON lines from stdin, answers on stdout, and ends when stdin closes.

`bridge.workers.pool` in the daemon starts it as `python -m bridge.workers.process [module with TASKS]`. Before any
library is loaded, file descriptor 1 is redirected to stderr, so that text printed by a library cannot corrupt the
answers. File descriptor 0 is redirected to the null device (see util/stdin_pipe.py).
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
from bridge.util.spawn import give_way
from bridge.util.stdin_pipe import take_stdin, take_stdout

Task = Callable[[dict[str, Any], Callable[[float], None]], dict[str, Any]]

PROGRESS_STEP = 0.01  # smallest increase in progress that is sent; surfaces show whole percent


class Replies:
    """A writer of answers, one JSON object per line."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._said = 0.0
        self._lock = threading.Lock()  # a task may use two threads

    def send(self, message: Mapping[str, Any]) -> None:
        """Write one answer and flush it; if the pipe is closed, end the process immediately.

        The task cannot clean up then. This is intended, because a worker started by the next daemon may already be
        writing files with the same names.
        """
        with self._lock:
            try:
                self._stream.write(json.dumps(message).encode() + b"\n")
                self._stream.flush()
            except OSError:
                os._exit(0)

    def start(self) -> None:
        """Reset the progress to 0 for a new task."""
        self._said = 0.0

    def progress(self, share: float) -> None:
        """Send the completed fraction (0..1) if it has grown by at least PROGRESS_STEP since the last time."""
        if share >= self._said + PROGRESS_STEP:
            self._said = share
            self.send({"progress": share})


def find(tasks: Mapping[str, str], name: str) -> Task:
    """Import a task's module and return the task's function.

    Raises:
        KeyError: there is no such task.
        ImportError: the task's module cannot be imported.
    """
    module, _, function = tasks[name].partition(":")
    task: Task = getattr(importlib.import_module(module), function)
    return task


def warm(tasks: Mapping[str, str]) -> None:
    """Import the modules of all tasks in advance. A failed import is only printed here; the task itself reports it."""
    for name in tasks:
        try:
            find(tasks, name)
        except ImportError:
            traceback.print_exc()


def answer(tasks: Mapping[str, str], message: Mapping[str, Any], replies: Replies) -> None:
    """Run one task and send its result or error; an exception other than BridgeError is sent as Unexpected."""
    replies.start()
    try:
        replies.send({"result": find(tasks, message["task"])(message["args"], replies.progress)})
    except BridgeError as error:
        replies.send({"error": error.to_wire()})
    except Exception:
        replies.send({"error": Unexpected().to_wire(), "traceback": traceback.format_exc()})


def serve(tasks: Mapping[str, str], requests: queue.SimpleQueue[Mapping[str, Any]], replies: Replies) -> None:
    """Answer requests until the thread that reads stdin ends the process."""
    while True:
        message = requests.get()
        if "task" in message:
            answer(tasks, message, replies)
        else:
            warm(tasks)


def read(stream: BinaryIO, requests: queue.SimpleQueue[Mapping[str, Any]]) -> None:
    """Read the requests from stdin into a queue; when stdin closes, end the process immediately.

    A closed stdin means that the daemon has ended or has told this process to end, so no answer is needed. `os._exit`
    works even while the main thread is in library code that an exception cannot interrupt.
    """
    for line in stream:
        requests.put(json.loads(line))
    os._exit(0)


def main(arguments: list[str]) -> None:
    """Redirect the file descriptors, then read and serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is for the daemon
    give_way()  # the daemon and the DAW have priority
    replies = Replies(take_stdout())
    requests: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=read, args=(take_stdin(), requests), daemon=True).start()
    module = arguments[0] if arguments else "bridge.workers.task_table"
    serve(importlib.import_module(module).TASKS, requests, replies)


if __name__ == "__main__":
    main(sys.argv[1:])
