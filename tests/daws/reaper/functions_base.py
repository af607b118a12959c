"""What all of the mock's REAPER functions share: the host, and how keys of values and texts are read and set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tests.daws.reaper.model import Item, Project

if TYPE_CHECKING:
    from tests.daws.reaper.host import Host


# Settings that a script may change outside an undo block if it restores them before it returns to REAPER.
BORROWED = ("B_MUTE", "C_MUTE_SOLO", "I_SOLO", "B_PHASE", "I_PLAY_OFFSET_FLAG")


def entry(things: Sequence[Any], index: int) -> Any:
    """Return an element of a list; None outside the list."""
    return things[int(index)] if 0 <= index < len(things) else None


class Base:
    """The base class of all groups of functions."""

    host: Host

    def _project(self, project: Project | None) -> Project:
        return project or self.host.active

    def _get(self, values: dict[str, float], key: str) -> float:
        if key not in values:
            self.host.fail(f"unknown key {key}")
        return values[key]

    def _set(self, project: Project, values: dict[str, float], key: str, value: float) -> bool:
        before = self._get(values, key)
        if key in BORROWED and not self.host.blocks:
            self.host.borrowed.setdefault((id(values), key), (values, before))
        else:
            self.host.must_be_in_block(project)
        values[key] = float(value)
        return True

    def _text(self, thing: Any, project: Project, key: str, value: str, is_set: bool) -> tuple[bool, str]:
        if is_set:
            self.host.must_be_in_block(project)
        if key == "P_NAME":
            thing.name = value if is_set else thing.name
            return True, thing.name
        if key == "GUID" and not is_set:
            return True, thing.guid
        if not key.startswith("P_EXT:") and not (key == "P_NOTES" and isinstance(thing, Item)):
            self.host.fail(f"unknown text key {key}")
        if is_set:
            thing.texts[key] = value
        return key in thing.texts, thing.texts.get(key, "")
