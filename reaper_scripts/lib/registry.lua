-- Registry: adds the scripts to REAPER's action list through REAPER's API, and never writes REAPER's ini files.

local files = require 'files'
local folders = require 'folders'
local home = require 'home'
local json = require 'json'
local objects = require 'objects'
local state = require 'state'

local registry = {}

local MAIN_SECTION = 0
local PATTERNS = { '^ace%-bridge_.*%.lua$', '^ace%-bridge_.*%.eel$' }
local SERVICE, BELL = 'ace-bridge_Service.lua', 'ace-bridge_Doorbell.eel'
local MAIN_BUTTON = 'ace-bridge_Remix with last settings.lua' -- its button is lit while a remix is in progress
local LISTEN = 'ace-bridge_Listen to controllers.lua'

local function add(name, last)
  return reaper.AddRemoveReaScript(true, MAIN_SECTION, home.scripts_folder() .. name, last)
end

local function scripts()
  local names = {}
  for _, name in ipairs(folders.names(home.scripts_folder())) do
    if name:match(PATTERNS[1]) or name:match(PATTERNS[2]) then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

-- Registers every action. Returns the command ids by script name, and writes them to commands.json for OSC users.
function registry.install()
  local names, commands = scripts(), {}
  for i, name in ipairs(names) do
    local id = add(name, i == #names)
    if id ~= 0 then commands[name] = '_' .. (reaper.ReverseNamedCommandLookup(id) or '') end
  end
  files.write(folders.join(home.own_folder('logs'), 'commands.json'), json.encode(commands))
  state.keep('service_command', commands[SERVICE])
  state.keep('button_command', commands[MAIN_BUTTON])
  state.keep('bell_command', commands[BELL])
  return commands, commands[LISTEN]
end

function registry.remove()
  local names = scripts()
  for i, name in ipairs(names) do
    reaper.AddRemoveReaScript(false, MAIN_SECTION, home.scripts_folder() .. name, i == #names)
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

-- Returns the command id of the service. Registers the service first if neither ReaPack nor Install has done so.
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
