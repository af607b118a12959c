-- Example of a script of your own: sends the selected item's audio to ace-bridge with /bridge/clip, and prints the
-- result's path in REAPER's console. Requires `ace-bridge install reaper`, a running daemon, and Mavriq's Lua Sockets
-- from ReaPack. docs/osc.md describes the messages.

local RESOURCES = reaper.GetResourcePath()
local SCRIPTS = RESOURCES .. '/Scripts/ACE Bridge/'
local LUASOCKET = RESOURCES .. '/Scripts/Mavriq ReaScript Repository/Various/Mavriq-Lua-Sockets/'
package.path = SCRIPTS .. 'lib/?.lua;' .. LUASOCKET .. '?.lua;' .. package.path
package.cpath = package.cpath .. ';' .. LUASOCKET .. '?.so;' .. LUASOCKET .. '?.dll'

local files = require 'files'
local json = require 'json'
local socket = require 'socket'

local HOST = '127.0.0.1'

-- Returns text as OSC transmits it: ends with zeros, and the length is a multiple of 4.
local function padded(text)
  return text .. ('\0'):rep(4 - #text % 4)
end

-- Returns the message /bridge/clip for a span of a file. `offset` and `length` are in seconds.
local function clip(token, path, offset, length)
  return padded('/bridge/clip') .. padded(',ssdd') .. padded(token) .. padded(path)
    .. string.pack('>dd', offset, length)
end

-- Returns a reply's address and the list of its arguments if all are text, otherwise only its address.
local function parsed(reply)
  local texts, at = {}, 1
  while at <= #reply do
    texts[#texts + 1] = string.unpack('z', reply, at)
    at = at + #padded(texts[#texts])
    if #texts == 2 and not texts[2]:match('^,s*$') then break end
  end
  return texts[1], { table.unpack(texts, 3) }
end

local function daemon()
  local pointer = json.decode(files.read(SCRIPTS .. 'ace-bridge.json') or '') or {}
  return json.decode(files.read((pointer.home or '') .. '/daemon.json') or '')
end

-- Returns the selected item's file, and the offset and length of its span in the file in seconds.
local function span()
  local item = reaper.GetSelectedMediaItem(0, 0)
  local take = item and reaper.GetActiveTake(item)
  if not take then return nil end
  local path = reaper.GetMediaSourceFileName(reaper.GetMediaItemTake_Source(take))
  local rate = reaper.GetMediaItemTakeInfo_Value(take, 'D_PLAYRATE')
  return path, reaper.GetMediaItemTakeInfo_Value(take, 'D_STARTOFFS'),
    reaper.GetMediaItemInfo_Value(item, 'D_LENGTH') * rate
end

-- Calls itself until the bridge has answered with a result's path or an error.
local function wait(udp)
  local reply = udp:receive()
  local address, texts = parsed(reply or '')
  if address == '/bridge/error' then
    reaper.ShowConsoleMsg('ace-bridge: ' .. texts[3] .. '\n')
  elseif address and address:match('^/bridge/job/.*/path$') then
    reaper.ShowConsoleMsg('The remix is ready: ' .. texts[1] .. '\n')
  else
    reaper.defer(function() wait(udp) end)
    return
  end
  udp:close()
end

local bridge, path, offset, length = daemon(), span()
if not bridge or not path then
  reaper.MB('Start ace-bridge and select an audio item first.', 'ace-bridge', 0)
  reaper.defer(function() end) -- so that REAPER adds no undo point
  return
end
local udp = socket.udp()
udp:settimeout(0)
udp:sendto(clip(bridge.token, path, offset, length), HOST, bridge.osc_port)
wait(udp)
