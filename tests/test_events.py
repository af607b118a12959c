"""The event bus: who hears what, in which order, and what a listener that fails does to the others."""

from __future__ import annotations

import logging

import pytest

from bridge.events import Event, EventBus


def test_a_listener_hears_the_kinds_that_it_asked_for_and_one_that_named_none_hears_all() -> None:
    bus = EventBus()
    heard: list[tuple[str, str]] = []
    bus.subscribe(lambda event: heard.append(("jobs", event.kind)), "job", "progress")
    bus.subscribe(lambda event: heard.append(("all", event.kind)))
    bus.publish(Event("job", "j"))
    bus.publish(Event("preset"))
    assert heard == [("jobs", "job"), ("all", "job"), ("all", "preset")]


def test_a_listener_that_was_removed_hears_no_more_and_its_other_subscription_does() -> None:
    bus = EventBus()
    heard: list[Event] = []
    bus.subscribe(heard.append, "job")
    forget = bus.subscribe(heard.append, "alert")
    forget()
    forget()
    bus.publish(Event("alert"))
    bus.publish(Event("job", "j"))
    assert heard == [Event("job", "j")]


def test_a_listener_that_is_removed_while_an_event_is_told_still_hears_that_one() -> None:
    bus = EventBus()
    heard: list[Event] = []
    bus.subscribe(lambda event: forget())
    forget = bus.subscribe(heard.append)
    bus.publish(Event("alert"))
    bus.publish(Event("preset"))
    assert heard == [Event("alert")]


def test_a_listener_that_fails_is_logged_and_the_others_hear(caplog: pytest.LogCaptureFixture) -> None:
    bus = EventBus()
    heard: list[Event] = []

    def fail(event: Event) -> None:
        raise ValueError(event.kind)

    bus.subscribe(fail, "alert")
    bus.subscribe(heard.append, "alert")
    with caplog.at_level(logging.ERROR, "bridge.events"):
        bus.publish(Event("alert"))
    assert heard == [Event("alert")]
    assert "a listener failed on alert" in caplog.text
