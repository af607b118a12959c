-- Shortcut: suggests a key that no action uses, and opens REAPER's own dialog, in which the user presses it. Only
-- REAPER writes shortcuts.

local dialog = require 'dialog'

local shortcut = {}

local MAIN_SECTION = 0
local SUGGESTED = { 'Ctrl+Alt+R', 'Ctrl+Shift+R', 'Ctrl+Alt+Shift+R', 'Alt+Shift+R', 'Ctrl+Alt+B', 'Ctrl+Alt+Shift+B' }
local ON_MACOS = { Ctrl = 'Cmd', Alt = 'Opt' }

-- Returns a shortcut's description in a form that does not depend on the order or the names of the modifiers.
local function normal(keys)
  local parts = {}
  keys = keys:lower():gsub('control', 'ctrl'):gsub('option', 'opt')
  for part in keys:gmatch('[^+%s]+') do parts[#parts + 1] = part end
  table.sort(parts)
  return table.concat(parts, '+')
end

local function used(section)
  local found, index = {}, 0
  local command = reaper.kbd_enumerateActions(section, 0)
  while command ~= 0 do
    for i = 0, reaper.CountActionShortcuts(section, command) - 1 do
      local _, keys = reaper.GetActionShortcutDesc(section, command, i)
      found[normal(keys)] = true
    end
    index = index + 1
    command = reaper.kbd_enumerateActions(section, index)
  end
  return found
end

-- Returns the first suggested shortcut that no action uses; nil if all are used.
local function free(section)
  local taken, is_mac = used(section), reaper.GetOS():match('OS') ~= nil
  for _, keys in ipairs(SUGGESTED) do
    if is_mac then keys = keys:gsub('%a+', ON_MACOS) end
    if not taken[normal(keys)] then return keys end
  end
end

-- Offers to assign a shortcut to an action that has none. `named` is the action's command id, including the leading
-- underscore. Returns whether the action has a shortcut afterwards.
function shortcut.offer(named, title)
  local section, command = reaper.SectionFromUniqueID(MAIN_SECTION), reaper.NamedCommandLookup(named)
  if reaper.CountActionShortcuts(section, command) > 0 then return true end
  local keys = free(section)
  local hint = keys and ('No action uses %s. To choose it, press it in REAPER\'s dialog.'):format(keys)
    or 'Press the keys of your choice in REAPER\'s dialog.'
  if not dialog.confirm(('Assign a shortcut to "%s"?\n\n%s'):format(title, hint)) then return false end
  reaper.DoActionShortcutDialog(reaper.GetMainHwnd(), section, command, 0)
  return reaper.CountActionShortcuts(section, command) > 0
end

return shortcut
