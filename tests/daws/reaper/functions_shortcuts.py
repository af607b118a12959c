"""The mock's REAPER functions about the shortcuts of actions; only the user changes these, in REAPER's own dialog."""

from __future__ import annotations

from tests.daws.reaper.functions_base import Base, entry
from tests.daws.reaper.model import Handle

NATIVE = {40001: "Track: Insert new track", 40023: "File: New project", 42230: "File: Render project"}


class Section(Handle):
    """A section of the action list; the mock only has the main section."""

    kind = "KbdSectionInfo"


class Shortcuts(Base):
    """Functions about the action list and its shortcuts."""

    def SectionFromUniqueID(self, number: int) -> Section | None:
        return self.host.main_section if number == 0 else None

    def kbd_enumerateActions(self, section: Section, index: int) -> tuple[int, str]:
        """Return an action's command ID and name; 0 after the last action."""
        own = {command: f"Script: {path.name}" for command, path in self.host.registered.items()}
        return entry(list((NATIVE | own).items()), index) or (0, "")

    def CountActionShortcuts(self, section: Section, command: int) -> int:
        return len(self.host.shortcuts.get(int(command), []))

    def GetActionShortcutDesc(self, section: Section, command: int, index: int) -> tuple[bool, str]:
        keys = entry(self.host.shortcuts.get(int(command), []), index)
        return keys is not None, keys or ""

    def GetMainHwnd(self) -> None:
        return None

    def DoActionShortcutDialog(self, window: None, section: Section, command: int, index: int) -> bool:
        """Open REAPER's dialog, which adds the keys that the user presses next, or replaces shortcut `index`."""
        self.host.shortcut_dialogs.append(int(command))
        if not self.host.pressed:
            return False
        keys, mine = self.host.pressed.pop(0), self.host.shortcuts.setdefault(int(command), [])
        mine[int(index) : int(index) + 1] = [keys]
        return True

    def DeleteActionShortcut(self, section: Section, command: int, index: int) -> bool:
        return bool(self.host.fail("a script may not delete the user's shortcuts"))
