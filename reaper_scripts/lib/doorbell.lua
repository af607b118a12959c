-- Doorbell: notifies the daemon of a new message in its inbox, if LuaSocket is installed. Without LuaSocket, the daemon
-- still finds the message, because it watches the inbox.

local home = require 'home'

local doorbell = {}

local HOST = '127.0.0.1'
local RING = '/bridge/inbox\0\0\0,\0\0\0' -- an OSC message without arguments
local LUASOCKET = '/Scripts/Mavriq ReaScript Repository/Various/Mavriq-Lua-Sockets/' -- ReaPack installs it here

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

-- Notifies the daemon if it is running. If the notification is lost, the daemon finds the message a tenth of a second
-- later.
function doorbell.ring()
  local daemon = home.daemon()
  if not daemon or not luasocket() then return end
  local udp = socket.udp()
  if not udp then return end
  udp:sendto(RING, HOST, daemon.osc_port)
  udp:close()
end

return doorbell
