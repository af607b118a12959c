"""A connected device that has a mapping, with its controls and lights.

surface.py → here → controls.py, lights.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bridge.midi.controls import Deck, Fader, Handler, Timer, handler_of
from bridge.midi.encodings import PATIENCE, Pairs
from bridge.midi.lights import Lights, Picture, lit
from bridge.midi.mapping import Binding, Look
from bridge.midi.mapping_files import Kept
from bridge.midi.messages import Spot

Send = Callable[[Sequence[bytes]], None]


class MidiDevice:
    """One connected device."""

    def __init__(self, device: str, kept: Kept, deck: Deck, send: Send) -> None:
        """Create the mapping's controls without sending anything.

        Args:
            device: name of the device's input.
            kept: the device's mapping, with the path of its file.
            deck: the interface through which the controls run commands, set lights and start timers.
            send: function that sends messages to the device's output.
        """
        self.device = device
        self.kept = kept
        self._deck = deck
        self._send = send
        self._lights = Lights(send, deck.later)
        self._pairs = Pairs([control.spot for control in kept.mapping.control if control.message == "cc14"])
        self._waking: Timer | None = None
        self._looks: dict[Spot, Look] = {}  # temporary look of each control that is held or whose command failed
        self._handlers: dict[Spot, list[Handler]] = {}
        for control in kept.mapping.control:
            self._handlers.setdefault(control.spot, []).append(handler_of(control, deck))

    def heard(self, spot: Spot, value: int) -> None:
        """Handle a value from one of the device's controls."""
        for wide, complete in self._pairs.feed(spot, value, self._deck.now()):
            self._feed(wide, complete)
        if self._pairs.waiting and self._waking is None:
            self._waking = self._deck.later(PATIENCE, self._wake)

    def owns(self, control: Binding) -> bool:
        return any(control is handler.control for each in self._handlers.values() for handler in each)

    def look(self, control: Binding, look: Look | None, picture: Picture) -> None:
        """Give a control's light a temporary look; None ends the temporary look."""
        if look is None:
            self._looks.pop(control.spot, None)
        else:
            self._looks[control.spot] = look
        self.show(picture)

    def param(self, name: str, origin: Binding | None) -> None:
        """React to a change of a parameter. It was made by the control `origin`, or elsewhere if `origin` is None."""
        for each in self._handlers.values():
            for handler in each:
                if handler.control.argument == name and handler.control is not origin:
                    handler.changed_elsewhere()

    def show(self, picture: Picture) -> None:
        """Update the lights."""
        self._lights.show(lit(self.kept.mapping, picture, self._looks))

    def lit_up(self, picture: Picture) -> None:
        """Send the setup messages and the values of all lights. The caller has just opened the output."""
        self._send([bytes.fromhex(text) for text in self.kept.mapping.setup])
        self._lights.forget()
        self.show(picture)

    def close(self) -> None:
        """Stop the timers. The caller must turn the lights off."""
        self._lights.close()
        if self._waking is not None:
            self._waking.cancel()

    def _feed(self, spot: Spot, value: int) -> None:
        for handler in self._handlers.get(spot, ()):
            if isinstance(handler, Fader):
                self._lights.known(spot, value)
            handler.feed(value)

    def _wake(self) -> None:
        self._waking = None
        for wide, complete in self._pairs.due(self._deck.now()):
            self._feed(wide, complete)
        if self._pairs.waiting:
            self._waking = self._deck.later(PATIENCE, self._wake)
