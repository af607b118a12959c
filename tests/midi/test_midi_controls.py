"""Tests with a simulated clock which commands the controls run."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from bridge.control.api import Value
from bridge.midi import scale
from bridge.midi.controls import INTERVAL, TWICE, Handler, handler_of
from bridge.midi.mapping import Binding, Look


class Later:
    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at, self.call, self.cancelled = at, call, False

    def cancel(self) -> None:
        self.cancelled = True


class TestDeck:
    """A `Deck` that records commands and whose clock the test advances."""

    __test__ = False

    def __init__(self) -> None:
        self.hold, self.debounce = 0.6, 0.06
        self.time = 100.0
        self.timers: list[Later] = []
        self.asked: list[tuple[str, tuple[Value, ...]]] = []
        self.taps = 0
        self.looks: list[Look | None] = []
        self.params: dict[str, Value] = {"guidance_scale": 15.0, "edit_mode": "remix", "number_of_steps": 27}
        self.made: list[Handler] = []

    def now(self) -> float:
        return self.time

    def later(self, seconds: float, call: Callable[[], None]) -> Later:
        self.timers.append(Later(self.time + seconds, call))
        return self.timers[-1]

    def run(self, control: Binding, command: str, given: Sequence[Value]) -> None:
        self.asked.append((command, tuple(given)))
        if command == "param":
            self.params[str(given[0])] = given[1]

    def tapped(self, control: Binding) -> None:
        self.taps += 1

    def look(self, control: Binding, look: Look | None) -> None:
        self.looks.append(look)

    def param(self, name: str) -> Value | None:
        return self.params.get(name)

    def presets(self) -> Sequence[str]:
        return ["acid-rave", "dub-techno-haze", "felt-piano"]

    # --- for tests ---------------------------------------------------------------------------------------------------

    def make(self, command: str, message: Any = "note", **more: Any) -> Handler:
        self.made.append(handler_of(Binding(command=command, message=message, number=36, **more), self))
        return self.made[-1]

    def wait(self, seconds: float) -> None:
        end = self.time + seconds
        while due := [timer for timer in self.timers if timer.at <= end and not timer.cancelled]:
            first = min(due, key=lambda timer: timer.at)
            self.timers.remove(first)
            self.time = first.at
            first.call()
        self.time = end

    def set_elsewhere(self, name: str, value: Value) -> None:
        self.params[name] = value
        for handler in self.made:
            handler.changed_elsewhere()


@pytest.fixture
def deck() -> TestDeck:
    return TestDeck()


def test_a_pad_acts_once_per_press(deck: TestDeck) -> None:
    pad = deck.make("preset.next")
    pad.feed(100)
    assert deck.asked == [("preset.next", ())]
    deck.wait(1)
    pad.feed(0)
    deck.wait(5)
    assert deck.asked == [("preset.next", ())]


def test_contact_bounce_is_ignored(deck: TestDeck) -> None:
    pad = deck.make("preset.next")
    for value in (100, 0, 90, 0, 110):
        pad.feed(value)
        deck.wait(0.008)
    assert len(deck.asked) == 1
    deck.wait(0.1)
    pad.feed(0)
    pad.feed(100)
    assert len(deck.asked) == 2


def test_a_cc_button_is_pressed_from_64_up(deck: TestDeck) -> None:
    button = deck.make("cancel", "cc")
    for value in (10, 63, 64, 0):
        button.feed(value)
    assert deck.asked == [("cancel", ())]


def test_what_may_cost_money_must_be_held(deck: TestDeck) -> None:
    pad = deck.make("remix")
    pad.feed(100)
    assert deck.looks == ["holding"]
    deck.wait(0.59)
    assert deck.asked == []
    deck.wait(0.02)
    assert deck.asked == [("remix", ())]
    deck.wait(3)
    pad.feed(0)
    deck.wait(3)
    assert deck.asked == [("remix", ())]
    assert deck.taps == 0
    assert deck.looks[-1] is None


@pytest.mark.parametrize("held", [0.01, 0.3, 0.55])
def test_a_tap_costs_nothing_and_is_reported(deck: TestDeck, held: float) -> None:
    pad = deck.make("remix")
    pad.feed(100)
    deck.wait(held)
    pad.feed(0)
    deck.wait(10)
    assert deck.asked == []
    assert deck.taps == 1
    assert deck.looks == ["holding", None]


def test_a_bounce_does_not_end_a_hold(deck: TestDeck) -> None:
    pad = deck.make("rerun")
    pad.feed(100)
    deck.wait(0.2)
    pad.feed(0)
    deck.wait(0.02)
    pad.feed(100)
    deck.wait(0.5)
    assert deck.asked == [("rerun", ())]
    assert deck.taps == 0


def test_many_taps_are_not_a_hold(deck: TestDeck) -> None:
    pad = deck.make("remix")
    for _ in range(20):
        pad.feed(100)
        deck.wait(0.1)
        pad.feed(0)
        deck.wait(0.1)
    deck.wait(2)
    assert deck.asked == []


def test_a_control_may_have_its_own_hold_time(deck: TestDeck) -> None:
    pad = deck.make("remix", hold=2.0)
    pad.feed(100)
    deck.wait(1.9)
    assert deck.asked == []
    deck.wait(0.2)
    assert deck.asked == [("remix", ())]


@pytest.mark.parametrize(("kind", "message", "values"), [("toggle", "cc", (127, 0)), ("program", "program", (36, 36))])
def test_what_cannot_be_held_must_be_pressed_twice(
    deck: TestDeck, kind: str, message: str, values: tuple[int, ...]
) -> None:
    button = deck.make("remix", message, kind=kind)
    button.feed(values[0])
    deck.wait(TWICE + 1)
    assert (deck.asked, deck.taps) == ([], 1)
    button.feed(values[1])
    deck.wait(0.5)
    button.feed(values[0])
    assert deck.asked == [("remix", ())]
    deck.wait(TWICE + 1)
    assert deck.taps == 1


def test_a_toggle_acts_on_both_of_its_messages(deck: TestDeck) -> None:
    button = deck.make("preset.next", "cc", kind="toggle")
    for value in (127, 0, 127):
        button.feed(value)
        deck.wait(0.5)
    assert len(deck.asked) == 3


def test_program_changes_select_presets(deck: TestDeck) -> None:
    own = deck.make("preset.select", "program", kind="program", argument="felt-piano")
    own.feed(35)
    own.feed(36)
    assert deck.asked == [("preset.select", ("felt-piano",))]
    every = deck.make("preset.select", "program", kind="program", any_number=True)
    for program in (1, 2, 3, 100):
        every.feed(program)
    assert deck.asked[1:] == [("preset.select", ("dub-techno-haze",)), ("preset.select", ("felt-piano",))]


def test_a_button_sets_a_parameter_to_its_value(deck: TestDeck) -> None:
    deck.make("param", argument="edit_mode", value="lyrics").feed(1)
    assert deck.asked == [("param", ("edit_mode", "lyrics"))]


def test_a_fader_takes_over_softly(deck: TestDeck) -> None:
    fader = deck.make("param", "cc", kind="fader", argument="guidance_scale")
    for value in (0, 10, 30, 50):  # below the parameter's position, which is 61
        fader.feed(value)
    assert deck.asked == []
    fader.feed(70)
    assert deck.params["guidance_scale"] == pytest.approx(scale.to_value("guidance_scale", 70 / 127))
    deck.wait(1)
    deck.set_elsewhere("guidance_scale", 2.0)
    fader.feed(80)
    assert deck.params["guidance_scale"] == 2.0


def test_a_fader_may_jump(deck: TestDeck) -> None:
    deck.make("param", "cc", kind="fader", argument="guidance_scale", take_over="jump").feed(0)
    assert deck.params["guidance_scale"] == 1.0


def test_a_fader_sets_an_unset_parameter_at_once(deck: TestDeck) -> None:
    deck.make("param", "cc", kind="fader", argument="amount").feed(127)
    assert deck.asked == [("param", ("amount", 1.0))]


@pytest.mark.parametrize("message", ["cc14", "pitch"])
def test_14_bit_faders_cover_the_full_range(deck: TestDeck, message: str) -> None:
    fader = deck.make("param", message, kind="fader", argument="amount", take_over="jump")
    for value, amount in ((0, 0.0), (16383, 1.0), (8192, 8192 / 16383)):
        fader.feed(value)
        deck.wait(1)
        assert deck.params["amount"] == pytest.approx(amount)


def test_a_flood_is_thinned_and_its_last_value_arrives(deck: TestDeck) -> None:
    fader = deck.make("param", "cc", kind="fader", argument="amount")
    rng = random.Random(9)
    for _ in range(10_000):
        fader.feed(rng.randrange(128))
        deck.wait(0.0001)
    fader.feed(77)
    deck.wait(2 * INTERVAL)
    assert deck.params["amount"] == pytest.approx(77 / 127)
    assert len(deck.asked) <= 1.0 / INTERVAL + 3
    assert not [timer for timer in deck.timers if not timer.cancelled]


@pytest.mark.parametrize(("kind", "up", "down"), [("twos", 1, 127), ("offset", 65, 63), ("sign", 1, 65)])
def test_encoders_step_from_the_current_value(deck: TestDeck, kind: str, up: int, down: int) -> None:
    encoder = deck.make("param", "cc", kind=kind, argument="number_of_steps")
    for _ in range(3):
        encoder.feed(up)
    deck.wait(1)
    assert deck.params["number_of_steps"] == 30
    deck.set_elsewhere("number_of_steps", 50)
    encoder.feed(down)
    assert deck.params["number_of_steps"] == 49


def test_no_encoder_step_of_a_flood_is_lost(deck: TestDeck) -> None:
    encoder = deck.make("param", "cc", kind="twos", argument="guidance_scale")
    deck.params["guidance_scale"] = 1.0
    for _ in range(40):
        encoder.feed(1)
        deck.wait(0.0001)
    deck.wait(1)
    assert deck.params["guidance_scale"] == pytest.approx(1.0 + 40 * 0.29)


def test_an_encoder_steps_presets_in_both_directions(deck: TestDeck) -> None:
    encoder = deck.make("preset.next", "cc", kind="twos")
    encoder.feed(1)
    deck.wait(1)
    encoder.feed(126)
    deck.wait(1)
    assert [command for command, _ in deck.asked] == ["preset.next", "preset.previous", "preset.previous"]


def test_an_encoder_starts_an_unset_parameter_in_the_middle(deck: TestDeck) -> None:
    deck.make("param", "cc", kind="twos", argument="amount").feed(1)
    assert deck.params["amount"] == pytest.approx(0.51)
