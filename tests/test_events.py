"""Tests the event bus: which listeners receive an event and in which order, and what happens when a listener fails."""

from __future__ import annotations

import logging
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from bridge.events import Alert, Event, EventBus, JobChanged, JobProgress, PresetSelected

ALERT = Alert("disk_full", "The disk is full.")
CHANGED = JobChanged("j", "done")
SELECTED = PresetSelected("roots-dub", {"guidance_scale": 20})


def test_a_listener_gets_the_types_it_names_and_every_event_if_it_names_none() -> None:
    bus = EventBus()
    heard: list[tuple[str, Event]] = []
    bus.subscribe(lambda event: heard.append(("jobs", event)), JobChanged, JobProgress)
    bus.subscribe(lambda event: heard.append(("all", event)))
    bus.publish(CHANGED)
    bus.publish(SELECTED)
    assert heard == [("jobs", CHANGED), ("all", CHANGED), ("all", SELECTED)]


def test_removing_one_subscription_keeps_the_listeners_other_one() -> None:
    bus = EventBus()
    heard: list[Event] = []
    bus.subscribe(heard.append, JobChanged)
    remove = bus.subscribe(heard.append, Alert)
    remove()
    remove()
    bus.publish(ALERT)
    bus.publish(CHANGED)
    assert heard == [CHANGED]


def test_a_listener_removed_during_an_event_still_gets_that_event() -> None:
    bus = EventBus()
    heard: list[Event] = []
    bus.subscribe(lambda event: remove())
    remove = bus.subscribe(heard.append)
    bus.publish(ALERT)
    bus.publish(SELECTED)
    assert heard == [ALERT]


def test_a_listeners_error_is_logged_and_the_others_get_the_event(caplog: pytest.LogCaptureFixture) -> None:
    bus = EventBus()
    heard: list[Event] = []

    def fail(event: Alert) -> None:
        raise ValueError(event.code)

    bus.subscribe(fail, Alert)
    bus.subscribe(heard.append, Alert)
    with caplog.at_level(logging.ERROR, "bridge.events"):
        bus.publish(ALERT)
    assert heard == [ALERT]
    assert "a listener failed on Alert" in caplog.text


@pytest.mark.parametrize("kind", get_args(Event))
def test_events_are_frozen(kind: type[Event]) -> None:
    event = kind(*("x" for _ in fields(kind)))
    with pytest.raises(AttributeError):
        setattr(event, fields(kind)[0].name, "y")


WRONG = """\
from bridge.events import Alert, Event, EventBus, JobChanged, JobProgress

def finished(event: JobChanged) -> None: ...

bus = EventBus()
bus.subscribe(lambda event: print(event.cost), JobChanged)
bus.subscribe(lambda event: print(event.job_id), JobChanged, JobProgress)
bus.subscribe(lambda event: print(event.costs), JobChanged)  # wrong
bus.subscribe(lambda event: print(event.cost), JobChanged, JobProgress)  # wrong
bus.subscribe(finished, Alert)  # wrong
bus.subscribe(finished)  # wrong
bus.publish(JobProgress("j", "half"))  # wrong
bus.publish(Alert("code"))  # wrong
"""


@pytest.mark.only_on("posix", because="the source text is the same on each system")
def test_mypy_finds_a_wrong_field(tmp_path: Path) -> None:
    sample = tmp_path / "sample.py"
    sample.write_text(WRONG, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", f"--cache-dir={tmp_path}", str(sample)]
    found = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1]).stdout
    lines = {int(line.split(":")[1]) for line in found.splitlines()}
    assert lines == {number for number, line in enumerate(WRONG.splitlines(), 1) if line.endswith("# wrong")}, found
