"""Tests how the setup ends when the user presses Ctrl-C between two steps or after the last one."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.cli.setup.questions import Defaults
from bridge.cli.setup.run import INTERRUPTED, run
from bridge.cli.setup.step import Outcome, Session, Step


@pytest.mark.parametrize("at", range(13))
def test_ctrl_c_at_any_line_says_what_is_done(at: int) -> None:
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if len(said) == at + 1:
            raise KeyboardInterrupt

    steps = [
        Step(name, name, "About it.", lambda _: Outcome("todo", "Not yet."), lambda _: Outcome("done", "It is set up."))
        for name in ("one", "two", "three")
    ]
    report = run(steps, Session(Path("home"), {}, "linux", "ace-bridge", Defaults(), say))
    if report.stopped:
        assert report.status == INTERRUPTED
        assert said[-1] == "To continue, run `ace-bridge setup` again."
    else:
        assert len(said) == at == 12, said  # the run had ended
