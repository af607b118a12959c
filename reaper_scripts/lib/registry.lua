-- Registry: adds the scripts to REAPER's action list through REAPER's API, and never writes REAPER's ini files.

local files = require 'files'
local folders = require 'folders'
local home = require 'home'
local json = require 'json'
local objects = require 'objects'
local state = require 'state'

local registry = {}

local MAIN_SECTION = 0
local ACTION = '^ace%-bridge_.*%.lua$'
local SERVICE = 'ace-bridge_Service.lua'
local NO_FLAG = 0 -- of Main_OnCommandEx
local MAIN_BUTTON = 'ace-bridge_Remix with last settings.lua' -- its button is lit while a remix is in progress
local LISTEN = 'ace-bridge_Listen to controllers.lua'

-- Adds a script to the action list or removes it. Returns the command id of an added script; 0 if that failed.
local function register(path, is_added, is_saved)
  return reaper.AddRemoveReaScript(is_added, MAIN_SECTION, path, is_saved)
end

local function scripts()
  local names = {}
  for _, name in ipairs(folders.names(home.scripts_folder())) do
    if name:match(ACTION) then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

-- Registers every action. Returns the command ids by script name, and writes them to commands.json for OSC users.
function registry.install()
  local names, commands = scripts(), {}
  for i, name in ipairs(names) do
    local id = register(home.scripts_folder() .. name, true, i == #names)
    if id ~= 0 then commands[name] = '_' .. (reaper.ReverseNamedCommandLookup(id) or '') end
  end
  files.write(folders.join(home.own_folder('logs'), 'commands.json'), json.encode(commands))
  state.keep('button_command', commands[MAIN_BUTTON])
  return commands, commands[LISTEN]
end

function registry.remove()
  local names = scripts()
  for i, name in ipairs(names) do
    register(home.scripts_folder() .. name, false, i == #names)
  end
end

-- Lights the main action's toolbar button, or turns its light off.
function registry.light(is_on)
  local named = state.get('button_command')
  local id = named and reaper.NamedCommandLookup(named) or 0
  if id == 0 then return end
  reaper.SetToggleCommandState(MAIN_SECTION, id, is_on and 1 or 0)
  reaper.RefreshToolbar2(MAIN_SECTION, id)
end

-- Starts the service if it is not running. The service is in the action list only while it is started, and this change
-- of the list is not saved.
function registry.wake_service()
  if state.service_is_alive() then return end
  local path = folders.join(home.scripts_folder() .. 'lib', SERVICE)
  reaper.Main_OnCommandEx(register(path, true, false), NO_FLAG, objects.current())
  register(path, false, false)
end

return registry
