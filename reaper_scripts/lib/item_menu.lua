-- Item menu: writes a menu file that the user can import into the context menu of items. Imported entries replace
-- REAPER's own, unless "Include default menu as submenu" is ticked, so the file contains the user's own entries too.

local files = require 'files'
local folders = require 'folders'
local menu_file = require 'menu_file'

local item_menu = {}

local HEAD = '[Media item context]'
local FOLDER, FILE = 'MenuSets', 'ACE Bridge.ReaperMenu'
local TITLE = 'ACE Bridge'
local SEPARATOR, SUBMENU, END_OF_SUBMENU = '-1', '-2 ' .. TITLE, '-3'
local ENTRIES = { -- script, label
  { 'ace-bridge_Remix selected items (asks).lua', 'Remix...' },
  { 'ace-bridge_Remix with last settings.lua', 'Remix with last settings' },
  { 'ace-bridge_Re-run this remix.lua', 'Re-run this remix' },
  { 'ace-bridge_Same seed, new tags.lua', 'Same seed, new tags' },
  { 'ace-bridge_Swap source and remix.lua', 'Swap source and remix' },
  { 'ace-bridge_Audition.lua', 'Audition' },
  { 'ace-bridge_Remove this remix.lua', 'Remove this remix' },
  { 'ace-bridge_Show jobs.lua', 'Show jobs' },
}

local function path()
  return folders.join(reaper.GetResourcePath(), FOLDER, FILE)
end

-- Returns the values of a menu's entries without the bridge's submenu and the separator above it.
local function other_entries(body)
  local kept, is_ours = {}, false
  for value in body:gmatch('item_%d+=([^\r\n]*)') do
    if value == SUBMENU then
      is_ours = true
      if kept[#kept] == SEPARATOR then kept[#kept] = nil end
    end
    if not is_ours then kept[#kept + 1] = value end
    if value == END_OF_SUBMENU then is_ours = false end
  end
  return kept
end

-- Returns the entries that the user has given the menu, and whether the user has customised it at all.
local function entries_of_user()
  for _, section in ipairs(menu_file.sections(menu_file.read())) do
    if section.head == HEAD then return other_entries(section.body), true end
  end
  return {}, false
end

-- Writes the menu file. `commands` contains the command ids by script name. Returns whether the file contains the
-- user's own entries.
function item_menu.write(commands)
  local entries, is_custom = entries_of_user()
  if #entries > 0 then entries[#entries + 1] = SEPARATOR end
  entries[#entries + 1] = SUBMENU
  for _, entry in ipairs(ENTRIES) do
    local command = commands[entry[1]]
    if command then entries[#entries + 1] = command .. ' ' .. entry[2] end
  end
  entries[#entries + 1] = END_OF_SUBMENU
  local lines = { HEAD }
  for i, entry in ipairs(entries) do lines[i + 1] = ('item_%d=%s'):format(i - 1, entry) end
  folders.make(folders.join(reaper.GetResourcePath(), FOLDER))
  files.write(path(), table.concat(lines, '\n') .. '\n')
  return is_custom
end

function item_menu.remove()
  files.remove(path())
end

return item_menu
