"""A strict mock of ReaImGui: a test fails if a Begin has no End or a widget is drawn outside a window.

Tests act as the user by setting `typed` and `pressed`. The methods have the names and arguments listed in `imgui.tsv`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.daws.reaper.model import Handle

if TYPE_CHECKING:
    from tests.daws.reaper.host import Host

# The Lua module that ReaImGui installs: it has the names of one version, and its constants are values, not functions.
SHIM = """
return function(version)
  assert(version == '0.9', 'the mock has the API of 0.9')
  return setmetatable({}, { __index = function(_, name)
    local found = reaper['ImGui_' .. name]
    return name:find('_') and found() or found
  end })
end
"""


class Context(Handle):
    kind = "ImGui_Context"


class Gui:
    """The mock toolkit, with the input of the simulated user."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.folder = host.resources / "ReaImGui"
        self.folder.mkdir(parents=True)
        (self.folder / "imgui.lua").write_text(SHIM)
        self.typed: dict[str, Any] = {}  # label → value that the user enters in the next frame
        self.pressed: set[str] = set()  # labels of the buttons and list entries that the user clicks
        self.hovered = ""
        self.keys: set[str] = set()  # keys that the user presses in the next frame: "Enter", "KeypadEnter" or "Escape"
        self.active = self.popup = False  # whether a field is being edited, and whether a list is open
        self.focused = True
        self.size: tuple[float, float] | None = None  # size of the window; None before its first frame
        self.closed = self.hidden = False
        self.drawn: list[tuple[Any, ...]] = []  # widgets of the last frame, each (widget, arguments…)
        self.open: list[str] = []  # Begin calls that have no End so far
        self._last = ""
        self._disabled = 0
        self._context: Context | None = None

    def labels(self, kind: str) -> list[str]:
        """Return the visible labels of all widgets of a kind in the last frame."""
        return [str(args[0]).partition("###")[0] for name, *args in self.drawn if name == kind]

    # --- the frame ---------------------------------------------------------------------------------------------------

    def ImGui_GetBuiltinPath(self) -> str:
        return self._host.paths.shown(self.folder)

    def ImGui_CreateContext(self, label: str) -> Context:
        self._context = Context()
        return self._context

    def ImGui_ValidatePtr(self, pointer: Handle, kind: str) -> bool:
        return pointer.alive and pointer.kind + "*" == kind

    def box_was_open(self) -> None:
        """Invalidate the context, as ReaImGui does if a script does not use the context for a frame."""
        if self._context:
            self._context.alive = False

    def ImGui_Cond_FirstUseEver(self) -> int:
        return 4

    def ImGui_SetNextWindowSize(self, _: Context, width: float, height: float, condition: int) -> None:
        """Set the size of a new window, as with Cond_FirstUseEver."""
        if self.open:
            self._host.fail("SetNextWindowSize inside a window")
        assert condition == self.ImGui_Cond_FirstUseEver()
        self.size = self.size or (width, height)

    def ImGui_GetWindowSize(self, _: Context) -> tuple[float, float]:
        if not self.open or self.size is None:
            self._host.fail("GetWindowSize outside a window")
        return self.size  # type: ignore[return-value]

    # --- keys --------------------------------------------------------------------------------------------------------

    def ImGui_Key_Enter(self) -> int:
        return 525

    def ImGui_Key_KeypadEnter(self) -> int:
        return 615

    def ImGui_Key_Escape(self) -> int:
        return 526

    def ImGui_PopupFlags_AnyPopup(self) -> int:
        return 3072

    def ImGui_InputTextFlags_CharsDecimal(self) -> int:
        return 1

    def ImGui_IsKeyPressed(self, _: Context, key: int, repeat: bool = True) -> bool:
        if repeat:
            self._host.careless("IsKeyPressed counts the repeats of a held key")
        names = {525: "Enter", 615: "KeypadEnter", 526: "Escape"}
        return names[int(key)] in self.keys

    def ImGui_IsAnyItemActive(self, _: Context) -> bool:
        return self.active

    def ImGui_IsPopupOpen(self, _: Context, name: str, flags: int = 0) -> bool:
        return self.popup

    def ImGui_IsWindowFocused(self, _: Context) -> bool:
        return self.focused

    def ImGui_Begin(self, _: Context, name: str, p_open: bool) -> tuple[bool, bool]:
        if self.open:
            self._host.fail("ImGui_Begin inside a window")
        self.drawn = []
        if not self.hidden:
            self.open.append("window")
        return not self.hidden, not self.closed

    def ImGui_End(self, _: Context) -> None:
        self._end("window")
        self.keys.clear()
        if self._disabled:
            self._host.fail("BeginDisabled without EndDisabled")

    def _end(self, what: str) -> None:
        if not self.open or self.open.pop() != what:
            self._host.fail(f"end of a {what} without its begin")

    def _draw(self, name: str, *args: Any) -> None:
        if not self.open:
            self._host.fail(f"ImGui_{name} outside a window")
        self._last = str(args[0]) if args else ""
        self.drawn.append((name, *args))

    # --- widgets -----------------------------------------------------------------------------------------------------

    def _press(self, label: str) -> bool:
        if self._disabled or label not in self.pressed:
            return False
        self.pressed.discard(label)
        return True

    def _value(self, label: str, value: Any) -> tuple[bool, Any]:
        """Return (whether the user entered a value, the widget's value); in a label, an ID may follow ###."""
        name = label.rpartition("###")[2]
        if self._disabled or name not in self.typed:
            return False, value
        return True, self.typed.pop(name)

    def ImGui_Separator(self, _: Context) -> None:
        self._draw("Separator")

    def ImGui_SameLine(self, _: Context) -> None:
        self._draw("SameLine")

    def ImGui_TextWrapped(self, _: Context, text: str) -> None:
        self._draw("Text", text)

    def ImGui_ProgressBar(self, _: Context, part: float, width: float, height: float, overlay: str) -> None:
        if not 0 <= part <= 1:
            self._host.fail("progress outside 0..1")
        self._draw("ProgressBar", overlay, part)

    def ImGui_Button(self, _: Context, label: str) -> bool:
        self._draw("Button", label, bool(self._disabled))
        return self._press(label)

    def ImGui_Selectable(self, _: Context, label: str, selected: bool) -> tuple[bool, bool]:
        self._draw("Selectable", label, selected)
        return self._press(label), selected

    def ImGui_BeginCombo(self, _: Context, label: str, preview: str) -> bool:
        self._draw("Combo", label, preview)
        if label.rpartition("###")[2] not in self.pressed:
            return False
        self.open.append("list")
        return True

    def ImGui_EndCombo(self, _: Context) -> None:
        self._end("list")

    def ImGui_BeginDisabled(self, _: Context, disabled: bool) -> None:
        self._disabled += 1 if disabled else 0
        self.open.append("disabled on" if disabled else "disabled off")

    def ImGui_EndDisabled(self, _: Context) -> None:
        was = self.open.pop() if self.open else ""
        if not was.startswith("disabled"):
            self._host.fail("EndDisabled without BeginDisabled")
        self._disabled -= was.endswith("on")

    def ImGui_Checkbox(self, _: Context, label: str, value: bool) -> tuple[bool, bool]:
        self._draw("Checkbox", label, value)
        return self._value(label, value)

    def ImGui_InputText(self, _: Context, label: str, text: str, flags: int = 0) -> tuple[bool, str]:
        self._draw("InputText", label, text)
        changed, value = self._value(label, text)
        assert isinstance(value, str), f"the user enters text in {label}"
        return changed, value

    def ImGui_InputTextWithHint(self, _: Context, label: str, hint: str, text: str) -> tuple[bool, str]:
        self._draw("InputTextWithHint", label, text, hint)
        return self._value(label, text)

    def ImGui_SmallButton(self, _: Context, label: str) -> bool:
        self._draw("Button", label, bool(self._disabled))
        return self._press(label.rpartition("###")[2])

    def ImGui_InputTextMultiline(self, _: Context, label: str, text: str, *size: float) -> tuple[bool, str]:
        self._draw("InputTextMultiline", label, text)
        return self._value(label, text)

    def _integer(self, value: int) -> int:
        """Return an integer as ReaImGui passes it on, as a C int (reaimgui api/input.cpp)."""
        if not self._host.rules.integers_have_32_bits:
            return value
        return (int(value) + 2**31) % 2**32 - 2**31

    def ImGui_InputInt(self, _: Context, label: str, value: int, *steps: int) -> tuple[bool, int]:
        self._draw("InputInt", label, self._integer(value))
        changed, number = self._value(label, value)
        return changed, self._integer(number)

    def ImGui_SliderInt(self, _: Context, label: str, value: int, low: int, high: int) -> tuple[bool, int]:
        self._draw("SliderInt", label, self._integer(value), low, high)
        changed, number = self._value(label, value)
        return changed, self._integer(number)

    def ImGui_SliderDouble(self, _: Context, label: str, value: float, low: float, high: float) -> tuple[bool, float]:
        self._draw("SliderDouble", label, value, low, high)
        return self._value(label, value)

    def ImGui_IsItemHovered(self, _: Context) -> bool:
        return bool(self.hovered) and self._last.rpartition("###")[2] == self.hovered

    def ImGui_SetTooltip(self, _: Context, text: str) -> None:
        self._draw("Tooltip", text)
