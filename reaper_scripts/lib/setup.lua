-- Setup: the actions "Install" and "Uninstall". Apart from the action list, nothing changes that the user has not
-- agreed to.

local copies = require 'copies'
local dialog = require 'dialog'
local error_guard = require 'error_guard'
local item_menu = require 'item_menu'
local registry = require 'registry'
local shortcut = require 'shortcut'
local startup = require 'startup'
local toolbar = require 'toolbar'

local setup = {}

local MAIN, MAIN_TITLE = 'ace-bridge_Remix with last settings.lua', 'Remix with last settings'
local KEEP_DEFAULT = ' Tick "Include default menu as submenu" there, or REAPER\'s own entries are hidden.'

local function offer_toolbar(commands)
  if not dialog.confirm('Add the bridge\'s buttons to an empty floating toolbar?\n\n'
    .. 'Other toolbars and menus do not change. The toolbar is available after you restart REAPER.') then return '' end
  local number = toolbar.add(commands)
  if not number then return '\n\nNo toolbar was added: all floating toolbars are in use.' end
  return ('\n\nAfter you restart REAPER, the buttons are in View > Toolbars > Toolbar %d.'):format(number)
end

local function offer_startup(command)
  if dialog.confirm('Listen to controllers whenever REAPER starts?\n\n'
    .. 'This adds one line at the end of Scripts/__startup.lua.') then startup.add(command) end
end

local function about_menu(commands)
  local has_own_entries = item_menu.write(commands)
  return '\n\nFor the right-click menu of items, open Options > Customize menus/toolbars > Media item context > '
    .. 'Import, and choose MenuSets/ACE Bridge.ReaperMenu.' .. (has_own_entries and '' or KEEP_DEFAULT)
end

function setup.install()
  local other = copies.registered_elsewhere()
  if other then
    error_guard.refuse(('The actions are already in the action list, from\n%s\n\nNothing was added. '):format(other)
      .. 'To use this copy instead, first run "Uninstall" there, or remove the package in ReaPack.')
  end
  local commands, listen = registry.install()
  copies.note_install()
  local count = 0
  for _ in pairs(commands) do count = count + 1 end
  local about_toolbar = offer_toolbar(commands)
  offer_startup(listen)
  local has_key = shortcut.offer(commands[MAIN], MAIN_TITLE)
  error_guard.show(('%d actions are in the action list. Filter the list by "ace-bridge".\n\n'):format(count)
    .. (has_key and '' or ('Assign a shortcut to "%s". '):format(MAIN_TITLE))
    .. 'Run "Self-test" once.' .. about_toolbar .. about_menu(commands))
end

-- Removes this copy's actions, and what this copy has written.
function setup.uninstall()
  if copies.is_own() then
    toolbar.remove()
    startup.remove()
    item_menu.remove()
    copies.note_uninstall()
  end
  registry.remove()
end

return setup
