-- Toolbar: with the user's consent, adds the bridge's buttons to an empty floating toolbar. Other toolbars and menus do
-- not change. REAPER reads the toolbars from reaper-menu.ini when it starts.

local error_guard = require 'error_guard'
local files = require 'files'
local menu_file = require 'menu_file'

local toolbar = {}

local TITLE = 'ACE Bridge'
local BACKUP = '.before-ace-bridge'
local HIGHEST = 16 -- number of floating toolbars in every REAPER 7
local BUTTONS = { -- script, icon, label
  { 'ace-bridge_Remix with last settings.lua', 'ace_bridge_remix.png', 'Remix' },
  { 'ace-bridge_Remix selected items (asks).lua', 'ace_bridge_ask.png', 'Remix (asks)' },
  { 'ace-bridge_Swap source and remix.lua', 'ace_bridge_swap.png', 'Swap source and remix' },
  { 'ace-bridge_Show jobs.lua', 'ace_bridge_jobs.png', 'Show jobs' },
  { 'ace-bridge_Cancel remixes.lua', 'ace_bridge_cancel.png', 'Cancel remixes' },
}

local function section_of(number)
  return ('[Floating toolbar %d]'):format(number)
end

local function is_ours(section)
  return section.head:match('^%[Floating toolbar') ~= nil and section.body:find('title=' .. TITLE, 1, true) ~= nil
end

-- Returns the number of the highest unused floating toolbar; nil if all are in use.
local function free_number(found)
  local used = {}
  for _, section in ipairs(found) do used[section.head] = true end
  for number = HIGHEST, 1, -1 do
    if not used[section_of(number)] then return number end
  end
end

local function lines_of(number, commands)
  local lines = { section_of(number) }
  for _, button in ipairs(BUTTONS) do
    local place = (#lines - 1) // 2
    lines[#lines + 1] = ('icon_%d=%s'):format(place, button[2])
    lines[#lines + 1] = ('item_%d=%s %s'):format(place, commands[button[1]], button[3])
  end
  lines[#lines + 1] = 'title=' .. TITLE
  return table.concat(lines, '\n') .. '\n'
end

local function without_ours(found)
  local kept = {}
  for _, section in ipairs(found) do
    if not is_ours(section) then kept[#kept + 1] = section end
  end
  return kept
end

local function write(found, more)
  local parts = {}
  for _, section in ipairs(found) do parts[#parts + 1] = section.body end
  local content = table.concat(parts)
  if more ~= '' and content:match('[^\n]$') then content = content .. '\n' end
  local ok, problem = files.write(menu_file.path(), content .. more)
  if not ok then error_guard.refuse('Cannot write reaper-menu.ini: ' .. problem) end
end

-- Fills an unused floating toolbar. `commands` contains the command ids by script name. Returns the toolbar's number,
-- or nil if all are in use.
function toolbar.add(commands)
  local before = files.read(menu_file.path()) or ''
  local found = menu_file.sections(before)
  local kept = without_ours(found)
  local number = free_number(kept)
  if not number then return nil end
  if #kept == #found and before ~= '' then files.write(menu_file.path() .. BACKUP, before) end
  write(kept, lines_of(number, commands))
  return number
end

-- Removes the bridge's toolbar, and leaves all other sections unchanged.
function toolbar.remove()
  local before = files.read(menu_file.path())
  if not before then return end
  local found = menu_file.sections(before)
  local kept = without_ours(found)
  if #kept == #found then return end
  if #kept == 1 and kept[1].body == '' then files.remove(menu_file.path()) else write(kept, '') end
end

return toolbar
