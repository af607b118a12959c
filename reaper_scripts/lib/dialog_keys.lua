-- Dialog keys: Enter and Esc in the ReaImGui dialog, unless they belong to a field or a list.

local dialog_keys = {}

local CALM = 0.5 -- seconds after the opening in which keys are ignored: the key that opened the dialog may be down
local ONCE = false -- argument of IsKeyPressed: a held key counts once

local was_edited, had_list = false, false -- whether a field was edited and a list was open in the last frame

local function is_pressed(ImGui, context, ...)
  for _, key in ipairs({ ... }) do
    if ImGui.IsKeyPressed(context, key, ONCE) then return true end
  end
  return false
end

-- Returns "remix" if the user has pressed Enter, "close" for Esc, or nil. Call this in each frame, after all fields. A
-- line of text ends with Enter, so this remixes; in the lyrics, Enter begins a new line. Esc first leaves a field.
function dialog_keys.pressed(ImGui, context, opened_at)
  local edits = ImGui.IsAnyItemActive(context)
  local list = ImGui.IsPopupOpen(context, '', ImGui.PopupFlags_AnyPopup)
  local pressed
  local counts = ImGui.IsWindowFocused(context) and not had_list and not list
    and reaper.time_precise() - opened_at > CALM
  if counts and not edits and is_pressed(ImGui, context, ImGui.Key_Enter, ImGui.Key_KeypadEnter) then
    pressed = 'remix'
  elseif counts and not edits and not was_edited and is_pressed(ImGui, context, ImGui.Key_Escape) then
    pressed = 'close'
  end
  was_edited, had_list = edits, list
  return pressed
end

return dialog_keys
