-- Registry: the scripts in REAPER's action list, put there by REAPER itself; its ini files are never written from here.

local files = require 'files'
local home = require 'home'
local json = require 'json'
local objects = require 'objects'
local state = require 'state'

local registry = {}

local MAIN_SECTION = 0
local SERVICE = 'ace-bridge_Service.lua'
local PATTERN = '^ace%-bridge_.*%.lua$'

local function add(name, last)
  return reaper.AddRemoveReaScript(true, MAIN_SECTION, home.scripts_folder() .. name, last)
end

-- Register every action. Returns their names, and writes name → command id where the daemon's OSC page finds them.
function registry.install()
  local names, commands = {}, {}
  for _, name in ipairs(files.names(home.scripts_folder())) do
    if name:match(PATTERN) then names[#names + 1] = name end
  end
  table.sort(names)
  for i, name in ipairs(names) do
    local id = add(name, i == #names)
    if id ~= 0 then commands[name] = '_' .. (reaper.ReverseNamedCommandLookup(id) or '') end
  end
  files.write(files.join(home.own_folder('logs'), 'commands.json'), json.encode(commands))
  state.keep('service_command', commands[SERVICE])
  return names
end

function registry.remove()
  local names = {}
  for _, name in ipairs(files.names(home.scripts_folder())) do
    if name:match(PATTERN) then names[#names + 1] = name end
  end
  for i, name in ipairs(names) do
    reaper.AddRemoveReaScript(false, MAIN_SECTION, home.scripts_folder() .. name, i == #names)
  end
end

-- The service's command, registered on the way where ReaPack or Install has not done it.
local function service_command()
  local named = state.get('service_command')
  local id = named and reaper.NamedCommandLookup(named) or 0
  return id ~= 0 and id or add(SERVICE, true)
end

function registry.wake_service()
  if state.service_is_alive() then return end
  reaper.Main_OnCommandEx(service_command(), 0, objects.current())
end

return registry
