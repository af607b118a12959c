"""The root of the error tree; the docstring of `bridge.errors` shows the tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar


class BridgeError(Exception):
    """The bridge has an internal error."""

    code: ClassVar[str] = "internal"
    hint: str = "logs/bridge.log has the details. `ace-bridge retry` resumes at the last finished stage."

    def __init__(self, text: str | None = None, *, hint: str | None = None) -> None:
        self.text = text or " ".join((type(self).__doc__ or "").split())
        if hint is not None:
            self.hint = hint
        super().__init__(self.text)

    def to_wire(self) -> dict[str, str]:
        """Return the error as it appears in outbox files, OSC replies and `--json` output."""
        return {"code": self.code, "text": self.text, "hint": self.hint}


class Unexpected(BridgeError):
    """An unexpected error occurred. The clip and any paid result are kept."""

    code = "unexpected"


def all_errors() -> Iterator[type[BridgeError]]:
    """Yield every error class, parents before children, in the order in which they are defined."""

    def walk(cls: type[BridgeError]) -> Iterator[type[BridgeError]]:
        yield cls
        for child in cls.__subclasses__():
            yield from walk(child)

    yield from walk(BridgeError)


def from_wire(wire: dict[str, str]) -> BridgeError:
    """Rebuild an error from the value that `to_wire` returned, for example in a worker process."""
    for cls in all_errors():
        if cls.code == wire.get("code"):
            return cls(wire.get("text"), hint=wire.get("hint"))
    return Unexpected(wire.get("text"))
