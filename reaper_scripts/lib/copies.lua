-- Copies: the scripts can be installed twice, by `ace-bridge install reaper` and by ReaPack. Only one copy's actions
-- belong in the action list.

local home = require 'home'
local state = require 'state'

local copies = {}

local REAPACK = 'Scripts/ACE Bridge/reaper_scripts/' -- where ReaPack installs the scripts and adds their actions
local INSTALL = 'ace-bridge_Install.lua'
local KEY = 'installed_from' -- the folder of the copy that last ran "Install"

local function plain(folder)
  return (folder:gsub('\\', '/'))
end

local function here()
  return plain(home.scripts_folder())
end

-- Returns the folder of the other copy if its actions are already in the action list.
function copies.registered_elsewhere()
  local reapack = plain(reaper.GetResourcePath()) .. '/' .. REAPACK
  local last = state.get(KEY)
  for _, folder in ipairs({ reapack, last or nil }) do
    if folder ~= here() and reaper.file_exists(folder .. INSTALL) then return folder end
  end
end

-- Returns whether this copy has written the toolbar, the menu and the start-up line.
function copies.is_own()
  local last = state.get(KEY)
  return not last or last == here()
end

function copies.note_install()
  state.keep(KEY, here())
end

function copies.note_uninstall()
  state.keep(KEY, false)
end

return copies
