"""Shows the progress of a job on a terminal: one live bar per variation, in 80 columns or more.

Whenever a job changes, `console.py` calls `Bars` with the job's entry in the outbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any

from rich.cells import cell_len
from rich.console import Console as Terminal
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from bridge.cli.progress_text import ENDS, Describe, Heading, status_text

NAME = 20  # width in columns of a clip's name and number
WIDE = 100  # minimum terminal width for longer bars, in columns


class Bars:
    """A live display with one bar per variation."""

    def __init__(self, terminal: Terminal, describe: Describe) -> None:
        self._terminal = terminal
        self._describe = describe
        self._heading: Heading | None = None
        self._bars: dict[str, TaskID] = {}
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[name]}", table_column=Column(no_wrap=True, min_width=NAME, max_width=NAME)),
            BarColumn(bar_width=24 if terminal.width >= WIDE else 16),
            TextColumn("{task.percentage:>3.0f} %", table_column=Column(no_wrap=True)),
            _Minutes(table_column=Column(no_wrap=True, justify="right", min_width=4)),
            TextColumn("{task.fields[line]}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
            console=terminal,
            expand=True,
        )

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __rich__(self) -> Progress:
        """Return the drawing of the current state."""
        return self._progress

    def __call__(self, job: Mapping[str, Any]) -> None:
        """Show the current state of a job."""
        if self._heading is None:
            self._heading = self._describe(job["job_id"])
            line = Text(self._heading.line(job["engine"]), style="dim")
            self._terminal.print(line, no_wrap=True, overflow="ellipsis")
        for one in job["variations"]:
            if one["variation_id"] not in self._bars:
                name = escape(label(self._heading.name(one), one["index"] + 1))
                self._bars[one["variation_id"]] = self._progress.add_task("", total=1.0, name=name, line="")
            bar = self._bars[one["variation_id"]]
            done = 1.0 if one["state"] == "done" else one["progress"]
            self._progress.update(bar, completed=done, line=escape(status_text(one)))
            if one["state"] in ENDS:
                self._progress.stop_task(bar)


class _Minutes(ProgressColumn):
    """A column that shows the elapsed time as m:ss."""

    def render(self, task: Task) -> Text:
        seconds = int((task.finished_time if task.finished else task.elapsed) or 0.0)
        return Text(f"{seconds // 60}:{seconds % 60:02}")


def label(name: str, number: int) -> str:
    """Return a clip's name and the variation's number in at most 20 columns. A long name is cut in the middle."""
    room = NAME - len(str(number)) - 1
    kept, short = len(name), name
    while cell_len(short) > room:
        kept -= 1
        short = f"{name[: kept - kept // 2]}…{name[len(name) - kept // 2 :]}"
    return f"{short} {number}"
