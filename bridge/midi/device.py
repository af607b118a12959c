"""One device that is plugged in and has a mapping: its controls and its lights.

surface.py → here → controls.py, lights.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bridge.midi.controls import Deck, Fader, Feeds, Timer, built
from bridge.midi.encodings import PATIENCE, Pairs
from bridge.midi.lights import Lights, Picture, lit
from bridge.midi.mapping import Binding, Look
from bridge.midi.mapping_files import Kept
from bridge.midi.messages import Spot

Send = Callable[[Sequence[bytes]], None]


class MidiDevice:
    """A device at work."""

    def __init__(self, device: str, kept: Kept, deck: Deck, send: Send) -> None:
        """Build what the mapping says; nothing is sent yet.

        Args:
            device: name of its input.
            kept: its mapping.
            deck: what its controls act on.
            send: sends to its output.
        """
        self.device = device
        self.kept = kept
        self._deck = deck
        self._send = send
        self._lights = Lights(send, deck.later)
        self._pairs = Pairs([control.spot for control in kept.mapping.control if control.message == "cc14"])
        self._waking: Timer | None = None
        self._own: dict[Spot, Look] = {}  # looks of controls that are held, or whose command failed
        self._feeds: dict[Spot, list[Feeds]] = {}
        for control in kept.mapping.control:
            self._feeds.setdefault(control.spot, []).append(built(control, deck))

    def heard(self, spot: Spot, value: int) -> None:
        """Take what one of its controls sent."""
        for whole, complete in self._pairs.feed(spot, value, self._deck.now()):
            self._feed(whole, complete)
        if self._pairs.waiting and self._waking is None:
            self._waking = self._deck.later(PATIENCE, self._wake)

    def owns(self, control: Binding) -> bool:
        return any(control is feeds.control for each in self._feeds.values() for feeds in each)

    def look(self, control: Binding, look: Look | None, picture: Picture) -> None:
        """Give a control's light a look of its own for a moment."""
        if look is None:
            self._own.pop(control.spot, None)
        else:
            self._own[control.spot] = look
        self.show(picture)

    def param(self, name: str, hand: Binding | None) -> None:
        """Note that a parameter was set, by the control `hand` or by somebody else."""
        for each in self._feeds.values():
            for feeds in each:
                if feeds.control.argument == name and feeds.control is not hand:
                    feeds.changed_elsewhere()

    def show(self, picture: Picture) -> None:
        """Let the lights follow."""
        self._lights.show(lit(self.kept.mapping, picture, self._own))

    def lit_up(self, picture: Picture) -> None:
        """Begin to speak to its output, which has just been opened."""
        self._send([bytes.fromhex(text) for text in self.kept.mapping.setup])
        self._lights.forget()
        self.show(picture)

    def close(self) -> None:
        """Let go of it; its output has its last words already."""
        self._lights.close()
        if self._waking is not None:
            self._waking.cancel()

    def _feed(self, spot: Spot, value: int) -> None:
        for feeds in self._feeds.get(spot, ()):
            if isinstance(feeds, Fader):
                self._lights.known(spot, value)
            feeds.feed(value)

    def _wake(self) -> None:
        self._waking = None
        for whole, complete in self._pairs.due(self._deck.now()):
            self._feed(whole, complete)
        if self._pairs.waiting:
            self._waking = self._deck.later(PATIENCE, self._wake)
