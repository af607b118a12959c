-- Doorbell: notifies the daemon of a new message in its inbox. Uses LuaSocket if it is installed, otherwise the EEL2
-- action if Install was run. Without either, the daemon still finds the message, because it watches the inbox.

local home = require 'home'
local objects = require 'objects'
local state = require 'state'

local doorbell = {}

local HOST = '127.0.0.1'
local RING = '/bridge/inbox\0\0\0,\0\0\0' -- an OSC message without arguments
local LUASOCKET = '/Scripts/Mavriq ReaScript Repository/Various/Mavriq-Lua-Sockets/' -- ReaPack installs it here
local CURRENT = 0 -- no flag for Main_OnCommandEx

local socket -- LuaSocket; false if it is not installed

local function luasocket()
  if socket ~= nil then return socket end
  local folder = reaper.GetResourcePath() .. LUASOCKET
  socket = false
  if reaper.file_exists(folder .. 'socket.lua') then
    package.path = package.path .. ';' .. folder .. '?.lua'
    package.cpath = package.cpath .. ';' .. folder .. '?.so;' .. folder .. '?.dll'
    local ok, found = pcall(require, 'socket') -- fails if LuaSocket was built for another Lua version
    socket = ok and type(found) == 'table' and found
  end
  return socket
end

local function by_udp(port)
  local udp = socket.udp()
  if not udp then return end
  udp:sendto(RING, HOST, port)
  udp:close()
end

local function by_action(port)
  local named = state.get('bell_command')
  local id = named and reaper.NamedCommandLookup(named) or 0
  if id == 0 then return end
  state.set('bell_port', port)
  reaper.Main_OnCommandEx(id, CURRENT, objects.current())
end

-- Notifies the daemon if it is running. If the notification is lost, the daemon finds the message a tenth of a second
-- later.
function doorbell.ring()
  local daemon = home.daemon()
  if not daemon then return end
  if luasocket() then
    by_udp(daemon.osc_port)
  else
    by_action(daemon.osc_tcp_port)
  end
end

return doorbell
